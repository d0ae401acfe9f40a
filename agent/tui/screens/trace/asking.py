"""The dialog that asks for a call or a test, and what is to be done with it first."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from agent.errors import AgentError
from agent.tui.screens.trace.subjects import Asked
from agent.tui.widgets.choice import Choice
from agent.tui.widgets.safetext import one_line

_FIRST = (
    ("predict", "predict it"),
    ("record", "record it"),
    ("both", "both"),
    ("step", "neither, step"),
)


class AskCall(ModalScreen[Asked | None]):
    """Answers with a call that can be read; None where the user thinks better of it."""

    CSS_PATH = "asking.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "done", "Open", priority=True),
        Binding("escape", "leave", "Leave it", priority=True),
    ]

    def __init__(self, asked: Asked | None = None) -> None:
        """Args: asked: what to begin with."""
        super().__init__()
        self._asked = asked

    def compose(self) -> ComposeResult:
        """The file, the call or the test, the project, what comes first."""
        asked = self._asked or Asked(None, "")
        with Vertical(classes="dialog"):
            yield Static("Open a call, or a test", classes="title", markup=False)
            file = str(asked.file) if asked.file else ""
            yield from _field("File", "file", file, "a Python file: prices.py")
            yield from _field("Call", "call", asked.call, "clamp(11, 0, 9)")
            yield from _field("or test", "test", asked.test, "tests/test_prices.py::test_above")
            yield from _field(
                "Project", "repo", asked.repo, "for what it needs: a path, an address"
            )
            yield from _field("Revision", "base", asked.base, "of the project; as it is")
            with Horizontal(classes="field"):
                yield Static("First", classes="label", markup=False)
                yield Choice(_FIRST, asked.first, id="first")
            yield Static("", id="problem", classes="problem", markup=False)
            yield Static(
                "It is recorded in a sandbox, never here.\n"
                "Ctrl+S, Enter open    Tab next field    Esc leave it",
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#file", Input).focus()

    def on_input_submitted(self) -> None:
        """Enter opens."""
        self.action_done()

    def action_leave(self) -> None:
        """Close without."""
        self.dismiss(None)

    def action_done(self) -> None:
        """Read it, and close if that goes well."""
        self.run_worker(self._read(), exclusive=True)

    async def _read(self) -> None:
        from agent.cli.program import read_program

        asked = self._named()
        problem = asked.problem
        if not problem and not asked.repo and asked.file is not None:
            try:
                await asyncio.to_thread(read_program, asked.file, asked.call)
            except AgentError as error:
                problem = error.message
        if problem:
            self.query_one("#problem", Static).update(one_line(problem, 300))
        else:
            self.dismiss(asked)

    def _named(self) -> Asked:
        file, repo = self._value("file"), self._value("repo")
        if repo.startswith("~"):
            repo = str(Path(repo).expanduser())
        return Asked(
            Path(file).expanduser() if file else None,
            self._value("call"),
            self.query_one("#first", Choice).value,
            self._value("test"),
            repo,
            self._value("base"),
        )

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()


def _field(label: str, name: str, value: str, hint: str) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Static(label, classes="label", markup=False)
        yield Input(value, id=name, placeholder=hint, compact=True)
