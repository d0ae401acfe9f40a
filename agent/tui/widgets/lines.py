"""A scrollable list of lines of which only those on the screen are ever drawn.

What the lines say is up to the subclass: how many there are, and what stands in one of them. There
is one widget however many lines there are, so that ten thousand cost what fifty do.
"""

from abc import abstractmethod
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.cache import LRUCache
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

Row = tuple[tuple[str, str], ...]
"""One line: pieces of text that are safe to draw, each with the name of its style."""


class Lines(ScrollView, can_focus=True):
    """Draws rows. A style named ``x`` is the component class ``lines--x`` of the stylesheet."""

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"lines--{name}"
        for name in (
            "plain",
            "dim",
            "strong",
            "good",
            "bad",
            "warn",
            "accent",
            "added",
            "removed",
            "found",
            "cursor",
        )
    }
    DEFAULT_CSS = """
    Lines {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        background: $background;
        & > .lines--dim { color: $text-muted; }
        & > .lines--strong { text-style: bold; }
        & > .lines--good { color: $text-success; }
        & > .lines--bad { color: $text-error; }
        & > .lines--warn { color: $text-warning; }
        & > .lines--accent { color: $text-accent; }
        & > .lines--added { color: $text-success; }
        & > .lines--removed { color: $text-error; }
        & > .lines--found { text-style: reverse; }
        & > .lines--cursor { background: $foreground 7%; }
    }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(2048)
        self._styles: dict[tuple[str, bool], Style] = {}

    # What a subclass says -----------------------------------------------------------------------

    @abstractmethod
    def count(self) -> int:
        """How many lines there are."""

    @abstractmethod
    def row(self, y: int) -> Row:
        """What stands in a line."""

    def key(self, y: int) -> object:
        """What a line's drawing depends on, beside the width and the styles."""
        return y

    def highlighted(self, y: int) -> bool:
        """Whether the line belongs to what the cursor is on."""
        return False

    # Drawing ------------------------------------------------------------------------------------

    @property
    def columns(self) -> int:
        """Cells that a line has."""
        return self.scrollable_content_region.width or self.size.width

    def lines_changed(self) -> None:
        """The number of lines is another one."""
        size = Size(self.columns, self.count())
        if (size.height > self.size.height) != self.show_vertical_scrollbar:
            self.virtual_size = size
            return
        # The scrollbar alone changes. Assigning would lay the whole screen out anew, ten times a
        # second while a run streams.
        self.set_reactive(Widget.virtual_size, size)
        self._scroll_update(size)

    def redraw(self) -> None:
        """Forget what was drawn."""
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._strips.clear()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        y += self.scroll_offset.y
        width = self.size.width
        if not 0 <= y < self.count():
            return Strip.blank(width, self._style("plain", False))
        marked = self.highlighted(y)
        selection = self.text_selection
        if selection is not None:
            return self._drawn(y, marked, width, selection).apply_offsets(0, y)
        key = (self.key(y), marked, width)
        if (strip := self._strips.get(key)) is None:
            strip = self._strips[key] = self._drawn(y, marked, width, None)
        return strip.apply_offsets(0, y)

    def _drawn(self, y: int, marked: bool, width: int, selection: Selection | None) -> Strip:
        pieces = [Segment(text, self._style(name, marked)) for name, text in self.row(y)]
        if selection is not None and (span := selection.get_span(y)) is not None:
            line = Text(no_wrap=True, end="")
            for piece in pieces:
                line.append(piece.text, piece.style)
            start, end = span
            style = self.screen.get_component_rich_style("screen--selection")
            line.stylize(style, start, len(line) if end == -1 else end)
            pieces = list(line.render(self.app.console))
        return Strip(pieces).adjust_cell_length(width, self._style("plain", marked))

    def _style(self, name: str, marked: bool) -> Style:
        style = self._styles.get((name, marked))
        if style is None:
            style = self.get_component_rich_style(f"lines--{name}")
            if marked:
                cursor = self.get_component_rich_style("lines--cursor")
                style += Style(bgcolor=cursor.bgcolor)
            self._styles[name, marked] = style
        return style

    # Selecting with the mouse -------------------------------------------------------------------

    def selection_updated(self, selection: Selection | None) -> None:
        """Something else is selected."""
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected, as text; of ten thousand lines only those are put together."""
        first = selection.start.y if selection.start else 0
        last = min(selection.end.y if selection.end else self.count() - 1, self.count() - 1)
        if first > last:
            return None
        lines = ["".join(text for _, text in self.row(y)) for y in range(first, last + 1)]
        if selection.end is not None:
            lines[-1] = lines[-1][: selection.end.x]
        if selection.start is not None:
            lines[0] = lines[0][selection.start.x :]
        return "\n".join(line.rstrip() for line in lines), "\n"
