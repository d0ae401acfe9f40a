"""Batches on disk, for the screens about them: written with what real ones are written with."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from agent.batch.folder import BatchFolder, BatchRecord
from agent.batch.issuelist import IssueList
from agent.batch.lines import append
from agent.batch.locks import Lock
from agent.batch.log import BatchEvent, What
from agent.events import Acted, Answered, Ended, EventData
from agent.issue import Issue
from agent.runfolder import RunRecord, RunResult, write_json
from agent.trajectory import Trajectory
from sandboxes.owner import Owner
from tests.agent.tui.samples import beginning, ending, issue, work, write_run

UNREACHABLE = "the model at http://127.0.0.1:8000 does not answer"
REASONS = {
    "resolved": "2 failing test(s) pass now, 1 that passed still do",
    "unresolved": "1 test(s) still do not pass, first tests/test_prices.py::test_above",
    "failed": UNREACHABLE,
}
KINDS = ("resolved", "unresolved", "failed", "lost")


class Batch:
    """A batch written by hand; nobody runs it unless `at_work` says so.

    Attributes:
        folder: of the batch.
        issues: frozen in it.
    """

    def __init__(
        self, path: Path, issues: Sequence[Issue], *, attempts: int = 1, ago: float = 3600.0
    ) -> None:
        self.issues = issues
        self.folder = BatchFolder(path)
        self._began = time.time() - ago
        record = BatchRecord(
            source="shop/prices?label=bug",
            attempts=attempts,
            policy="cwm",
            started=datetime.fromtimestamp(self._began, UTC),
            settings={},
        )
        self.folder.create(record)
        os.utime(self.folder.record, (self._began, self._began))
        frozen = IssueList(self.folder, iter(issues))
        frozen.more()
        frozen.close()
        self.says("began", "shop/prices?label=bug", number=4, ago=ago)

    def says(self, what: What, text: str = "", *, number: int = 0, ago: float = 0.0) -> None:
        """A line of its log."""
        event = BatchEvent(what=what, text=text, number=number, time=time.time() - ago)
        append(self.folder.log, event)

    def run(
        self,
        number: int,
        kind: str = "resolved",
        *,
        attempt: int = 1,
        ago: float = 1800.0,
        took: float = 300.0,
        steps: int = 1,
    ) -> Path:
        """A run at the issue of that place: one of `KINDS`.

        Args:
            ago: when it began.
            took: seconds until it ended, or said something for the last time.
            steps: times four.
        """
        about = self.issues[number]
        events: list[EventData] = [*beginning(about), *_work(steps), *_end(kind)]
        name = f"{len(list(self.folder.runs.iterdir())):04}-{kind}"
        folder = write_run(self.folder.runs, about, events, name=name, ago=ago)
        record = RunRecord.model_validate_json((folder / "run.json").read_bytes())
        write_json(folder / "run.json", record.model_copy(update={"attempt": attempt}))
        if kind in REASONS:
            result = RunResult.model_validate_json((folder / "result.json").read_bytes())
            failure = "ServerUnreachable" if kind == "failed" else ""
            changed = {"reason": REASONS[kind], "failure": failure}
            write_json(folder / "result.json", result.model_copy(update=changed))
        then = time.time() - ago + took
        for path in folder.iterdir():
            os.utime(path, (then, then))
        return folder

    @contextmanager
    def at_work(self, *runs: Path) -> Iterator[None]:
        """Have this process be the one that runs the batch, and works on these runs."""
        with ExitStack() as held:
            lock = Lock.take(self.folder.lock, Owner.current().token)
            assert lock is not None
            held.callback(lock.release)
            for run in runs:
                log = run / "events.jsonl"
                then = log.stat().st_mtime
                held.enter_context(Trajectory(log))
                os.utime(log, (then, then))
            yield


def _work(times: int) -> list[EventData]:
    """So many times what a run does, in steps that go on."""
    return [
        event.model_copy(update={"step": event.step + 4 * round})
        for round in range(times)
        for event in work()
        if isinstance(event, Acted | Answered)
    ]


def _end(kind: str) -> list[EventData]:
    match kind:
        case "resolved" | "unresolved":
            return ending(resolved=kind == "resolved")
        case "failed":
            return [Ended(status="failed", reason=UNREACHABLE)]
    return []


def issues(count: int) -> list[Issue]:
    """So many."""
    return [issue(number) for number in range(1, count + 1)]


def mixed(out: Path, name: str = "batch-prices") -> tuple[Batch, list[Path]]:
    """A batch of forty with attempts in most states, and the runs that are to be at work."""
    batch = Batch(out / name, issues(40))
    for number in range(20):
        kind = KINDS[0] if number % 3 else KINDS[1]
        took = 90 + 31 * (number * 7 % 10)
        batch.run(number, kind, ago=3500 - 150 * number, took=took, steps=1 + number * 3 % 7)
        batch.says("run", f"prices-{number + 1}: {kind}", ago=3300 - 150 * number)
    batch.run(20, "failed", ago=400, took=20)
    batch.run(21, "lost", ago=380, took=50)
    quiet = [800.0, 30.0, 4.0]
    began = [900.0, 280.0, 60.0]
    live = [
        batch.run(22 + at, "lost", ago=began[at], took=began[at] - quiet[at], steps=at + 1)
        for at in range(3)
    ]
    return batch, live
