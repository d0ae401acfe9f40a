"""The two traces beside one another, a pair of frames a row, under one cursor."""

from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from agent.tui.screens.trace.tracks import Point, Tracks
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import cut, shown

_MARKS = {"call": ">", "line": " ", "return": "<", "exception": "!"}
_DEEPEST = 12
_MOST_NEWS = 8
_VALUE = 60


class FrameList(Lines):
    """Shows both traces where there are both, else the one there is over the whole width.

    Attributes:
        tracks: what is shown.
        cursor: the number of the pair it is on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Frame down", show=False),
        Binding("up,k", "move(-1)", "Frame up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("home,g", "first", "First frame", show=False),
        Binding("end,G", "last", "Last frame", show=False),
    ]

    class Moved(Message):
        """The cursor is on another pair."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.tracks = Tracks()
        self.cursor = 0

    def show(self, tracks: Tracks, cursor: int) -> None:
        """Show traces, with the cursor on a pair."""
        if tracks is not self.tracks:
            self.tracks = tracks
            self.lines_changed()
            self.redraw()
        self.go_to(cursor)

    def go_to(self, at: int) -> None:
        """Put the cursor on a pair, and that on the screen."""
        at = max(min(at, self.count() - 1), 0)
        moved, self.cursor = at != self.cursor, at
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if not top <= at < top + height:
            y = at if at < top else at - height + 1
            far = not top - height <= at < top + 2 * height
            self.scroll_to(y=max(at - height // 2, 0) if far else y, animate=False, immediate=True)
        if moved:
            self.refresh()
            self.post_message(self.Moved())

    # Rows ---------------------------------------------------------------------------------------

    @property
    def split(self) -> int:
        """The width of the left side; 0 where there is one side only."""
        both = self.tracks.predicted and self.tracks.recorded
        return (self.columns - 5) // 2 if both else 0

    def count(self) -> int:
        """Pairs of frames."""
        return len(self.tracks.pairs)

    def highlighted(self, y: int) -> bool:
        """Whether the cursor is on it."""
        return y == self.cursor

    def key(self, y: int) -> object:
        """The cursor's mark is drawn, and a side's width depends on both."""
        return y, y == self.cursor

    def row(self, y: int) -> Row:
        """Both frames of a pair."""
        pair, (predicted, recorded) = self.tracks.pairs[y], self.tracks.sides(y)
        cursor = ("accent", "▌" if y == self.cursor else " ")
        left = self.split
        if not left:
            point = predicted or recorded
            edited = bool(predicted and predicted.moment and predicted.moment.edits)
            sign = "=" if edited else " "
            return (cursor, ("warn", f"{sign} "), *_frame(point, self.columns - 4, "plain"))
        differs = not pair.same and predicted is not None and recorded is not None
        parting = y == self.tracks.parting
        sign, style = ("≠", "warn") if differs or parting else (" ", "plain")
        if predicted is None or recorded is None:
            style = "dim"
        return (
            cursor,
            ("bad" if parting else "warn", f"{sign} "),
            *_frame(predicted, left, style, recorded if differs else None),
            ("dim", "│ "),
            *_frame(recorded, self.columns - left - 5, style, predicted if differs else None),
        )

    # Moving -------------------------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        """Some frames further."""
        self.go_to(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """A page further."""
        self.go_to(self.cursor + pages * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """The first frame."""
        self.go_to(0)

    def action_last(self) -> None:
        """The last frame that is known."""
        self.go_to(self.count() - 1)

    def on_click(self, event: events.Click) -> None:
        """Go to the frame."""
        offset = event.get_content_offset(self)
        if offset is not None and self.scroll_offset.y + offset.y < self.count():
            self.go_to(self.scroll_offset.y + offset.y)


def _frame(
    point: Point | None, width: int, style: str, other: Point | None = None
) -> list[tuple[str, str]]:
    """One frame on exactly so many cells; where the other one is different, that comes first."""
    if point is None:
        return [("plain", " " * width)]
    line = str(point.line) if point.line is not None else "?"
    indent = "  " * min(point.depth, _DEEPEST)
    begin = f"{line:>4} {_MARKS[point.kind]} {indent}"
    news = _news(point, other)
    # The source stands above in full: what is new comes first, but for half of the width.
    room = max(width - cell_len(shown(news)) - 2, width * 3 // 5) if news else width
    text = cut(begin + point.source.strip(), room)
    pieces = [("dim" if style == "dim" else "plain", text)]
    left = width - cell_len(text)
    if news and left > 3:
        fitting = cut(news, left - 2)
        pieces.append((style if style != "plain" else "accent", f"  {fitting}"))
        left -= 2 + cell_len(fitting)
    return [*pieces, ("plain", " " * left)]


def _news(point: Point, other: Point | None) -> str:
    """What is new or different at a frame, on one line; not safe to draw yet."""
    if point.kind == "return":
        return f"→ {_short(point.value or 'None')}"
    if point.kind == "exception":
        return f"raises {_short(point.value or 'an exception')}"
    told = point.news
    if other is not None:
        there = other.locals
        apart = {name: text for name, text in point.locals.items() if there.get(name) != text}
        told = apart | told
    few = [*told.items()][:_MOST_NEWS]
    return ", ".join(f"{_short(name)}={_short(value)}" for name, value in few)


def _short(text: str) -> str:
    line = text[: _VALUE + 1].replace("\r", "\\r").replace("\n", "\\n")
    return line if len(text) <= _VALUE else line[:_VALUE] + "…"
