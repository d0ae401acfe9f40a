"""The dialog that makes a branch and a commit of a run, and asks again before a pull request."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar, ParamSpec

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static, TextArea

from agent.errors import AgentError
from agent.publish.commit import Published
from agent.publish.github import Plan, send
from agent.tui.screens.publish.form import Beginning, Wanted, begin, committed, planned
from agent.tui.screens.publish.sending import Sending
from agent.tui.widgets.choice import Choice
from agent.tui.widgets.safetext import one_line, shown

P = ParamSpec("P")

_LINE = 68
_MOST = 300


class Publish(ModalScreen[None]):
    """Stays open until it is left, so that a commit can be followed by a pull request."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "commit", "Commit", priority=True),
        Binding("ctrl+r", "pull_request", "Pull request", priority=True),
        Binding("escape", "leave", "Leave it", priority=True),
    ]

    def __init__(self, folder: Path) -> None:
        """Args: folder: of the run."""
        super().__init__()
        self._folder = folder
        self._begun: Beginning | None = None
        self._busy = False

    def compose(self) -> ComposeResult:
        """Where, under which name, with which words; and the two things that can be done."""
        with Vertical(classes="dialog"):
            yield Static("Publish", classes="title", markup=False)
            yield Static("", id="verified", markup=False)
            yield from _field("Checkout", _input("checkout", "a folder of the repository"))
            yield from _field("Branch", _input("branch", ""))
            yield from _field("Stands on", _input("onto", "the commit that the run began at"))
            area = TextArea(id="message", compact=True, soft_wrap=True, tab_behavior="focus")
            yield from _field("Message", area)
            yield from _field("Remote", _input("remote", "a name, or a URL", "origin"))
            kinds = (("", "draft"), ("ready", "ready for review"))
            yield from _field("Opened as", Choice(kinds, id="kind"))
            anyway = (("", "leave it"), ("yes", "publish it all the same"))
            yield from _field("Not verified", Choice(anyway, id="anyway"), id="unverified")
            yield Static("", id="said", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Commit", id="commit", compact=True)
                yield Button("Pull request", id="pull-request", compact=True)
            yield Static(
                "Ctrl+S commit    Ctrl+R pull request    Tab next field    Esc leave it",
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        """Read the run."""
        self.query_one("#unverified").display = False
        self.query_one("#checkout").focus()
        self.run_worker(self._begin())

    async def _begin(self) -> None:
        try:
            begun = await asyncio.to_thread(begin, self._folder)
        except AgentError as error:
            self._say(error)
            return
        self._begun = begun
        good = "✓ verified" if begun.verified else "✗ not verified"
        self.query_one("#verified", Static).update(one_line(f"{good}: {begun.reason}", _LINE))
        self.query_one("#unverified").display = not begun.verified
        self.query_one("#checkout", Input).value = shown(begun.checkout)
        self.query_one("#branch", Input).placeholder = begun.branch
        self.query_one("#message", TextArea).text = begun.message

    def on_input_submitted(self) -> None:
        """Enter commits, but in the message."""
        self.action_commit()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """What a key does, too."""
        if event.button.id == "commit":
            self.action_commit()
        else:
            self.action_pull_request()

    def action_leave(self) -> None:
        """Close; what was made stays."""
        self.dismiss(None)

    def action_commit(self) -> None:
        """Make the branch and the commit."""
        if self._begun is not None:
            self._do(self._commit, self._begun, self._wanted())

    def action_pull_request(self) -> None:
        """Make them if they are not there yet, and show what a pull request would send."""
        if self._begun is not None:
            self._do(self._plan, self._begun, self._wanted())

    def _do(self, work: Callable[P, Awaitable[object]], *args: P.args, **named: P.kwargs) -> None:
        """One thing at a time; what goes wrong is said."""
        if self._busy:
            return
        self._busy = True

        async def done() -> None:
            try:
                await work(*args, **named)
            except AgentError as error:
                self._say(error)
            finally:
                self._busy = False

        self.run_worker(done())

    async def _commit(self, begun: Beginning, wanted: Wanted) -> Published:
        self._say("committing ...")
        made = await asyncio.to_thread(committed, begun, wanted)
        was = "" if made.made else ", which was there already"
        self._say(f"{made.commit[:12]} on the branch {made.branch}{was}; no file has changed")
        return made

    async def _plan(self, begun: Beginning, wanted: Wanted) -> None:
        made = await self._commit(begun, wanted)
        plan = await asyncio.to_thread(planned, begun, wanted, made)

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(self._send, plan)
            else:
                self._say("nothing was sent")

        self.app.push_screen(Sending(plan.lines()), answered)

    async def _send(self, plan: Plan) -> None:
        self._say("sending ...")
        opened = await asyncio.to_thread(send, plan)
        self._say(f"pull request {opened.number}: {opened.url}")

    def _say(self, what: AgentError | str) -> None:
        said = self.query_one("#said", Static)
        if isinstance(what, str):
            text = what
        else:
            text = f"{what.message}{f' ({what.hint})' if what.hint else ''}"
        said.set_class(not isinstance(what, str), "problem")
        said.update(one_line(text, _MOST))

    def _wanted(self) -> Wanted:
        return Wanted(
            checkout=self._typed("checkout"),
            branch=self._typed("branch"),
            onto=self._typed("onto"),
            message=self.query_one("#message", TextArea).text,
            remote=self._typed("remote"),
            ready=self.query_one("#kind", Choice).value == "ready",
            unverified=self.query_one("#anyway", Choice).value == "yes",
        )

    def _typed(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()


def _input(name: str, hint: str, value: str = "") -> Input:
    return Input(value, id=name, placeholder=hint, compact=True)


def _field(label: str, widget: Widget, id: str | None = None) -> ComposeResult:
    with Horizontal(classes="field", id=id):
        yield Static(label, classes="label", markup=False)
        yield widget
