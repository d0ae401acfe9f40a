"""A text of any length, broken to the width or cut at it, with what is looked for marked."""

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import cut, shown, wrapped


class TextLines(Lines):
    """Shows one text.

    Attributes:
        wrap: whether long lines are broken rather than cut.
        sought: what is marked; empty for nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("pageup,b", "page(-1)", "Page up", show=False),
        Binding("home,g", "go(0)", "Top", show=False),
        Binding("end,G", "go(-1)", "Bottom", show=False),
    ]

    def __init__(
        self, text: str, *, style: Callable[[str], str] = lambda line: "plain", id: str
    ) -> None:
        """Args: text: not safe to draw. style: the style's name for a line."""
        super().__init__(id)
        self.text = text
        self.wrap = True
        self.sought = ""
        self._style_of = style
        self._broken: list[str] = []
        self._width = -1

    def on_mount(self) -> None:
        """Break it."""
        self.break_again()

    def on_resize(self) -> None:
        """Another width."""
        if self.columns != self._width:
            self.break_again()

    def break_again(self) -> None:
        """Break the text to the width, or cut its lines."""
        self._width = self.columns
        if self.wrap:
            self._broken = list(wrapped(self.text, self._width))
        else:
            self._broken = [cut(line, self._width) for line in self.text.split("\n")]
        self.lines_changed()
        self.redraw()

    def seek(self, text: str, step: int) -> bool:
        """Mark a text and bring the next row that holds it to the top, or the one before."""
        self.sought = shown(text).lower()
        self.redraw()
        count, here = len(self._broken), self.scroll_offset.y
        for away in range(1, count + 1):
            y = (here + step * away) % count
            if self.sought in self._broken[y].lower():
                self.scroll_to(y=y, animate=False, immediate=True)
                return True
        return False

    def action_move(self, rows: int) -> None:
        """Some rows further."""
        self.scroll_relative(y=rows, animate=False)

    def action_page(self, pages: int) -> None:
        """A screen further; one row stays in sight."""
        self.scroll_relative(y=pages * max(self.size.height - 1, 1), animate=False)

    def action_go(self, y: int) -> None:
        """To a row; the last for -1."""
        self.scroll_to(y=y if y >= 0 else self.count(), animate=False)

    def count(self) -> int:
        """Rows of the text."""
        return len(self._broken)

    def row(self, y: int) -> Row:
        """One of them."""
        line = self._broken[y]
        style = self._style_of(line)
        if not self.sought:
            return ((style, line),)
        return tuple(_marked(line, self.sought, style))


def _marked(line: str, sought: str, style: str) -> list[tuple[str, str]]:
    lowered, pieces, start = line.lower(), [], 0
    if len(lowered) != len(line):
        return [(style, line)]  # some letters have other lengths in lower case
    while (found := lowered.find(sought, start)) >= 0:
        end = found + len(sought)
        pieces += [(style, line[start:found]), ("found", line[found:end])]
        start = end
    return [*pieces, (style, line[start:])]
