"""Whether issues hold what they say: their tests before anything is done, and with the reference.

Each issue's tests run on its base as it is and, where a reference patch is given, with that. Where
none is, they run twice on the base, so that what disagrees with itself is found.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.atonce import at_once
from agent.config import Settings
from agent.events import TestReport, Verified
from agent.failing import Failure
from agent.grading.judging import Judge
from agent.issue import Issue
from agent.sources.source import slug
from agent.verify import broken

if TYPE_CHECKING:
    from agent.prepare import Progress
    from sandboxes.engine import Engine

State = Literal["sound", "unsound", "failed"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A test that does not do what its issue says. Texts are not safe to print.

    Attributes:
        test: which; empty for what is wrong with all of it.
        what: a clause.
    """

    test: str
    what: str

    def __str__(self) -> str:
        return f"{self.test} {self.what}".strip()


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of an issue's check.

    Attributes:
        issue: its id.
        state: ``unsound``: a test does not do what the issue says; ``failed``: that cannot be told.
        problems: what is wrong.
        reference: whether there is a reference patch.
        failing, passing: tests that are to fail before, and to pass before.
        flaky: tests that disagreed with themselves.
        notes: what the user should know.
        failure: why it cannot be told; else None.
        cached: it was known before.
    """

    issue: str
    state: State
    problems: tuple[Problem, ...] = ()
    reference: bool = False
    failing: int = 0
    passing: int = 0
    flaky: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failure: Failure | None = None
    cached: bool = False


def checked(
    issues: Iterable[Issue],
    settings: Settings,
    engine: "Engine",
    logs: Path,
    progress: "Progress",
    *,
    again: bool = False,
) -> AsyncGenerator[Checked, None]:
    """Check issues, as many at once as the settings say; they come as they are ready.

    Args:
        issues: are asked for when their turn comes.
        settings: how tests are run, and how many issues at once.
        engine: where.
        logs: a folder for what builds write; is made where something is.
        progress: gets a line now and then.
        again: whether to check also what was checked before.
    """
    judge = Judge(settings, engine, again=again)
    work = (partial(_check, issue, judge, logs, progress) for issue in issues)
    return at_once(work, settings.batch.concurrency)


async def _check(issue: Issue, judge: Judge, logs: Path, progress: "Progress") -> Checked:
    """Check one; whatever goes wrong is part of what comes back."""

    def tell(line: str) -> None:
        progress(f"{issue.id}: {line}")

    log = logs / f"{slug(issue.id)[:100]}.log"
    try:
        judged = await judge.judge(issue.reference or "", issue, log, tell)
    except Exception as error:  # the others go on
        return Checked(issue.id, "failed", failure=Failure.of(error))
    verified = judged.verified
    problems = tuple(problems_of(issue, verified))
    both = (*verified.fail_to_pass, *verified.pass_to_pass)
    return Checked(
        issue.id,
        "unsound" if problems else "sound",
        problems,
        reference=issue.reference is not None,
        failing=len(verified.fail_to_pass),
        passing=sum(each.before == "passed" for each in verified.pass_to_pass),
        flaky=tuple(each.test for each in both if each.flaky),
        notes=(*judged.notes, *verified.notes),
        cached=judged.cached,
    )


def problems_of(issue: Issue, verified: Verified) -> Iterator[Problem]:
    """What an issue says of its tests, and is not so.

    Args:
        issue: says it.
        verified: its reference patch test by test; an empty one where it has none.
    """
    if not verified.applied:
        yield Problem("", f"the reference does not fit: {' '.join(verified.notes)}")
        return
    for each in verified.fail_to_pass:
        if each.before == "passed":
            yield Problem(each.test, "passes before anything is done")
        if issue.reference and each.after != "passed":
            yield Problem(each.test, f"does not pass with the reference: {each.after}")
        if not issue.reference and each.before == "missing":
            yield Problem(each.test, "is not found")
    for each in verified.pass_to_pass:
        yield from _problems_of_kept(issue, each)
    if not verified.fail_to_pass and not verified.pass_to_pass:
        yield Problem("", "no test of it passes or is to pass")


def _problems_of_kept(issue: Issue, each: TestReport) -> Iterator[Problem]:
    """A test that is to pass before and after."""
    if each.before != "passed" and issue.keep is not None:
        yield Problem(each.test, f"does not pass before: {each.before}")
    if issue.reference and broken(each):
        yield Problem(each.test, f"is lost to the reference: {each.after}")
