"""Going on with a run that was lost: from its last whole step, by the same policy, as it was set.

A run is lost when its process is gone and has left no result; one that the infrastructure failed
under is as good as lost. What goes on is a run of its own beside it, a fork that takes its place.
Where the policy had done its part, it goes on at verification, and the policy is not asked again.
"""

import contextlib
import fcntl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from agent.alive import writers
from agent.config import LimitSettings, Settings
from agent.errors import WrongUse
from agent.events import Broke, Event, Forked, Prepared, Steered
from agent.prepare import Progress
from agent.replay.fork import fork_of
from agent.replay.reading import RecordedRun, open_run
from agent.replay.settings import same_settings
from agent.replay.takingup import Over, where
from agent.replay.tree import forks_of
from agent.run import Origin
from agent.runfolder import own_events
from agent.trajectory import Trajectory, is_written
from sandboxes.sandbox import Sandbox
from tools.registry import Tool

_TOKENS = ("input_tokens", "output_tokens")
_WAITS = ("asking", "paused")
_LEAST_SECONDS, _LEAST_COST = 60.0, 1e-6
"""What is left of a limit that was as good as reached."""


class NotResumable(WrongUse):
    """A run that cannot be gone on with."""


class StillAtWork(NotResumable):
    """A process is at work on the run, or on going on with it."""


class HasEnded(NotResumable):
    """The run came to its end."""


