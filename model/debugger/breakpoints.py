"""Breakpoints: lines at which a session stops, perhaps on a condition over predicted locals."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from model.debugger.expressions import ExpressionProblem, NotKnown, holds, parse
from model.debugger.history import Moment
from model.debugger.places import Places
from model.debugger.problems import DebuggerProblem


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Where a session stops.

    Attributes:
        number: of the breakpoint, from 1 on.
        line: of the source.
        condition: as it was typed; empty for none.
    """

    number: int
    line: int
    condition: str = ""


class Breakpoints:
    """Those of a session.

    Args:
        places: of the source's lines.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._all: dict[int, tuple[Breakpoint, ast.expr | None]] = {}
        self._count = 0

    def __iter__(self) -> Iterator[Breakpoint]:
        return (each for each, _ in self._all.values())

    def check(self, line: int) -> None:
        """See that a frame can be at a line.

        Raises:
            DebuggerProblem: none can.
        """
        if not 0 < line <= len(self._places.lines):
            raise DebuggerProblem(f"the source has lines 1 to {len(self._places.lines)}")
        if line not in self._places.eventful:
            raise DebuggerProblem(
                f"nothing stops at line {line}: no statement begins or goes on there"
            )

    def add(self, line: int, condition: str = "") -> Breakpoint:
        """Stop at a line.

        Args:
            line: of the source.
            condition: that is to hold; one that cannot be told is taken to hold, unless that is
                because a name has no value yet.

        Raises:
            DebuggerProblem: nothing can stop there, or the condition is none.
        """
        self.check(line)
        try:
            test = parse(condition) if condition.strip() else None
        except ExpressionProblem as problem:
            raise DebuggerProblem(str(problem)) from None
        self._count += 1
        made = Breakpoint(self._count, line, condition.strip())
        self._all[made.number] = made, test
        return made

    def clear(self, number: int | None = None) -> None:
        """Take one away, or all.

        Raises:
            DebuggerProblem: there is none of that number.
        """
        if number is None:
            self._all.clear()
        elif self._all.pop(number, None) is None:
            raise DebuggerProblem(f"there is no breakpoint {number}")

    def hit(self, moment: Moment) -> tuple[Breakpoint, str] | None:
        """The first one that a moment hits, and what is not known of its condition."""
        if moment.frame.kind not in ("call", "line"):
            return None
        for each, test in self._all.values():
            if each.line not in moment.spot.lines:
                continue
            try:
                if test is None or holds(test, moment.state.locals):
                    return each, ""
            except NotKnown as problem:
                if not problem.missing:
                    return each, str(problem)
        return None
