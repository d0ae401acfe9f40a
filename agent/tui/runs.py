"""What the board shows: a row for every issue that waits, every process that starts, every run.

Rows are derived from the runs' folder alone. Of a run that has ended ``run.json`` and
``result.json`` are read, once; of one that has not, the events that are new since the last look.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from agent.alive import writers
from agent.issue import Issue
from agent.runfolder import RunResult
from agent.runstate import LIVE, KnownRun, State, state_of
from agent.tui.boardfile import Board, BoardFile, Started
from agent.tui.control import listening
from agent.tui.queue import queue_of, waiting
from agent.tui.verdict import verdict_of

_STOPPED = "stopped"
"""The last word of a process that the user ended."""
_GONE = ("lost", "failed", "stopped")
"""States of runs that do not stand for the one whose place they took."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the board. Texts are as they were written: not safe to print.

    Attributes:
        key: names it for as long as it is there.
        state: what it is at.
        issue: that it is about; None where the run's record cannot be read.
        policy: what decides; empty for none yet.
        attempt, attempts: which run of the issue it is, of how many; 0 for none.
        step, tokens, cost: so far.
        began: when, seconds since the epoch; 0 for not yet.
        seconds: how long it has taken.
        verdict: of the verification, or why there is none.
        folder: of the run; None for no run yet.
        pid: the process at work; 0 for none.
        started: the board's own note of the process; None for a run started elsewhere.
        resumable: it was lost, or the infrastructure failed under it, and nothing has taken its
            place.
        instead: what has; empty for nothing.
    """

    key: str
    state: State
    issue: Issue | None = None
    policy: str = ""
    attempt: int = 0
    attempts: int = 0
    step: int = 0
    tokens: int = 0
    cost: float = 0.0
    began: float = 0.0
    seconds: float = 0.0
    verdict: str = ""
    folder: Path | None = None
    pid: int = 0
    started: Started | None = None
    resumable: bool = False
    instead: str = ""

    @property
    def live(self) -> bool:
        """Whether a process is at work."""
        return self.state in LIVE


@dataclass(slots=True)
class _Known(KnownRun):
    """What is known of one run's folder, and which of the board's it is."""

    token: str = ""

    def look(self) -> None:
        """See what is new."""
        if self.result is None:
            self.token = self.token or getattr(listening(self.folder), "token", "")
        KnownRun.look(self)


class RunStore:
    """The runs of one folder. Looks when told to; safe to be told in a thread, one at a time.

    Attributes:
        out: the folder.
        board: the board's own file in it.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.board = BoardFile(out)
        self._known: dict[str, _Known] = {}

    def look(self) -> list[Row]:
        """The rows as of now: the newest first, issues without a run before them.

        Raises:
            ConfigProblem: the board's file is not one.
        """
        board = self.board.read()
        for name in self._folders():
            self._known.setdefault(name, _Known(self.out / name)).look()
        open_logs = {
            each.follower.path: each for each in self._known.values() if each.result is None
        }
        pids = {open_logs[path].folder.name: pid for path, pid in writers(open_logs).items()}
        for each in open_logs.values():
            if each.folder.name not in pids:
                each.look()  # one that has ended since it was looked at left a result: not lost
        runs = sorted(self._known.values(), key=lambda each: each.folder.name)
        numbers = _attempts(runs)
        rows = [_run_row(each, pids.get(each.folder.name, 0), numbers, board) for each in runs]
        rows = _knowing_of_others(rows, runs, board)
        queued = waiting(queue_of(self.out))
        rows += _starting_rows(board, {each.token for each in runs}, queued)
        covered = {(row.issue.id, row.issue.repo) for row in rows if row.issue}
        alone = [issue for issue in board.issues if (issue.id, issue.repo) not in covered]
        new = [Row(f"issue {issue.id} {issue.repo}", "new", issue) for issue in alone]
        return [*new, *sorted(rows, key=lambda row: row.began, reverse=True)]

    def _folders(self) -> list[str]:
        """Names of the runs there are; what is gone is forgotten."""
        try:
            names = [path.name for path in self.out.iterdir() if (path / "run.json").exists()]
        except OSError:
            names = []
        for gone in self._known.keys() - set(names):
            del self._known[gone]
        return names


