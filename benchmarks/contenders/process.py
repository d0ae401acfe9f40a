"""The harness's side of a contender: its process, its container, and limits on its patience."""

import asyncio
import base64
import contextlib
import json
import os
import secrets
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from benchmarks.contenders.registry import CONTENDERS, Entry

if TYPE_CHECKING:
    from sandboxes.engine import Engine

ROOT = Path(__file__).parents[2]
_LINE = 16 * 1024**2
_START_SECONDS = 60.0


class ContenderFailed(Exception):
    """A contender did not start, did not answer in time, or its process died."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one request.

    Attributes:
        seconds: inside the contender's process, around its own call.
        exit_code: None when it gave none.
        output: the output; head and tail together when it was longer than 1 MiB.
        length: bytes of the output, with what the contender left out by design.
        timed_out: whether the contender said so.
        memory: bytes by which its peak of resident memory grew.
        error: the exception it raised, or empty.
        pipes: seconds that our asking cost on top of `seconds`.
    """

    seconds: float
    exit_code: int | None
    output: bytes
    length: int
    timed_out: bool
    memory: int
    error: str
    pipes: float


class ContenderProcess:
    """A contender in a process of its own. Use as ``async with``.

    Args:
        name: the contender's name in the registry.
        image: what its container starts from.
        engine: where to look for containers that it left.
        peers_python: the interpreter that has the peers installed.
    """

    def __init__(self, name: str, image: str, engine: "Engine", peers_python: Path) -> None:
        self.name = name
        self.entry: Entry = CONTENDERS[name]
        self._image = image
        self._engine = engine
        self._python = Path(sys.executable) if self.entry.python == "ours" else peers_python
        self._process: asyncio.subprocess.Process | None = None
        self._run = f"benchmark-{name}-{secrets.token_hex(4)}"

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.kill()

    async def start(self) -> Reply:
        """Have the contender bring its container up.

        Raises:
            ContenderFailed: it did not.
        """
        if self._process is None:
            await self._open()
        labels = self._engine.owner_labels("benchmark", run=self._run)
        reply = await self._ask(
            {"op": "start", "image": self._image, "labels": labels, "run": self._run},
            _START_SECONDS,
        )
        if reply.error:
            raise ContenderFailed(reply.error)
        return reply

    async def run(self, command: str, timeout: float = 10.0, patience: float = 15.0) -> Reply:
        """Run a command.

        Args:
            command: bash source.
            timeout: seconds the contender is told.
            patience: seconds on top of that before we give the contender up.

        Raises:
            ContenderFailed: it did not answer; its process is gone then.
        """
        request = {"op": "run", "command": command, "timeout": float(timeout)}
        return await self._ask(request, timeout + patience)

    async def time_of(self, command: str) -> Reply:
        """Run a command that cannot fail, for its time.

        Raises:
            ContenderFailed: it did: its time says nothing.
        """
        reply = await self.run(command)
        if reply.exit_code != 0:
            why = reply.error or f"exit code {reply.exit_code}"
            raise ContenderFailed(f"{self.entry.title} failed at `{command}`: {why}")
        return reply

    async def stop(self) -> None:
        """Have the contender stop, if it runs, and remove what it leaves."""
        if self._process is not None:
            with contextlib.suppress(ContenderFailed):
                await self._ask({"op": "stop"}, 30.0)
        await self._remove_containers()

    async def new_shell(self) -> None:
        """A new shell in the same container.

        Raises:
            ContenderFailed: it does not start.
        """
        reply = await self._ask({"op": "new shell"}, 30.0)
        if reply.error:
            raise ContenderFailed(reply.error)

    async def renew(self) -> None:
        """A new container, by the same process if that still answers.

        Raises:
            ContenderFailed: it does not start.
        """
        await self.stop()
        await self.start()

    async def kill(self) -> None:
        """End the process and remove its containers."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        await self._remove_containers()

    async def _open(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            str(self._python),
            "-m",
            "benchmarks.contenders.serve",
            self.name,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=ROOT,
            limit=_LINE,
            start_new_session=True,
        )

    async def _ask(self, request: dict[str, object], patience: float) -> Reply:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise ContenderFailed("it is not running")
        began = time.perf_counter()
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            await process.stdin.drain()
            line = await asyncio.wait_for(process.stdout.readline(), patience)
        except TimeoutError:
            await self.kill()
            raise ContenderFailed(f"no answer within {patience:.0f} s") from None
        except (ConnectionError, ValueError) as error:
            await self.kill()
            raise ContenderFailed(f"its process failed: {error}") from None
        if not line:
            await self.kill()
            raise ContenderFailed("its process ended")
        raw = json.loads(line)
        return Reply(
            seconds=raw["seconds"],
            exit_code=raw["exit_code"],
            output=base64.b64decode(raw["head"]) + base64.b64decode(raw["tail"]),
            length=raw["length"],
            timed_out=raw["timed_out"],
            memory=raw["memory"],
            error=raw["error"].replace(str(ROOT), "."),
            pipes=time.perf_counter() - began - raw["seconds"],
        )

    async def _remove_containers(self) -> None:
        from sandboxes.engine import RUN

        filters = {"label": [f"{RUN}={self._run}"]}
        api = self._engine.client.api
        for each in await self._engine.call(api.containers, all=True, filters=filters):
            await self._engine.remove_container(each["Id"])
