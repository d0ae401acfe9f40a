"""Frames as JSON lines: how a model that does not know CWM's tokens is shown and writes them.

Reading takes whatever comes: objects within prose, fences, lists or wrappers, over several lines,
cut off, with values of other types. Nothing raises; what is no frame is reported.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from model.predict.lines import Lines
from model.trace.frame import Frame, Kind
from model.trace.layout import Span
from model.trace.reading import Parsed, Problem, ProblemKind

_KINDS: dict[str, Kind] = {
    "call": "call",
    "line": "line",
    "return": "return",
    "exception": "exception",
    "raise": "exception",
}
_END = "end"

_EVENT = ("event", "kind", "type")
_SOURCE = ("source", "line", "code")
_LOCALS = ("locals", "variables", "vars")
_VALUE = ("value", "return_value", "result", "exception")

_DECODER = json.JSONDecoder(strict=False)
_OBJECT = re.compile(r'\{\s*(?="|\})')
_FRAME = re.compile(rf'\{{\s*"(?:{"|".join((*_EVENT, *_SOURCE))})"')
_PATIENCE = 50
"""How many times the length of a text is read at most, where what is in it does not parse."""
_DEEP = 10_000
"""Characters that are read of what is nested too deep, or has too long a number; about."""


def write_line(frame: Frame) -> str:
    """A frame as one JSON object, without a newline after it."""
    shown: dict[str, object] = {"event": frame.kind, "source": frame.source.rstrip("\r\n")}
    if frame.kind in ("call", "line"):
        shown["locals"] = dict(frame.locals or {})
    else:
        shown["value"] = frame.value
    return json.dumps(shown)


def read_lines(text: str, source: str) -> Parsed:
    """Read what a model wrote.

    Args:
        text: all of it; a frame's span is that of its object.
        source: of the program, whose lines are put in place of what the model made of them.
    """
    reader = _Reader(text, Lines(source))
    for span, found in _objects(text):
        reader.take(span, found)
    if not (reader.frames or reader.end or reader.problems):
        reader.report((0, len(text)), "no_event", "there is no frame in it")
    return Parsed(
        text, tuple(reader.frames), tuple(reader.spans), tuple(reader.problems), reader.end
    )


@dataclass(slots=True)
class _Reader:
    """What has been read so far."""

    text: str
    lines: Lines
    frames: list[Frame] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    end: Span | None = None

    def report(self, span: Span, kind: ProblemKind, detail: str, *, within: bool = False) -> None:
        """Note a problem; `within` the frame that is read next."""
        frame = len(self.frames) if within else None
        self.problems.append(Problem(span[0], span[1] - span[0], kind, detail, frame))

    def take(self, span: Span, found: Mapping[str, object] | None) -> None:
        """Take an object in; None stands for one that does not parse."""
        if self.end:
            self.report(span, "after_end", "the trace was over")
        elif found is None and span[1] == len(self.text) and self.text.rstrip()[-1] != "}":
            self.report(span, "cut_off", "the object goes no further")
        elif found is None:
            self.report(span, "no_event", "the object is not JSON")
        elif _named(found, _EVENT) is not None:
            self._event(span, found)
        elif inner := [*_inner(found)]:
            for each in inner:
                self.take(span, each)
        elif found:  # an empty one is part of what is said around frames
            self.report(span, "no_event", "the object names no event")

    def _event(self, span: Span, found: Mapping[str, object]) -> None:
        event = _named(found, _EVENT)
        name = event.strip().lower() if isinstance(event, str) else "of that type"
        kind = _KINDS.get(name)
        if name == _END:
            self.end = span
        elif kind is None:
            self.report(span, "no_event", f"there is no event {_one_line(name)}")
        else:
            frame = self._frame(span, kind, found)
            self.frames.append(frame)
            self.spans.append(span)

    def _frame(self, span: Span, kind: Kind, found: Mapping[str, object]) -> Frame:
        source = self._source(span, found)
        if kind in ("call", "line"):
            return self._with_locals(span, Frame(kind, source), found)
        value = _named(found, _VALUE)
        if not any(name in found for name in _VALUE):
            self.report(span, "no_value", f"the {kind} has no value", within=True)
            return Frame(kind, source)
        if not isinstance(value, str):
            self.report(span, "bad_value", "not a JSON string", within=True)
        return Frame(kind, source, value=_python(value))

    def _source(self, span: Span, found: Mapping[str, object]) -> str:
        for name in _SOURCE:
            match found.get(name):
                case bool():
                    pass
                case int(number) if line := self.lines.numbered(number):
                    return line
                case str(text) if text.strip():
                    return self.lines.like(text)
        self.report(span, "no_action", "the frame has no line of source", within=True)
        return "\n"

    def _with_locals(self, span: Span, frame: Frame, found: Mapping[str, object]) -> Frame:
        given = _named(found, _LOCALS)
        if given is None:
            given = {}
        if not isinstance(given, Mapping):
            self.report(span, "bad_locals", "not a JSON object", within=True)
            return Frame(frame.kind, frame.source, raw=_python(given))
        others = [name for name, value in given.items() if not isinstance(value, str)]
        for name in others:
            self.report(span, "not_a_string", _one_line(name), within=True)
        shown = {name: _python(value) for name, value in given.items()}
        return Frame(frame.kind, frame.source, shown)


def _objects(text: str) -> Iterator[tuple[Span, Mapping[str, object] | None]]:
    """The outermost JSON objects of a text; None for what begins like a frame's and is none."""
    at, left = 0, _PATIENCE * (len(text) + 1_000)
    while opened := _OBJECT.search(text, at):
        start = opened.start()
        try:
            found, at = _DECODER.raw_decode(text, start)
            yield (start, at), found
        except (ValueError, RecursionError) as error:
            reached = error.pos if isinstance(error, json.JSONDecodeError) else start
            # The library counts the lines up to the place of an error.
            left -= ((reached - start) or _DEEP) + reached // 10
            at = _after(text, start, reached) if left > 0 else len(text)
            if at > start + 1:
                yield (start, at), None


def _after(text: str, start: int, reached: int) -> int:
    """Where to go on after an object that could be read up to a place only."""
    if not _FRAME.match(text, start):
        return start + 1  # around frames, perhaps
    if not text[reached:].strip():
        return len(text)
    # What is wrong on one line is right again on the next.
    return text.find("\n", start) + 1 or len(text)


def _inner(found: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """The objects in the lists of an object, ``{"frames": [...]}`` for example."""
    for value in found.values():
        if isinstance(value, list):
            for each in value:
                if isinstance(each, Mapping) and _named(each, _EVENT) is not None:
                    yield each


def _named(found: Mapping[str, object], names: tuple[str, ...]) -> object:
    """What an object has under the first of these names that it has."""
    return next((found[name] for name in names if found.get(name) is not None), None)


def _python(value: object) -> str:
    """A value as Python would write it, for models that forget to write it as a string."""
    if isinstance(value, str):
        return value
    try:
        return repr(value)
    except RecursionError:
        return "..."


def _one_line(text: str) -> str:
    return " ".join(text.split())[:100]
