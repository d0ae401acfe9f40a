"""vLLM as a child: started in a group of its own, watched until it serves, ended as a whole.

It is never started again: a server that ended has a reason, which is told.
"""

import asyncio
import errno
import os
import re
import shutil
import signal
import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from model.errors import ModelError, ModelMisconfigured, ServerFailed
from model.serve.signs import read_end, read_step

Progress = Callable[[str], None]

_LOOK_EVERY = 0.5
"""Seconds between two looks whether it serves."""

_REMIND = 15.0
"""Seconds without news after which we say that it still starts."""

_ANSWER = 5.0
"""Seconds its health may take to be told."""

_LAST_LINES = 2_000
"""Lines of output kept to find the reason of its end in."""

_LINE_ENDS = re.compile(rb"[\r\n]+")  # bars of progress come back to their line's beginning
_LONGEST_LINE = 65_536


def check_port(host: str, port: int) -> None:
    """
    Raises:
        ModelMisconfigured: a server cannot listen there.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} of {host} is taken by another program"
            raise ModelMisconfigured(message, "--port chooses another one") from None
        raise ModelMisconfigured(
            f"nothing can listen on port {port} of {host}: {error.strerror}",
            "--host is an address of this machine, and ports below 1024 are often not for users",
        ) from None


@asynccontextmanager
async def started(
    command: Sequence[str],
    environment: Mapping[str, str],
    address: tuple[str, int],
    log: Path,
    progress: Progress,
    grace: float = 20.0,
) -> AsyncIterator["Server"]:
    """A server, for as long as the context lasts; afterwards none of its processes is left.

    Args:
        command: that starts it.
        environment: its own.
        address: the host and port it will listen on.
        log: gets all that it prints.
        progress: gets a line when there is something new to say.
        grace: seconds its processes may take to end when they are asked to.

    Raises:
        ModelMisconfigured: the command cannot be run, or the log not be written.
    """
    with _opened(log) as file:
        try:
            process = await asyncio.create_subprocess_exec(
                *_tied(command),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            message = f"{command[0]} cannot be started: {error.strerror}"
            raise ModelMisconfigured(message, "reinstall vLLM") from None
        server = Server(process, address, log, progress, grace)
        reading = asyncio.create_task(server.read(file))
        try:
            yield server
        finally:
            try:
                await _end(process, grace)
            finally:
                _send(process.pid, signal.SIGKILL)  # whoever is impatient leaves nothing either
                reading.cancel()


def _opened(log: Path) -> BinaryIO:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("wb")
    except OSError as error:
        message = f"vLLM's output cannot be written to {log}: {error.strerror}"
        raise ModelMisconfigured(message, "FORETRACE_CACHE names another folder") from None


class Server:
    """A running vLLM. Use `started` to get one."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        address: tuple[str, int],
        log: Path,
        progress: Progress,
        grace: float,
    ) -> None:
        self._process = process
        self._grace = grace
        self._address = address
        self._log = log
        self._progress = progress
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._ready = False
        self._read = asyncio.Event()
        self._said = ""
        self._started = self._said_at = time.monotonic()

    async def ready(self) -> float:
        """Wait until it serves.

        Returns:
            The seconds it took.

        Raises:
            ServerFailed, ModelMisconfigured: it ended.
        """
        while not await _healthy(*self._address):
            with suppress(TimeoutError):
                await asyncio.wait_for(_ended(self._process), _LOOK_EVERY)
                raise await self._reason()
            self._remind()
        self._ready = True
        return time.monotonic() - self._started

    async def end(self) -> ModelError:
        """Wait until it ends by itself, and say why it did."""
        await _ended(self._process)
        return await self._reason()

    async def read(self, log: BinaryIO) -> None:
        """Keep what it prints, and tell the steps it takes, until it prints no more."""
        stream = self._process.stdout
        assert stream is not None
        rest = b""
        try:
            while data := await stream.read(65_536):
                log.write(data)
                log.flush()
                *lines, rest = _LINE_ENDS.split(rest + data)
                for line in lines:
                    self._take(line)
                rest = rest[-_LONGEST_LINE:]
            self._take(rest)
        finally:
            self._read.set()

    def _take(self, raw: bytes) -> None:
        line = raw.decode("utf-8", "replace").strip()
        if not line:
            return
        self._lines.append(line[:_LONGEST_LINE])
        step = None if self._ready else read_step(line)
        if step is not None and step != self._said:
            self._said = step
            self._tell(step)

    def _remind(self) -> None:
        if time.monotonic() - self._said_at >= _REMIND:
            self._tell("still starting" + (f": {self._said}" if self._said else ""))

    def _tell(self, text: str) -> None:
        self._said_at = time.monotonic()
        self._progress(f"{self._said_at - self._started:4.0f} s  {text}")

    async def _reason(self) -> ModelError:
        """Why it ended. Its children end first, for they hold its output open."""
        await _end(self._process, self._grace)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._read.wait(), 2.0)
        status = self._process.returncode
        if status == 0 and self._ready:
            return ServerFailed("vLLM ended by itself", f"its whole output: {self._log}")
        return read_end(self._lines, status or 0, str(self._log))


def _tied(command: Sequence[str]) -> list[str]:
    """The command, asked to end when we are killed; GPUs full of nobody's model are the worst."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--", *command] if setpriv else [*command]


async def _healthy(host: str, port: int) -> bool:
    """Whether a server there says that it serves."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    try:
        async with asyncio.timeout(_ANSWER):
            reader, writer = await asyncio.open_connection(near, port)
            try:
                writer.write(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
                answer = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return False
    return re.match(rb"HTTP/1\.\d 200\b", answer) is not None


async def _end(process: asyncio.subprocess.Process, grace: float) -> None:
    """Ask the whole group to end; make it after a while."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, _ANSWER)):
        _send(process.pid, number)
        until = time.monotonic() + patience
        while _members(process.pid):
            if time.monotonic() > until:
                break
            await asyncio.sleep(0.05)
        else:
            break
    await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait for the process alone: its own `wait` also waits for whoever holds its output."""
    while process.returncode is None:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 0.2)


def _send(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _members(group: int) -> list[int]:
    """Processes of a group that still run; those that only wait to be buried do not."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            state, _, itsgroup = place.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(itsgroup) == group and state not in "ZX":
                found.append(int(place.parent.name))
    return found
