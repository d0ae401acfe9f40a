"""The line of each predicted frame, found by where it can be and not by its text alone.

A model writes the text of a line and not its number, and the same text can stand in a source more
than once. So all lines with the text are weighed: one that may follow the frame before it in the
same scope costs nothing, another one of the same function something, one elsewhere more. Where two
cost the same, the place is ambiguous, and both are told; frames that come later may clear it up.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from model.debugger.codes import Code, codes
from model.debugger.expressions import NotKnown, holds
from model.trace.compare import line_text
from model.trace.frame import Frame
from model.trace.states import State
from model.trace.writing import source_lines, unmarked

_State = tuple[int, int]
"""The number of a code object, and a line."""

_DOUBTFUL = 1
"""A condition leads elsewhere, as far as the locals are known."""
_JUMP = 2
"""Within the function, but not to where the line before leads."""
_AWAY = 10
"""Not of the function, or not where a call begins."""


_YIELDS = re.compile(r"\b(?:yield|await|async)\b")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a frame is.

    Attributes:
        line: its number in the source, from 1 on; None where no line has its text.
        function: the name of what runs; empty where that is not known.
        others: lines that it may be at just as well.
        outer: of the frame in which the scope was called.
    """

    line: int | None
    function: str
    others: tuple[int, ...] = ()
    outer: "Spot | None" = field(default=None, repr=False, compare=False)
    _costs: Mapping[_State, int] = field(default_factory=dict, repr=False, compare=False)
    _kind: str = field(default="", repr=False, compare=False)
    _locals: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    _yielded: tuple[_State, ...] = field(default=(), repr=False, compare=False)

    @property
    def lines(self) -> tuple[int, ...]:
        """All lines that it may be at, the one that is taken first."""
        return () if self.line is None else (self.line, *self.others)


class Places:
    """Finds the lines of frames in one source.

    Attributes:
        lines: of the source, without the marker of its entry point and without their ends.
        eventful: the numbers of those that a frame can be at.
    """

    def __init__(self, source: str) -> None:
        self.lines = tuple(unmarked(text) for text, _ in source_lines(source))
        every = frozenset(range(1, len(self.lines) + 1))
        self._codes = codes(source) or [_anything(every)]
        self._numbers: dict[str, list[int]] = {}
        self._loosely: dict[str, list[int]] = {}
        for number, text in enumerate(self.lines, 1):
            self._numbers.setdefault(text, []).append(number)
            self._loosely.setdefault(text.strip(), []).append(number)
        self.eventful = frozenset(line for code in self._codes for line in code.eventful & every)

    def after(self, before: Spot | None, state: State) -> Spot:
        """Where a frame is.

        Args:
            before: of the frame before it; None of the first one.
            state: of the frame.
        """
        frame = state.frame
        scope, outer = self._scope(before, frame)
        yielded = before._yielded if before else ()
        if frame.kind == "call":
            weighed = self._calls(frame, yielded)
        else:
            weighed = self._goes_on(scope, frame)
        least = min(weighed.values(), default=0)
        # What costs more by far than the best may be forgotten; it keeps loops short.
        costs = {key: cost - least for key, cost in weighed.items() if cost - least <= _AWAY}
        best = [key for key, cost in costs.items() if not cost]
        if not best:
            known = dict(scope._costs) if scope else {}
            function = scope.function if scope else ""
            return Spot(None, function, (), outer, known, frame.kind, state.locals, yielded)
        previous = scope.line if scope and scope.line else 0
        best.sort(key=lambda key: (key[1] <= previous, key[1], -key[0]))
        lines = tuple(dict.fromkeys(line for _, line in best))
        name = self._codes[best[0][0]].name
        if frame.kind == "return" and _YIELDS.search(frame.source):
            yielded = (*yielded, *best)
        elif frame.kind == "call" and len(best) == 1 and best[0] in yielded:
            at = yielded.index(best[0])  # others of the same code may wait there as well
            yielded = yielded[:at] + yielded[at + 1 :]
        return Spot(lines[0], name, lines[1:], outer, costs, frame.kind, state.locals, yielded)

    def locate(self, states: Sequence[State]) -> list[Spot]:
        """Where all frames of a trace are."""
        spots: list[Spot] = []
        for state in states:
            spots.append(self.after(spots[-1] if spots else None, state))
        return spots

    def _scope(self, before: Spot | None, frame: Frame) -> tuple[Spot | None, Spot | None]:
        """The previous frame of the frame's scope, and the one in which that was called."""
        if before is None:
            return None, None
        if before._kind == "return":
            # The scope is left; its caller goes on.
            before = before.outer
            if before is None:
                return None, None
        if frame.kind == "call":
            return None, before
        return before, before.outer

    def _candidates(self, frame: Frame) -> list[_State]:
        text = line_text(frame)
        numbers = self._numbers.get(text) or self._loosely.get(text.strip(), [])
        return [
            (index, line)
            for line in numbers
            for index, code in enumerate(self._codes)
            if line in code.lines
        ]

    def _calls(self, frame: Frame, yielded: Sequence[_State]) -> dict[_State, int]:
        weighed: dict[_State, int] = {}
        for index, line in self._candidates(frame):
            code = self._codes[index]
            cost = 0
            if line not in code.begins and (index, line) not in yielded:
                cost = _DOUBTFUL if code.resumes else _AWAY
            cost += _fitting(code, frame.locals)
            weighed[index, line] = cost
        return weighed

    def _goes_on(self, scope: Spot | None, frame: Frame) -> dict[_State, int]:
        candidates = self._candidates(frame)
        if scope is None or not scope._costs:
            return dict.fromkeys(candidates, 0)
        ways = scope._costs.items()
        return {
            (index, line): min(
                cost + self._cost(scope, known, (index, line), frame) for known, cost in ways
            )
            for index, line in candidates
        }

    def _cost(self, scope: Spot, known: _State, to: _State, frame: Frame) -> int:
        """What it costs that a frame is there, if the one before it in its scope was here."""
        (index, line), (next_index, next_line) = known, to
        if next_index != index:
            return _AWAY
        code = self._codes[index]
        if frame.kind != "line":
            stays = line == next_line or code.together(line, next_line)
            # A call that is stepped over returns from anywhere.
            return 0 if stays or scope._kind == "call" else _JUMP
        if not code.follows(line, next_line, scope._kind == "exception"):
            return _JUMP
        return _DOUBTFUL * _contradicted(code, line, next_line, scope)


def _contradicted(code: Code, line: int, next_line: int, scope: Spot) -> bool:
    """Whether a condition of the line, as far as it can be told, leads elsewhere."""
    branch = code.branches.get(line)
    if branch is None or scope._kind != "line":
        return False
    test, then = branch
    try:
        return holds(test, scope._locals) != (next_line in then)
    except NotKnown:
        return False


def _fitting(code: Code, locals_: Mapping[str, str] | None) -> int:
    """What it costs that a call with these locals is of that code."""
    if code.parameters is None or locals_ is None:
        return 0
    if not set(code.parameters) <= locals_.keys():
        return _DOUBTFUL * 2
    owner = code.owner
    first = locals_.get(code.parameters[0], "") if code.parameters else ""
    # A method's object may have the name of its class, or of one that is derived from it.
    return _DOUBTFUL if owner and owner not in first else 0


def _anything(lines: frozenset[int]) -> Code:
    """The code of a source that does not parse: any line may follow any other."""
    return Code("", "", lines, lines, None, True, {}, {}, {}, {}, True)
