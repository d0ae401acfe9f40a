"""The dialog that begins a batch: which issues, how many at once, by whom."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from agent.tui.batches import Wanted
from agent.tui.widgets.choice import Choice

_DEFAULT = ("", "as set")
_NUMBERS = {"at_once": "At once", "attempts": "Attempts"}
_TYPED = (
    ("Issues", "source", "a list, or OWNER/REPO?label=bug&limit=50"),
    ("Name", "name", "of the batch; after its issues without one"),
    ("At once", "at_once", "runs at once; as set without"),
    ("Attempts", "attempts", "at each issue; as set without"),
)
_MORE = (
    ("Model", "model", "its name on the server; as set without one"),
    ("Model URL", "model_url", "where it answers; as set without one"),
    ("Script", "script", "actions, for the scripted policy"),
)


class BeginBatch(ModalScreen[Wanted | None]):
    """Answers with the batch; None where the user thinks better of it."""

    CSS_PATH = "beginning.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True),
        Binding("enter", "start", "Start"),
        Binding("escape", "leave", "Leave it", priority=True),
        Binding("down", "app.focus_next", "Next field", show=False),
        Binding("up", "app.focus_previous", "Field before", show=False),
    ]

    def __init__(self, policies: tuple[str, ...], before: Wanted) -> None:
        """Args: before: what the form begins with."""
        super().__init__()
        self._policies = policies
        self._before = before

    def compose(self) -> ComposeResult:
        """A line for each part."""
        policies = (_DEFAULT, *((each, each) for each in self._policies))
        ahead = (_DEFAULT, *((each, each) for each in ("off", "advise", "gate")))
        with Vertical(classes="dialog"):
            yield Static("Begin a batch", classes="title", markup=False)
            yield from (self._typed(*field) for field in _TYPED)
            yield self._chosen("Policy", "policy", policies)
            yield from (self._typed(*field) for field in _MORE)
            yield self._chosen("Look ahead", "simulate", ahead)
            yield Static("", id="problem", classes="problem", markup=False)
            yield Static(
                "Enter start    ↓ ↑ Tab next field    ← → change    Esc leave it",
                classes="hint",
                markup=False,
            )

    def _typed(self, label: str, name: str, hint: str) -> Horizontal:
        value = str(getattr(self._before, name))
        field = Input(value, placeholder=hint, compact=True, id=name)
        return _line(label, field)

    def _chosen(self, label: str, name: str, values: tuple[tuple[str, str], ...]) -> Horizontal:
        return _line(label, Choice(values, str(getattr(self._before, name)), id=name))

    def on_mount(self) -> None:
        """Begin at the first field."""
        self.query_one("#source").focus()

    def on_input_submitted(self) -> None:
        """Enter starts."""
        self.action_start()

    def action_leave(self) -> None:
        """Close without."""
        self.dismiss(None)

    def action_start(self) -> None:
        """Close with the batch, if what was typed makes sense."""
        typed = {name: self.query_one(f"#{name}", Input).value.strip() for _, name, _ in _ALL}
        if not typed["source"]:
            self._refuse("source", "which issues? A list, or a search on GitHub")
            return
        for name, label in _NUMBERS.items():
            if typed[name] and not (typed[name].isdecimal() and int(typed[name])):
                self._refuse(name, f"{label} must be a number above nothing")
                return
        chosen = {name: self.query_one(f"#{name}", Choice).value for name in ("policy", "simulate")}
        self.dismiss(Wanted(**typed, **chosen))

    def _refuse(self, name: str, why: str) -> None:
        self.query_one("#problem", Static).update(why)
        self.query_one(f"#{name}").focus()


_ALL = (*_TYPED, *_MORE)


def _line(label: str, field: Input | Choice) -> Horizontal:
    return Horizontal(Static(label, classes="label", markup=False), field, classes="field")
