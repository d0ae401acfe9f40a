"""What a batch adds up to: a plain value that a table, a screen or a file shows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.batch.folder import Attempt
from agent.batch.log import BatchEvent
from agent.runstate import State

AttemptState = Literal[
    "waiting", "running", "resolved", "submitted", "unresolved", "failed", "stopped", "lost"
]
"""``failed``: the infrastructure did; ``stopped``: somebody ended it; ``lost``: its process was
killed. ``--resume`` makes these, and the waiting ones, again."""

HONEST: frozenset[str] = frozenset({"resolved", "submitted", "unresolved"})
"""States of an attempt that nothing is to be done about: it ended by itself."""

_RECENT = 50
"""Ends that the throughput is measured over."""

_Z = 1.959964
"""Of a normal distribution's middle 95 %."""


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One run of an attempt, as its folder says. Texts are as they were written: unsafe to print.

    Attributes:
        attempt: which.
        state: what it is at.
        folder: of the run.
        stage: the same in the run's own words; what it is doing while it runs.
        policy, model: what decides.
        step, tokens, cost: so far.
        began, ended: seconds since the epoch; ``ended`` is 0 while it runs.
        seconds: it has taken.
        reason: why it ended so.
        failure: the kind of error that ended it; empty where none did.
        patch: whether there is one.
        pid: the process at work; 0 for none.
    """

    attempt: Attempt
    state: AttemptState
    folder: Path
    stage: State
    policy: str = ""
    model: str = ""
    step: int = 0
    tokens: int = 0
    cost: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    seconds: float = 0.0
    reason: str = ""
    failure: str = ""
    patch: bool = False
    pid: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval (Wilson's, which holds for few and for extreme ones too).

    Attributes:
        hits, of: counted.
        value: their quotient; None of nothing.
        low, high: the interval.
    """

    hits: int
    of: int
    value: float | None
    low: float
    high: float

    @classmethod
    def count(cls, hits: int, of: int) -> "Rate":
        """Args: hits: at most as many as ``of``."""
        if not of:
            return cls(0, 0, None, 0.0, 1.0)
        share, square = hits / of, _Z * _Z
        middle = (share + square / (2 * of)) / (1 + square / of)
        half = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
        return cls(hits, of, share, max(middle - half, 0.0), min(middle + half, 1.0))


Stage = Literal["running", "paused", "waiting", "stopping", "ended", "stopped", "interrupted"]
"""``waiting``: nothing new starts until the engine, the model or the machine has room again;
``stopped``: before its end; ``interrupted``: so was its coordinator, by force."""


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """A batch as of now. Texts are as they were written: not safe to print.

    Attributes:
        folder: of the batch.
        source: where its issues were read from.
        policy: what decides.
        stage: what the batch as a whole is at.
        note: why nothing new starts; empty where something may.
        pid: its coordinator's process; 0 for none.
        issues: how many were read so far; `reading` says whether there are more.
        attempts: at each.
        skipped: entries of the list that were no issues.
        concurrency: runs at once; 0 where none ever ran.
        counts: attempts by state; every state is there.
        resolved: of those that ended and had tests to judge them.
        per_hour: attempts that end in an hour at the present pace; None for too few to say.
        seconds_left: at that pace; None likewise.
        tokens, cost: of all runs, failed ones included; US dollars, as far as known.
        failures: runs that failed, by kind; each of an attempt's counts.
        rows: for each attempt that has begun its run: the one at work, else the one that counts.
            Those at work come first, then the ones that ended last.
        events: the last things that happened, oldest first.
    """

    folder: Path
    source: str
    policy: str
    stage: Stage
    note: str
    pid: int
    issues: int
    reading: bool
    attempts: int
    skipped: int
    concurrency: int
    counts: Mapping[AttemptState, int]
    resolved: Rate
    per_hour: float | None
    seconds_left: float | None
    tokens: int
    cost: float
    failures: Mapping[str, int]
    rows: tuple[AttemptRow, ...]
    events: tuple[BatchEvent, ...]

    @property
    def total(self) -> int:
        """Attempts at the issues there are so far."""
        return self.issues * self.attempts

    @property
    def done(self) -> int:
        """Attempts that ended by themselves."""
        return sum(self.counts[state] for state in ("resolved", "submitted", "unresolved"))


def pace(ends: Sequence[float], began: float, now: float) -> float | None:
    """Ends in a second, over the last of them; None where there are too few to say.

    Args:
        ends: times since the coordinator began, in any order.
        began: when it did.
        now: the time.
    """
    recent = sorted(ends)[-_RECENT:]
    if len(recent) < 2:
        return None
    since = began if len(recent) == len(ends) else recent[0]
    count = len(recent) if since == began else len(recent) - 1
    return count / max(now - since, 1e-3)


def state_now(stage: State) -> AttemptState:
    """A run's state in the words of a batch."""
    match stage:
        case "resolved" | "submitted" | "unresolved" | "failed" | "stopped" | "lost":
            return stage
        case _:
            return "running"


def stage_of(events: Sequence[BatchEvent], alive: bool) -> tuple[Stage, str]:
    """What a batch is at, and why nothing new starts, from what happened to it so far."""
    stage: Stage = "running"
    note = ""
    paused = False
    for event in events:
        match event.what:
            case "began":
                stage, note, paused = "running", "", False
            case "paused" | "resumed":
                paused = event.what == "paused"
            case "waiting":
                note = event.text
            case "going on":
                note = ""
            case "stopping" | "stopped" | "ended":
                stage, note = event.what, event.text
    if stage in ("ended", "stopped"):
        return stage, ""
    if not alive:
        return "interrupted", ""
    if stage == "running" and paused:
        return "paused", "paused"
    return ("waiting", note) if stage == "running" and note else (stage, note)
