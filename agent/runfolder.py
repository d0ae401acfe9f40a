"""A run on disk: its folder, what it set out to do (``run.json``), what became of it
(``result.json``).
"""

import json
import platform
import re
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from agent.config import Settings
from agent.errors import ConfigProblem
from agent.events import Event, Forked, Submitter, Verified
from agent.issue import Issue
from agent.trajectory import Trajectory

Status = Literal["resolved", "submitted", "unresolved", "failed"]

FORMAT = 1
"""Of ``run.json``; a higher number is for what older programs would misread."""


STOPPED = "stopped by the user"
"""The reason of a run that somebody ended: it says nothing about the issue either."""


class Parent(BaseModel):
    """What a fork goes on from: a run, and the last of its steps that was carried over.

    ``resumed``: that run was lost, and the fork takes its place.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    step: int
    resumed: bool = False


class RunRecord(BaseModel):
    """``run.json``: what a run set out to do, and with what.

    ``parent`` is of a fork alone, ``attempt`` (from 1) of a run in a batch.
    """

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    id: str
    issue: Issue
    policy: str
    seed: int
    started: datetime
    settings: dict[str, object]
    versions: dict[str, str]
    parent: Parent | None = None
    attempt: int = 0


class RunResult(BaseModel):
    """``result.json``: what became of it.

    Attributes:
        status: ``resolved``: the patch passed verification; ``submitted``: there is a patch and
            nothing to verify it with; ``unresolved``: no patch, or one that failed; ``failed``:
            the infrastructure did, which says nothing about the issue.
        reason: one line.
        failure: the kind of error that ended it; empty where none did.
        submitted_by: who handed the patch in; ``policy``, or what ended the run before it did.
        verification: the patch on a clean sandbox, test by test.
        steps: actions asked of the policy; of a fork, the parent's included.
        usage: sums over all actions: tokens, and cost in US dollars where known; of a fork, its
            own alone.
        timings: seconds by phase.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    issue: str
    policy: str
    status: Status
    reason: str
    failure: str = ""
    submitted_by: Submitter | None = None
    verification: Verified | None = None
    steps: int = 0
    usage: dict[str, int | float] = {}
    timings: dict[str, float] = {}


def record_of(
    run: str,
    issue: Issue,
    settings: Settings,
    policy: str,
    parent: Parent | None = None,
    attempt: int = 0,
) -> RunRecord:
    """What a run sets out to do, as of now."""
    return RunRecord(
        id=run,
        issue=issue,
        policy=policy,
        seed=settings.seed,
        started=datetime.now(UTC),
        settings=settings.model_dump(mode="json"),
        versions={
            "foretrace": version("foretrace"),
            "python": platform.python_version(),
            "platform": f"{sys.platform} {platform.machine()}",
        },
        parent=parent,
        attempt=attempt,
    )


def new_folder(out: Path, issue: Issue) -> Path:
    """A run's folder, named so that a listing sorts by time and says which issue it was.

    Raises:
        ConfigProblem: it cannot be written.
    """
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", issue.id).strip("-.")[:60] or "issue"
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder = out / f"{stamp}-{slug}-{secrets.token_hex(2)}"
    try:
        folder.mkdir(parents=True)
        if not (out / ".gitignore").exists():
            # Often in the repository itself: runs are no part of it, nor of its base.
            (out / ".gitignore").write_text("*\n", encoding="ascii")
    except OSError as error:
        raise ConfigProblem(
            f"cannot write runs to {out}: {error.strerror}", "choose another folder with --out"
        ) from None
    return folder


def steps_of(trajectory: Trajectory) -> int:
    """The last step of a run."""
    return max((getattr(event.data, "step", 0) for event in trajectory.events), default=0)


def own_events(events: Sequence[Event]) -> Sequence[Event]:
    """The events of the run itself, without those a fork has carried over from its parent."""
    forked = (at for at, event in enumerate(events) if isinstance(event.data, Forked))
    return events[next(forked, 0) :]


def usage_of(trajectory: Trajectory) -> dict[str, int | float]:
    """What all actions took together; those a fork has from its parent do not count."""
    sums: dict[str, int | float] = {}
    for event in own_events(trajectory.events):
        for name, value in getattr(event.data, "usage", {}).items():
            if value is not None:
                sums[name] = sums.get(name, 0) + value
    return sums


def write_json(path: Path, model: BaseModel) -> None:
    """Write a file so that it is there whole or not at all."""
    text = json.dumps(model.model_dump(mode="json"), indent=2, ensure_ascii=False)
    scratch = path.with_suffix(".tmp")
    scratch.write_text(text + "\n", encoding="utf-8")
    scratch.replace(path)
