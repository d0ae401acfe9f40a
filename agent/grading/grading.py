"""Judging predictions, several at once.

As in SWE-bench the model's patch comes first and the judging tests after it, in place of whatever
the patch left where they lie. A failure of the infrastructure is no verdict, and is kept apart.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.atonce import at_once
from agent.config import Settings
from agent.errors import WrongUse
from agent.events import Verified
from agent.failing import Failure
from agent.grading.judging import Judge
from agent.grading.predictions import Prediction
from agent.issue import Issue

if TYPE_CHECKING:
    from sandboxes.engine import Engine

Verdict = Literal["resolved", "unresolved", "empty", "error"]


@dataclass(frozen=True, slots=True)
class Grade:
    """What became of a prediction. Texts are as they were written: not safe to print.

    Attributes:
        prediction: which.
        verdict: ``empty``: there is no patch; ``error``: nothing is said about the patch.
        verified: the patch test by test; None of an empty one, and of an error.
        failure: why it is an error; else None.
        cached: it was judged before.
    """

    prediction: Prediction
    verdict: Verdict
    verified: Verified | None = None
    failure: Failure | None = None
    cached: bool = False

    @property
    def infrastructure(self) -> bool:
        """Whether it may go well next time."""
        return self.failure is not None and self.failure.infrastructure

    @property
    def reason(self) -> str:
        """Why it is an error, or why the patch does not apply; one line, empty where it does."""
        if self.failure is not None:
            return str(self.failure)
        if self.verified is not None and not self.verified.applied:
            return " ".join(self.verified.notes)
        return ""

    @property
    def flaky(self) -> tuple[str, ...]:
        """Tests that disagreed with themselves."""
        if self.verified is None:
            return ()
        both = (*self.verified.fail_to_pass, *self.verified.pass_to_pass)
        return tuple(each.test for each in both if each.flaky)


@dataclass(frozen=True, slots=True)
class Task:
    """A prediction to judge.

    Attributes:
        prediction: which.
        issue: the one that it is for.
        log: where a build writes what it does.
        progress: gets a line now and then.
    """

    prediction: Prediction
    issue: Issue
    log: Path
    progress: Callable[[str], None]


def graded(
    tasks: Iterable[Task], settings: Settings, engine: "Engine", *, again: bool = False
) -> AsyncGenerator[Grade, None]:
    """Judge predictions, as many at once as the settings say; grades come as they are ready.

    Args:
        tasks: are asked for when their turn comes.
        settings: how, and how many at once.
        engine: where.
        again: whether to judge also what was judged before.
    """
    judge = Judge(settings, engine, again=again)
    return at_once((partial(_grade, task, judge) for task in tasks), settings.batch.concurrency)


async def _grade(task: Task, judge: Judge) -> Grade:
    """Judge one prediction; whatever goes wrong is part of the grade."""
    prediction = task.prediction
    if prediction.patch is None or prediction.empty:
        return Grade(prediction, "empty")
    try:
        if not task.issue.tests:
            raise WrongUse("the issue names no test that could judge a patch")
        judged = await judge.judge(prediction.patch, task.issue, task.log, task.progress)
    except Exception as error:  # also a mistake of ours: the others go on
        return Grade(prediction, "error", failure=Failure.of(error))
    verdict: Verdict = "resolved" if judged.verified.resolved else "unresolved"
    return Grade(prediction, verdict, judged.verified, cached=judged.cached)
