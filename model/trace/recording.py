"""What the tracer recorded in a sandbox, read as a trace.

A recording is text of JSON objects, one a line, version 1:

``{"format": 1, "python": "3.11.2", "entry": "f(1)", "comprehensions": "frames" | "inlined"}``
    the first line. Where comprehensions are ``inlined`` they have no frames of their own.
``{"file": 0, "path": "/testbed/a.py", "text": "..."}``
    before the first event of a file; ``text`` is null where it is not known.
``{"k": "c" | "l" | "r" | "x", "f": FILE, "n": LINE, "fn": FUNCTION, "d": DEPTH, "t": THREAD,
"s": SCOPE, "v": {NAME: REPR}, "g": [NAME], "o": REPR}``
    an event: call, line, return or exception. DEPTH is 0 at the entry point; THREAD is left out
    when it is 0; SCOPE is a new number for every frame object, and generators keep theirs. ``v``
    has all locals at a call, at a line those that are new or changed since the scope's last event,
    and ``g`` those that are gone. ``o`` is the value of a return or an exception, and ``c`` the
    ``repr`` of an exception's class.
``{"end": "left" | "events" | "depth" | "time" | "bytes" | "exit" | "killed" | "untraced" | "error",
"detail": "...", "events": N, "error": {"type": "...", "message": "..."} | null, "stdout": "..."}``
    the last line; missing when the process died.

It comes from where hostile code ran: what cannot be read is left out, and a note says so.

Two things are put into the model's words, as its own generations have them: the value of an
exception is what `sys.settrace` gives, a tuple of class, exception and traceback; and the iterator
of an ASCII string, which has a type of its own since Python 3.11, is the one of any string.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from model.trace.frame import Frame, Kind, Place, Trace
from model.trace.inlined import Statements, statements
from model.trace.writing import source_lines, unmarked

FORMAT = 1

_KINDS: dict[str, Kind] = {"c": "call", "l": "line", "r": "return", "x": "exception"}
_WORDS = {"<str_ascii_iterator object>": "<str_iterator object>"}
_NOTES = 20
"""Notes on lines that cannot be read; more would tell nothing new."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that frames are from.

    Attributes:
        path: as the program knew it; ``<string>`` for example, where code came from no file.
        text: its source; None where that is not known.
    """

    path: str
    text: str | None


@dataclass(frozen=True, slots=True)
class End:
    """How a recording ended.

    Attributes:
        why: ``left``: the entry point returned or raised. The name of a limit: ``events``,
            ``depth``, ``time`` or ``bytes``. ``exit`` or ``killed``: the program's end came
            before. ``untraced``: the program took tracing away. ``error``: it could not be
            started. A recording without its last line was ``killed``.
        detail: more of it, for people; may be empty.
        events: how many happened, as far as known.
        error: the type and the message of what the entry point raised.
        stdout: what the program printed, as far as kept.
    """

    why: str
    detail: str = ""
    events: int = 0
    error: tuple[str, str] | None = None
    stdout: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded trace, and what is known about its making.

    Attributes:
        trace: its locals in full, its frames with their places.
        end: how it ended.
        python: the version of the interpreter; may be empty, as the next.
        entry: what was recorded.
        files: those that frames are from.
    """

    trace: Trace
    end: End
    python: str = ""
    entry: str = ""
    files: tuple[File, ...] = ()


class _Header(BaseModel):
    format: int
    python: str = ""
    entry: str = ""
    comprehensions: str = "frames"


class _File(BaseModel):
    file: int
    path: str
    text: str | None = None


class _Event(BaseModel):
    k: Literal["c", "l", "r", "x"]
    f: int
    n: int
    fn: str
    d: int = Field(ge=0)
    t: int = 0
    s: int
    v: dict[str, str] = {}
    g: list[str] = []
    o: str | None = None
    c: str | None = None


class _Error(BaseModel):
    type: str
    message: str = ""


class _End(BaseModel):
    end: str
    detail: str = ""
    events: int = 0
    error: _Error | None = None
    stdout: str = ""


