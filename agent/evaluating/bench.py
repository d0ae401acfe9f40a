"""Sandboxes in which answers are checked: started when needed, replaced when spoilt."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import files as resource_files
from typing import TYPE_CHECKING

from agent.config import Settings
from model.questions.question import Ran
from sandboxes.errors import FileProblem, SandboxDied

if TYPE_CHECKING:
    from sandboxes.engine import Engine
    from sandboxes.sandbox import CommandResult, Sandbox

_ANSWER_BYTES = 32 * 1024**2
_OUTPUT_BYTES = 1 << 14
_START = """
python=$(command -v python || command -v python3) || { echo 'there is no Python'; exit 127; }
exec "$python" -I "$FORETRACE_CHECK/harness.py" "$FORETRACE_CHECK/given.json" \
    "$FORETRACE_CHECK/answer.json"
"""


class Bench:
    """A `model.questions.question.Runner`. Use it in ``async with``, in one event loop.

    What runs are programs of data sets and of models. A sandbox in which one left something behind,
    or ran out of something, is not used again.

    Args:
        settings: which engine, which image, what a sandbox may use.
        progress: gets a line when an image is made.
        most: sandboxes at a time.
    """

    def __init__(self, settings: Settings, progress: Callable[[str], None], most: int = 1) -> None:
        self._settings = settings
        self._progress = progress
        self._free: list[AsyncExitStack] = []
        self._sandboxes: dict[int, Sandbox] = {}
        self._turns = asyncio.Semaphore(most)
        self._starting = asyncio.Lock()
        self._engine: Engine | None = None
        self._image = ""

    async def __aenter__(self) -> "Bench":
        return self

    async def __aexit__(self, *exc: object) -> None:
        while self._free:
            await self._drop(self._free.pop())
        if self._engine is not None:
            self._engine.close()

    async def run(self, harness: str, given: object, seconds: float) -> Ran:
        """Run a harness; see `model.questions.question.Runner.run`.

        Raises:
            SandboxError: no engine, no image, or a sandbox that went away twice.
        """
        async with self._turns:
            try:
                return await self._run(harness, given, seconds)
            except (SandboxDied, FileProblem):
                # What ran before left no room in it, or killed it.
                return await self._run(harness, given, seconds)

    async def _run(self, harness: str, given: object, seconds: float) -> Ran:
        async with self._sandbox() as (sandbox, spoil):
            folder = f"/tmp/foretrace-check-{uuid.uuid4().hex[:12]}"
            program = resource_files("sandboxes.guest").joinpath(f"{harness}.py")
            await sandbox.write_file(f"{folder}/harness.py", program.read_bytes(), parents=True)
            await sandbox.write_file(f"{folder}/given.json", json.dumps(given).encode())
            result = await sandbox.run(
                _START,
                state=None,
                timeout=seconds,
                output_limit=_OUTPUT_BYTES,
                environment={"FORETRACE_CHECK": folder, "PYTHONHASHSEED": "0"},
            )
            if result.notes or result.status != "exited":
                spoil()
            answer = await _answer(sandbox, f"{folder}/answer.json")
            await sandbox.run(f"rm -rf {folder}", state=None)
            return Ran(answer, result.status == "timeout", _end(result))

    @asynccontextmanager
    async def _sandbox(self) -> AsyncIterator[tuple["Sandbox", Callable[[], None]]]:
        """A sandbox, and what to call if it is not to be used again."""
        stack = self._free.pop() if self._free else await self._start()
        spoilt = False

        def spoil() -> None:
            nonlocal spoilt
            spoilt = True

        try:
            yield self._sandboxes[id(stack)], spoil
        except BaseException:
            await self._drop(stack)
            raise
        if spoilt:
            await self._drop(stack)
        else:
            self._free.append(stack)

    async def _start(self) -> AsyncExitStack:
        from sandboxes.docker import DockerSandbox

        async with self._starting:
            if self._engine is None:
                await self._connect()
        assert self._engine is not None
        limits = self._settings.sandbox.limits()
        stack = AsyncExitStack()
        sandbox = DockerSandbox(self._engine, self._image, limits=limits, run="questions")
        self._sandboxes[id(stack)] = await stack.enter_async_context(sandbox)
        return stack

    async def _connect(self) -> None:
        from sandboxes.engine import Engine, sweep
        from sandboxes.environment.base import ensure_base

        settings = self._settings
        engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
        try:
            await sweep(engine)
            self._image = settings.environment.image or ""
            if not self._image:
                python = settings.environment.python or settings.images.python
                base = await ensure_base(
                    engine, python, settings=settings.images, progress=self._progress
                )
                self._image = base.id
                for note in base.notes:
                    self._progress(note)
        except BaseException:
            engine.close()
            raise
        self._engine = engine

    async def _drop(self, stack: AsyncExitStack) -> None:
        self._sandboxes.pop(id(stack), None)
        await stack.aclose()


async def _answer(sandbox: "Sandbox", path: str) -> object:
    """What the harness answered; None where that is nothing, or nothing that reads."""
    try:
        return json.loads(await sandbox.read_file(path, limit=_ANSWER_BYTES))
    except (FileProblem, ValueError, RecursionError):
        return None


def _end(result: "CommandResult") -> str:
    return result.text[-2000:]
