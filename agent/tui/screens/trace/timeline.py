"""All frames on one line: how deep the calls go, where the traces part, where the cursor is."""

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from agent.tui.screens.trace.tracks import Tracks

_DEPTHS = "▁▂▃▄▅▆▇█"
_WIDEST = 4
"""Cells of one frame, where there are few."""


class Timeline(Widget):
    """Two rows: the depth of each frame, and marks. Press or drag the mouse to go somewhere."""

    can_focus = False
    COMPONENT_CLASSES = {  # noqa: RUF012  # as declared
        f"timeline--{name}" for name in ("predicted", "recorded", "cursor", "parting", "other")
    }

    class Scrubbed(Message):
        """The mouse goes to a pair of frames, by its number."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._tracks = Tracks()
        self._cursor = 0
        self._steps = 1
        self._edited: int | None = None
        self._dragged = False
        self._made: tuple[object, list[Segment]] = (None, [])

    def show(self, tracks: Tracks, cursor: int, edited: int | None) -> None:
        """Show traces, with the cursor on a pair, and the first frame at which a local was set."""
        if tracks is not self._tracks:
            both = (*tracks.predicted, *tracks.recorded)
            deepest = max((point.depth for point in both), default=0)
            self._steps = 2 if deepest < len(_DEPTHS) // 2 else 1
        self._tracks, self._cursor = tracks, cursor
        self._edited = None if edited is None else tracks.pair_of(edited)
        self.refresh()

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._made = (None, [])

    # Drawing ------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Depths, then marks."""
        segments = self._depths() if y == 0 else self._marks()
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def _depths(self) -> list[Segment]:
        of = (self._tracks, self.size.width)
        if self._made[0] is None or self._made[0] != (id(of[0]), of[1]):
            self._made = ((id(of[0]), of[1]), [self._bar(cell) for cell in range(self._cells())])
        made = list(self._made[1])
        for cell in self._cells_of(self._cursor):
            if cell < len(made):
                made[cell] = Segment(made[cell].text, self._style("cursor"))
        return made

    def _bar(self, cell: int) -> Segment:
        predicted, recorded = self._tracks.sides(self._pair_at(cell))
        point = predicted or recorded
        depth = point.depth if point else 0
        style = self._style("predicted" if predicted else "recorded")
        return Segment(_DEPTHS[min(depth * self._steps, len(_DEPTHS) - 1)], style)

    def _marks(self) -> list[Segment]:
        marks: dict[int, tuple[str, str]] = {}
        if self._edited is not None:
            marks[self._cell_of(self._edited)] = "=", "other"
        if self._tracks.parting is not None:
            marks[self._cell_of(self._tracks.parting)] = "≠", "parting"
        marks[self._cell_of(self._cursor)] = "▲", "cursor"
        if not self._tracks.pairs:
            return []
        segments, end = [], 0
        for cell, (sign, style) in sorted(marks.items()):
            segments += [
                Segment(" " * (cell - end), self.rich_style),
                Segment(sign, self._style(style)),
            ]
            end = cell + 1
        return segments

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"timeline--{name}")

    # Cells and pairs ----------------------------------------------------------------------------

    def _scale(self) -> float:
        """Cells of one pair."""
        width, count = max(self.size.width, 1), max(len(self._tracks.pairs), 1)
        return float(min(_WIDEST, width // count)) if count <= width else width / count

    def _cells(self) -> int:
        return min(round(self._scale() * len(self._tracks.pairs)), self.size.width)

    def _cell_of(self, at: int) -> int:
        return min(int(at * self._scale()), self.size.width - 1)

    def _cells_of(self, at: int) -> range:
        return range(self._cell_of(at), max(self._cell_of(at + 1), self._cell_of(at) + 1))

    def _pair_at(self, cell: int) -> int:
        return max(min(int(cell / self._scale()), len(self._tracks.pairs) - 1), 0)

    # The mouse ----------------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go there, and on while it is held."""
        self._dragged = True
        self.capture_mouse()
        self._scrub(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Go there while it is held."""
        if self._dragged:
            self._scrub(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Stay there."""
        self._dragged = False
        self.release_mouse()

    def _scrub(self, event: events.MouseEvent) -> None:
        if self._tracks.pairs:
            self.post_message(self.Scrubbed(self._pair_at(event.x - self.gutter.left)))
