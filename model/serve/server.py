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
import subprocess
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
    """Pass when a server can listen there.

    Raises:
        ModelMisconfigured: it cannot.
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
    with _opened(log) as output, log.open("rb") as printed:
        process = _start(command, environment, output)
        try:
            yield Server(process, address, log, printed, progress, grace)
        finally:
            try:
                await _end(process, grace)
            except BaseException:
                _send(process, signal.SIGKILL)  # whoever is impatient leaves nothing either
                _bury(process)
                raise


def _opened(log: Path) -> BinaryIO:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("wb")
    except OSError as error:
        message = f"vLLM's output cannot be written to {log}: {error.strerror}"
        raise ModelMisconfigured(message, "FORETRACE_CACHE names another folder") from None


def _start(
    command: Sequence[str], environment: Mapping[str, str], output: BinaryIO
) -> "subprocess.Popen[bytes]":
    """Its output goes into a file: a pipe would be held open by whatever outlives it.

    Nothing is awaited here, so that no signal can come between the start and the end's promise.
    """
    try:
        return subprocess.Popen(
            _tied(command),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        message = f"{command[0]} cannot be started: {error.strerror}"
        raise ModelMisconfigured(message, "install it anew") from None


class Server:
    """A running vLLM. Use `started` to get one."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        address: tuple[str, int],
        log: Path,
        printed: BinaryIO,
        progress: Progress,
        grace: float,
    ) -> None:
        self._process = process
        self._address = address
        self._log = log
        self._printed = printed
        self._progress = progress
        self._grace = grace
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._rest = b""
        self._ready = False
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
            self._read()
            if self._process.poll() is not None:
                raise await self._reason()
            self._remind()
            await asyncio.sleep(_LOOK_EVERY)
        self._read()
        self._ready = True
        return time.monotonic() - self._started

    async def end(self) -> ModelError:
        """Wait until it ends by itself, and say why it did."""
        while self._process.poll() is None:
            self._read()
            await asyncio.sleep(_LOOK_EVERY)
        return await self._reason()

    def _read(self) -> None:
        """Keep what it has printed since, and tell the steps it has taken."""
        while data := self._printed.read(_LONGEST_LINE):
            *lines, rest = _LINE_ENDS.split(self._rest + data)
            for line in lines:
                self._take(line)
            self._rest = rest[-_LONGEST_LINE:]

    def _take(self, raw: bytes) -> None:
        line = raw.decode("utf-8", "replace").strip()
        if not line:
            return
        self._lines.append(line)
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
        """Why it ended; its children, which may still have something to say, end first."""
        await _end(self._process, self._grace)
        self._read()
        self._take(self._rest)
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


async def _end(process: "subprocess.Popen[bytes]", grace: float) -> None:
    """Ask the whole group to end; make it after a while."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, _ANSWER)):
        until = time.monotonic() + patience
        if _members(process.pid):
            _send(process, number)
        while _members(process.pid):
            if time.monotonic() >= until:
                break
            await asyncio.sleep(0.05)
    _bury(process)


def _send(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _bury(process: "subprocess.Popen[bytes]") -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_ANSWER)


def _members(group: int) -> list[int]:
    """Processes of a group that still run; those that only wait to be buried do not."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            state, _, itsgroup = place.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(itsgroup) == group and state not in "ZX":
                found.append(int(place.parent.name))
    return found
