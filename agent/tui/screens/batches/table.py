"""The batches of a folder, a line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rich.cells import set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from agent.batch.store import BatchStore
from agent.batch.summary import BatchStatus
from agent.tui.screens.batch.heading import rate
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import one_line

_SIGNS = {
    "running": ("accent", "▸"),
    "paused": ("warn", "‖"),
    "waiting": ("warn", "…"),
    "stopping": ("accent", "▸"),
    "ended": ("good", "✓"),
    "stopped": ("plain", "■"),
    "interrupted": ("bad", "†"),
}
_STAGE, _DONE, _RATE, _BEGUN = 14, 14, 26, 18
_WIDE = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch: what looks at it, and how it stood then."""

    store: BatchStore
    status: BatchStatus


class BatchTable(Lines):
    """Batches under a cursor; two of them can be marked.

    Attributes:
        cursor: the line it is on.
        marked: names of the marked ones, in that order.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "down(1)", "Down", show=False),
        Binding("up,k", "down(-1)", "Up", show=False),
        Binding("home,g", "down(-1000000)", "Top", show=False),
        Binding("end,G", "down(1000000)", "End", show=False),
    ]

    class Moved(Message):
        """The cursor is elsewhere."""

    class Chosen(Message):
        """The line under the cursor was clicked once more."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._entries: Sequence[Entry] = ()
        self.cursor = 0
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
        return f"{cells}begun" if self.columns >= _WIDE else cells

    def count(self) -> int:
        """One line a batch."""
        return len(self._entries)

    def highlighted(self, y: int) -> bool:
        """The line that the cursor is on."""
        return y == self.cursor

    def key(self, y: int) -> object:
        """What its text depends on, and whether the cursor is there."""
        return y, y == self.cursor

    def row(self, y: int) -> Row:
        """One batch."""
        status = self._entries[y].status
        style, sign = _SIGNS[status.stage]
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
            left = self.columns - sum(len(text) for _, text in pieces) - 1
            pieces.append(("dim", one_line(f"{status.policy}  {status.source}", left)))
        return tuple(pieces)

    def _name_width(self) -> int:
        taken = 4 + _STAGE + _DONE + 2 + _RATE
        return max(min(self.columns - taken, 40), 8)

    def go_to(self, y: int) -> None:
        """Put the cursor on a line and bring it into view."""
        self.cursor = min(max(y, 0), max(len(self._entries) - 1, 0))
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if not top <= self.cursor < top + height:
            self.scroll_to(y=max(self.cursor - height + 1, 0), animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def action_down(self, by: int) -> None:
        """Some lines further."""
        self.go_to(self.cursor + by)

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


def _when(begun: datetime) -> str:
    return f"{begun:%Y-%m-%d %H:%M}"
