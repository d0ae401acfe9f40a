"""A run's user at a terminal: is asked before calls run, says something, pauses, ends the run.

Lines typed while nothing is asked are messages to the agent. Ctrl-C opens a menu while what runs
goes on; a second one stops the run, as Ctrl-C does wherever the loop is not at work.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Iterator, Sequence
from typing import Literal, Self, TypeVar

import click

from agent.cli.console import Console, Withdrawn
from agent.cli.editing import edited
from agent.cli.excerpt import quoted
from agent.cli.terminal import safe
from agent.oversight import Allowed, Decision, EndedByUser, Refused, unless_ended
from sandboxes.errors import SandboxError
from sandboxes.sandbox import Sandbox
from tools.registry import Tool, ToolCall

T = TypeVar("T")

Confirm = Literal["all", "writes", "none"]
"""Before which calls the user is asked: all, those that may change the repository, or none."""

_REVIEW = "[y]es [n]o [e]dit [a]lways [m]essage [s]ubmit [q]uit"
_REVIEW_HELP = (
    "y runs it; n [REASON] does not; e changes it first; a runs it and every later call of the "
    "tool; m [TEXT] tells the agent something; s submits what there is; q stops"
)
_MENU = "[c]ontinue [m]essage [i]nterrupt [s]ubmit [q]uit > "
_MENU_HELP = (
    "c goes on; m [TEXT] tells the agent something; i stops the running command; s submits what "
    "there is; q, or Ctrl-C again, stops the run"
)
_WORDS = {
    "yes": "y",
    "no": "n",
    "edit": "e",
    "always": "a",
    "view": "v",
    "message": "m",
    "continue": "c",
    "interrupt": "i",
    "submit": "s",
    "quit": "q",
    "stop": "q",
}


class TerminalOversight:
    """Somebody at a terminal, for one run. Use as ``async with`` around it."""

    def __init__(self, console: Console, *, confirm: Confirm = "none") -> None:
        """Nothing is read and no signal taken over before it is entered.

        Args:
            console: where to talk to the user.
            confirm: before which calls they are asked.
        """
        self._console = console
        self._confirm = confirm
        self._always: set[str] = set()
        self._messages: list[str] = []
        self._sandbox: Sandbox | None = None
        self._menu: asyncio.Task[None] | None = None
        self._awaited = 0
        self._end: asyncio.Future[None]  # only ever fails: with what ends the loop

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._end = loop.create_future()
        self._console.open(self._line)
        self._stop_run = signal.getsignal(signal.SIGINT)
        if callable(self._stop_run):  # not where our parent has us ignore it
            loop.add_signal_handler(signal.SIGINT, self._interrupted)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if callable(self._stop_run):
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, self._stop_run)
        if self._menu is not None:
            self._close_menu(self._menu)
            await asyncio.wait({self._menu})
        if self._end.done():
            self._end.exception()  # seen, whether it ended anything or not
        self._console.close()
        for text in self._messages:
            self._console.say(f"  not told any more: {safe(text)}")

    # What the loop calls ------------------------------------------------------------------------

    def begin(self, sandbox: Sandbox) -> None:
        """The loop begins; in this sandbox a running command can be interrupted."""
        self._sandbox = sandbox

    async def between_turns(self) -> Sequence[str]:
        """What the user typed since the last turn; waits while the menu is open.

        Raises:
            EndedByUser: they end the run.
        """
        with self._watching():
            await self._menu_closed()
            told, self._messages = self._messages, []
            return told

    async def review(self, call: ToolCall, tool: Tool) -> Decision:
        """What the user makes of a call, where they want to be asked.

        Raises:
            EndedByUser: they end the run.
        """
        with self._watching():
            await self._menu_closed()
            if not self._asks_before(tool):
                return Allowed(call.argument)
            decision = await unless_ended(self._decision(call, tool), self._end)
            await self._menu_closed()
            return decision

    async def attend(self, work: Awaitable[T]) -> T:
        """The result of the work.

        Raises:
            EndedByUser: they end the run while it goes on; the work is cancelled by then.
        """
        with self._watching():
            return await unless_ended(work, self._end)

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        """The loop waits for us: as long as it does, Ctrl-C pauses."""
        self._awaited += 1
        try:
            yield
        finally:
            self._awaited -= 1
            asyncio.get_running_loop().call_soon(self._close_left_menu)

    async def _menu_closed(self) -> None:
        while self._menu is not None:
            await unless_ended(asyncio.wait({self._menu}), self._end)

    # What the user does -------------------------------------------------------------------------

    def _line(self, line: str) -> None:
        """They typed something that answers no question."""
        if line.strip():
            self._messages.append(line.strip())
            self._console.say("  queued: the agent is told before its next turn")

    def _interrupted(self) -> None:
        """They pressed Ctrl-C."""
        if self._console.editing:
            return  # meant for the editor
        if self._awaited and self._menu is None and not self._end.done():
            self._console.withdraw()
            self._menu = asyncio.ensure_future(self._pause())
            self._menu.add_done_callback(self._menu_done)
            return
        if self._menu is not None:
            self._close_menu(self._menu)
        assert callable(self._stop_run), "or this is not called"
        self._stop_run(signal.SIGINT, None)

    async def _pause(self) -> None:
        """The menu."""
        self._console.say("\npaused before the next step; what is running goes on")
        while True:
            word, rest = _parsed(await self._console.ask(_MENU))
            match word:
                case "c":
                    return
                case "m":
                    await self._ask_message(rest)
                case "i":
                    await self._interrupt_command()
                case "s" | "q":
                    raise EndedByUser(submit=word == "s")
                case _:
                    self._console.say(self._wrapped(_MENU_HELP))

    def _menu_done(self, menu: asyncio.Task[None]) -> None:
        self._menu = None
        failure = None if menu.cancelled() else menu.exception()
        if failure is not None and not self._end.done():
            ended = isinstance(failure, EOFError)
            self._end.set_exception(EndedByUser(submit=False) if ended else failure)

    def _close_menu(self, menu: asyncio.Task[None]) -> None:
        self._console.withdraw()
        menu.cancel()

    def _close_left_menu(self) -> None:
        """When the loop has ended on its own while the menu was open, nothing is left to choose."""
        menu = self._menu
        if menu is not None and not self._awaited and not menu.cancelling():
            self._close_menu(menu)
            self._console.say("\nthe loop has ended meanwhile; Ctrl-C stops the run")

    async def _interrupt_command(self) -> None:
        assert self._sandbox is not None, "the loop has begun"
        try:
            stopped = await self._sandbox.interrupt()
        except SandboxError as error:
            self._console.say(f"it cannot be interrupted: {safe(error.message)}")
        else:
            self._console.say("the command was stopped" if stopped else "no command is running")

    async def _ask_message(self, text: str) -> None:
        self._line(text or await self._console.ask("message > "))

    # The question before a call -----------------------------------------------------------------

    def _asks_before(self, tool: Tool) -> bool:
        if tool.name in self._always:
            return False
        return self._confirm == "all" or (self._confirm == "writes" and tool.writes)

    async def _decision(self, call: ToolCall, tool: Tool) -> Decision:
        """Ask until there is an answer; whatever comes in between, the call is shown again."""
        argument = call.argument
        while True:
            cut = self._show(call.name, argument)
            try:
                decision = await self._answer(argument, tool, cut)
            except Withdrawn:
                await self._menu_closed()
            except EOFError:
                raise EndedByUser(submit=False) from None
            else:
                if not isinstance(decision, str):
                    return decision
                argument = decision

    async def _answer(self, argument: str, tool: Tool, cut: bool) -> Decision | str:
        """A decision, or another argument to ask about."""
        choices = f"{_REVIEW}{' [v]iew all' if cut else ''} > "
        while True:
            word, rest = _parsed(await self._console.ask(choices))
            match word:
                case "y" | "a":
                    if word == "a":
                        self._always.add(tool.name)
                    return Allowed(argument)
                case "n":
                    reason = rest or await self._console.ask("why (may be empty) > ")
                    return Refused(reason.strip())
                case "e":
                    return await edited(self._console, argument)
                case "v":
                    self._show(tool.name, argument, whole=True)
                case "m":
                    await self._ask_message(rest)
                case "s" | "q":
                    raise EndedByUser(submit=word == "s")
                case _:
                    self._console.say(self._wrapped(_REVIEW_HELP))

    def _wrapped(self, text: str) -> str:
        return click.wrap_text(text, self._console.columns)

    def _show(self, name: str, argument: str, *, whole: bool = False) -> bool:
        """Show a call; returns whether something of it was left out."""
        lines, cut = quoted(argument, self._console.columns, whole=whole)
        self._console.say("\n".join([click.style(f"run {safe(name)}?", fg="yellow"), *lines]))
        return cut


def _parsed(line: str) -> tuple[str, str]:
    """An answer's letter, and the text after it; the letter is empty when it is no answer.

    Only a reason and a message may follow: a sentence that the user was typing when the question
    appeared, such as "a test is missing", must not count as an answer to it.
    """
    word, _, rest = line.strip().partition(" ")
    word = word.lower()
    letter = _WORDS.get(word, word if word in _WORDS.values() else "")
    return letter if not rest or letter in ("n", "m") else "", rest.strip()
