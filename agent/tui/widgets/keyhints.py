"""The keys that matter on a screen, at its bottom; as many lines as they need, three at most."""

from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

Hint = tuple[str, str, str]
"""A key, what it does, and the action that a click on it carries out; empty for none."""

_MOST_LINES = 3
_GAP = "  "


class KeyHints(Widget):
    """Drawn anew whenever other keys are in force; a click on one is as good as the key."""

    DEFAULT_CSS = """
    KeyHints {
        dock: bottom;
        height: auto;
        max-height: 3;
        padding: 0 1;
        background: $panel;
        color: $text-muted;
        link-color: $text-muted;
        link-style: none;
        link-background: transparent;
        link-style-hover: underline;
        link-color-hover: $foreground;
        link-background-hover: transparent;
        & > .keyhints--key { color: $text-accent; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keyhints--key"}
    can_focus = False

    def __init__(self) -> None:
        super().__init__()
        self._height = (0, 0)  # a width, and the lines that were needed at it

    def on_mount(self) -> None:
        """Keep up with the keys."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        self.refresh(layout=True)

    def render(self) -> Text:
        """The hints; what does not fit is left to the help."""
        key_style = self.get_component_rich_style("keyhints--key", partial=True)
        text = Text(no_wrap=True, overflow="crop")
        for number, line in enumerate(self._lines(max(self.size.width, 20))):
            text.append("\n" if number else "")
            for place, (key, words, action) in enumerate(line):
                text.append(_GAP if place else "")
                text.append(key, key_style)
                text.append(f" {words}", Style(meta={"@click": action}) if action else Style())
        return text

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as were ever needed at this width: what is above does not jump."""
        needed = len(self._lines(width))
        before = self._height[1] if self._height[0] == width else 0
        self._height = (width, max(needed, before))
        return self._height[1]

    def _lines(self, width: int) -> list[list[Hint]]:
        lines: list[list[Hint]] = [[]]
        used = 0
        for hint in self._hints():
            needed = cell_len(hint[0]) + 1 + cell_len(hint[1]) + len(_GAP)
            if lines[-1] and used + needed - len(_GAP) > width:
                if len(lines) == _MOST_LINES:
                    break
                lines.append([])
                used = 0
            lines[-1].append(hint)
            used += needed
        return lines

    def _hints(self) -> list[Hint]:
        """Key, description and action of every binding that is to be shown; help comes first."""
        if isinstance(self.screen.focused, Input):
            return [("enter", "Find", ""), ("esc", "Leave", "")]
        hints: dict[str, Hint] = {}
        for node, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show and enabled and binding.action not in hints:
                owner = {self.app: "app", self.screen: "screen"}.get(node, "focused")
                hints[binding.action] = (
                    self._display(binding),
                    binding.description,
                    f"{owner}.{binding.action}",
                )
        return sorted(hints.values(), key=lambda hint: hint[2] != "app.help")

    def _display(self, binding: Binding) -> str:
        return self.app.get_key_display(binding)
