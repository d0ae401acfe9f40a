"""The debugger's commands: a line that was typed, what it does to the session, what is shown."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.cli import debugview
from model.debugger.problems import DebuggerProblem

if TYPE_CHECKING:
    from model.debugger.session import Session, Stop
    from model.trace.frame import Trace
    from model.trace.recording import Recording

_BREAK = re.compile(r"(\d+)(?:\s+if\s+(.+))?")
_SET = re.compile(r"([^=]+?)\s*=(?!=)\s*(.+)")


class Quit(Exception):
    """The user is done."""


@dataclass(slots=True)
class Debugger:
    """A session, and what its commands need besides.

    Attributes:
        session: of the debugger.
        record: records the real execution.
        function: with whose call that begins; empty where it begins as the session does.
        recorded: what it recorded, once it did.
        stopped: where the last command came to, if it went anywhere.
    """

    session: "Session"
    record: "Callable[[], Awaitable[Recording]]"
    function: str = ""
    recorded: "Trace | None" = None
    stopped: "Stop | None" = field(default=None)

    async def do(self, line: str) -> str:
        """Carry out a line; returns what is to be shown, safe for a terminal.

        Raises:
            DebuggerProblem: it is no command, or cannot be done here.
            ModelError: the model does not answer.
            Quit: it is ``quit``.
        """
        self.stopped = None
        word, _, rest = line.strip().partition(" ")
        command = _NAMES.get(word)
        if command is None:
            raise DebuggerProblem(f"there is no command {debugview.shown(word)}; help lists them")
        rest = rest.strip()
        if rest and not command.takes:
            raise DebuggerProblem(f"{command.name} takes nothing more")
        return await command.run(self, rest)

    def came_to(self, stop: "Stop") -> str:
        """Keep where a command came to, and show it."""
        self.stopped = stop
        return debugview.stop_text(self.session, stop)


Run = Callable[[Debugger, str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class _Command:
    """A command.

    Attributes:
        name: in full.
        short: for hurried fingers; may be empty.
        takes: what follows it; may be empty.
        help: one line.
        run: does it.
    """

    name: str
    short: str
    takes: str
    help: str
    run: Run


def _going(go: "Callable[[Session], Awaitable[Stop]]") -> Run:
    async def run(debugger: Debugger, rest: str) -> str:
        return debugger.came_to(await go(debugger.session))

    return run


async def _until(debugger: Debugger, rest: str) -> str:
    return debugger.came_to(await debugger.session.until(_number(rest, "until LINE")))


async def _goto(debugger: Debugger, rest: str) -> str:
    return debugger.came_to(await debugger.session.goto(_number(rest, "goto FRAME")))


async def _back(debugger: Debugger, rest: str) -> str:
    stop, undone = debugger.session.back()
    return ("the edit is undone\n" if undone else "") + debugger.came_to(stop)


async def _break(debugger: Debugger, rest: str) -> str:
    found = _BREAK.fullmatch(rest)
    if found is None:
        raise DebuggerProblem("break LINE, or break LINE if EXPR")
    made = debugger.session.breakpoints.add(_number(found[1], "break LINE"), found[2] or "")
    return f"breakpoint {made.number} at line {made.line}\n"


async def _breaks(debugger: Debugger, rest: str) -> str:
    return debugview.breaks_text(debugger.session)


async def _clear(debugger: Debugger, rest: str) -> str:
    debugger.session.breakpoints.clear(_number(rest, "clear NUMBER") if rest else None)
    return debugview.breaks_text(debugger.session)


async def _print(debugger: Debugger, rest: str) -> str:
    if not rest:
        return debugview.locals_text(debugger.session)
    return debugview.shown(debugger.session.value(rest), most=10_000) + "\n"


async def _set(debugger: Debugger, rest: str) -> str:
    found = _SET.fullmatch(rest)
    if found is None:
        raise DebuggerProblem("set NAME = VALUE")
    session = debugger.session
    session.set(found[1], found[2])
    return debugger.came_to(session.here())


async def _where(debugger: Debugger, rest: str) -> str:
    return debugview.where_text(debugger.session.where())


async def _list(debugger: Debugger, rest: str) -> str:
    line = _number(rest, "list LINE") if rest else None
    return debugview.list_text(debugger.session, line)


async def _real(debugger: Debugger, rest: str) -> str:
    from model.debugger.reality import beside

    if debugger.recorded is None:
        debugger.recorded = (await debugger.record()).trace
    session = debugger.session
    reality = beside(session.moments, debugger.recorded, debugger.function)
    return debugview.reality_text(session, reality)


async def _help(debugger: Debugger, rest: str) -> str:
    rows = [(f"{c.name} {c.takes}".strip(), c.short, c.help) for c in COMMANDS]
    return "".join(f"  {usage:22} {short:3} {text}\n" for usage, short, text in rows)


async def _quit(debugger: Debugger, rest: str) -> str:
    raise Quit


COMMANDS = (
    _Command("step", "s", "", "to the next frame", _going(lambda session: session.step())),
    _Command("next", "n", "", "to the next one here, over calls", _going(lambda s: s.next())),
    _Command("out", "o", "", "to where this scope is left", _going(lambda s: s.out())),
    _Command("back", "b", "", "a frame back, or an edit", _back),
    _Command("until", "u", "LINE", "to a line", _until),
    _Command("run", "r", "", "to a breakpoint, or to the end", _going(lambda s: s.run())),
    _Command("goto", "g", "FRAME", "to the frame of a number", _goto),
    _Command("break", "", "LINE [if EXPR]", "stop at a line", _break),
    _Command("breaks", "", "", "the breakpoints", _breaks),
    _Command("clear", "", "[NUMBER]", "take a breakpoint away, or all", _clear),
    _Command("print", "p", "[NAME | EXPR]", "the locals, or a value over them", _print),
    _Command("set", "", "NAME = VALUE", "change a local and go on from there", _set),
    _Command("where", "w", "", "the scopes that are open", _where),
    _Command("list", "l", "[LINE]", "the source around here", _list),
    _Command("real", "", "", "run it in a sandbox, and say where that differs", _real),
    _Command("reset", "", "", "begin anew", _going(lambda session: session.begin())),
    _Command("help", "h", "", "this list", _help),
    _Command("quit", "q", "", "leave", _quit),
)
_NAMES: Mapping[str, _Command] = {
    name: command for command in COMMANDS for name in (command.name, command.short) if name
}


def _number(text: str, usage: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise DebuggerProblem(usage)
    return int(text)
