"""Explains the screen below: its own words, then every key that is in force there."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

_WIDE = 12
_OF_ALL_SCREENS = ("app.focus_next", "app.focus_previous", "screen.copy_text")


class HelpScreen(ModalScreen[None]):
    """Made from the bindings, so that it cannot tell of keys there are not."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "close", "Close", key_display="esc"),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("pagedown,space", "scroll(10)", "Page down", show=False),
        Binding("pageup", "scroll(-10)", "Page up", show=False),
    ]

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self._help = (getattr(screen, "HELP", "") or "").strip()
        self._title = screen.title or type(screen).__name__.removesuffix("Screen")
        self._screen_keys, self._other_keys = _keys(screen)

    def compose(self) -> ComposeResult:
        """The words and the two lists of keys."""
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="title", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static(self._help, markup=False, classes="words")
                yield Static("\n".join(self._screen_keys), markup=False)
                yield Static("Everywhere", classes="heading", markup=False)
                yield Static("\n".join(self._other_keys), markup=False)
            yield Static("esc closes", classes="hint", markup=False)

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss()

    def action_scroll(self, lines: int) -> None:
        """Move the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def _keys(screen: Screen[object]) -> tuple[list[str], list[str]]:
    """Lines for the keys of the screen and what is on it, and for those that hold everywhere."""
    here: dict[str, str] = {}
    everywhere: dict[str, str] = {}
    displays: dict[tuple[int, str], list[str]] = {}
    found = sorted(screen.active_bindings.values(), key=lambda each: each.node is not screen)
    for node, binding, _, _ in found:
        if not binding.description:
            continue
        keys = displays.setdefault((id(node), binding.action), [])
        keys.append(screen.app.get_key_display(binding))
        line = f"{' '.join(dict.fromkeys(keys)):<{_WIDE}} {binding.tooltip or binding.description}"
        common = node is screen.app or binding.action in _OF_ALL_SCREENS
        place = everywhere if common else here
        place[f"{id(node)} {binding.action}"] = line
    return list(here.values()), list(everywhere.values())
