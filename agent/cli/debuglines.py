"""Where the debugger's commands come from, a terminal or a file, and where a session is kept."""

import asyncio
import json
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Protocol, Self, TypeVar

import click

from agent.cli.console import Console, Withdrawn
from agent.errors import WrongUse

if TYPE_CHECKING:
    from model.debugger.session import Stop

T = TypeVar("T")

PROMPT = "(debug) "


class Stopped(Exception):
    """The user stopped a command."""


class Lines(Protocol):
    """Commands, one after the other."""

    def __aiter__(self) -> AsyncIterator[str]: ...

    async def doing(self, command: Coroutine[object, object, T]) -> T:
        """Carry out one of them.

        Raises:
            Stopped: the user does not want to wait for it any longer.
        """
        ...


class Written:
    """Commands that were written down; each is shown before it is carried out."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    async def __aiter__(self) -> AsyncIterator[str]:
        for line in self._lines:
            if line.strip() and not line.lstrip().startswith("#"):
                yield line.strip()

    async def doing(self, command: Coroutine[object, object, T]) -> T:
        """Carry out one of them; nobody is there to stop it."""
        return await command


class Typed:
    """Commands that are typed on a terminal. Use as a context manager, in an event loop.

    An empty line is the command before it again. Ctrl-C stops what is being carried out.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._early: deque[str] = deque()
        self._cancel: Callable[[], object] | None = None
        self._last = ""

    def __enter__(self) -> Self:
        self._console.open(self._early.append)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        self._console.close()

    async def __aiter__(self) -> AsyncIterator[str]:
        while (line := await self._next()) is not None:
            if line.strip() or self._last:
                self._last = line.strip() or self._last
                yield self._last

    async def doing(self, command: Coroutine[object, object, T]) -> T:
        """Carry out one of them; see `Lines`."""
        task = asyncio.ensure_future(command)
        self._cancel = task.cancel
        try:
            return await task
        except asyncio.CancelledError:
            us = asyncio.current_task()
            if us is not None and us.cancelling():
                raise
            raise Stopped from None
        finally:
            self._cancel = None

    async def _next(self) -> str | None:
        while not self._early:
            try:
                return await self._console.ask(PROMPT)
            except Withdrawn:
                click.echo("\nquit leaves, and so does Ctrl-D", err=True)
            except EOFError:
                click.echo(err=True)
                return None
        return self._early.popleft()

    def _interrupt(self) -> None:
        self._early.clear()
        if self._cancel is not None:
            self._cancel()
        else:
            self._console.withdraw()


def read_commands(text: str) -> list[str]:
    """The commands of a file: one a line, or a session that was kept."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.lstrip().startswith("{"):
            lines.append(line)
            continue
        try:
            kept = json.loads(line)
        except (ValueError, RecursionError):
            kept = None
        command = kept.get("command") if isinstance(kept, dict) else None
        if isinstance(command, str):
            lines.append(command)
    return lines


class Keeper:
    """Writes a session down: a JSON object for each command, and where it came to."""

    def __init__(self, file: IO[str] | None) -> None:
        self._file = file

    def keep(self, command: str, stop: "Stop | None", error: str = "") -> None:
        """Write a command down, as soon as it is done."""
        fields: dict[str, object] = {"command": command}
        if error:
            fields["error"] = error
        if stop is not None:
            moment = stop.moment
            fields |= {"frame": stop.number, "why": stop.why, "kind": moment.frame.kind}
            fields |= {"line": moment.spot.line, "source": moment.frame.source}
            fields |= {"locals": dict(moment.state.locals), "value": moment.frame.value}
        self._write(fields)

    def begin(self, **fields: object) -> None:
        """Write down what is debugged."""
        self._write(fields)

    def _write(self, fields: dict[str, object]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(fields) + "\n")
            self._file.flush()


@contextmanager
def keeping(path: Path | None) -> Iterator[Keeper]:
    """What writes a session to a file, if one is named.

    Raises:
        WrongUse: it cannot be written.
    """
    if path is None:
        yield Keeper(None)
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise WrongUse(f"cannot write {path}: {error.strerror or error}") from None
    with file:
        yield Keeper(file)
