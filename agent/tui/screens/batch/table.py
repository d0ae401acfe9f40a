"""The attempts of a batch, a line each; only those on the screen are ever drawn."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import ClassVar

from rich.cells import set_cell_size
from textual.binding import Binding, BindingType

from agent.batch.folder import Attempt
from agent.batch.quiet import STUCK_SECONDS
from agent.batch.summary import AttemptRow
from agent.tui.screens.batch.order import Quiet
from agent.tui.widgets.cursorlines import CursorLines
from agent.tui.widgets.lines import Row
from agent.tui.widgets.safetext import one_line
from agent.tui.words import STYLES, count, duration, money, state_words

_STATE, _STEP, _TOKENS, _COST, _TIME, _QUIET = 13, 6, 8, 9, 9, 9
_NUMBERS = _STEP + _TOKENS + _TIME
_WIDE = 100
"""Cells from which on there is room for what a run cost and how long it has been quiet."""


class AttemptTable(CursorLines):
    """Rows under a cursor, which stays on its attempt; on the first line, it stays there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "page(1)", "Page down", show=False),
        Binding("b", "page(-1)", "Page up", show=False),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._rows: Sequence[AttemptRow] = ()
        self._quiet: Quiet = {}
        self._again: AbstractSet[Path] = frozenset()

    def show(self, rows: Sequence[AttemptRow], quiet: Quiet, again: AbstractSet[Path]) -> None:
        """Show these. What is looked at stays on its line as far as that can be.

        Args:
            rows: in their order.
            quiet: time since the last event of those at work.
            again: folders of runs whose issues are to be done once more.
        """
        here = self.current if self.cursor else None
        anchor, line = self._anchor()
        self._rows, self._quiet, self._again = rows, quiet, again
        places = {row.attempt: at for at, row in enumerate(rows)}
        if here is not None:
            self.cursor = places.get(here.attempt, self.cursor)
        self.cursor = min(self.cursor, max(len(rows) - 1, 0))
        self.lines_changed()
        self.redraw()
        if anchor in places:
            self.scroll_to(y=places[anchor] - line, animate=False, immediate=True)
        else:
            self.into_view()

    def _anchor(self) -> tuple[Attempt | None, int]:
        """The attempt that is looked at, and its line on the screen; None at the very top."""
        top = self.scroll_offset.y
        if self.cursor and top <= self.cursor < top + self.size.height:
            at = self.cursor
        elif top:
            at = top
        else:
            return None, 0
        return (self._rows[at].attempt, at - top) if at < len(self._rows) else (None, 0)

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
        cells += [f"{'quiet':>{_QUIET}}  ", "how it ended"] if wide else []
        return "".join(cells)

    def count(self) -> int:
        """One line an attempt."""
        return len(self._rows)

    def row(self, y: int) -> Row:
        """One attempt."""
        row, wide = self._rows[y], self.columns >= _WIDE
        width = self._issue_width()
        pieces = [
            ("accent", "▌" if y == self.cursor else " "),
            self._state(row),
            ("plain", set_cell_size(one_line(str(row.attempt), width - 1), width)),
            ("plain", f"{row.step:>{_STEP}}{count(row.tokens):>{_TOKENS}}"),
        ]
        if wide:
            pieces.append(("plain", f"{money(row.cost):>{_COST}}"))
        pieces.append(("plain", f"{duration(row.seconds):>{_TIME}}"))
        if wide:
            silent = self._quiet.get(row.folder)
            style = "warn" if silent and silent >= STUCK_SECONDS else "dim"
            said = "" if silent is None else duration(silent)
            pieces.append((style, f"{said:>{_QUIET}}  "))
            left = self.columns - (3 + _STATE + width + _NUMBERS + _COST + _QUIET + 2)
            pieces.append(("dim", one_line(row.reason, left)))
        return tuple(pieces)

    def _state(self, row: AttemptRow) -> tuple[str, str]:
        if row.folder in self._again:
            return "warn", f" {'… again':<{_STATE}} "
        return STYLES.get(row.stage, "dim"), f" {state_words(row.stage):<{_STATE}} "

    def _issue_width(self) -> int:
        taken = 3 + _STATE + _NUMBERS
        if self.columns < _WIDE:
            return max(self.columns - taken, 10)
        return min(max((self.columns - taken - _COST - _QUIET - 2) // 2, 24), 44)
