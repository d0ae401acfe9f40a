"""The diff itself: rows made when they come into view, in one column or two."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from agent.replay.patch import ChangedFile
from agent.tui.screens.patch.cells import Piece, merged, window
from agent.tui.screens.patch.rows import Cell, DiffRow, Hunked, drawn, rows_of
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import cut

_SIGNS = {"same": " ", "added": "+", "removed": "-", "note": " "}
_STYLES = {"same": "plain", "added": "new", "removed": "old", "note": "dim"}
_SIDEWAYS = 8


class DiffView(Lines):
    """Shows the files of a patch. A style ``x+y`` is ``x`` in the colour of ``y``.

    Attributes:
        beside: whether the old stands beside the new.
        left: cells of the lines that lie to the left of the view.
        hunk: the one that the reader is at, from 0.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_by(1)", "Down", show=False),
        Binding("up,k", "scroll_by(-1)", "Up", show=False),
        Binding("pagedown,space,ctrl+f", "page(1)", "Page down", show=False),
        Binding("pageup,b,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("home,g", "top", "Top", show=False),
        Binding("end,G", "bottom", "Bottom", show=False),
        Binding("right,l", "sideways(1)", "Right", show=False),
        Binding("left,h", "sideways(-1)", "Left", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"lines--{name}"
        for name in (
            "old",
            "old-word",
            "new",
            "new-word",
            "file",
            "hunk",
            "comment",
            "string",
            "number",
            "constant",
            "keyword",
            "name",
        )
    }

    class Moved(Message):
        """The reader is at another hunk or file."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.beside = False
        self.left = 0
        self.hunk = 0
        self._files: Sequence[ChangedFile] = ()
        self._hunks: Sequence[Sequence[Hunked]] = ()
        self._rows: list[DiffRow] = []
        self._file_tops: list[int] = []
        self._hunk_tops: list[int] = []
        self._digits = 3

    # What is shown ------------------------------------------------------------------------------

    def show(self, files: Sequence[ChangedFile], hunks: Sequence[Sequence[Hunked]]) -> None:
        """Show a patch from its beginning."""
        self._files, self._hunks = files, hunks
        self.hunk = self.left = 0
        numbers = (n for f in files for h in f.hunks for e in h.lines for n in (e.old, e.new) if n)
        self._digits = max(len(str(max(numbers, default=0))), 3)
        self._make()
        self.scroll_to(y=0, animate=False, immediate=True)

    def show_beside(self, beside: bool) -> None:
        """The old beside the new, or both in one column; the reader stays at their hunk."""
        self.beside = beside
        self._make()
        if self._hunk_tops:
            self.go_to_hunk(self.hunk)

    def _make(self) -> None:
        self._rows = rows_of(self._files, self._hunks, self.beside)
        self._file_tops = [y for y, row in enumerate(self._rows) if row.kind == "file"]
        self._hunk_tops = [y for y, row in enumerate(self._rows) if row.kind == "hunk"]
        self.lines_changed()
        self.redraw()
        self.post_message(self.Moved())

    @property
    def hunks(self) -> int:
        """How many hunks there are."""
        return len(self._hunk_tops)

    @property
    def file(self) -> int:
        """The file that the reader is at, from 0."""
        if self._hunk_tops and self._in_view(self._hunk_tops[self.hunk]):
            return self._rows[self._hunk_tops[self.hunk]].file
        return max(bisect_right(self._file_tops, self.scroll_offset.y) - 1, 0)

    # Rows ---------------------------------------------------------------------------------------

    def count(self) -> int:
        """Rows of all files."""
        return len(self._rows)

    def key(self, y: int) -> object:
        """The row, how far to the side it is seen, and whether the reader is at it."""
        return y, self.beside, self.left, self._at(self._rows[y])

    def row(self, y: int) -> Row:
        """One row, with a mark before the hunk that the reader is at."""
        row = self._rows[y]
        mark = ("accent", "▌" if self._at(row) else " ")
        width = self.columns - 1
        match row.kind:
            case "lines":
                return (mark, *self._lines(row, width))
            case "file":
                return tuple(self._heading(row, width))
            case "blank":
                return ()
        return (mark, ("hunk" if row.kind == "hunk" else "dim", cut(row.text, width)))

    def _at(self, row: DiffRow) -> bool:
        return row.kind in ("hunk", "lines") and row.hunk == self.hunk

    def _heading(self, row: DiffRow, width: int) -> list[Piece]:
        file = self._files[row.file]
        counts = f"+{file.count('added')} -{file.count('removed')}"
        name = cut(row.text, max(width - len(counts) - 4, 4))
        return window([("file", f" {name}  "), ("file", counts)], 0, width + 1, "file")

    def _lines(self, row: DiffRow, width: int) -> list[Piece]:
        if not self.beside:
            assert row.left is not None
            line = row.left.line
            numbers = f"{line.old or '':>{self._digits}} {line.new or '':>{self._digits}} "
            return self._side(row.left, numbers, width)
        half = (width - 1) // 2
        left = self._half(row.left, old=True, width=half)
        right = self._half(row.right, old=False, width=width - 1 - half)
        return [*left, ("dim", "│"), *right]

    def _half(self, cell: Cell | None, *, old: bool, width: int) -> list[Piece]:
        if cell is None:
            return [("plain", " " * width)]
        number = cell.line.old if old else cell.line.new
        return self._side(cell, f"{number or '':>{self._digits}} ", width)

    def _side(self, cell: Cell, numbers: str, width: int) -> list[Piece]:
        """A line with its numbers and its sign: colour is not the only one."""
        line = cell.line
        style = _STYLES[line.kind]
        changed = line.kind in ("added", "removed")
        spans = () if line.kind == "note" else cell.colours.of(cell.at)
        parts = drawn(line)
        if all(part for _, part in parts):
            parts = [(text, False) for text, _ in parts]
        pieces = merged(parts, spans, style, f"{style}-word" if changed else style)
        head = [("dim", numbers), (style, f"{_SIGNS[line.kind]} ")]
        return [*head, *self._view(pieces, max(width - len(numbers) - 2, 2), style)]

    def _view(self, pieces: list[Piece], width: int, style: str) -> list[Piece]:
        """What of a line is in view, with a sign where more of it is to the right."""
        if sum(cell_len(text) for _, text in pieces) <= self.left + width:
            return window(pieces, self.left, width, style)
        return [*window(pieces, self.left, width - 1, style), (f"{style}+dim", "›")]

    def _style(self, name: str, marked: bool) -> Style:
        style = self._styles.get((name, marked))
        if style is None:
            under, _, over = name.partition("+")
            style = self.get_component_rich_style(f"lines--{under}")
            if over:
                found = self.get_component_rich_style(f"lines--{over}")
                style += Style(color=found.color, italic=found.italic)
            self._styles[name, marked] = style
        return style

    # Moving -------------------------------------------------------------------------------------

    def go_to_hunk(self, hunk: int) -> None:
        """Bring a hunk to the top, as far as the end allows."""
        if self._hunk_tops:
            self.hunk = min(max(hunk, 0), len(self._hunk_tops) - 1)
            y = self._hunk_tops[self.hunk]
            first = y == 0 or self._rows[y - 1].kind != "lines"
            self._scroll(y - 1 if first and self._rows[y - 1].kind == "file" else y)

    def go_to_file(self, file: int) -> None:
        """Bring a file's heading to the top."""
        if not 0 <= file < len(self._file_tops):
            return
        y = self._file_tops[file]
        own = [at for at, top in enumerate(self._hunk_tops) if self._rows[top].file == file]
        if own:
            self.hunk = own[0]
        self._scroll(y)

    def action_scroll_by(self, rows: int) -> None:
        """Some rows further."""
        self._go(self.scroll_offset.y + rows)

    def action_page(self, pages: int) -> None:
        """A screen further."""
        self._go(self.scroll_offset.y + pages * max(self.size.height - 1, 1))

    def action_top(self) -> None:
        """The beginning."""
        self._go(0)

    def action_bottom(self) -> None:
        """The end."""
        self._go(self.count())

    def action_sideways(self, steps: int) -> None:
        """See what of long lines is cut off."""
        self.left = max(self.left + steps * _SIDEWAYS, 0)
        self.refresh()
        self.post_message(self.Moved())

    def _go(self, y: int) -> None:
        """Scroll; the reader is at the first hunk in view, unless theirs still is."""
        self._scroll(y)
        top, end = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        first = bisect_right(self._hunk_tops, top) - 1
        if not self._hunk_tops or self._in_view(self._hunk_tops[self.hunk]):
            return
        below = first + 1 < len(self._hunk_tops) and self._hunk_tops[first + 1] < end
        self.hunk = min(max(first + below, 0), len(self._hunk_tops) - 1)
        self.refresh()
        self.post_message(self.Moved())

    def _in_view(self, y: int) -> bool:
        top = self.scroll_offset.y
        return top <= y < top + self.size.height

    def _scroll(self, y: int) -> None:
        self.scroll_to(y=max(y, 0), animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """A click is at the hunk under the pointer."""
        y = event.y + self.scroll_offset.y
        if 0 <= y < self.count() and self._rows[y].hunk >= 0:
            self.hunk = self._rows[y].hunk
            self.refresh()
            self.post_message(self.Moved())
