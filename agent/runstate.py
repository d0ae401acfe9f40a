"""What a run is at, told from its folder: whoever shows runs or counts them looks here.

Of a run that has ended ``run.json`` and ``result.json`` are read, once; of one that has not, the
events that are new since the last look.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from agent.following import Follower
from agent.progress import Progress
from agent.runfolder import STOPPED, RunRecord, RunResult

T = TypeVar("T", bound=BaseModel)

State = Literal[
    "new",
    "queued",
    "starting",
    "preparing",
    "working",
    "pausing",
    "paused",
    "asking",
    "verifying",
    "resolved",
    "submitted",
    "unresolved",
    "failed",
    "stopped",
    "lost",
]

LIVE: frozenset[str] = frozenset(
    {"starting", "preparing", "working", "pausing", "paused", "asking", "verifying"}
)
"""States in which a process is at work."""


@dataclass(slots=True)
class KnownRun:
    """What is known of one run's folder.

    Attributes:
        folder: of the run.
        record: what it set out to do; None until that can be read.
        result: what became of it; None while it goes on.
        progress: its events so far; of a run that had ended when it was first looked at, none.
        follower: reads them.
    """

    folder: Path
    record: RunRecord | None = None
    result: RunResult | None = None
    progress: Progress = field(default_factory=Progress)
    follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        self.follower = Follower(self.folder / "events.jsonl")

    def look(self) -> None:
        """See what is new."""
        if self.result is not None:
            return
        if self.record is None:
            self.record = read_or_none(RunRecord, self.folder / "run.json")
        self.result = read_or_none(RunResult, self.folder / "result.json")
        while self.result is None and (events := self.follower.more()):
            for event in events:
                self.progress.take(event)


def read_or_none(kind: type[T], path: Path) -> T | None:
    """A run's file; None where it is not there, or is none."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def state_of(result: RunResult | None, progress: Progress, pid: int) -> State:
    """What a run is at.

    Args:
        result: what became of it, if that is known.
        progress: its events so far.
        pid: the process at work on it; 0 for none.
    """
    if result is not None:
        stopped = result.status == "failed" and result.reason == STOPPED
        return "stopped" if stopped else result.status
    if not pid:
        return "lost"
    return "verifying" if progress.stage == "ended" else progress.stage
