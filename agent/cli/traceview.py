"""A recorded trace as text: for people, for the model, for programs."""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from model.trace.compare import exception_text
from model.trace.states import compress
from model.trace.writing import write_frames

if TYPE_CHECKING:
    from model.trace.frame import Frame
    from model.trace.recording import Recording

_MARKS = {"call": ">", "line": " ", "return": "<", "exception": "!"}
_VALUE = 100
_SOURCE = 60
_DEEPEST = 20


def as_cwm(recording: "Recording", primed: bool) -> str:
    """The frames of the main thread in the model's form.

    Args:
        recording: of what is to be shown.
        primed: whether the first frame, the wrapper's call, belongs to the prompt.
    """
    frames = compress(recording.trace.threads[0])
    return write_frames(frames[1:] if primed else frames, ended=recording.trace.ended)


def as_json(recording: "Recording", primed: bool) -> str:
    """Each frame as a JSON object on a line, its locals in full."""
    return "".join(map(_json_line, recording.trace.frames))


def _json_line(frame: "Frame") -> str:
    fields: dict[str, object] = {"kind": frame.kind, "source": frame.source}
    if frame.locals is not None:
        fields["locals"] = dict(frame.locals)
    if frame.value is not None:
        fields["value"] = frame.value
    if frame.place is not None:
        place = frame.place
        fields |= {"path": place.path, "line": place.line, "function": place.function}
        fields |= {"depth": place.depth, "thread": place.thread}
    # json leaves this one as it is; a terminal would act on it.
    return json.dumps(fields).replace("\x7f", "\\u007f") + "\n"


def as_text(recording: "Recording", primed: bool) -> str:
    """A line for each frame: its number, the source, and the locals that are new or changed."""
    from agent.cli.terminal import safe

    lines: list[str] = []
    seen: dict[tuple[int, int], Mapping[str, str]] = {}
    where: tuple[str, int] | None = None
    for frame in recording.trace.frames:
        assert frame.place is not None
        path, thread = frame.place.path, frame.place.thread
        if where != (path, thread):
            lines.append(f"{path} (thread {thread})" if thread else path)
            where = path, thread
        lines.append(_text_line(frame, seen))
    lines += _printed(recording.end.stdout)
    return safe("".join(f"{line}\n" for line in lines))


def _text_line(frame: "Frame", seen: dict[tuple[int, int], Mapping[str, str]]) -> str:
    place = frame.place
    assert place is not None
    scope = place.thread, place.depth
    indent = "  " * min(place.depth, _DEEPEST)
    begin = f"{place.line:5} {_MARKS[frame.kind]} {indent}"
    if frame.locals is None:
        value = frame.value or ""
        return begin + _short(exception_text(value) if frame.kind == "exception" else value, _VALUE)
    before = {} if frame.kind == "call" else seen.get(scope, {})
    seen[scope] = frame.locals
    changed = [
        f"{name} = {_short(value, _VALUE)}"
        for name, value in frame.locals.items()
        if before.get(name) != value
    ]
    changed += [f"{name} is gone" for name in before if name not in frame.locals]
    source = begin + _short(frame.source.rstrip(), _SOURCE)
    return f"{source:<{_SOURCE}}  # {', '.join(changed)}" if changed else source


def _printed(text: str) -> Iterator[str]:
    lines = text.splitlines()
    if lines:
        yield "printed:"
        yield from (f"    {_short(line, _VALUE)}" for line in islice(lines, 20))
    if len(lines) > 20:
        yield f"    ... and {len(lines) - 20} more lines"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


FORMS: Mapping[str, Callable[["Recording", bool], str]] = {
    "text": as_text,
    "cwm": as_cwm,
    "json": as_json,
}
"""What ``--format`` may name."""
