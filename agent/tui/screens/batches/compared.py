"""Two batches issue by issue: won, lost, both, neither."""

from pathlib import Path
from typing import ClassVar

from rich.cells import set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from agent.batch.comparing import OUTCOMES, BatchComparison, Pair, Side
from agent.tui.screens.base import OurScreen
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.lines import Lines, Row
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


class PairTable(Lines):
    """A line for each issue, under a cursor.

    Attributes:
        cursor: the line it is on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "down(1)", "Down", show=False),
        Binding("up,k", "down(-1)", "Up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("pageup,b", "page(-1)", "Page up", show=False),
        Binding("home,g", "down(-1000000)", "Top", show=False),
        Binding("end,G", "down(1000000)", "End", show=False),
    ]

    def __init__(self, pairs: tuple[Pair, ...], id: str) -> None:
        super().__init__(id)
        self._pairs = pairs
        self.cursor = 0

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

    def highlighted(self, y: int) -> bool:
        """The line that the cursor is on."""
        return y == self.cursor

    def key(self, y: int) -> object:
        """The line, and whether the cursor is there."""
        return y, y == self.cursor

    def row(self, y: int) -> Row:
        """One issue."""
        pair = self._pairs[y]
        style, words = _SIGNS[pair.outcome]
        width = self.issue_width
        return (
            ("accent", "▌" if y == self.cursor else " "),
            (style, f"{words:<{_OUTCOME}}"),
            ("plain", set_cell_size(one_line(pair.issue, width - 1), width)),
            ("plain", _side(pair.first)),
            ("plain", _side(pair.second)),
        )

    @property
    def issue_width(self) -> int:
        """Cells for an issue's id."""
        return max(self.columns - 1 - _OUTCOME - 2 * _SIDE, 10)

    def on_resize(self) -> None:
        """Another width."""
        self.lines_changed()
        self.redraw()

    def action_down(self, by: int) -> None:
        """Some lines further."""
        self.cursor = min(max(self.cursor + by, 0), max(len(self._pairs) - 1, 0))
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)
        self.refresh()

    def action_page(self, pages: int) -> None:
        """A screen further."""
        self.action_down(pages * max(self.size.height - 1, 1))


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

    def _say(self) -> None:
        found, width = self._found, max(self.size.width - 2, 10)
        counts = ", ".join(f"{found.count(each)} {each}" for each in OUTCOMES if found.count(each))
        words = f"{counts or 'no issue in either'}   by chance: {found.chance:.2g}"
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


def _side(side: Side) -> str:
    if not side.ended:
        return set_cell_size("-" if side.run is None else "not ended", _SIDE)
    sign = "✓" if side.resolved else "✗"
    tries = f" {side.resolved}/{side.ended}" if side.ended > 1 else ""
    words = f"{sign}{tries} {duration(side.seconds)} {count(side.tokens) if side.tokens else ''}"
    return set_cell_size(words, _SIDE)
