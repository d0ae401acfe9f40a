"""A text from the user: a message, a reason, another argument."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea


class AskText(ModalScreen[str | None]):
    """Answers with the text; None where the user thinks better of it."""

    CSS_PATH = "text.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "done", "Done", priority=True),
        Binding("escape", "leave", "Leave it", priority=True),
    ]

    def __init__(self, title: str, text: str = "", *, hint: str = "") -> None:
        """Args: title: what it is for, safe to draw. text: to begin with. hint: below it."""
        super().__init__()
        self._title = title
        self._text = text
        self._hint = hint

    def compose(self) -> ComposeResult:
        """Title, text, keys."""
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="title", markup=False)
            yield TextArea(self._text, compact=True, soft_wrap=True, tab_behavior="focus")
            if self._hint:
                yield Static(self._hint, classes="hint", markup=False)
            yield Static("Ctrl+S done    Esc leave it", classes="hint", markup=False)

    def on_mount(self) -> None:
        """Type at once, at the end."""
        area = self.query_one(TextArea)
        area.focus()
        area.move_cursor(area.document.end)

    def action_done(self) -> None:
        """Close with the text."""
        self.dismiss(self.query_one(TextArea).text)

    def action_leave(self) -> None:
        """Close without."""
        self.dismiss(None)
