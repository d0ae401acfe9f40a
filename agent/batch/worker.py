"""A worker: a process that makes many attempts at once, as its coordinator says.

Its policy's model client, its predictor and its engine are shared by them all. Started as
``python -m agent.batch.worker``, with its orders on standard input.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from pydantic import BaseModel

from agent.batch.folder import Attempt, BatchFolder
from agent.batch.locks import Lock, Slots
from agent.batch.messages import ORDER, Began, Broken, Finished, Ready, Setup, Start, Stop
from agent.config import Settings
from agent.errors import AgentError, ConfigProblem, exit_status
from agent.trajectory import Trajectory
from model.errors import ModelError
from sandboxes.errors import SandboxError

if TYPE_CHECKING:
    from agent.policies.registry import NewPolicy
    from agent.run import Origin
    from model.predict.predictor import Predictor
    from sandboxes.engine import Engine

BEAT_SECONDS = 2.0
"""Between two signs of life."""

_LONGEST_REASON = 1000
_LONGEST_LINE = 64 * 1024**2


class Worker:
    """What the attempts of one process share."""

    def __init__(
        self,
        setup: Setup,
        settings: Settings,
        engine: "Engine",
        new_policy: "NewPolicy",
        predictor: "Predictor | None",
        mouth: "Mouth",
    ) -> None:
        self._folder = BatchFolder(setup.folder)
        self._settings = settings
        self._set = setup.settings
        self._engine = engine
        self._new_policy = new_policy
        self._predictor = predictor
        self._mouth = mouth
        self._slots = Slots(self._folder.locks, "build", settings.batch.builds)
        self._running: set[asyncio.Task[None]] = set()

    async def obey(self, orders: AsyncIterator[bytes]) -> None:
        """Carry out orders until there are no more, or one says stop; what runs then is stopped."""
        beating = asyncio.create_task(self._beat())
        try:
            async for line in orders:
                order = ORDER.validate_json(line)
                if isinstance(order, Stop):
                    break
                task = asyncio.create_task(self._attempt(order))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        finally:
            for task in list(self._running):
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            beating.cancel()

    async def _beat(self) -> None:
        while True:
            self._mouth.say(Ready())
            await asyncio.sleep(BEAT_SECONDS)

    async def _attempt(self, start: Start) -> None:
        """One attempt, told when it has ended."""
        attempt = Attempt(start.issue.id, start.attempt)
        lock = None
        try:
            lock = Lock.take(self._folder.attempt_lock(attempt))
            if lock is None:
                finished = _finished(start, "busy")
            else:
                finished = await self._run(start)
        except asyncio.CancelledError:
            finished = _finished(start, "stopped")
        except (AgentError, ModelError, SandboxError) as error:
            # That a folder cannot be made is a wrong --out elsewhere, and here a full disk.
            full = isinstance(error, ConfigProblem) and isinstance(error.__context__, OSError)
            kind = "OSError" if full else type(error).__name__
            finished = _finished(start, "failed", kind, error.message)
        except Exception as error:  # a full disk, or a mistake of ours: the others go on
            finished = _finished(start, "failed", type(error).__name__, str(error))
        finally:
            if lock is not None:
                lock.release()
        self._mouth.say(finished)

    async def _run(self, start: Start) -> Finished:
        """The attempt; from where a run of it was lost, if that can be."""
        from agent.replay.resume import NotResumable, StillAtWork, resuming

        seed = self._settings.seed + start.attempt - 1
        settings = self._settings.model_copy(update={"seed": seed})
        if start.lost is None:
            return await self._make(start, settings, None)
        with contextlib.ExitStack() as held:
            try:
                lost = held.enter_context(resuming(start.lost))
                left = lost.settings(settings, self._set).limits
                settings, origin = settings.model_copy(update={"limits": left}), lost.origin(_note)
            except StillAtWork:
                return _finished(start, "busy")
            except NotResumable as error:
                _note(f"{start.lost.name}: {error.message}; it begins anew")
                origin = None
            return await self._make(start, settings, origin)

    async def _make(self, start: Start, settings: Settings, origin: "Origin | None") -> Finished:
        from agent.run import run_issue

        def watch(trajectory: Trajectory) -> None:
            folder = trajectory.path.parent
            began = Began(issue=start.issue.id, attempt=start.attempt, folder=folder)
            self._mouth.say(began)

        run = await run_issue(
            start.issue,
            settings,
            self._new_policy(settings.seed),
            self._engine,
            watch=watch,
            predictor=self._predictor,
            origin=origin,
            attempt=start.attempt,
            building=self._slots.one(),
        )
        return _finished(start, run.result.status, run.result.failure, run.result.reason)


def _finished(start: Start, status: str, kind: str = "", reason: str = "") -> Finished:
    return Finished.model_validate(
        {
            "issue": start.issue.id,
            "attempt": start.attempt,
            "status": status,
            "kind": kind,
            "reason": reason[:_LONGEST_REASON],
        }
    )


class Mouth:
    """Says lines to the coordinator; whether it still listens is told by the end of its orders."""

    def __init__(self) -> None:
        """Whatever else is printed here goes to standard error from now on."""
        self._file = os.dup(1)
        os.dup2(2, 1)

    def say(self, message: BaseModel) -> None:
        """One line."""
        data = message.model_dump_json().encode() + b"\n"
        with contextlib.suppress(BrokenPipeError):
            while data:
                data = data[os.write(self._file, data) :]


async def _orders() -> AsyncIterator[bytes]:
    """The lines of standard input."""
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while (line := await reader.readline()).endswith(b"\n"):
        yield line


async def work() -> None:
    """Set up as the first order says, and obey the others."""
    from agent.policies.registry import POLICIES, policy_name
    from agent.predicting import open_predictor
    from sandboxes.engine import Engine

    mouth = Mouth()
    orders = _orders()
    setup = Setup.model_validate_json(await anext(orders))
    try:
        async with contextlib.AsyncExitStack() as stack:
            settings = settings_of(setup)
            engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
            stack.callback(engine.close)
            opened = POLICIES[policy_name(settings, setup.script)](settings, setup.script, _note)
            new_policy = await stack.enter_async_context(opened)
            predictor = None
            if settings.simulate.mode != "off":
                predictor = await stack.enter_async_context(open_predictor(settings, _note))
            await Worker(setup, settings, engine, new_policy, predictor, mouth).obey(orders)
    except (AgentError, ModelError, SandboxError) as error:
        status = exit_status(error)
        kind = type(error).__name__
        mouth.say(Broken(kind=kind, message=error.message, hint=error.hint, status=status))


def settings_of(setup: Setup) -> Settings:
    """The settings of a worker's runs."""
    settings = Settings(**setup.settings)  # type: ignore[arg-type]  # validated by pydantic
    model = settings.model.model_copy(update={"in_flight": setup.requests})
    runs = BatchFolder(setup.folder).runs
    return settings.model_copy(update={"out": runs, "model": model})


def _note(line: str) -> None:
    """To the workers' log."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(StopAsyncIteration):  # nobody set it up
        asyncio.run(work())