def _attempts(runs: list[_Known]) -> dict[str, tuple[int, int]]:
    """Which run of its issue each is, and of how many, by the folder's name."""
    by_issue: dict[tuple[str, str], list[str]] = {}
    for each in runs:
        if each.record is not None:
            key = (each.record.issue.id, each.record.issue.repo)
            by_issue.setdefault(key, []).append(each.folder.name)
    return {
        name: (number, len(names))
        for names in by_issue.values()
        for number, name in enumerate(names, start=1)
    }


def _run_row(known: _Known, pid: int, numbers: dict[str, tuple[int, int]], board: Board) -> Row:
    record, result, progress = known.record, known.result, known.progress
    name = known.folder.name
    attempt, attempts = numbers.get(name, (0, 0))
    began = record.started.timestamp() if record else progress.began
    if result is not None:
        usage = result.usage
        tokens = int(usage.get("input_tokens", 0)) + int(usage.get("output_tokens", 0))
        step, cost = result.steps, float(usage.get("cost", 0.0))
        seconds = sum(result.timings.values())
    else:
        step, tokens, cost = progress.step, progress.tokens, progress.cost
        seconds = (time.time() if pid else progress.last or began) - began
    state = state_of(result, progress, pid)
    return Row(
        key=f"run {name}",
        state=state,
        issue=record.issue if record else None,
        policy=record.policy if record else progress.policy,
        attempt=attempt,
        attempts=attempts,
        step=step,
        tokens=tokens,
        cost=cost,
        began=began,
        seconds=max(seconds, 0.0),
        verdict=verdict_of(result, progress),
        folder=known.folder,
        pid=pid,
        started=next((each for each in board.started if each.token == known.token), None),
        resumable=progress.stage != "preparing" if state == "lost" else _failed_under(result),
    )


def _failed_under(result: RunResult | None) -> bool:
    """Whether it was not the run's fault that it failed."""
    return result is not None and result.status == "failed" and bool(result.failure)


def _knowing_of_others(rows: list[Row], runs: list[_Known], board: Board) -> list[Row]:
    """The runs' rows; one whose place was taken by another run says so."""
    instead: dict[str, str] = {}
    for row, each in zip(rows, runs, strict=True):
        parent = each.record.parent if each.record else None
        if parent is not None and parent.resumed and row.state not in _GONE:
            instead[parent.run] = f"goes on as {each.folder.name}"
    for started in board.started:
        if started.resumes and started.resumes not in instead and is_started(started):
            instead[started.resumes] = "is being resumed"
    return [
        replace(row, resumable=False, instead=instead[row.folder.name])
        if row.folder and row.folder.name in instead
        else row
        for row in rows
    ]


def _starting_rows(board: Board, running: set[str], queued: dict[int, int]) -> list[Row]:
    """Processes that have no run's folder: not yet, or because they ended before.

    Args:
        board: that remembers them.
        running: tokens of those that have one.
        queued: places in the queue, by process id.
    """
    issues = {(issue.id, issue.repo): issue for issue in board.issues}
    rows = []
    for each in board.started:
        if each.token in running:
            continue
        alive = is_started(each)
        place = queued.get(each.pid, 0) if alive else 0
        verdict = f"number {place} in the queue" if place else "" if alive else last_words(each.log)
        unknown = Issue(id=each.issue, repo=each.repo, text=each.issue)
        rows.append(
            Row(
                key=f"start {each.token}",
                state=_starting_state(alive, place, verdict),
                issue=issues.get((each.issue, each.repo), unknown),
                policy=each.policy,
                began=each.time,
                seconds=time.time() - each.time if alive else 0.0,
                verdict=verdict,
                pid=each.pid if alive else 0,
                started=each,
            )
        )
    return rows


def _starting_state(alive: bool, place: int, said: str) -> State:
    if alive:
        return "queued" if place else "starting"
    return "stopped" if said == _STOPPED else "failed"


def is_started(started: Started) -> bool:
    """Whether a process that was started here still lives, and its number means no other."""
    try:
        command = Path(f"/proc/{started.pid}/cmdline").read_bytes()
    except OSError:
        return False
    return started.token.encode() in command


def last_words(log: Path) -> str:
    """The line in which a process said why it ended."""
    try:
        lines = log.read_bytes()[-4096:].decode("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    said = [line.strip() for line in lines if line.strip()]
    told = next((line for line in reversed(said) if line.startswith("foretrace: ")), "")
    return told.removeprefix("foretrace: ") or (said[-1] if said else "it ended without a word")
