"""The batches of a folder, a line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from agent.batch.store import BatchStore
from agent.batch.summary import BatchStatus
from agent.tui.screens.batch.heading import STAGES, rate
from agent.tui.widgets.cursorlines import CursorLines
from agent.tui.widgets.lines import Row
from agent.tui.widgets.safetext import one_line

_STAGE, _DONE, _RATE, _BEGUN = 14, 16, 24, 18
_WIDE = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch: what looks at it, and how it stood then."""

    store: BatchStore
    status: BatchStatus


class BatchTable(CursorLines):
    """Batches under a cursor; two of them can be marked.

    Attributes:
        marked: names of the marked ones, in that order.
    """

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._entries: Sequence[Entry] = ()
        self.marked: list[str] = []

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these; the cursor stays on its batch."""
        here = self.current
        self._entries = entries
        names = [entry.status.folder.name for entry in entries]
        if here is not None and here.status.folder.name in names:
            self.cursor = names.index(here.status.folder.name)
        self.cursor = min(self.cursor, max(len(entries) - 1, 0))
        self.marked = [name for name in self.marked if name in names]
        self.lines_changed()
        self.redraw()
        self.into_view()

    @property
    def current(self) -> Entry | None:
        """The batch under the cursor."""
        return self._entries[self.cursor] if self.cursor < len(self._entries) else None

    def mark(self) -> None:
        """Mark the batch under the cursor, or take its mark away; of three the oldest goes."""
        if (current := self.current) is None:
            return
        name = current.status.folder.name
        if name in self.marked:
            self.marked.remove(name)
        else:
            self.marked = [*self.marked, name][-2:]
        self.redraw()
        self.go_to(self.cursor + 1)

    def heading(self) -> str:
        """What stands in the columns."""
        cells = f"   {'state':<{_STAGE}} {set_cell_size('batch', self._name_width())}"
        cells += f"{'done':>{_DONE}}  {'resolved':<{_RATE}}"
        return f"{cells}{'begun':<{_BEGUN}}by" if self.columns >= _WIDE else cells

    def count(self) -> int:
        """One line a batch."""
        return len(self._entries)

    def row(self, y: int) -> Row:
        """One batch."""
        status = self._entries[y].status
        style, sign = STAGES[status.stage]
        width = self._name_width()
        done = f"{status.done:,} of {status.total:,}"
        pieces = [
            ("accent", "▌" if y == self.cursor else " "),
            ("strong", "●" if status.folder.name in self.marked else " "),
            (style, f" {sign} {status.stage:<{_STAGE - 2}} "),
            ("plain", set_cell_size(one_line(status.folder.name, width - 1), width)),
            ("plain", f"{done:>{_DONE}}  {rate(status.resolved):<{_RATE}}"),
        ]
        if self.columns >= _WIDE:
            begun = self._entries[y].store.record.started.astimezone()
            pieces.append(("dim", f"{_when(begun):<{_BEGUN}}"))
            left = self.columns - sum(cell_len(text) for _, text in pieces) - 1
            pieces.append(("dim", one_line(f"{status.policy}  {status.source}", left)))
        return tuple(pieces)

    def _name_width(self) -> int:
        left = self.columns - (4 + _STAGE + _DONE + 2 + _RATE)
        return max(min((left - _BEGUN) // 2 if self.columns >= _WIDE else left, 40), 8)


def _when(begun: datetime) -> str:
    return f"{begun:%Y-%m-%d %H:%M}"
