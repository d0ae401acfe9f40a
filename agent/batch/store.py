"""A batch as its folder tells it, looked at again and again: only what is new is read.

Nothing is remembered but what the disk says: a coordinator that begins, a screen that opens and a
script that counts see the same.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import get_args

from agent.alive import writers
from agent.batch.control import Command
from agent.batch.folder import Attempt, BatchFolder
from agent.batch.issuelist import SkippedLine
from agent.batch.lines import Lines
from agent.batch.log import BatchEvent
from agent.batch.summary import (
    HONEST,
    AttemptRow,
    AttemptState,
    BatchStatus,
    Rate,
    pace,
    stage_of,
    state_now,
)
from agent.events import ModelChosen
from agent.runstate import KnownRun, state_of
from agent.trajectory import parse_event

_EVENTS_SHOWN = 100
_HEAD_LINES = 8


@dataclass(slots=True)
class _Told:
    """What the batch's own files have said so far.

    Attributes:
        events: the last ones, from the last beginning on at most.
        requeued: when an issue was last to be made anew.
        began: when the coordinator that is at work, or was last, began.
    """

    events: list[BatchEvent] = field(default_factory=list)
    requeued: dict[str, float] = field(default_factory=dict)
    began: float = 0.0
    concurrency: int = 0
    turning: list[BatchEvent] = field(default_factory=list)


class BatchStore:
    """One batch. Looks when told to, from whatever thread.

    Attributes:
        folder: of the batch.
        record: what it set out to do.
    """

    def __init__(self, folder: BatchFolder) -> None:
        """Raises WrongUse where there is no batch."""
        self.folder = folder
        self.record = folder.read()
        self._live: dict[str, KnownRun] = {}
        self._ended: dict[Attempt, list[AttemptRow]] = {}
        self._seen: set[str] = set()
        self._told = _Told()
        self._log = Lines(BatchEvent, folder.log)
        self._control = Lines(Command, folder.control)
        self._issues = Lines(Command, folder.issues)
        self._partial = Lines(Command, folder.reading)
        self._passed_over = Lines(SkippedLine, folder.skipped)
        self._frozen = self._partly = self._skipped = 0
        self._looking = threading.Lock()

    def look(self) -> BatchStatus:
        """The batch as of now."""
        with self._looking:
            return self._look()

    def _look(self) -> BatchStatus:
        self._hear()
        working = self._follow()
        rows = self._current(working)
        counts = Counter(dict.fromkeys(get_args(AttemptState), 0))
        counts.update(row.state for row in rows.values())
        issues = self._count_issues()
        counts["waiting"] += max(issues * self.record.attempts - len(rows), 0)
        ends = [row.ended for row in self._all(working) if row.ended > self._told.began]
        pid = self.folder.coordinator()
        stage, note = stage_of(self._told.turning, bool(pid))
        speed = pace(ends, self._told.began, time.time()) if pid else None
        left = counts["waiting"] + counts["running"]
        everything = list(self._all(working))
        return BatchStatus(
            folder=self.folder.path,
            source=self.record.source,
            policy=self.record.policy,
            stage=stage,
            note=note,
            pid=pid,
            issues=issues,
            reading=not self.folder.issues.exists(),
            attempts=self.record.attempts,
            skipped=self._skipped,
            concurrency=self._told.concurrency,
            counts=dict(counts),
            resolved=Rate.count(counts["resolved"], counts["resolved"] + counts["unresolved"]),
            per_hour=speed * 3600 if speed else None,
            seconds_left=left / speed if speed and not self._reading else None,
            tokens=sum(row.tokens for row in everything),
            cost=sum(row.cost for row in everything),
            failures=Counter(row.failure or row.state for row in everything if _failed(row)),
            rows=tuple(sorted(rows.values(), key=_first_those_at_work)),
            events=tuple(self._told.events[-_EVENTS_SHOWN:]),
        )

    def states(self) -> Mapping[Attempt, AttemptRow]:
        """The row of each attempt that has a run, as of now; see `BatchStatus.rows`."""
        with self._looking:
            self._hear()
            return self._current(self._follow())

    @property
    def _reading(self) -> bool:
        return not self.folder.issues.exists()

    def _hear(self) -> None:
        """What the batch's own files say that is new."""
        told = self._told
        for event in self._log.more():
            if event.what == "began":
                told.began, told.turning = event.time, []
            if event.what in ("began", "concurrency"):
                told.concurrency = event.number
            if event.what not in ("run", "again", "skipped"):
                told.turning.append(event)
            told.events = [*told.events[-_EVENTS_SHOWN:], event]
        self._skipped += self._passed_over.count()
        for command in self._control.more():
            if command.do == "requeue":
                told.requeued[command.issue] = command.time

    def _count_issues(self) -> int:
        if self._reading:
            self._partly += self._partial.count()
            return self._partly
        self._frozen += self._issues.count()
        return self._frozen

    # Runs ---------------------------------------------------------------------------------------

    def _follow(self) -> list[AttemptRow]:
        """Rows of the runs that have not ended, after moving those that have."""
        for name in self._new_names():
            self._live[name] = KnownRun(self.folder.runs / name)
        for known in self._live.values():
            known.look()
        paths = {each.follower.path: each for each in self._live.values() if not each.result}
        pids = {paths[path].folder.name: pid for path, pid in writers(paths).items()}
        rows = []
        for name, known in list(self._live.items()):
            if name not in pids:
                known.look()  # it may have ended since, and has no writer for that reason
            row = _row(known, pids.get(name, 0))
            if row is None:
                continue
            if known.result is not None:
                self._ended.setdefault(row.attempt, []).append(row)
                del self._live[name]
            else:
                rows.append(row)
        return rows

    def _new_names(self) -> list[str]:
        try:
            names = {each.name for each in self.folder.runs.iterdir() if each.name[:1] != "."}
        except OSError:
            return []
        new = sorted(names - self._seen)
        self._seen |= names
        return new

    def _all(self, working: list[AttemptRow]) -> Iterator[AttemptRow]:
        for rows in self._ended.values():
            yield from rows
        yield from working

    def _current(self, working: list[AttemptRow]) -> dict[Attempt, AttemptRow]:
        """For each attempt the run at work; else the last that ended by itself; else the last."""
        runs: dict[Attempt, list[AttemptRow]] = {}
        for row in working:
            runs.setdefault(row.attempt, []).append(row)
        for attempt, rows in self._ended.items():
            runs.setdefault(attempt, []).extend(rows)
        return {attempt: self._that_counts(rows) for attempt, rows in runs.items()}

    def _that_counts(self, rows: list[AttemptRow]) -> AttemptRow:
        since = self._told.requeued.get(rows[0].attempt.issue, 0.0)

        def rank(row: AttemptRow) -> tuple[bool, bool, float]:
            honest = row.state in HONEST and row.began >= since
            return row.state == "running", honest, row.began

        return max(rows, key=rank)

    def outdated(self, row: AttemptRow) -> bool:
        """Whether somebody wants the attempt made anew since that run began."""
        return row.began < self._told.requeued.get(row.attempt.issue, 0.0)


