"""Two batches issue by issue: won, lost, both, neither."""

from pathlib import Path
from typing import ClassVar

from rich.cells import set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from agent.batch.comparing import OUTCOMES, BatchComparison, Pair, Side
from agent.tui.screens.base import OurScreen
from agent.tui.widgets.cursorlines import CursorLines
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.lines import Row
from agent.tui.widgets.safetext import one_line
from agent.tui.words import count, duration
from agent.tui.workspace import Workspace

_SIGNS = {
    "won": ("good", "+ won"),
    "lost": ("bad", "- lost"),
    "both": ("plain", "= both"),
    "neither": ("dim", "  neither"),
    "unknown": ("dim", "? unknown"),
}
_OUTCOME, _SIDE = 11, 25


class PairTable(CursorLines):
    """A line for each issue, under a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "page(1)", "Page down", show=False),
        Binding("b", "page(-1)", "Page up", show=False),
    ]

    def __init__(self, pairs: tuple[Pair, ...], id: str) -> None:
        super().__init__(id)
        self._pairs = pairs

    def on_mount(self) -> None:
        """All of them are there at once."""
        self.lines_changed()

    @property
    def current(self) -> Pair | None:
        """The issue under the cursor."""
        return self._pairs[self.cursor] if self.cursor < len(self._pairs) else None

    def count(self) -> int:
        """One line an issue."""
        return len(self._pairs)

    def row(self, y: int) -> Row:
        """One issue."""
        pair = self._pairs[y]
        style, words = _SIGNS[pair.outcome]
        width = self.issue_width
        return (
            ("accent", "▌" if y == self.cursor else " "),
            (style, f"{words:<{_OUTCOME}}"),
            ("plain", set_cell_size(one_line(pair.issue, width - 1), width)),
            *_side(pair.first),
            *_side(pair.second),
        )

    @property
    def issue_width(self) -> int:
        """Cells for an issue's id."""
        return min(max(self.columns - 1 - _OUTCOME - 2 * _SIDE, 10), 80)


class WonAndLost(OurScreen):
    """What the second of two batches won and lost beside the first."""

    TITLE = "Batches compared"
    CSS_PATH = "compared.tcss"
    HELP = (
        "Two batches issue by issue. Won is what the second alone resolved, lost what the first"
        " alone did; unknown what one of them has not ended. The chance is how likely a split as"
        " uneven is if neither is better (exact McNemar test). Enter lays both runs side by side."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("enter", "compare", "Runs", tooltip="Lay the two runs of the issue side by side"),
    ]

    def __init__(self, workspace: Workspace, comparison: BatchComparison) -> None:
        super().__init__()
        self._place = workspace
        self._found = comparison
        self._could_open = True

    def compose(self) -> ComposeResult:
        """The counts, the columns' names, the issues, the keys."""
        yield Static("", id="compared-heading", markup=False)
        yield Static("", id="compared-columns", markup=False)
        yield PairTable(self._found.pairs, "compared-table")
        yield KeyHints()

    def on_mount(self) -> None:
        """Choose from the issues."""
        self.query_one(PairTable).focus()
        self.call_after_refresh(self._say)

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self._say)

    def runs_in_question(self) -> tuple[Path, ...]:
        """Both runs of the issue under the cursor."""
        pair = self.query_one(PairTable).current if self.is_mounted else None
        runs = (pair.first.run, pair.second.run) if pair else ()
        return tuple(run for run in runs if run is not None)

    def on_cursor_lines_moved(self) -> None:
        """The cursor is elsewhere."""
        if bool(self.runs_in_question()) != self._could_open:
            self._could_open = not self._could_open
            self.refresh_bindings()

    def on_cursor_lines_chosen(self) -> None:
        """A click on the issue under the cursor."""
        self.action_compare()

    def _say(self) -> None:
        found, width = self._found, max(self.size.width - 2, 10)
        counts = ", ".join(f"{found.count(each)} {each}" for each in OUTCOMES if found.count(each))
        words = f"{counts or 'no issue in either'}   by chance: {found.chance:.2g}"
        words += f"   {found.unfair}" if found.unfair else ""
        self.query_one("#compared-heading", Static).update(one_line(words, width))
        table = self.query_one(PairTable)
        names = [set_cell_size(one_line(name, _SIDE - 1), _SIDE) for name in found.names]
        issue = set_cell_size("issue", table.issue_width)
        self.query_one("#compared-columns", Static).update(
            f" {'':<{_OUTCOME}}{issue}{names[0]}{names[1]}"
        )

    def action_leave(self) -> None:
        """Back."""
        self.dismiss()

    def action_compare(self) -> None:
        """Lay both runs side by side."""
        runs = self.runs_in_question()
        if len(runs) == 2:
            self.post_message(self.Open("compare", runs))
        elif runs:
            self.post_message(self.Open("run", runs))


def _side(side: Side) -> Row:
    if not side.ended:
        words = "-" if side.run is None else "not ended"
        return (("dim", f"{words:<{_SIDE}}"),)
    style, sign = ("good", "✓") if side.resolved else ("bad", "✗")
    tries = f"{side.resolved}/{side.ended}" if side.ended > 1 else ""
    tokens = count(side.tokens) if side.tokens else ""
    numbers = f" {tries:<5}{duration(side.seconds):>8} {tokens:>7}"
    return ((style, sign), ("plain", f"{numbers:<{_SIDE - 1}}"))
