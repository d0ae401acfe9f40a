"""What of a run may be handed on: its patch, and whether it was verified."""

from agent.errors import AgentError, WrongUse
from agent.events import ModelChosen, Prepared, Submitted
from agent.replay.reading import RecordedRun


class NotVerified(AgentError):
    """The run has no verified patch, and nobody said that another will do."""


def patch_of(run: RecordedRun, *, unverified: bool = False) -> str:
    """The patch to hand on, in git's form.

    Args:
        run: it has ended.
        unverified: the user takes one that is not verified as well.

    Raises:
        WrongUse: the run goes on.
        NotVerified: it has no patch, or one that is not verified.
    """
    if run.result is None:
        raise WrongUse(f"the run {run.record.id} has not ended", "wait for it, or verify its patch")
    found = [event.data for event in run.events if isinstance(event.data, Submitted)]
    last = next((each for each in reversed(found) if each.applies), found[-1] if found else None)
    if last is None or not last.patch.strip():
        raise NotVerified(f"the run {run.record.id} has no patch: {run.result.reason}")
    if not is_verified(run) and not unverified:
        raise NotVerified(
            f"the patch is not verified; the run is {run.result.status}: {run.result.reason}",
            "--unverified hands it on all the same, and says so",
        )
    return last.patch


def is_verified(run: RecordedRun) -> bool:
    """Whether the run's patch passed its verification."""
    result = run.result
    verified = result.verification if result else None
    return bool(result and result.status == "resolved" and verified and verified.resolved)


def prepared_of(run: RecordedRun) -> Prepared | None:
    """Where the run happened, by its own account; of a fork, its own place."""
    found = (e.data for e in reversed(run.events) if isinstance(e.data, Prepared))
    return next(found, None)


def model_of(run: RecordedRun) -> str:
    """The model that decided; empty for none."""
    found = (e.data.model for e in reversed(run.events) if isinstance(e.data, ModelChosen))
    return next(found, "")
