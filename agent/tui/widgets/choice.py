"""One of a few values, on one line: left and right change it, so does a click."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """Shows all values, the chosen one in brackets: colour is not the only sign.

    Attributes:
        value: the chosen one.
    """

    DEFAULT_CSS = """
    Choice {
        height: 1;
        &:focus { background-tint: $foreground 8%; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Value before", show=False),
        Binding("right,l,space", "move(1)", "Next value", show=False),
    ]

    value: reactive[str] = reactive("")

    def __init__(self, values: Sequence[tuple[str, str]], value: str = "", *, id: str) -> None:
        """Args: values: each with the word that stands for it. value: the first choice."""
        super().__init__(id=id)
        self._values = list(values)
        known = {each for each, _ in self._values}
        if value and value not in known:
            self._values.append((value, value))
        self.set_reactive(Choice.value, value)

    def render(self) -> Text:
        """All the values in a row."""
        words = [f"[{word}]" if each == self.value else f" {word} " for each, word in self._values]
        return Text("".join(words), no_wrap=True, overflow="ellipsis")

    def action_move(self, step: int) -> None:
        """The next value, or the one before; after the last comes the first."""
        places = [each for each, _ in self._values]
        self.value = places[(places.index(self.value) + step) % len(places)]

    def on_click(self, event: events.Click) -> None:
        """Choose the word under the pointer."""
        start = 0
        for each, word in self._values:
            start += len(word) + 2
            if event.x < start:
                self.value = each
                return
