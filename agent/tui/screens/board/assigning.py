"""The dialog that has issues worked on: by whom, how often, within which limits."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from agent.tui.starting import Assignment
from agent.tui.widgets.choice import Choice

_DEFAULT = ("", "as set")
_MOST_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class _Field:
    """One line of the form: a choice where there are values, else something typed."""

    label: str
    name: str
    values: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    number: type[int] | type[float] | None = None


def _fields(policies: tuple[str, ...]) -> tuple[_Field, ...]:
    return (
        _Field("Policy", "policy", (_DEFAULT, *((each, each) for each in policies))),
        _Field("Model", "model", hint="its name on the server; as set without one"),
        _Field("Model URL", "model_url", hint="where it answers; as set without one"),
        _Field("Script", "script", hint="actions, for the scripted policy"),
        _Field("Look ahead", "simulate", (_DEFAULT, *((e, e) for e in ("off", "advise", "gate")))),
        _Field(
            "Ask first",
            "confirm",
            (
                _DEFAULT,
                ("none", "never"),
                ("writes", "before what writes"),
                ("all", "before each"),
            ),
        ),
        _Field("Attempts", "attempts", hint="1", number=int),
        _Field("Turns", "turns", hint="actions each may take; as set without", number=int),
        _Field("Seconds", "seconds", hint="time each may take; as set without", number=float),
        _Field("Tokens", "tokens", hint="each may read and write; as set without", number=int),
        _Field("Cost", "cost", hint="US dollars each may cost; as set without", number=float),
    )


class Assign(ModalScreen[Assignment | None]):
    """Answers with how to work on them; None where the user thinks better of it."""

    CSS_PATH = "assigning.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True),
        Binding("enter", "start", "Start"),
        Binding("escape", "leave", "Leave it", priority=True),
        Binding("down", "app.focus_next", "Next field", show=False),
        Binding("up", "app.focus_previous", "Field before", show=False),
    ]

    def __init__(self, what: str, policies: tuple[str, ...], before: Assignment) -> None:
        """Args: what: is worked on, safe to draw. before: what the form begins with."""
        super().__init__()
        self._what = what
        self._before = before
        self._fields = _fields(policies)

    def compose(self) -> ComposeResult:
        """A line for each part of an assignment."""
        with Vertical(classes="dialog"):
            yield Static(f"Work on {self._what}", classes="title", markup=False)
            for field in self._fields:
                with Horizontal(classes="field"):
                    yield Static(field.label, classes="label", markup=False)
                    value = str(getattr(self._before, field.name))
                    if field.values:
                        yield Choice(field.values, value, id=field.name)
                    else:
                        yield Input(value, placeholder=field.hint, compact=True, id=field.name)
            yield Static("", id="problem", classes="problem", markup=False)
            yield Static(
                "Enter start    ↓ ↑ Tab next field    ← → change    Esc leave it",
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        """Begin at the first field."""
        self.query_one("#policy").focus()

    def on_input_submitted(self) -> None:
        """Enter starts."""
        self.action_start()

    def action_leave(self) -> None:
        """Close without."""
        self.dismiss(None)

    def action_start(self) -> None:
        """Close with the assignment, if every number is one."""
        values = {field.name: self._value(field) for field in self._fields}
        for field in self._fields:
            if problem := _problem(field, values[field.name]):
                self.query_one("#problem", Static).update(problem)
                self.query_one(f"#{field.name}").focus()
                return
        attempts = int(values.pop("attempts") or 1)
        self.dismiss(Assignment(attempts=attempts, **values))

    def _value(self, field: _Field) -> str:
        if field.values:
            return self.query_one(f"#{field.name}", Choice).value
        return self.query_one(f"#{field.name}", Input).value.strip()


def _problem(field: _Field, value: str) -> str:
    """What is wrong with a value; empty for nothing."""
    if field.number is None or not value:
        return ""
    try:
        number = field.number(value)
    except ValueError:
        return f"{field.label} must be a number"
    if not 0 < number < float("inf"):
        return f"{field.label} must be more than nothing"
    if field.name == "attempts" and number > _MOST_ATTEMPTS:
        return f"at most {_MOST_ATTEMPTS} attempts at once"
    return ""
