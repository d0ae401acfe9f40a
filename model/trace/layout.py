"""Where the parts of a frame lie in what the model wrote.

From token ids this is certain: a special token is one, and all else is text. From text it is a
guess, for a traced program may itself hold a token's name. There a frame's end is taken for one at
the end of a line, after a JSON string where one is due, and before what looks like a frame; and
locals that are a JSON object of strings may hold anything.

Every function is linear in the text it goes through, and a text is gone through once or twice.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from model.trace.frame import Kind
from model.trace.writing import ACTION_SEP, ARG_SEP, EVENTS, FRAME_SEP
from model.wire import END_OF_TEXT

KINDS = {token: kind for kind, token in EVENTS.items()}

Span = tuple[int, int]
"""Beginning and end in the text, in characters."""

_MARKS = re.compile("|".join(map(re.escape, (*KINDS, ACTION_SEP, ARG_SEP, FRAME_SEP, END_OF_TEXT))))
_ENDS = {*KINDS, FRAME_SEP, END_OF_TEXT}
"""No part of a frame goes beyond these, where they are what they look like."""

# What repeats takes all it can and gives nothing back, or reading would not be linear.
_STRING = r'"(?:[^"\\]++|\\.)*+"'
_VALUE = re.compile(_STRING, re.DOTALL)
_PAIR = rf"{_STRING}\s*+:\s*+{_STRING}\s*+"
_OBJECT = re.compile(rf'\{{\s*+(?:{_PAIR}(?:,\s*+(?=")|(?=\}})))*+\}}', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mark:
    """A token, or what looks like one.

    Attributes:
        start: where it begins.
        end: where what follows begins.
        name: as it is spelled.
    """

    start: int
    end: int
    name: str

    @property
    def span(self) -> Span:
        """Where it is in the text."""
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of a frame.

    Attributes:
        span: all of it, with the tokens at its beginning and its end.
        locals: what stands before the source; empty for a return or an exception.
        source: the line.
        value: what follows the source; None where nothing does.
        closed: whether the token that ends a frame is there.
        complete: whether nothing else is missing.
        strays: tokens that stand where text should be.
    """

    span: Span
    locals: Span
    source: Span
    value: Span | None
    closed: bool
    complete: bool
    strays: tuple[Mark, ...]


class Marked:
    """A text and the tokens in it.

    Attributes:
        text: with the tokens by their names.
        certain: whether the tokens are known to be ones.
    """

    def __init__(self, text: str, marks: list[Mark] | None = None) -> None:
        self.text = text
        self.certain = marks is not None
        if marks is None:
            marks = [Mark(found.start(), found.end(), found[0]) for found in _MARKS.finditer(text)]
        self._marks = marks
        self._starts = [mark.start for mark in marks]
        self._at = {mark.start: mark for mark in marks}

    def at(self, place: int) -> Mark | None:
        """The token that begins at a place."""
        return self._at.get(place)

    def since(self, place: int) -> Iterator[Mark]:
        """The tokens from a place on."""
        for n in range(bisect_left(self._starts, place), len(self._marks)):
            yield self._marks[n]

    def next_frame(self, place: int) -> int:
        """Where the next frame, or the mark of the trace's end, begins; else the text's end."""
        marks = self.since(place)
        found = (mark.start for mark in marks if mark.name in KINDS or mark.name == END_OF_TEXT)
        return next(found, len(self.text))

    def layout(self, start: int, body: int, kind: Kind) -> Layout | None:
        """The parts of a frame; None where there is no source in it.

        Args:
            start: where the frame begins.
            body: where what follows its first token begins.
            kind: of the frame.
        """
        action = self._action(body)
        if action is None:
            return None
        valued = kind in ("return", "exception")
        argument, stop = self._source(action.end, valued)
        source = (action.end, argument.start if argument else stop)
        value = (argument.end, stop) if argument else None
        if value:
            complete = bool(_VALUE.fullmatch(self.text, *value))
        else:
            complete = not valued and self.text.endswith("\n", *source)
        mark = self.at(stop)
        closed = bool(mark and mark.name == FRAME_SEP)
        end = mark.end if mark and closed else stop
        strays = tuple(self._strays(body, action, source, value))
        parts = (body, action.start), source, value
        return Layout((start, end), *parts, closed, complete, strays)

    def _action(self, body: int) -> Mark | None:
        """The token that the source follows."""
        if not self.certain and (action := self._after_object(body)):
            return action
        for mark in self.since(body):
            if mark.name == ACTION_SEP:
                return mark
            if mark.name in _ENDS:
                break
        return None

    def _after_object(self, body: int) -> Mark | None:
        """The token that the source follows, if only a JSON object of strings is before it."""
        found = _OBJECT.match(self.text, body)
        mark = self.at(found.end()) if found else None
        return mark if mark and mark.name == ACTION_SEP else None

    def _source(self, start: int, valued: bool) -> tuple[Mark | None, int]:
        """The token that a value follows, if one does, and where a frame ends.

        Args:
            start: where the frame's source begins.
            valued: whether a value belongs to it.
        """
        argument: Mark | None = None
        for mark in self.since(start):
            over = self.certain or self._ends_line(mark, start)
            if valued and mark.name == ARG_SEP:
                stop = self._after_string(mark.end)
                if over or stop is not None:
                    return mark, self._value_end(mark.end) if stop is None else stop
                argument = argument or mark
            elif mark.name in _ENDS and (over or self._ends_frame(mark)):
                return argument, mark.start
        # What was looked through is the frame's: looking again would not be linear.
        return argument, len(self.text)

    def _after_string(self, start: int) -> int | None:
        """Where a value ends, if it is a JSON string and nothing else."""
        found = None if self.certain else _VALUE.match(self.text, start)
        mark = self.at(found.end()) if found else None
        return mark.start if mark and mark.name in _ENDS else None

    def _value_end(self, start: int) -> int:
        """Where a value ends, whatever it is."""
        return next((m.start for m in self.since(start) if m.name in _ENDS), len(self.text))

    def _ends_line(self, mark: Mark, start: int) -> bool:
        return mark.start > start and self.text[mark.start - 1] == "\n"

    def _ends_frame(self, mark: Mark) -> bool:
        """Whether the frame must be over, though the line does not seem to be."""
        if mark.end == len(self.text):
            return mark.name in (FRAME_SEP, END_OF_TEXT)
        after = self.at(mark.end)
        if mark.name != FRAME_SEP or after is None:
            return False
        if KINDS.get(after.name) in ("call", "line"):
            return self._after_object(after.end) is not None
        action = self.at(after.end)
        return after.name in KINDS and bool(action and action.name == ACTION_SEP)

    def _strays(self, body: int, action: Mark, source: Span, value: Span | None) -> Iterator[Mark]:
        """In text, a name of a token within a JSON string or a line is taken for the program's."""
        if self.certain:
            yield from self._within((body, action.start))
            yield from self._within(value or (0, 0))
        for mark in self._within(source):
            if self.certain or self._ends_line(mark, source[0]):
                yield mark

    def _within(self, span: Span) -> Iterator[Mark]:
        for mark in self.since(span[0]):
            if mark.start >= span[1]:
                break
            yield mark
