"""Going on from a step with something else: what is asked for, and the process that is started."""

from dataclasses import dataclass

from agent.replay.reading import RecordedRun
from agent.tui.boardfile import Started
from agent.tui.starting import Assignment, Starter


@dataclass(frozen=True, slots=True)
class Fork:
    """What is to be otherwise.

    Attributes:
        after: the last step that is carried over; 0 for none.
        message: the policy is told first; empty for nothing.
        assignment: who goes on, and within which limits; what is empty is as it was.
    """

    after: int
    message: str
    assignment: Assignment


def start_fork(run: RecordedRun, fork: Fork, starter: Starter) -> Started:
    """Start a run of its own that goes on from a step of another.

    Args:
        run: the parent.
        fork: from where, with what.
        starter: of the folder that runs are written to.

    Raises:
        WrongUse: nothing can go on from there, or the process cannot be started.
    """
    from agent.replay.fork import fork_of

    fork_of(run, fork.after)  # what is wrong with it is told at once
    words = ["replay", str(run.folder.absolute()), f"--fork={fork.after}"]
    words += fork.assignment.flags()
    if fork.message:
        words.append(f"--message={fork.message}")
    return starter.launch(words, run.record.issue, fork.assignment.policy)
