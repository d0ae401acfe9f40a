"""Lines under a cursor, which keys and clicks move: what tables of ours have in common."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from agent.tui.widgets.lines import Lines


class CursorLines(Lines):
    """A list with a cursor in it.

    Attributes:
        cursor: the line it is on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "down(1)", "Down", show=False),
        Binding("up,k", "down(-1)", "Up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("home,g", "down(-1000000)", "Top", show=False),
        Binding("end,G", "down(1000000)", "End", show=False),
    ]

    class Moved(Message):
        """The cursor is elsewhere."""

    class Chosen(Message):
        """The line under the cursor was clicked once more."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.cursor = 0

    def highlighted(self, y: int) -> bool:
        """The line that the cursor is on."""
        return y == self.cursor

    def key(self, y: int) -> object:
        """The line, and whether the cursor is there."""
        return y, y == self.cursor

    def go_to(self, y: int) -> None:
        """Put the cursor on a line and bring it into view."""
        self.cursor = min(max(y, 0), max(self.count() - 1, 0))
        self.into_view()
        self.refresh()
        self.post_message(self.Moved())

    def into_view(self) -> None:
        """Scroll as far as it takes to see the line that the cursor is on."""
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)

    def action_down(self, by: int) -> None:
        """Some lines further."""
        self.go_to(self.cursor + by)

    def action_page(self, pages: int) -> None:
        """A screen further."""
        self.go_to(self.cursor + pages * max(self.size.height - 1, 1))

    def on_click(self, event: events.Click) -> None:
        """Go to the line under the pointer; there already, choose it."""
        y = event.y + self.scroll_offset.y
        if y >= self.count():
            return
        if y == self.cursor:
            self.post_message(self.Chosen())
        else:
            self.go_to(y)

    def on_resize(self) -> None:
        """Another width."""
        self.lines_changed()
        self.redraw()
