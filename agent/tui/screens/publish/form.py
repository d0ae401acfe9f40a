"""What the publish dialog begins with, and what it is filled in with."""

from dataclasses import dataclass
from pathlib import Path

from agent.publish.commit import Published, branch_and_commit, branch_for, checkout_of
from agent.publish.github import Plan, plan
from agent.publish.submission import is_verified, patch_of
from agent.publish.words import message_of
from agent.replay.reading import RecordedRun, open_run


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run that is to be published. Texts are as they were written: not safe to draw.

    Attributes:
        run: itself.
        verified: whether its patch is.
        reason: what became of the run.
        checkout: where its repository may be.
        branch: a name for the branch.
        message: of the commit.
    """

    run: RecordedRun
    verified: bool
    reason: str
    checkout: str
    branch: str
    message: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user filled in; an empty field is as if it were not there."""

    checkout: str
    branch: str
    onto: str
    message: str
    remote: str
    ready: bool
    unverified: bool


def begin(folder: Path) -> Beginning:
    """Read a run. Blocks.

    Raises:
        AgentError: it has no patch, or cannot be read.
    """
    run = open_run(folder)
    patch_of(run, unverified=True)
    return Beginning(
        run=run,
        verified=is_verified(run),
        reason=run.result.reason if run.result else "",
        checkout=str(checkout_of(run) or Path.cwd()),
        branch=branch_for(run),
        message=message_of(run),
    )


def committed(begun: Beginning, wanted: Wanted) -> Published:
    """Make the branch and the commit, or find them where they are there. Blocks.

    Raises:
        AgentError: see `branch_and_commit`.
    """
    return branch_and_commit(
        begun.run,
        Path(wanted.checkout or "."),
        branch=wanted.branch or None,
        message=wanted.message,
        onto=wanted.onto or None,
        unverified=wanted.unverified,
    )


def planned(begun: Beginning, wanted: Wanted, published: Published) -> Plan:
    """Work out the pull request; nothing is sent. Blocks.

    Raises:
        AgentError: see `agent.publish.github.plan`.
    """
    return plan(begun.run, published, remote=wanted.remote or "origin", draft=not wanted.ready)
