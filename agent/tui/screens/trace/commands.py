"""The keys of the neural debugger: each hands one command to the session and shows what comes."""

import asyncio
import re
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker

from agent.errors import AgentError
from agent.tui.screens.base import OurScreen
from agent.tui.screens.dialogs.text import AskText
from agent.tui.screens.trace.debugging import Debugging, Seen
from agent.tui.screens.trace.sourceview import SourceView
from agent.tui.screens.trace.variablelist import VariableList
from model.budget import BudgetSpent
from model.debugger.problems import DebuggerProblem
from model.debugger.session import Session, Stop
from model.errors import ModelError
from sandboxes.errors import SandboxError

_SET = re.compile(r"([^=]+?)\s*=(?!=)\s*(.+)", re.DOTALL)

# Any: what coroutines send and take is of no account.
Job = tuple[str, Callable[[Debugging], Coroutine[Any, Any, Seen]]]
"""What is being done, in words, and what does it."""
RECORDING = "recording in a sandbox"


class Commands(OurScreen):
    """What the trace screen can do. One command runs at a time, and can be stopped."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "step", "Step", tooltip="To the next frame; the model is asked for it"),
        Binding("n", "next", "Next", tooltip="To the next frame of this scope, over calls"),
        Binding("o", "out", "Out", tooltip="To where this scope is left"),
        Binding("b", "back", "Back", tooltip="One frame back, or one edit"),
        Binding("r", "run", "Run", tooltip="To the next breakpoint, or to the end"),
        Binding("u", "until", "Until", tooltip="To the line that the source's cursor is on"),
        Binding("t", "breakpoint", "Break", tooltip="A breakpoint at the source's cursor, or none"),
        Binding("T", "condition", "Break if", show=False, tooltip="A breakpoint on a condition"),
        Binding("e", "set", "Set", tooltip="Set a variable to another value and go on from there"),
        Binding("R", "real", "Real", tooltip="Record it in a sandbox, and say where that differs"),
        Binding("X", "reset", "Reset", tooltip="Begin anew; breakpoints stay"),
        Binding("x", "stop", "Stop", show=False, tooltip="Stop what is being done"),
    ]

    debugging: Debugging | None = None
    seen: Seen
    busy: str = ""
    _worker: Worker[None] | None = None

    # What the screen adds -----------------------------------------------------------------------

    @abstractmethod
    def standing(self) -> int | None:
        """The predicted frame that commands go on from."""

    @abstractmethod
    def show(self, seen: Seen) -> None:
        """Show how things stand."""

    @abstractmethod
    def say(self, text: str = "", *, bad: bool = False) -> None:
        """Say something on the status line; nothing to take back what was said."""

    # Carrying out -------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing can be stopped where nothing is being done."""
        return bool(self.busy) if action == "stop" else True

    def carry_out(self, *jobs: Job) -> None:
        """Do something backstage, one job after the other as long as they go well."""
        debugging = self.debugging
        if debugging is None:
            self.say("nothing is opened; c opens a call", bad=True)
        elif self.busy:
            self.say()
        else:
            self.busy = jobs[0][0]
            self._worker = self.run_worker(self._carry_out(debugging, jobs), group="commands")

    async def _carry_out(self, debugging: Debugging, jobs: Sequence[Job]) -> None:
        said, bad = "", False
        for words, work in jobs:
            self.busy = words
            self.say()
            self.refresh_bindings()
            seen, said = await _done(debugging, work)
            if not self.is_attached or debugging is not self.debugging:
                return
            if seen is None:
                bad = True
                break
            self.show(seen)
        self.busy = ""
        self.refresh_bindings()
        self.say(said, bad=bad)

    def _go(self, words: str, how: Callable[[Session], Awaitable[Stop]]) -> None:
        at = self.standing()
        self.carry_out((words, lambda debugging: debugging.go(at, how)))

    # Keys ---------------------------------------------------------------------------------------

    def action_step(self) -> None:
        """To the next frame."""
        self._go("predicting", lambda session: session.step())

    def action_next(self) -> None:
        """To the next frame of this scope."""
        self._go("predicting", lambda session: session.next())

    def action_out(self) -> None:
        """To where this scope is left."""
        self._go("predicting", lambda session: session.out())

    def action_run(self) -> None:
        """To the next breakpoint, or to the end."""
        self._go("predicting", lambda session: session.run())

    def action_until(self) -> None:
        """To the next frame at the line under the source's cursor."""
        line = self.query_one(SourceView).cursor
        self._go(f"predicting until line {line}", lambda session: session.until(line))

    def action_back(self) -> None:
        """One frame back, or one edit."""
        at = self.standing()
        self.carry_out(("going back", lambda debugging: debugging.back(at)))

    def action_reset(self) -> None:
        """Begin anew."""
        self.carry_out(("beginning anew", lambda debugging: debugging.reset()))

    def action_real(self) -> None:
        """Record it, and say where that differs."""
        self.carry_out((RECORDING, lambda debugging: debugging.real()))

    def action_breakpoint(self) -> None:
        """Stop at the line under the source's cursor, or no more."""
        self.toggle(self.query_one(SourceView).cursor)

    def toggle(self, line: int, condition: str | None = None) -> None:
        """Stop at a line, perhaps on a condition, or no more."""
        self.carry_out(("looking", lambda debugging: debugging.toggle(line, condition)))

    def on_source_view_toggled(self, message: SourceView.Toggled) -> None:
        """A click in the gutter."""
        self.toggle(message.line)

    def action_condition(self) -> None:
        """Stop at the line under the source's cursor where something holds."""
        line = self.query_one(SourceView).cursor
        there = self.seen.stops.get(line)

        def typed(text: str | None) -> None:
            if text is not None:
                self.toggle(line, text.strip())

        hint = "a comparison over the variables: i == 2; empty stops always"
        text = there.condition if there else ""
        self.app.push_screen(AskText(f"Stop at line {line} if", text, hint=hint), typed)

    def action_set(self) -> None:
        """Set the variable under the cursor, or another."""
        node = self.query_one(VariableList).current
        variable = node is not None and len(node.path) == 2 and node.name.isidentifier()
        begin = f"{node.name} = {node.text}" if node is not None and variable else ""

        def typed(text: str | None) -> None:
            found = _SET.fullmatch(text.strip()) if text else None
            if found is not None:
                at, (name, value) = self.standing(), found.groups()
                self.carry_out(("setting", lambda debugging: debugging.set(at, name, value)))
            elif text and text.strip():
                self.say("NAME = VALUE sets a variable", bad=True)

        hint = "NAME = VALUE; the value as Python writes it"
        self.app.push_screen(AskText("Set a variable", begin, hint=hint), typed)

    def action_stop(self) -> None:
        """Stop what is being done."""
        if self._worker is not None:
            self._worker.cancel()


async def _done(
    debugging: Debugging, work: Callable[[Debugging], Coroutine[Any, Any, Seen]]
) -> tuple[Seen | None, str]:
    """How things stand once something is done; None where it could not be. What is to be said."""
    try:
        seen = await debugging.backstage.call(lambda: work(debugging))
    except asyncio.CancelledError:
        return None, "stopped"
    except (DebuggerProblem, BudgetSpent) as problem:
        return None, str(problem)
    except (AgentError, ModelError, SandboxError) as problem:
        hint = f"; {problem.hint}" if problem.hint else ""
        return None, f"{problem.message}{hint}"
    return seen, seen.said
