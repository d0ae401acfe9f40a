"""What was read and what was not, before issues of a list that is not sound are added."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from agent.sources.source import Skipped
from agent.tui.widgets.safetext import one_line
from agent.tui.widgets.textlines import TextLines

_MOST_LINE = 300


class ReadReport(ModalScreen[bool]):
    """Answers whether to add the issues that could be read."""

    CSS_PATH = "readreport.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+s", "answer(True)", "Add", priority=True),
        Binding("escape", "answer(False)", "Back", priority=True),
    ]

    def __init__(self, count: int, skipped: Sequence[Skipped], problem: str = "") -> None:
        """Args: count: issues read. problem: what ended the reading, not safe to draw."""
        super().__init__()
        self._count = count
        self._skipped = skipped
        self._problem = problem

    def compose(self) -> ComposeResult:
        """How many, then each that was left out, then the keys."""
        left_out = f", {len(self._skipped)} cannot" if self._skipped else ""
        with Vertical(classes="dialog"):
            yield Static(
                f"{issues(self._count)} can be added{left_out}", classes="title", markup=False
            )
            if self._problem:
                problem = one_line(self._problem, _MOST_LINE)
                yield Static(problem, classes="problem", markup=False)
            if self._skipped:
                lines = (one_line(str(each), _MOST_LINE) for each in self._skipped)
                yield TextLines("\n".join(lines), id="skipped")
            add = f"Enter adds {issues(self._count)}    " if self._count else ""
            yield Static(f"{add}Esc back    ↑ ↓ scroll", classes="hint", markup=False)

    def action_answer(self, answer: bool) -> None:
        """Close with the answer; nothing can be added where there is nothing."""
        if self._count or not answer:
            self.dismiss(answer)


def issues(count: int) -> str:
    """So many of them."""
    return "1 issue" if count == 1 else f"{count:,} issues"
