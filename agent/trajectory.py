"""A run's events, appended to ``events.jsonl`` as they happen, read back by anyone.

One JSON object a line: ``id`` (1, 2, 3, ...), ``parent`` (the event it follows, null for the
first), ``time`` (seconds since the epoch), ``type`` and ``data``, see `agent.events`. A line is
written with a single ``write`` in append mode, so that a killed process leaves at most one torn
line, the last, which reading skips and resuming cuts off. The file is locked while it is open for
writing, so that anybody can tell whether somebody is at work on it.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter

from agent.errors import TrajectoryCorrupt
from agent.events import Event, EventData

_EVENT = TypeAdapter(Event)


class Trajectory:
    """The append-only log of one run. Use as a context manager, or close it.

    Attributes:
        path: the ``events.jsonl`` behind it.
        events: everything in it, oldest first.
    """

    def __init__(self, path: Path) -> None:
        """Open for appending; what a killed run left is read, and a torn last line cut off.

        Raises:
            TrajectoryCorrupt: a line before the last is not an event.
        """
        self.path = path
        self.events: list[Event] = []
        self._watchers: list[Callable[[Event], None]] = []
        if path.exists():
            self.events, sound = _read(path)
            os.truncate(path, sound)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with contextlib.suppress(OSError):  # not every file system can
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def append(self, data: EventData) -> Event:
        """Write one event; it is in the operating system's hands when this returns."""
        last = self.events[-1].id if self.events else None
        event = Event(id=(last or 0) + 1, parent=last, time=time.time(), type=data.type, data=data)
        line = event.model_dump_json(exclude={"data": {"type"}}).encode() + b"\n"
        os.write(self._file, line)
        self.events.append(event)
        for watcher in self._watchers:
            watcher(event)
        return event

    def watch(self, watcher: Callable[[Event], None]) -> None:
        """Let somebody know of every event from now on, once it is written."""
        self._watchers.append(watcher)

    def close(self) -> None:
        """Push everything to the disk and let go of the file. May be called twice."""
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def is_written(path: Path) -> bool:
    """Whether somebody has a trajectory open for writing: also one who cannot be looked into."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def read_events(path: Path) -> Iterator[Event]:
    """The events of a trajectory, also of one that is still being written.

    Raises:
        TrajectoryCorrupt: a line before the last is not an event.
        OSError: the file cannot be read.
    """
    yield from _read(path)[0]


def _read(path: Path) -> tuple[list[Event], int]:
    """The events and the number of bytes they take; a torn last line is left out of both."""
    events: list[Event] = []
    sound = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                event = parse_event(line)
            except (ValueError, KeyError, TypeError) as error:
                if file.read(1):
                    raise TrajectoryCorrupt(f"{path}, line {number}: not an event") from error
                break
            if not line.endswith(b"\n"):
                break
            events.append(event)
            sound += len(line)
    return events, sound


def parse_event(line: bytes) -> Event:
    """One line of a trajectory.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    raw = json.loads(line)
    raw["data"]["type"] = raw["type"]
    return _EVENT.validate_python(raw)
