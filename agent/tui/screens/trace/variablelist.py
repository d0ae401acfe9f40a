"""The tree of open scopes and their variables, one row a node, under a cursor."""

from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType

from agent.tui.screens.trace.tracks import Tracks
from agent.tui.screens.trace.variables import CHANGED, GONE, NEW, SET, Node, Path, tree
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import cut

_STYLES = {NEW: "accent", CHANGED: "accent", GONE: "dim", SET: "warn"}
_LEAST = 12
"""Cells in which a value and another one find room beside each other."""


class VariableList(Lines):
    """What is unfolded stays so from frame to frame.

    Attributes:
        nodes: that are shown.
        cursor: which one it is on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Row down", show=False),
        Binding("up,k", "move(-1)", "Row up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("home,g", "first", "First row", show=False),
        Binding("end,G", "last", "Last row", show=False),
        Binding("enter,space", "fold", "Unfold", tooltip="Unfold a scope or a value, or fold it"),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.nodes: list[Node] = []
        self.cursor = 0
        self._tracks = Tracks()
        self._at = 0
        self._toggled: frozenset[Path] = frozenset()

    @property
    def current(self) -> Node | None:
        """What the cursor is on."""
        return self.nodes[self.cursor] if self.cursor < len(self.nodes) else None

    def show(self, tracks: Tracks, at: int) -> None:
        """Show what is known at a pair of frames; the cursor stays on what it was on."""
        self._tracks, self._at = tracks, at
        # On the first row it stays with the scope that runs, whichever that is.
        path = self.current.path if self.current and self.cursor else ()
        self.nodes = tree(tracks, at, self._toggled)
        found = (n for n, node in enumerate(self.nodes) if node.path == path)
        self.cursor = next(found, 0)
        self.lines_changed()
        self.redraw()

    # Rows ---------------------------------------------------------------------------------------

    def count(self) -> int:
        """Nodes there are."""
        return len(self.nodes)

    def highlighted(self, y: int) -> bool:
        """Whether the cursor is on it, and the keys are for it."""
        return y == self.cursor and self.has_focus

    def row(self, y: int) -> Row:
        """One node."""
        node = self.nodes[y]
        cursor = ("accent", "▌" if self.highlighted(y) else " ")
        fold = "▾ " if node.open else "▸ " if node.inner else "  "
        width = self.columns - 1
        if node.scope:
            return (cursor, ("strong", cut(f"{fold}{node.name}", width)))
        return (cursor, *_variable(node, fold, width))

    # Moving -------------------------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        """Some rows further."""
        self._go_to(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """A page further."""
        self._go_to(self.cursor + pages * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """The first row."""
        self._go_to(0)

    def action_last(self) -> None:
        """The last one."""
        self._go_to(self.count() - 1)

    def action_fold(self) -> None:
        """Unfold what the cursor is on, or fold it."""
        node = self.current
        if node is not None and node.inner:
            self._toggled ^= {node.path}
            self.show(self._tracks, self._at)

    def _go_to(self, at: int) -> None:
        self.cursor = max(min(at, self.count() - 1), 0)
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if not top <= self.cursor < top + height:
            y = self.cursor if self.cursor < top else self.cursor - height + 1
            self.scroll_to(y=y, animate=False, immediate=True)
        self.redraw()

    def on_focus(self) -> None:
        """The cursor is seen."""
        self.redraw()

    def on_blur(self) -> None:
        """The cursor is not seen."""
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Go to the row; a second click unfolds it."""
        offset = event.get_content_offset(self)
        if offset is None or self.scroll_offset.y + offset.y >= self.count():
            return
        at = self.scroll_offset.y + offset.y
        again = at == self.cursor
        self._go_to(at)
        if again or self.nodes[at].scope:
            self.action_fold()


def _variable(node: Node, fold: str, width: int) -> list[tuple[str, str]]:
    """Sign, name, value, and what was or was recorded instead."""
    sign = "≠" if node.differs else node.sign
    style = "bad" if node.differs else _STYLES.get(node.sign, "plain")
    begin = f"{sign} {'  ' * (node.depth - 1)}{fold}"
    after = _after(node)
    name = cut(_line(node.name), max(width // 2, 1))
    room = width - cell_len(begin) - cell_len(name) - 3
    aside = cut(after, min(cell_len(after), room * 3 // 5)) if room >= _LEAST else ""
    value = cut(_line(node.text), room - (cell_len(aside) + 2 if aside else 0))
    pieces = [(style, begin), ("plain", name), ("dim", " = "), (style, value)]
    if not node.text and node.real is not None:
        pieces = [(style, begin), ("plain", name), ("dim", "  "), (style, "not predicted")]
    return [*pieces, ("bad" if node.differs else "dim", f"  {aside}")] if aside else pieces


def _after(node: Node) -> str:
    if node.differs:
        return "not recorded" if node.real is None else f"recorded {_line(node.real)}"
    if node.sign == GONE:
        return "gone"
    if node.sign == SET:
        return f"set; was {_line(node.was)}" if node.was is not None else "set"
    return f"was {_line(node.was)}" if node.was is not None else ""


def _line(text: str) -> str:
    """On one line, and no longer than any screen is wide; not safe to draw yet."""
    return text[:2_000].replace("\r", "\\r").replace("\n", "\\n") + " " * (len(text) > 2_000)