def _row(known: KnownRun, pid: int) -> AttemptRow | None:
    """A run as a row; None while its record cannot be read."""
    record, result, progress = known.record, known.result, known.progress
    if record is None:
        return None
    stage = state_of(result, progress, pid)
    began = record.started.timestamp()
    row = AttemptRow(
        attempt=Attempt(record.issue.id, record.attempt or 1),
        state=state_now(stage),
        folder=known.folder,
        stage=stage,
        policy=record.policy,
        model=progress.model,
        step=progress.step,
        tokens=progress.tokens,
        cost=progress.cost,
        began=began,
        seconds=max((time.time() if pid else progress.last or began) - began, 0.0),
        pid=pid,
    )
    if result is None:
        return row
    usage = result.usage
    ended = _written(known.folder / "result.json")
    return replace(
        row,
        step=result.steps,
        tokens=int(usage.get("input_tokens", 0)) + int(usage.get("output_tokens", 0)),
        cost=float(usage.get("cost", 0.0)),
        ended=ended,
        seconds=max(ended - began, 0.0),
        model=progress.model or _model(known) if record.policy == "cwm" else "",
        reason=result.reason,
        failure=result.failure,
        patch=(known.folder / "patch.diff").exists(),
    )


def _model(known: KnownRun) -> str:
    """The model of a run that had ended when it was first looked at: it says so near its start."""
    try:
        with known.follower.path.open("rb") as file:
            for line in islice(file, _HEAD_LINES):
                data = parse_event(line).data
                if isinstance(data, ModelChosen):
                    return data.model
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return ""


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _failed(row: AttemptRow) -> bool:
    return row.state in ("failed", "lost")


def _first_those_at_work(row: AttemptRow) -> tuple[bool, float]:
    return row.state != "running", -(row.ended or row.began)
