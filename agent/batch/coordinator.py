"""The coordinator: reads the issues, hands attempts to its workers, and sees to what breaks.

It remembers nothing that its folder does not say as well. Ended by force, it is begun again with
the same folder, and finds what there is left to do.
"""

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from agent.batch.breaker import (
    FIRST_PAUSE,
    KINDS,
    LONGEST_PAUSE,
    LOST,
    PASSING,
    Breaker,
    Needed,
    probe,
)
from agent.batch.control import Command
from agent.batch.crew import WorkerProcess
from agent.batch.folder import Attempt
from agent.batch.headroom import lacking
from agent.batch.issuelist import IssueList
from agent.batch.ledger import Ledger
from agent.batch.lines import Lines, append
from agent.batch.locks import Lock
from agent.batch.log import BatchEvent, What
from agent.batch.messages import Broken, Finished, Setup, Start
from agent.batch.plan import Plan, Watch
from agent.batch.predictions import Outlet
from agent.batch.store import BatchStore
from agent.batch.summary import AttemptRow, BatchStatus
from agent.errors import WRONG_USE, WrongUse
from model.errors import ModelError
from sandboxes.errors import SandboxError
from sandboxes.owner import Owner

if TYPE_CHECKING:
    from sandboxes.engine import Engine

_TURN_SECONDS = 0.5
_LOOK_SECONDS = 1.0
_LATE_SECONDS = 5.0
_STILLBORN = 3


