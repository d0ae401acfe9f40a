"""The workers of a batch, as their coordinator knows them: started, told, heard, replaced."""

import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ValidationError

from agent.batch.folder import Attempt
from agent.batch.messages import WORD, Began, Broken, Finished, Ready, Setup, Start, Stop

_LEAVE_SECONDS = 60.0
"""For a worker that is told to stop: its containers have to be removed."""


class Heard(Protocol):
    """Gets what a worker says, and that it is gone."""

    def finished(self, worker: "WorkerProcess", word: Finished) -> None:
        """An attempt ended; it is no more among `WorkerProcess.running`."""
        ...

    def broken(self, worker: "WorkerProcess", word: Broken) -> None:
        """The worker cannot work; `gone` follows."""
        ...

    def gone(self, worker: "WorkerProcess") -> None:
        """Its process ended; what it was at is still in `WorkerProcess.running`."""
        ...


class WorkerProcess:
    """One worker.

    Attributes:
        number: which of the crew, from 0.
        running: the attempts it was given and has not finished.
        folders: where their runs lie, as far as they have begun.
        ready: whether it ever said that it is.
        broken: whether it said that it cannot be.
        pid: of its process; 0 before it starts.
    """

    def __init__(self, number: int, hears: Heard, words: Path) -> None:
        """Args: words: where it writes what it has to say to people."""
        self.number = number
        self.running: dict[Attempt, Start] = {}
        self.folders: dict[Attempt, Path] = {}
        self.ready = False
        self.broken = False
        self.pid = 0
        self._hears = hears
        self._words = words
        self._heard = time.monotonic()
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None

    async def start(self, setup: Setup) -> None:
        """Start its process.

        Raises:
            OSError: that cannot be.
        """
        with self._words.open("ab") as words:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "agent.batch.worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=words,
                start_new_session=True,  # Ctrl-C is the coordinator's affair
            )
        self.pid = self._process.pid
        self._heard = time.monotonic()
        self._send(setup)
        self._listening = asyncio.create_task(self._listen())

    def give(self, start: Start) -> None:
        """Have it make an attempt."""
        self.running[Attempt(start.issue.id, start.attempt)] = start
        self._send(start)

    def stop(self) -> None:
        """Have it stop everything and end."""
        self._send(Stop())

    @property
    def silent_for(self) -> float:
        """Seconds since it last said something."""
        return time.monotonic() - self._heard

    def kill(self) -> None:
        """End it by force; `Heard.gone` follows."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)

    async def leave(self) -> None:
        """Have it end, by force if it takes too long."""
        if self._process is None or self._listening is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._listening), _LEAVE_SECONDS)
        except TimeoutError:
            self.kill()
            await self._listening

    def _send(self, message: BaseModel) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(message.model_dump_json().encode() + b"\n")

    async def _listen(self) -> None:
        """Hear what it says, to its end."""
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self._heard = time.monotonic()
            try:
                word = WORD.validate_json(line)
            except ValidationError:
                continue  # a last line that its end has torn
            if isinstance(word, Ready):
                self.ready = True
            elif isinstance(word, Broken):
                self.broken = True
                self._hears.broken(self, word)
            elif isinstance(word, Began):
                self.folders[Attempt(word.issue, word.attempt)] = word.folder
            else:
                self.running.pop(Attempt(word.issue, word.attempt), None)
                self._hears.finished(self, word)
                self.folders.pop(Attempt(word.issue, word.attempt), None)
        await self._process.wait()
        self._hears.gone(self)
