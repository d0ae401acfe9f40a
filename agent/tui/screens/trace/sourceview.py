"""The source: the current line marked, breakpoints, and a cursor to set them with."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from agent.tui.screens.trace.colours import Colours
from agent.tui.screens.trace.tracks import Point
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import shown
from model.debugger.breakpoints import Breakpoint

_GUTTER = 9
"""Cells before a line: the cursor, the breakpoint, the number, the mark."""
_SIGNS = 3
"""Of these, those in which a click toggles a breakpoint."""


class SourceView(Lines):
    """Follows the current line, until the reader moves the cursor; then until the next frame.

    Attributes:
        cursor: the line it is on, from 1 on.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"lines--{name}" for name in ("keyword", "string", "number", "comment", "name")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Line down", show=False),
        Binding("up,k", "move(-1)", "Line up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("home,g", "go(1)", "First line", show=False),
        Binding("end,G", "go(-1)", "Last line", show=False),
    ]

    class Toggled(Message):
        """A breakpoint was clicked on: the line."""

        def __init__(self, line: int) -> None:
            super().__init__()
            self.line = line

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.cursor = 1
        self._source: Sequence[str] = ()
        self._colours = Colours(())
        self._here: int | None = None
        self._others: tuple[int, ...] = ()
        self._recorded: int | None = None
        self._stops: Mapping[int, Breakpoint] = {}

    # What is shown ------------------------------------------------------------------------------

    def load(self, lines: Sequence[str]) -> None:
        """Another source."""
        self._source, self._colours = lines, Colours(lines)
        self.cursor = 1
        self.lines_changed()
        self.redraw()

    def mark(
        self, predicted: Point | None, recorded: Point | None, stops: Mapping[int, Breakpoint]
    ) -> None:
        """Mark where the two traces are, and the breakpoints."""
        here = predicted.line if predicted is not None else None
        moment = predicted.moment if predicted is not None else None
        self._recorded = recorded.line if recorded is not None else None
        self._others = moment.spot.others if moment is not None else ()
        self._stops = stops
        place = here if here is not None else self._recorded
        self._here = here
        if place is not None:
            self._go_to(place)
        self.refresh()

    def count(self) -> int:
        """Lines of the source."""
        return len(self._source)

    def highlighted(self, y: int) -> bool:
        """Whether the cursor is on it, or a trace."""
        return y + 1 in (self._here, self._recorded if self._here is None else None)

    def key(self, y: int) -> object:
        """The line, and what stands before it."""
        return y, self._signs(y + 1)

    def row(self, y: int) -> Row:
        """One line."""
        pieces = _clipped(self._colours.of(y), max(self.columns - _GUTTER, 1))
        return (*self._signs(y + 1), *pieces)

    def _signs(self, line: int) -> Row:
        cursor = "▌" if line == self.cursor and self.has_focus else " "
        stop = self._stops.get(line)
        sign = " " if stop is None else "◐" if stop.condition else "●"
        mark, style = self._mark(line)
        number = ("dim", f"{line:>4} ")
        return (("accent", cursor), ("bad", sign), number, (style, f"{mark} "))

    def _mark(self, line: int) -> tuple[str, str]:
        if line == self._here:
            return "▶", "accent"
        if line == self._recorded:
            return "▷", "warn"
        return ("?", "warn") if line in self._others else (" ", "plain")

    # Moving -------------------------------------------------------------------------------------

    def action_move(self, lines: int) -> None:
        """Some lines further."""
        self._go_to(self.cursor + lines)

    def action_page(self, pages: int) -> None:
        """A page further."""
        self._go_to(self.cursor + pages * max(self.size.height - 1, 1))

    def action_go(self, line: int) -> None:
        """To a line; a negative one is counted from the end."""
        self._go_to(line if line > 0 else self.count() + 1 + line)

    def _go_to(self, line: int) -> None:
        self.cursor = max(min(line, self.count()), 1)
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if not top <= self.cursor - 1 < top + height:
            y = max(self.cursor - 1 - height // 2, 0)
            self.scroll_to(y=y, animate=False, immediate=True)
        self.refresh()

    def on_focus(self) -> None:
        """The cursor is seen."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor is not seen."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Go to the line; in the gutter, stop at it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        line = self.scroll_offset.y + offset.y + 1
        if line <= self.count():
            self._go_to(line)
            if offset.x < _SIGNS:
                self.post_message(self.Toggled(line))


def _clipped(pieces: Sequence[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """Pieces that are safe to draw, no wider than so many cells; a sign where they are cut."""
    made: list[tuple[str, str]] = []
    left = width
    for style, text in pieces:
        safe = shown(text[: 4 * width])
        cells = cell_len(safe)
        if cells > left or len(text) > 4 * width:
            made.append((style, set_cell_size(safe, max(left - 1, 0)) + "…"))
            break
        made.append((style, safe))
        left -= cells
    return made