class Coordinator:
    """One batch, run by this process.

    Attributes:
        stopped: whether it was ended before its end.
    """

    def __init__(self, plan: Plan, engine: "Engine", watch: Watch) -> None:
        """Args: engine: for what dead workers leave behind."""
        self.stopped = False
        self._plan = plan
        self._folder = plan.folder
        self._batch = plan.settings.batch
        self._engine = engine
        self._watch = watch
        self._store = BatchStore(plan.folder)
        self._ledger = Ledger(self._store.record.attempts, self._batch.retries)
        self._breaker = Breaker(self._batch.breaker)
        self._outlet = Outlet(plan.folder)
        self._commands = Lines(Command, plan.folder.control, from_end=True)
        self._concurrency = self._batch.concurrency
        self._crew: dict[int, WorkerProcess] = {}
        self._most_workers = self._batch.worker_count()
        self._shares = self._batch.shares(self._most_workers)
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._paused = self._draining = self._halted = self._leaving = False
        self._short = ""
        self._stillborn = 0
        self._turn = time.monotonic()
        self._error: Exception | None = None

    # From outside -------------------------------------------------------------------------------

    def drain(self, why: str) -> None:
        """Start nothing more, and end with what runs."""
        if not self._draining:
            self._draining = True
            self._note("stopping", f"{why}: what runs is waited for")
            self._changed.set()

    def halt(self, why: str) -> None:
        """Stop everything now."""
        if not self._halted:
            self._draining = self._halted = True
            self._note("stopping", f"{why}: what runs is stopped")
            for worker in self._crew.values():
                worker.stop()
            self._changed.set()

    async def run(self) -> BatchStatus:
        """Run the batch to its end.

        Returns:
            How it stands then.

        Raises:
            WrongUse: another process runs it, or an entry of its list is no issue.
            AgentError, SandboxError, ModelError: workers cannot be; or the list cannot be read.
            OSError: the folder cannot be written.
        """
        self._folder.locks.mkdir(exist_ok=True)
        lock = Lock.take(self._folder.lock, Owner.current().token)
        if lock is None:
            raise WrongUse(
                f"process {self._folder.coordinator() or '?'} runs the batch {self._folder.path}",
                "foretrace batch ctl tells it what to do",
            )
        try:
            return await self._coordinate()
        except asyncio.CancelledError:
            self._note("stopped", "its process was told to end")
            raise
        finally:
            lock.release()

    async def _coordinate(self) -> BatchStatus:
        self._note("began", self._store.record.source, self._concurrency)
        issues = IssueList(self._folder, self._plan.entries)
        try:
            rows = await asyncio.to_thread(self._store.states)
            self._spawn(self._read(issues, dict(rows)))
            self._spawn(self._look())
            while not self._over(issues):
                self._changed.clear()
                for command in self._commands.more():
                    self._obey(command, issues)
                self._replace_the_stuck()
                await self._start_some(issues)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _TURN_SECONDS)
        finally:
            await self._wind_up()
            issues.close()
        if self._error is not None:
            self._note("stopped", "an error ended it")
            raise self._error
        left = bool(self._ledger.waiting or self._ledger.elsewhere or not issues.complete)
        self.stopped = self._halted or (self._draining and left)
        self._note("stopped" if self.stopped else "ended")
        return await self._last_look()

    def _over(self, issues: IssueList) -> bool:
        if self._error is not None:
            self._draining = True
        if self._halted:
            return True
        if any(worker.running for worker in self._crew.values()):
            return False
        nothing_left = not (self._ledger.waiting or self._ledger.elsewhere)
        return self._draining or (issues.complete and nothing_left)

    async def _wind_up(self) -> None:
        """Have the workers end, and what else goes on."""
        self._leaving = True
        await asyncio.gather(*(worker.leave() for worker in self._crew.values()))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _last_look(self) -> BatchStatus:
        status = await asyncio.to_thread(self._store.look)
        self._outlet.write(status, now=True)
        self._watch.status(status)
        return status

    # What goes on beside ------------------------------------------------------------------------

    async def _read(self, issues: IssueList, rows: dict[Attempt, AttemptRow]) -> None:
        """Read the list, a chunk at a time; runs begin meanwhile."""
        while not issues.complete and not self._draining:
            ids, skipped = await asyncio.to_thread(issues.more, strict=self._plan.strict)
            for each in skipped:
                self._note("skipped", str(each))
            for issue in ids:
                self._ledger.add(issue, rows, self._store.outdated)
            self._changed.set()
        if issues.complete:
            self._note("read", f"{len(issues)} issues, {issues.skipped} skipped", len(issues))

    async def _look(self) -> None:
        """Look at the disk now and then, and show how the batch stands."""
        while True:
            status = await asyncio.to_thread(self._store.look)
            self._watch.status(status)
            self._ledger.settle({row.attempt: row for row in status.rows}, self._store.outdated)
            try:
                await asyncio.to_thread(self._outlet.write, status)
            except OSError as error:
                self._breaker.trip("disk", str(error))
                self._see_to_breaker()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _probe(self, needed: Needed) -> None:
        """Wait until what is down answers."""
        state = "full, or read-only" if needed == "disk" else "down"
        self._note("waiting", f"the {needed} is {state} ({self._breaker.message})")
        pauses = (min(FIRST_PAUSE * 2**number, LONGEST_PAUSE) for number in count())
        for pause in pauses:
            await asyncio.sleep(pause)
            try:
                await probe(needed, self._plan.settings, self._folder.path)
                break
            except (SandboxError, ModelError, OSError) as error:
                self._breaker.message = getattr(error, "message", str(error))
        self._breaker.close()
        self._note("going on", f"the {needed} is there again")
        self._changed.set()

    async def _sweep(self) -> None:
        """Remove what a dead worker left."""
        from agent.scratch import sweep_scratch
        from sandboxes.engine import sweep

        with contextlib.suppress(SandboxError):  # the engine is down: the next sweep does it
            await sweep(self._engine)
        await asyncio.to_thread(sweep_scratch, self._plan.settings.cache)

    def _spawn(self, work: Coroutine[object, object, None], name: str = "") -> None:
        """Do something beside; what goes wrong there ends the batch."""

        def over(task: "asyncio.Task[None]") -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()):
                assert isinstance(error, Exception)
                self._error = self._error or error
                self._changed.set()

        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(over)

    # Attempts begin -----------------------------------------------------------------------------

    async def _start_some(self, issues: IssueList) -> None:
        """Start as many attempts as there is room for."""
        while self._ledger.waiting and self._may_start():
            worker = await self._free_worker()
            if worker is None:
                return
            attempt = self._ledger.waiting.popleft()
            lost = self._ledger.lost.pop(attempt, None)
            worker.give(Start(issue=issues[attempt.issue], attempt=attempt.number, lost=lost))

    def _may_start(self) -> bool:
        if self._paused or self._draining or self._breaker.down is not None:
            return False
        if sum(len(worker.running) for worker in self._crew.values()) >= self._concurrency:
            return False
        self._say_short(lacking(self._folder.path, self._batch))
        return not self._short

    def _say_short(self, short: str) -> None:
        """Say once that there is too little of something, and once that there is enough again."""
        if bool(short) != bool(self._short):
            self._note("waiting" if short else "going on", short)
        self._short = short

    async def _free_worker(self) -> WorkerProcess | None:
        """The worker with the least to do; a new one where each has something and there may be."""
        crew = [worker for worker in self._crew.values() if not worker.broken]
        least = min(crew, key=lambda worker: len(worker.running), default=None)
        if (least is None or least.running) and len(self._crew) < self._most_workers:
            number = next(each for each in count() if each not in self._crew)
            least = WorkerProcess(number, self, self._folder.words)
            self._crew[number] = least
            try:
                await least.start(self._setup(number))
            except OSError as error:
                del self._crew[number]
                self._say_short(f"a worker cannot be started: {error.strerror}")
                return None
        return least

    def _setup(self, number: int) -> Setup:
        return Setup(
            folder=self._folder.path.absolute(),
            settings=self._plan.settings.model_dump(mode="json", exclude_unset=True),
            script=self._plan.script,
            requests=self._shares[number],
        )

    # What it is told ----------------------------------------------------------------------------

    def _obey(self, command: Command, issues: IssueList) -> None:
        match command.do:
            case "pause" | "resume":
                self._paused = command.do == "pause"
                self._note("paused" if self._paused else "resumed")
            case "concurrency" if command.number >= 1:
                self._concurrency = command.number
                self._note("concurrency", f"{command.number} at once", command.number)
            case "requeue" if command.issue in issues:
                again = self._ledger.anew(command.issue, self._is_made)
                self._note("requeued", f"{command.issue}: {again} attempt(s)")
            case "stop":
                self.drain("told to")

    def _is_made(self, attempt: Attempt) -> bool:
        made = any(attempt in worker.running for worker in self._crew.values())
        return made or attempt in self._ledger.elsewhere

    # What workers say ---------------------------------------------------------------------------

    def finished(self, worker: WorkerProcess, word: Finished) -> None:
        """An attempt ended: note it, or make it again."""
        self._changed.set()
        self._stillborn = 0
        attempt = Attempt(word.issue, word.attempt)
        if word.status == "busy":
            self._ledger.elsewhere.add(attempt)
            return
        if word.status != "stopped":
            self._breaker.ended(word.kind, word.reason)
            self._see_to_breaker()
        self._note("run", f"{attempt}: {word.status}{f' ({word.reason})' if word.reason else ''}")
        if word.status == "failed" and word.kind in PASSING:
            self._again(attempt, word.kind, worker.folders.get(attempt))
        elif word.status == "stopped":
            self._ledger.back(attempt)

    def broken(self, worker: WorkerProcess, word: Broken) -> None:
        """A worker cannot be: what is down is waited for, anything else ends the batch."""
        self._changed.set()
        if (needed := KINDS.get(word.kind)) is not None:
            self._breaker.trip(needed, word.message)
            self._see_to_breaker()
        elif word.status == WRONG_USE:
            self._error = self._error or WrongUse(word.message, word.hint)
        else:
            self._error = self._error or SandboxError(word.message, word.hint)

    def gone(self, worker: WorkerProcess) -> None:
        """A worker's process ended; its attempts are made again."""
        self._changed.set()
        self._crew.pop(worker.number, None)
        if self._leaving:
            return
        for attempt in worker.running:
            if worker.broken or self._halted or not worker.ready:
                self._ledger.back(attempt)
            else:
                self._again(attempt, LOST, worker.folders.get(attempt))
        worker.running.clear()
        if worker.broken or self._halted:
            return
        self._note("worker", f"worker {worker.number} (process {worker.pid}) died")
        self._stillborn += not worker.ready
        if self._stillborn >= _STILLBORN:
            hint = f"{self._folder.words} says why"
            self._error = self._error or SandboxError("workers end as soon as they start", hint)
        self._spawn(self._sweep())

    def _again(self, attempt: Attempt, kind: str, folder: Path | None) -> None:
        if self._ledger.again(attempt, kind, folder):
            self._note("again", f"{attempt}: {kind}")

    def _see_to_breaker(self) -> None:
        names = {task.get_name() for task in self._tasks}
        if self._breaker.down is not None and "probe" not in names:
            self._spawn(self._probe(self._breaker.down), "probe")

    def _replace_the_stuck(self) -> None:
        before, self._turn = self._turn, time.monotonic()
        if self._turn - before > _LATE_SECONDS:
            return  # we were stopped ourselves, and have not heard yet what they said meanwhile
        for worker in self._crew.values():
            if worker.ready and worker.silent_for > self._batch.stuck:
                self._note("worker", f"worker {worker.number} (process {worker.pid}) is stuck")
                worker.kill()

    def _note(self, what: What, text: str = "", number: int = 0) -> None:
        event = BatchEvent(what=what, text=text, number=number)
        with contextlib.suppress(OSError):  # a full disk: `_look` says so
            append(self._folder.log, event)
        self._watch.event(event)
