"""A list of entries under a cursor, each a few short columns and a text that is broken to fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType

from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import filled, one_line


@dataclass(frozen=True, slots=True)
class Entry:
    """What the cursor can be on.

    Attributes:
        columns: what stands first, safe to draw.
        text: what follows, not safe to draw.
        style: of the text.
        below: a text of its own lines, not safe to draw; empty for none.
        copied: what is copied; empty for nothing.
        name: what Enter chooses; empty for nothing.
    """

    columns: Row
    text: str
    style: str = "plain"
    below: str = ""
    copied: str = ""
    name: str = ""

    def rows(self, width: int) -> list[Row]:
        """The lines that it takes; a line is as wide as ``width`` at most."""
        lead = sum(cell_len(text) for _, text in self.columns)
        beside = width - lead >= _LEAST_ROOM
        if not beside:
            lead = _INDENT
        texts = [(self.style, line) for line in filled(self.text, width - lead)]
        if self.below:
            texts += [("accent", line) for line in filled(self.below, width - lead)]
        blank = ("plain", " " * lead)
        rows: list[Row] = [(blank, text) for text in texts]
        if beside:
            return [(*self.columns, texts[0]), *rows[1:]]
        return [self.columns, *rows]


@dataclass(frozen=True, slots=True)
class Heading:
    """What the cursor passes over."""

    words: str


_LEAST_ROOM = 16
"""Cells of a text; where there are fewer it begins on a line of its own."""
_INDENT = 4


class Page(Lines):
    """Shows entries; a click chooses one as the keys do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("pageup,b", "page(-1)", "Page up", show=False),
        Binding("home,g", "move(-1000000)", "Top", show=False),
        Binding("end,G", "move(1000000)", "End", show=False),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._entries: Sequence[Entry | Heading] = ()
        self._rows: list[tuple[int, Row]] = []  # each with the number of its entry
        self._width = -1
        self.cursor = 0

    def show(self, entries: Sequence[Entry | Heading], *, anew: bool = False) -> None:
        """Show entries; ``anew``: from the first, else the cursor stays where it is."""
        self._entries = entries
        if anew:
            self.cursor = 0
            self.scroll_to(y=0, animate=False, immediate=True)
        self._break()
        self._put(self.cursor, 1)

    @property
    def current(self) -> Entry | None:
        """The entry under the cursor."""
        here = self._entries[self.cursor] if self.cursor < len(self._entries) else None
        return here if isinstance(here, Entry) else None

    def _break(self) -> None:
        self._width = self.columns
        self._rows = []
        for number, entry in enumerate(self._entries):
            if isinstance(entry, Heading):
                if number:
                    self._rows.append((number, ()))
                words = one_line(entry.words, self._width - 1)
                self._rows.append((number, (("strong", f" {words}"),)))
            else:
                self._rows += [(number, row) for row in entry.rows(self._width - 1)]
        self.lines_changed()
        self.redraw()

    def on_resize(self) -> None:
        """Another width."""
        if self.columns != self._width:
            self._break()

    # Drawing ------------------------------------------------------------------------------------

    def count(self) -> int:
        """The lines of all entries."""
        return len(self._rows)

    def highlighted(self, y: int) -> bool:
        """The entry that the cursor is on."""
        return self._rows[y][0] == self.cursor and self.current is not None

    def row(self, y: int) -> Row:
        """A mark beside the entry under the cursor, and its line."""
        number, row = self._rows[y]
        if isinstance(self._entries[number], Heading):
            return row
        return (("accent", "▌" if self.highlighted(y) else " "), *row)

    def key(self, y: int) -> object:
        """The line, and whether the cursor is there."""
        return y, self.highlighted(y)

    # Moving -------------------------------------------------------------------------------------

    def _put(self, number: int, step: int) -> None:
        """Put the cursor on an entry, or on the next that is none but a heading."""
        last = max(len(self._entries) - 1, 0)
        number = min(max(number, 0), last)
        ways = [*range(number, last + 1), *range(number, -1, -1)]
        if step < 0:
            ways = [*range(number, -1, -1), *range(number, last + 1)]
        entries = (n for n in ways if n <= last and self._entries)
        self.cursor = next((n for n in entries if isinstance(self._entries[n], Entry)), 0)
        own = [y for y, (n, _) in enumerate(self._rows) if n == self.cursor]
        if own:
            top, height = self.scroll_offset.y, max(self.size.height, 1)
            first = 0 if own[0] < height and number <= 1 else own[0]
            if first < top:
                self.scroll_to(y=first, animate=False, immediate=True)
            elif own[-1] >= top + height:
                self.scroll_to(y=own[-1] - height + 1, animate=False, immediate=True)
        self.refresh()

    def action_move(self, by: int) -> None:
        """Some entries further."""
        self._put(self.cursor + by, by)

    def action_page(self, pages: int) -> None:
        """A screen further."""
        at = next((y for y, (n, _) in enumerate(self._rows) if n == self.cursor), 0)
        to = min(max(at + pages * max(self.size.height - 1, 1), 0), max(self.count() - 1, 0))
        if self._rows:
            self._put(self._rows[to][0], pages)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the entry under the pointer."""
        y = event.y + self.scroll_offset.y
        if 0 <= y < self.count():
            self._put(self._rows[y][0], 1)