class NeverBegan(NotResumable):
    """The run was lost before there was anything to go on from: it has to be started again."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """A run that was lost, and is gone on with by whoever holds this.

    Attributes:
        run: the lost one; its issue and its policy are in its record.
    """

    run: RecordedRun

    def origin(self, progress: Progress = lambda line: None) -> Origin:
        """Where the run that takes its place begins; see `resumed_from`."""
        return resumed_from(self.run, progress=progress)

    def settings(self, now: Settings, flags: Mapping[str, object]) -> Settings:
        """The run's own settings, less what it has used of its limits; it goes on beside itself.

        Args:
            now: of this call; says where things are on this machine.
            flags: what the user has set by name, as a tree; that wins.

        Raises:
            ConfigProblem: they do not fit any more.
        """
        same = same_settings(self.run.record, now, flags)
        left = _left(same.limits, self.run.events)
        return same.model_copy(update={"out": self.run.folder.parent, "limits": left})


@contextlib.contextmanager
def resuming(folder: Path) -> Iterator[Resumed]:
    """Take up a lost run, or the one that took its place and was lost itself, and keep others off.

    Args:
        folder: of the lost run.

    Raises:
        NotResumable: see `resumed_from`; or somebody goes on with it already.
    """
    with contextlib.ExitStack() as held:
        run = _first_of(folder)
        held.enter_context(_alone(run.folder))
        while (later := _later(run)) is not None:
            held.enter_context(_alone(later.folder))
            run = later
        resumed_from(run)  # what is wrong with it is told before anything is started
        yield Resumed(run)


def resumed_from(run: RecordedRun, *, progress: Progress = lambda line: None) -> Origin:
    """Where the run that takes the place of a lost one begins.

    Nobody else is kept off; `resuming` does that.

    Args:
        run: the lost one.
        progress: gets a line for what is other than it was.

    Raises:
        StillAtWork: somebody writes it.
        HasEnded: it came to an end, as runs do.
        NeverBegan: it was lost before its policy was asked.
    """
    check(run)
    at = where(run)
    forked = fork_of(run, at.after, progress=progress)

    async def carry(sandbox: Sandbox, tools: Mapping[str, Tool], trajectory: Trajectory) -> None:
        if at.anew:
            progress(f"the {run.record.policy} policy begins anew: its plan is lost")
        await forked.carry(sandbox, tools, trajectory)
        if at.candidate is not None:
            trajectory.append(at.candidate)

    return replace(
        forked,
        parent=forked.parent.model_copy(update={"resumed": True}),
        carry=carry,
        decide=at.decide,
        instead=Over(run.record.policy, at.end) if at.end is not None else None,
    )


def check(run: RecordedRun) -> None:
    """Whether a run can be gone on with.

    Raises:
        NotResumable: not this one; see `resumed_from`.
    """
    name, events = run.record.id, run.events
    path = run.folder / "events.jsonl"
    if pid := writers([path]).get(path):
        raise StillAtWork(f"the process {pid} is at work on {name}", "stop it first, or wait")
    if is_written(path):
        raise StillAtWork(
            f"somebody is at work on {name}", "another user, or another machine with this folder"
        )
    result = run.result
    if result is not None and not any(isinstance(event.data, Broke) for event in events):
        raise HasEnded(
            f"{name} has ended: {result.status}, {result.reason}",
            "go on from one of its steps with --fork N",
        )
    if not _arrived(run):
        parent = run.record.parent
        anew = f"foretrace replay {parent.run} --fork {parent.step}" if parent else "foretrace run"
        raise NeverBegan(
            f"{name} was lost before its policy was asked: nothing can go on",
            f"start it again: {anew}, or r on the board",
        )


# Which run it is ----------------------------------------------------------------------------------


def _first_of(folder: Path) -> RecordedRun:
    """The run; or the one it was to take the place of, where it did not get so far."""
    run = open_run(folder)
    while (parent := run.record.parent) and parent.resumed and not _arrived(run):
        if is_written(run.folder / "events.jsonl"):
            break
        run = open_run(run.folder.parent / parent.run)
    return run


def _later(run: RecordedRun) -> RecordedRun | None:
    """The run that took the place of this one; None where none has got so far."""
    forks = sorted(forks_of(run.folder), key=lambda node: node.record.started, reverse=True)
    instead = (node for node in forks if node.record.parent and node.record.parent.resumed)
    arrived = (found for node in instead if _arrived(found := open_run(node.folder)))
    return next(arrived, None)


def _arrived(run: RecordedRun) -> bool:
    """Whether its policy could be asked: it was prepared and, as a fork, where its parent was."""
    needed = Forked if run.record.parent else Prepared
    return any(isinstance(event.data, needed) for event in run.events)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others from going on with a run, for as long as this process lives at most.

    Raises:
        StillAtWork: somebody does that already.
        NotResumable: its folder cannot be written to.
    """
    try:
        file = (folder / "resume.lock").open("a")
    except OSError as error:
        raise NotResumable(f"cannot write to {folder}: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StillAtWork(
                f"somebody goes on with {folder.name} already",
                "its newest fork is that run; foretrace replay lists the forks",
            ) from None
        yield


# How much it may still use ------------------------------------------------------------------------


def _left(limits: LimitSettings, events: Sequence[Event]) -> LimitSettings:
    """What a run has left of its limits; the turns are counted on."""
    own = own_events(events)
    spent = [getattr(event.data, "usage", {}) for event in own]
    tokens = sum(int(each.get(name) or 0) for each in spent for name in _TOKENS)
    cost = sum(float(each.get("cost") or 0.0) for each in spent)
    left: dict[str, object] = {"seconds": max(limits.seconds - _at_work(own), _LEAST_SECONDS)}
    if limits.tokens is not None:
        left["tokens"] = max(limits.tokens - tokens, 1)
    if limits.cost is not None:
        left["cost"] = max(limits.cost - cost, _LEAST_COST)
    return limits.model_copy(update=left)


def _at_work(own: Sequence[Event]) -> float:
    """Seconds since its policy was asked first, those that its user took left out."""
    began = (at for at, event in enumerate(own) if isinstance(event.data, Prepared | Forked))
    since = own[next(began, 0) :]
    return sum(
        later.time - event.time
        for event, later in pairwise(since)
        if not (isinstance(event.data, Steered) and event.data.what in _WAITS)
    )