_LINES: dict[str, type[BaseModel]] = {"format": _Header, "file": _File, "k": _Event, "end": _End}
"""The kinds of lines, by the key that only they have."""


@dataclass(slots=True)
class _Reader:
    """What has been read so far."""

    header: _Header = field(default_factory=lambda: _Header(format=FORMAT))
    end: _End | None = None
    files: dict[int, File] = field(default_factory=dict)
    lines: dict[int, list[str]] = field(default_factory=dict)
    scopes: dict[int, dict[str, str]] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)

    def take(self, line: BaseModel) -> None:
        match line:
            case _Header():
                self.header = line
            case _File():
                self.files[line.file] = File(line.path, line.text)
                self.lines[line.file] = _lines(line.text or "")
            case _Event():
                self.frames.append(self._frame(line))
            case _End():
                self.end = line

    def _frame(self, event: _Event) -> Frame:
        kind = _KINDS[event.k]
        known = {} if kind == "call" else self.scopes.get(event.s, {})
        if event.v or event.g or kind == "call":
            gone = {*event.g}
            kept = {name: value for name, value in known.items() if name not in gone}
            new = {name: _WORDS.get(value, value) for name, value in event.v.items()}
            self.scopes[event.s] = known = kept | new
        file = self.files.get(event.f, File("?", None))
        lines = self.lines.get(event.f, [])
        source = lines[event.n - 1] if 0 < event.n <= len(lines) else ""
        place = Place(file.path, event.n, event.fn, event.d, event.t)
        if kind in ("call", "line"):
            return Frame(kind, source, locals=known, place=place)
        value = event.o if event.o is None else _WORDS.get(event.o, event.o)
        if event.c is not None:
            value = f"({event.c}, {value}, <traceback object>)"
        return Frame(kind, source, value=value, place=place)


def read_recording(text: str) -> Recording:
    """Read a recording; whatever the text is, nothing is raised.

    Args:
        text: what the tracer wrote, cut off anywhere.
    """
    reader = _Reader()
    notes: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        read = _line(line) if line.strip() else None
        if read is not None:
            reader.take(read)
        elif line.strip():
            notes.append(f"line {number} of the recording cannot be read")
    hidden = len(notes) - _NOTES
    notes[_NOTES:] = [f"{hidden} more lines of it cannot be read"] if hidden > 0 else []
    if reader.header.format != FORMAT:
        notes.append(f"the recording has format {reader.header.format}, not {FORMAT}")
    return _recording(reader, notes)


def _recording(reader: _Reader, notes: list[str]) -> Recording:
    end = _ending(reader)
    inlined: dict[str, Statements] = {}
    if reader.header.comprehensions == "inlined":
        notes.append("comprehensions have no frames of their own, as in Python 3.12 and newer")
        inlined = {each.path: statements(each.text or "") for each in reader.files.values()}
    if end.why != "left":
        notes.append(f"the recording ended early: {end.detail or end.why}")
    files = tuple(reader.files.values())
    first = reader.frames[0].place if reader.frames else None
    source = next((f.text or "" for f in files if first and f.path == first.path), "")
    frames = tuple(reader.frames)
    trace = Trace(frames, end.why == "left", source, tuple(notes), inlined)
    return Recording(trace, end, reader.header.python, reader.header.entry, files)


def _ending(reader: _Reader) -> End:
    if reader.end is None:
        return End("killed", "its last line is missing", len(reader.frames))
    end = reader.end
    error = (end.error.type, end.error.message) if end.error else None
    return End(end.end, end.detail, end.events, error, end.stdout)


def _line(text: str) -> BaseModel | None:
    """A line of the recording; None when it is none."""
    try:
        found = json.loads(text)
        if not isinstance(found, Mapping):
            return None
        return next((k.model_validate(found) for key, k in _LINES.items() if key in found), None)
    except (ValueError, RecursionError, ValidationError):
        return None


def _lines(text: str) -> list[str]:
    """The lines of a file as frames have them: without the marker, with ``\\n`` at the end."""
    return [unmarked(line) + "\n" for line, _ in source_lines(text)]
