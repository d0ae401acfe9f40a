"""Asks for a folder, on one line."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class AskFolder(ModalScreen[str | None]):
    """Answers with what was typed; None where the user thinks better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave it", priority=True),
    ]

    def __init__(self, title: str, folder: str, hint: str) -> None:
        """Args: title: what it is for. folder: to begin with. hint: below it. All safe to draw."""
        super().__init__()
        self._title = title
        self._folder = folder
        self._hint = hint

    def compose(self) -> ComposeResult:
        """Title, the line, the keys."""
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="title", markup=False)
            yield Input(self._folder, placeholder="a folder", compact=True, id="folder")
            yield Static(self._hint, classes="hint", markup=False)
            yield Static("Enter go on    Esc leave it", classes="hint", markup=False)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close with the folder."""
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        """Close without."""
        self.dismiss(None)
