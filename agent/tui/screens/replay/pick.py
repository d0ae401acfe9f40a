"""One of a list, to be chosen."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static


class Pick(ModalScreen[int | None]):
    """Answers with the place in the list; None where the user thinks better of it."""

    CSS_PATH = "pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Leave it"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]

    def __init__(self, title: str, rows: Sequence[str], at: int = 0) -> None:
        """Args: title: what for. rows: lines, safe to draw. at: where the cursor begins."""
        super().__init__()
        self._title = title
        self._rows = rows
        self._at = at

    def compose(self) -> ComposeResult:
        """Title, list, keys."""
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="title", markup=False)
            yield OptionList(*(Text(row, no_wrap=True) for row in self._rows), markup=False)
            yield Static("Enter choose    Esc leave it", classes="hint", markup=False)

    def on_mount(self) -> None:
        """Begin where the reader is."""
        options = self.query_one(OptionList)
        options.highlighted = self._at
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Close with it."""
        self.dismiss(event.option_index)

    def action_move(self, by: int) -> None:
        """The next, or the one before."""
        options = self.query_one(OptionList)
        (options.action_cursor_down if by > 0 else options.action_cursor_up)()

    def action_leave(self) -> None:
        """Close without."""
        self.dismiss(None)
