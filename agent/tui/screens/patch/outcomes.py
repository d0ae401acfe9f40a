"""Tests before and after a patch, those that say most first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from agent.events import TestReport, Verified
from agent.replay.steps import Step, outcomes_of
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import cut
from agent.verify import broken

_SIGNS = {"passed": ("✓", "good"), "failed": ("✗", "bad"), "error": ("!", "bad")}
_UNKNOWN = ("·", "dim")
_HEADING = "Tests  "
_MARKS = 6
"""Cells of before and after."""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One test.

    Attributes:
        test: its id; not safe to draw.
        before, after: how it ended; empty where it did not run.
        flaky: repeated runs did not agree.
    """

    test: str
    before: str
    after: str
    flaky: bool = False

    @property
    def rank(self) -> int:
        """0 for what is broken, then what fails anyway, what is mended, what was kept."""
        if broken(TestReport.model_validate(self, from_attributes=True)):
            return 0
        if self.after != "passed":
            return 1
        return 2 if self.before != "passed" else 3


def verified_tests(verified: Verified) -> list[OutcomeRow]:
    """As the verification saw them."""
    reports = (*verified.fail_to_pass, *verified.pass_to_pass)
    return [OutcomeRow(each.test, each.before, each.after, each.flaky) for each in reports]


def seen_tests(steps: Sequence[Step]) -> list[OutcomeRow]:
    """As the run itself saw them: the first time and the last."""
    first: dict[str, str] = {}
    last: Mapping[str, str] = steps[-1].tests if steps else {}
    for step in steps:
        for result in [step.result] if step.result else []:
            first = {**outcomes_of(result), **first}
    return [OutcomeRow(test, first.get(test, ""), after) for test, after in last.items()]


def in_words(rows: Sequence[OutcomeRow]) -> str:
    """How many were mended, and how many broken."""
    if not rows:
        return "no test has run"
    counted = [sum(row.rank == rank for row in rows) for rank in range(4)]
    words = ("broken", "failing", "mended", "kept")
    return ", ".join(f"{n} {word}" for n, word in zip(counted, words, strict=True) if n)


class OutcomesView(Lines):
    """One row a test: before, after, its name."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._tests: list[OutcomeRow] = []
        self._note = ""

    def show(self, tests: Sequence[OutcomeRow], note: str) -> None:
        """Show tests. note: where they were run; safe to draw."""
        self._tests = sorted(tests, key=lambda row: (row.rank, row.test))
        self._note = note
        self.lines_changed()
        self.redraw()

    def count(self) -> int:
        """A heading, and a row for each."""
        return 2 + len(self._tests)

    @property
    def wanted(self) -> int:
        """Columns that the longest line needs."""
        heads = (len(_HEADING) + len(in_words(self._tests)), cell_len(self._note))
        tests = (_MARKS + cell_len(each.test) + len(_flaky(each)) for each in self._tests)
        return max(*heads, *tests)

    def row(self, y: int) -> Row:
        """Before → after, and the end of the name, which says most."""
        if y == 0:
            counted = cut(in_words(self._tests), self.columns - len(_HEADING))
            return (("strong", _HEADING), ("dim", counted))
        if y == 1:
            return (("dim", cut(self._note, self.columns)),)
        test = self._tests[y - 2]
        before, after = (_SIGNS.get(how, _UNKNOWN) for how in (test.before, test.after))
        flaky = _flaky(test)
        name = _tail(test.test, max(self.columns - _MARKS - len(flaky), 4))
        return (
            (before[1], f"{before[0]}"),
            ("dim", " → "),
            (after[1], f"{after[0]} "),
            ("plain", name),
            ("warn", flaky),
        )


def _flaky(test: OutcomeRow) -> str:
    return " flaky" if test.flaky else ""


def _tail(test: str, width: int) -> str:
    return cut(test, width) if len(test) <= width else f"…{cut(test[-(width - 1) :], width - 1)}"
