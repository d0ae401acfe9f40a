"""The keys with which a user steers a run from its screen."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from agent.errors import AgentError
from agent.tui.control import Request
from agent.tui.screens.base import OurScreen
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.screens.dialogs.text import AskText
from agent.tui.screens.pager.screen import PagerScreen
from agent.tui.screens.run.entries import CONFIRM_WORDS
from agent.tui.screens.run.watching import Watching
from agent.tui.widgets.safetext import one_line
from agent.tui.workspace import Workspace

_STEER = frozenset({"pause", "message", "interrupt", "confirm", "submit"})
_ANSWER = frozenset({"allow", "refuse", "edit", "always", "view"})


class Steering(OurScreen):
    """What the run screen can do to its run; keys are in force only where they can be obeyed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "allow", "Run it"),
        Binding("n", "refuse", "Refuse"),
        Binding("e", "edit", "Edit", tooltip="Change the call, then run it"),
        Binding("a", "always", "Always", tooltip="Run it, and every later call of the tool"),
        Binding("v", "view", "View", tooltip="The call that waits, all of it"),
        Binding("p", "pause", "Pause", tooltip="Wait before the next action, or go on"),
        Binding("m", "message", "Message", tooltip="Tell the agent something"),
        Binding("i", "interrupt", "Interrupt", tooltip="Stop the command that is running"),
        Binding("c", "confirm", "Ask first", tooltip="Ask before nothing, what writes, or all"),
        Binding("S", "submit", "Submit", tooltip="End the run and hand in what has changed"),
        Binding("x", "stop", "Stop", tooltip="Stop the run"),
    ]
    place: Workspace
    run: Watching

    @property
    def steerable(self) -> bool:
        """Whether the run takes a word from here."""
        return self.run.live and self.run.steerable

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that could not be obeyed are not there."""
        if action in _ANSWER:
            return self.steerable and self.run.progress.asking is not None
        if action in _STEER:
            return self.steerable
        if action == "stop":
            return bool(self.run.pid)
        return True

    def _say(self, request: Request, told: str = "") -> None:
        try:
            self.run.say(request)
        except AgentError as error:
            self.tell(error)
        else:
            if told:
                self.tell(told)

    # Any time -----------------------------------------------------------------------------------

    def action_pause(self) -> None:
        """Wait before the next action, or go on."""
        paused = self.run.progress.stage in ("pausing", "paused")
        self._say(Request(do="resume" if paused else "pause"))

    def action_message(self) -> None:
        """Tell the agent something before its next turn."""

        def typed(text: str | None) -> None:
            if text and text.strip():
                self._say(Request(do="message", text=text.strip()), "told before its next turn")

        self.app.push_screen(AskText("Tell the agent"), typed)

    def action_interrupt(self) -> None:
        """Have the running command stopped; that it has is told by the run, once it is so."""
        self._say(Request(do="interrupt"), "asked to stop the running command")

    def action_confirm(self) -> None:
        """Ask before nothing, then before what may write, then before every call."""
        modes = list(CONFIRM_WORDS)
        now = self.run.progress.confirm or self.run.confirm
        mode = modes[(modes.index(now) + 1) % len(modes)] if now in modes else modes[0]
        self._say(Request(do="confirm", text=mode))

    def action_submit(self) -> None:
        """End the run with what has changed, once the user has said so again."""

        def sure(yes: bool | None) -> None:
            if yes:
                self._say(Request(do="submit"))

        question = "End the run and verify what has changed so far?"
        self.app.push_screen(Confirm(question), sure)

    def action_stop(self) -> None:
        """Stop the run, once the user has said so again."""

        def sure(yes: bool | None) -> None:
            if yes and self.run.pid:
                try:
                    self.place.starter.stop(self.run.pid)
                except AgentError as error:
                    self.tell(error)
                else:
                    self.tell("told to stop; it cleans up first")

        details = "Its sandbox is removed; what it wrote so far stays in its folder."
        self.app.push_screen(Confirm("Stop the run?", details), sure)

    # A call that waits --------------------------------------------------------------------------

    def action_allow(self) -> None:
        """Let it run."""
        if asked := self.run.progress.asking:
            self._say(Request(do="allow", step=asked.step))

    def action_always(self) -> None:
        """Let it run, and every later call of the same tool."""
        if asked := self.run.progress.asking:
            self._say(Request(do="allow", step=asked.step, always=True))

    def action_refuse(self) -> None:
        """Do not let it run, and say why."""
        asked = self.run.progress.asking
        if asked is None:
            return

        def typed(text: str | None) -> None:
            if text is not None:
                self._say(Request(do="refuse", step=asked.step, text=text))

        hint = "the agent is told; may be empty"
        self.app.push_screen(AskText("Why not?", hint=hint), typed)

    def action_edit(self) -> None:
        """Change it, and let it run."""
        asked = self.run.progress.asking
        if asked is None:
            return

        def typed(text: str | None) -> None:
            if text is not None and text.strip():
                self._say(Request(do="allow", step=asked.step, argument=text))

        title = f"Run {one_line(asked.tool, 20)} with this instead"
        self.app.push_screen(AskText(title, asked.argument), typed)

    def action_view(self) -> None:
        """The call that waits, all of it."""
        if asked := self.run.progress.asking:
            self.app.push_screen(PagerScreen(f"step {asked.step}: {asked.tool}", asked.argument))
