"""The board's table: rows come as they are, and only cells that changed are drawn anew."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from agent.tui.runs import Row
from agent.tui.screens.board.columns import Column, layout
from agent.tui.widgets.safetext import one_line
from agent.tui.words import STYLES

_MARK = "mark"


class BoardTable(DataTable[Text]):
    """Rows of the board; which are marked is remembered by their keys.

    Attributes:
        marked: keys of the rows that were selected.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open", tooltip="Open the run, or assign the issue"),
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("home,g", "scroll_top", "First", show=False),
        Binding("end,G", "scroll_bottom", "Last", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"board--{each}" for each in ("good", "bad", "warn", "accent")
    }

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, id="board")
        self.marked: set[str] = set()
        self._shown: list[Row] = []
        self._cells: dict[str, list[str]] = {}
        self._cells_of: dict[str, tuple[Row, bool]] = {}  # what they were made of
        self._colors: dict[str, str] = {}
        self._plan: list[tuple[Column, int]] = []

    # What is shown ------------------------------------------------------------------------------

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows; the cursor stays on the row it was on."""
        self.marked &= {row.key for row in rows}
        same = [row.key for row in rows] == [row.key for row in self._shown]
        place, key = self.cursor_row, self.current.key if self.current else ""
        self._shown = list(rows)
        several = any(row.attempts > 1 for row in rows)
        wanted = layout(self.size.width or self.app.size.width, tries=several)
        if not same or wanted != self._plan:
            self._rebuild(wanted)
            keys = [row.key for row in rows]
            there = keys.index(key) if key in keys else min(place, len(keys) - 1)
            self.move_cursor(row=max(there, 0), animate=False)
        else:
            self._refresh_cells()

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._shown[self.cursor_row] if 0 <= self.cursor_row < len(self._shown) else None

    @property
    def chosen(self) -> list[Row]:
        """The marked rows; without any, the one under the cursor."""
        marked = [row for row in self._shown if row.key in self.marked]
        return marked or ([self.current] if self.current else [])

    def mark(self, keys: set[str]) -> None:
        """Mark these rows and no others."""
        self.marked = keys & {row.key for row in self._shown}
        self._refresh_cells()

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go to the next."""
        if self.current is not None:
            self.mark(self.marked ^ {self.current.key})
            self.action_cursor_down()

    def on_resize(self) -> None:
        """Another width has other columns."""
        self.show(self._shown)

    def notify_style_update(self) -> None:
        """The theme changed, and with it the colours of states."""
        super().notify_style_update()
        self._cells.clear()
        self._cells_of.clear()
        self._colors.clear()
        self.call_after_refresh(self._refresh_cells)

    # Cells --------------------------------------------------------------------------------------

    def _rebuild(self, wanted: list[tuple[Column, int]]) -> None:
        top = self.scroll_offset.y
        self.clear(columns=True)
        self._plan = wanted
        self.add_column(Text(" "), width=1, key=_MARK)
        for column, width in wanted:
            label = Text(column.name, justify="right" if column.right else "left")
            self.add_column(label, width=width, key=column.name)
        self._cells = {row.key: self._texts(row) for row in self._shown}
        self._cells_of = {row.key: (row, row.key in self.marked) for row in self._shown}
        for row in self._shown:
            self.add_row(*self._drawn(row, self._cells[row.key]), key=row.key)
        self.scroll_to(y=top, animate=False)

    def _refresh_cells(self) -> None:
        for place, row in enumerate(self._shown):
            made_of = (row, row.key in self.marked)
            if self._cells_of.get(row.key) == made_of:
                continue
            self._cells_of[row.key] = made_of
            texts = self._texts(row)
            before = self._cells.get(row.key)
            if texts == before:
                continue
            for at, cell in enumerate(self._drawn(row, texts)):
                if before is None or texts[at] != before[at]:
                    self.update_cell_at(Coordinate(place, at), cell)
            self._cells[row.key] = texts

    def _texts(self, row: Row) -> list[str]:
        mark = "●" if row.key in self.marked else " "
        return [mark, *(one_line(column.text(row), width) for column, width in self._plan)]

    def _drawn(self, row: Row, texts: list[str]) -> list[Text]:
        cells = [Text(texts[0], style="bold")]
        for (column, _), text in zip(self._plan, texts[1:], strict=True):
            style = self._state_style(row) if column.name == "state" else ""
            justify = "right" if column.right else "left"
            cells.append(Text(text, style=style, justify=justify, no_wrap=True))  # type: ignore[arg-type]
        return cells

    def _state_style(self, row: Row) -> str:
        name = STYLES.get(row.state)
        if name is None:
            return ""
        if name not in self._colors:
            color = self.get_component_rich_style(f"board--{name}", partial=True).color
            self._colors[name] = color.name if color else ""
        return self._colors[name]
