"""What a trace is made of: frames, each one event of a running program, and where it happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from model.trace.inlined import Statements

Kind = Literal["call", "line", "return", "exception"]
"""The events of `sys.settrace`; the locals are those before the line runs."""

UNCHANGED = ".."
"""Stands for the value of a local that is as it was in the scope's previous frame."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recorded frame happened.

    Attributes:
        path: of the file, as the program knew it.
        line: its number, from 1 on.
        function: the name of what ran.
        depth: scopes above it; 0 is the entry point.
        thread: its number; 0 is the main one.
    """

    path: str
    line: int
    function: str
    depth: int
    thread: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """One event.

    Attributes:
        kind: of the event.
        source: the line of source, with its indentation and its trailing newline.
        locals: of a call or a line: name to `repr`, in the order the names first appeared, or
            `UNCHANGED`. None where there are none, or none that could be read.
        value: of a return or an exception: the `repr`. None where there is none.
        place: of a recorded frame; None of a predicted one, for the model tells no places.
        raw: what the model wrote for the locals or the value where that is not JSON; of no account
            where there are locals, or another value.
    """

    kind: Kind
    source: str
    locals: Mapping[str, str] | None = None
    value: str | None = None
    place: Place | None = None
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """Frames in the order in which they happened.

    Attributes:
        frames: of all threads.
        ended: whether the entry point's scope was left, or the model wrote that it was.
        source: the source that the model was shown, or the recorded file's; may be empty.
        notes: what a reader should know, one sentence each.
        inlined: by path, the statements of a recording whose comprehensions have no frames of their
            own; see `model.trace.inlined`.
    """

    frames: tuple[Frame, ...]
    ended: bool
    source: str = ""
    notes: tuple[str, ...] = field(default=())
    inlined: Mapping[str, "Statements"] = field(default_factory=dict)

    @property
    def threads(self) -> dict[int, tuple[Frame, ...]]:
        """The frames of each thread, the main thread's first."""
        split: dict[int, list[Frame]] = {0: []}
        for frame in self.frames:
            split.setdefault(thread_of(frame), []).append(frame)
        return {thread: tuple(split[thread]) for thread in sorted(split)}


def thread_of(frame: Frame) -> int:
    """The number of the thread that a frame belongs to; a predicted one belongs to the main one."""
    return frame.place.thread if frame.place else 0
