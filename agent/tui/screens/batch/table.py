"""The attempts of a batch, a line each; only those on the screen are ever drawn."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from agent.batch.quiet import STUCK_SECONDS
from agent.batch.summary import AttemptRow
from agent.tui.screens.batch.order import Quiet
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import one_line
from agent.tui.words import STYLES, count, duration, money, state_words

_STATE, _STEP, _TOKENS, _COST, _TIME, _QUIET = 13, 5, 7, 8, 8, 7
_NUMBERS = _STEP + _TOKENS + _TIME
_WIDE = 100
"""Cells from which on there is room for what a run cost and how long it has been quiet."""

HEADINGS = ("step", "tokens", "cost", "time", "quiet")


class AttemptTable(Lines):
    """Rows under a cursor, which stays on its attempt whatever the order.

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

    class Moved(Message):
        """The cursor is elsewhere."""

    class Chosen(Message):
        """The row under the cursor was clicked once more."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._rows: Sequence[AttemptRow] = ()
        self._quiet: Quiet = {}
        self.cursor = 0

    def show(self, rows: Sequence[AttemptRow], quiet: Quiet) -> None:
        """Show these."""
        here = self.current
        self._rows, self._quiet = rows, quiet
        places = {row.attempt: at for at, row in enumerate(rows)}
        if here is not None and here.attempt in places:
            self.cursor = places[here.attempt]
        self.cursor = min(self.cursor, max(len(rows) - 1, 0))
        self.lines_changed()
        self.redraw()

    @property
    def current(self) -> AttemptRow | None:
        """The attempt under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def heading(self) -> str:
        """What stands in the columns."""
        wide = self.columns >= _WIDE
        cells = [f"  {'state':<{_STATE}} {set_cell_size('issue', self._issue_width())}"]
        cells += [f"{'step':>{_STEP}}", f"{'tokens':>{_TOKENS}}"]
        cells += [f"{'cost':>{_COST}}"] if wide else []
        cells += [f"{'time':>{_TIME}}"]
        cells += [f"{'quiet':>{_QUIET}}  "] if wide else []
        return "".join(cells)

    def count(self) -> int:
        """One line an attempt."""
        return len(self._rows)

    def highlighted(self, y: int) -> bool:
        """The line that the cursor is on."""
        return y == self.cursor

    def key(self, y: int) -> object:
        """What its text depends on, and whether the cursor is there."""
        return y, y == self.cursor

    def row(self, y: int) -> Row:
        """One attempt."""
        row, wide = self._rows[y], self.columns >= _WIDE
        width = self._issue_width()
        silent = self._quiet.get(row.folder, 0.0)
        pieces = [
            ("accent", "▌" if y == self.cursor else " "),
            (STYLES.get(row.stage, "dim"), f" {state_words(row.stage):<{_STATE}} "),
            ("plain", set_cell_size(one_line(str(row.attempt), width - 1), width)),
            ("plain", f"{row.step:>{_STEP}}{count(row.tokens):>{_TOKENS}}"),
        ]
        if wide:
            pieces.append(("plain", f"{money(row.cost):>{_COST}}"))
        pieces.append(("plain", f"{duration(row.seconds):>{_TIME}}"))
        if wide:
            said = duration(silent) if row.state == "running" else ""
            style = "warn" if silent >= STUCK_SECONDS else "dim"
            pieces.append((style, f"{said:>{_QUIET}}  "))
            left = self.columns - sum(len(text) for _, text in pieces) - 1
            pieces.append(("dim", one_line(row.reason, left)))
        return tuple(pieces)

    def _issue_width(self) -> int:
        taken = 3 + _STATE + _NUMBERS
        if self.columns < _WIDE:
            return max(self.columns - taken, 10)
        return max((self.columns - taken - _COST - _QUIET - 2) // 2, 24)

    # Moving -------------------------------------------------------------------------------------

    def go_to(self, y: int) -> None:
        """Put the cursor on a line and bring it into view."""
        self.cursor = min(max(y, 0), max(len(self._rows) - 1, 0))
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def action_down(self, by: int) -> None:
        """Some lines further."""
        self.go_to(self.cursor + by)

    def action_page(self, pages: int) -> None:
        """A screen further."""
        self.go_to(self.cursor + pages * max(self.size.height - 1, 1))

    def on_click(self, event: events.Click) -> None:
        """Go to the line under the pointer; there already, choose it."""
        y = event.y + self.scroll_offset.y
        if y == self.cursor:
            self.post_message(self.Chosen())
        else:
            self.go_to(y)

    def on_resize(self) -> None:
        """Another width."""
        self.redraw()
