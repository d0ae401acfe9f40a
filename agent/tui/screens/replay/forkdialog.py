"""The dialog that goes on from a step: what the policy is told, and who it is."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from agent.tui.screens.replay.forking import Fork
from agent.tui.starting import Assignment
from agent.tui.widgets.choice import Choice

_AS_IT_WAS = ("", "as it was")


class ForkDialog(ModalScreen[Fork | None]):
    """Answers with how to go on; None where the user thinks better of it."""

    CSS_PATH = "forkdialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True),
        Binding("escape", "leave", "Leave it", priority=True),
        Binding("down", "app.focus_next", "Next field", show=False),
        Binding("up", "app.focus_previous", "Field before", show=False),
    ]

    def __init__(self, after: int, policies: tuple[str, ...]) -> None:
        """Args: after: the last step that is carried over. policies: by name."""
        super().__init__()
        self._after = after
        self._policies = policies

    def compose(self) -> ComposeResult:
        """A message, and what may be otherwise."""
        where = f"after step {self._after}" if self._after else "from the beginning"
        policies = (_AS_IT_WAS, *((each, each) for each in self._policies))
        modes = (_AS_IT_WAS, *((each, each) for each in ("off", "advise", "gate")))
        with Vertical(classes="dialog"):
            yield Static(f"Go on differently, {where}", classes="title", markup=False)
            yield from _field("Tell it", TextArea(id="told", compact=True, tab_behavior="focus"))
            yield from _field("Policy", Choice(policies, id="policy"))
            yield from _field("Model", _input("model", "its name; as it was without one"))
            yield from _field(
                "Model URL", _input("model_url", "where it answers; as it was without")
            )
            yield from _field("Script", _input("script", "actions, for the scripted policy"))
            yield from _field("Look ahead", Choice(modes, id="simulate"))
            yield from _field("Turns", _input("turns", "in all; as it was without"))
            yield Static("", id="problem", classes="problem", markup=False)
            yield Static(
                "Ctrl+S start    Tab next field    ← → change    Esc leave it",
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#told").focus()

    def on_input_submitted(self) -> None:
        """Enter starts, but in the message."""
        self.action_start()

    def action_leave(self) -> None:
        """Close without."""
        self.dismiss(None)

    def action_start(self) -> None:
        """Close with the fork, if the number is one."""
        turns = self._typed("turns")
        if turns and not (turns.isdecimal() and int(turns)):
            self.query_one("#problem", Static).update("Turns must be a number, more than nothing")
            self.query_one("#turns").focus()
            return
        assignment = Assignment(
            policy=self.query_one("#policy", Choice).value,
            model=self._typed("model"),
            model_url=self._typed("model_url"),
            script=self._typed("script"),
            simulate=self.query_one("#simulate", Choice).value,
            turns=turns,
        )
        message = self.query_one("#told", TextArea).text.strip()
        self.dismiss(Fork(self._after, message, assignment))

    def _typed(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()


def _input(name: str, hint: str) -> Input:
    return Input(id=name, placeholder=hint, compact=True)


def _field(label: str, widget: Widget) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Static(label, classes="label", markup=False)
        yield widget
