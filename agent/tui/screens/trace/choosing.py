"""The list of what was predicted in a run, to choose from."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from agent.tui.screens.trace.subjects import Listed
from agent.tui.widgets.safetext import one_line

_WIDTH = 66


class ChoosePrediction(ModalScreen[int | None]):
    """Answers with the place of the one that was chosen."""

    CSS_PATH = "choosing.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Leave it", key_display="esc"),
        Binding("j", "cursor(1)", "Down", show=False),
        Binding("k", "cursor(-1)", "Up", show=False),
    ]

    def __init__(self, predictions: Sequence[Listed], chosen: int) -> None:
        """Args: predictions: to choose from. chosen: the place of the one that is shown."""
        super().__init__()
        self._predictions = predictions
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """Two lines each: the test, and what came of it."""
        with Vertical(classes="dialog"):
            yield Static("What was predicted", classes="title", markup=False)
            yield OptionList(*map(_told, self._predictions), markup=False)
            yield Static("Enter show it    Esc leave it", classes="hint", markup=False)

    def on_mount(self) -> None:
        """Begin where the screen is."""
        options = self.query_one(OptionList)
        options.highlighted = self._chosen
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Close with it."""
        self.dismiss(event.option_index)

    def action_cursor(self, rows: int) -> None:
        """Down or up."""
        options = self.query_one(OptionList)
        (options.action_cursor_down if rows > 0 else options.action_cursor_up)()

    def action_leave(self) -> None:
        """Close without."""
        self.dismiss(None)


def _told(listed: Listed) -> Text:
    name, told = one_line(listed.name, _WIDTH), one_line(listed.told, _WIDTH)
    return Text(f"{name}\n  {told}", no_wrap=True, overflow="ellipsis")
