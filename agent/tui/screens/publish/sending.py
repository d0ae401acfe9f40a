"""The last question before a branch is pushed: everything that would be sent, to be read."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from agent.tui.widgets.safetext import shown


class Sending(ModalScreen[bool]):
    """Answers True for ``y`` alone; Enter, which is pressed too easily, is no answer."""

    CSS_PATH = "sending.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Send it"),
        Binding("n,escape", "answer(False)", "Send nothing"),
    ]

    def __init__(self, lines: Sequence[str]) -> None:
        """Args: lines: what would be sent; need not be safe to draw."""
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The question, what it is about, the keys."""
        with Vertical(classes="dialog"):
            yield Static("Send this?", classes="title", markup=False)
            with VerticalScroll(id="sent"):
                yield Static("\n".join(map(shown, self._lines)), markup=False)
            yield Static(
                "y send it    n Esc send nothing    ↑ ↓ read on", classes="hint", markup=False
            )

    def on_mount(self) -> None:
        """Keys scroll at once."""
        self.query_one("#sent").focus()

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)
