"""The keys that matter on a screen, at its bottom; as many lines as they need, two at most."""

from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

_MOST_LINES = 2


class KeyHints(Widget):
    """Drawn anew whenever other keys are in force; a click on one is as good as the key."""

    DEFAULT_CSS = """
    KeyHints {
        dock: bottom;
        height: auto;
        max-height: 2;
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

    def on_mount(self) -> None:
        """Keep up with the keys."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        self.refresh(layout=True)

    def render(self) -> Text:
        """The hints; what does not fit is left to the help."""
        key_style = self.get_component_rich_style("keyhints--key", partial=True)
        width = max(self.size.width, 20)
        text = Text(no_wrap=True, overflow="crop")
        used, lines = 0, 1
        for key, words, action in self._hints():
            needed = cell_len(key) + 1 + cell_len(words)
            if used and used + 2 + needed > width:
                if lines == _MOST_LINES:
                    break
                text.append("\n")
                used, lines = 0, lines + 1
            if used:
                text.append("  ")
                used += 2
            click = Style(meta={"@click": action}) if action else Style()
            text.append(key, key_style)
            text.append(f" {words}", click)
            used += needed
        return text

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """One line, or two."""
        needed = sum(cell_len(key) + cell_len(words) + 3 for key, words, _ in self._hints())
        return 1 if needed - 2 <= width else _MOST_LINES

    def _hints(self) -> list[tuple[str, str, str]]:
        """Key, description and action of every binding that is to be shown; help comes first."""
        if isinstance(self.screen.focused, Input):
            return [("enter", "Find", ""), ("esc", "Leave", "")]
        hints: dict[str, tuple[str, str, str]] = {}
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
