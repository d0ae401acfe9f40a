"""Grading a patch: on clean sandboxes, test by test, before and after.

Two sandboxes start from the same image. One keeps the base as it is, the other gets the patch; both
get the judging tests, so that nothing a patch does to a test file counts. A test whose result is
not what it should be runs again a few times on both sides: one that disagrees with itself is marked
flaky and decides nothing, unless it is one the issue names.
"""

import asyncio
import re
import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from agent.errors import WrongUse
from agent.events import TestReport, Verified
from agent.issue import Issue
from sandboxes.errors import FileProblem
from sandboxes.repository.diff import PatchRefused, apply_patch
from sandboxes.sandbox import Sandbox
from tools.registry import ToolSettings
from tools.test import run_tests


class VerifySettings(BaseModel):
    """How patches are graded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scope: str = Field(default="suite", pattern="^(suite|files|named)$")
    """What is asked of "what passed before" when an issue names nothing to keep: the whole
    ``suite``, the test ``files`` the issue's tests lie in, or only the ``named`` tests."""

    seconds: float = Field(default=900.0, gt=0)
    """Time for one run of the tests; a suite that takes longer falls back to ``files``."""

    repeats: int = Field(default=3, ge=1)
    """How often a test that disappoints is run before it is believed."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What judges a patch.

    Attributes:
        tests: ids that must pass.
        keep: ids that must go on passing; None for what passed before within the scope.
        files: judging test files by path, put in place on both sides.
        patch: a diff with the judging tests, applied on both sides.
    """

    tests: tuple[str, ...]
    keep: tuple[str, ...] | None
    files: Mapping[str, bytes] = field(default_factory=dict)
    patch: str | None = None

    @classmethod
    def of(cls, issue: Issue, files: Mapping[str, bytes]) -> "Judgement":
        """The issue's own judgement, with the files its ``tests_from`` names already fetched."""
        held_back = issue.tests_from is not None and issue.tests_from.when == "check"
        patch = issue.tests_from.patch if issue.tests_from and held_back else None
        return cls(issue.tests, issue.keep, files, patch)


_TOO_MANY_TO_REPEAT = 50  # so many at once are not flaky, the patch broke something

Results = dict[str, str]
"""A test's id and how it ended: passed, failed, error, skipped, ...; absent means not run."""


async def verify_patch(
    patch: str,
    judgement: Judgement,
    *,
    start: Callable[[], Sandbox],
    tools: ToolSettings,
    settings: VerifySettings,
    progress: Callable[[str], None] = lambda line: None,
) -> Verified:
    """Apply the patch to a clean sandbox and compare it with a clean base.

    Args:
        patch: a diff against the base, as `sandboxes.repository.diff.take_diff` makes it.
        judgement: what judges it.
        start: makes a clean sandbox of the repository at its base, not yet entered.
        tools: how tests are run.
        settings: scope, time and repeats.
        progress: gets a line now and then.

    Raises:
        SandboxError: the infrastructure failed; this says nothing about the patch.
        WrongUse: the judging tests cannot be put on the base.
    """
    started = time.monotonic()
    async with start() as base, start() as patched:
        own = await _own_tests(base, judgement)
        try:
            await _put_tests(base, judgement, own)
        except PatchRefused as refused:
            raise WrongUse(f"the issue's tests do not fit its base: {refused.message}") from None
        try:
            await apply_patch(patched, patch)
        except PatchRefused as refused:
            return Verified(applied=False, resolved=False, notes=(refused.message,))
        await _put_tests(patched, judgement, own)
        sides = _Sides(base, patched, tools, settings, progress)
        before, after, notes = await sides.run(judgement)
        report = await _report(judgement, before, after, sides)
    fail_to_pass, pass_to_pass = report
    resolved = (
        bool(fail_to_pass)
        and all(each.after == "passed" for each in fail_to_pass)
        and not any(broken(each) for each in pass_to_pass)
    )
    for each in fail_to_pass:
        if each.before == "passed":
            notes.append(f"{each.test} passes without the patch as well")
    return Verified(
        applied=True,
        resolved=resolved,
        fail_to_pass=fail_to_pass,
        pass_to_pass=pass_to_pass,
        notes=tuple(notes),
        seconds=round(time.monotonic() - started, 2),
    )


def broken(report: TestReport) -> bool:
    """Whether a test that was to be kept is lost to the patch."""
    return report.before == "passed" and report.after != "passed" and not report.flaky


def touched_files(patch: str) -> list[str]:
    """The paths a diff names."""
    return re.findall(r"^(?:---|\+\+\+) [ab]/(.+?)\t?$", patch, re.MULTILINE)


@dataclass
class _Sides:
    """The base and the patched sandbox, and how tests are run on them."""

    base: Sandbox
    patched: Sandbox
    tools: ToolSettings
    settings: VerifySettings
    progress: Callable[[str], None]

    async def run(self, judgement: Judgement) -> tuple[Results, Results, list[str]]:
        """Every test that counts, on both sides at once; the notes say what fell short."""
        notes: list[str] = []
        for tests in self._scopes(judgement):
            self.progress(f"running {' '.join(tests) or 'the suite'} before and after")
            (before, ended_before), (after, ended_after) = await asyncio.gather(
                self.once(self.base, tests), self.once(self.patched, tests)
            )
            if ended_before and ended_after:
                await self._add_left_out(judgement, before, after)
                return before, after, notes
            notes.append(
                f"{' '.join(tests) or 'the whole suite'} did not end within "
                f"{self.settings.seconds:g} s {'after' if ended_before else 'before'} the patch"
            )
            if ended_before:
                break
        return before, after, notes

    async def _add_left_out(self, judgement: Judgement, before: Results, after: Results) -> None:
        """Run the judging tests' files that a suite does not collect unless they are named."""
        files = tuple(
            dict.fromkeys(
                test.partition("::")[0]
                for test in judgement.tests
                if _steady(test) not in before and _steady(test) not in after
            )
        )
        if files:
            (more_before, _), (more_after, _) = await asyncio.gather(
                self.once(self.base, files), self.once(self.patched, files)
            )
            before.update(more_before)
            after.update(more_after)

    def _scopes(self, judgement: Judgement) -> Iterable[tuple[str, ...]]:
        """What to run, widest first: a narrower one follows only when the base takes too long."""
        named = (*judgement.tests, *(judgement.keep or ()))
        files = tuple(dict.fromkeys(test.partition("::")[0] for test in named))
        if judgement.keep is not None or self.settings.scope == "named":
            yield files or ()
            return
        if self.settings.scope == "suite" or not files:
            yield ()
        if files:
            yield files

    async def once(self, sandbox: Sandbox, tests: tuple[str, ...]) -> tuple[Results, bool]:
        """One run: each test's result, and whether the run came to its end."""
        run = await run_tests(sandbox, tests, self.tools, timeout=self.settings.seconds)
        return {_steady(each.id): each.status for each in run.outcomes}, run.complete


def _steady(test: str) -> str:
    """A test's id without memory addresses, which differ from run to run."""
    return re.sub(r"\b0x[0-9a-fA-F]{6,}", "0x...", test)


async def _own_tests(base: Sandbox, judgement: Judgement) -> dict[str, bytes | None]:
    """The files that hold the judging tests as they are at the base; None where there is none."""
    touched = touched_files(judgement.patch or "")
    own: dict[str, bytes | None] = {}
    for path in {*(test.partition("::")[0] for test in judgement.tests), *touched}:
        try:
            own[path] = await base.read_file(path)
        except FileProblem:
            own[path] = None
    return own


async def _put_tests(sandbox: Sandbox, judgement: Judgement, own: dict[str, bytes | None]) -> None:
    """Put the judging tests in place of whatever a patch left where they lie."""
    for path, content in {**own, **judgement.files}.items():
        if content is not None:
            await sandbox.write_file(path, content, parents=True)
        elif path in own:
            await sandbox.run(f"rm -f -- {shlex.quote(path)}", state=None)
    if judgement.patch:
        await apply_patch(sandbox, judgement.patch)


async def _report(
    judgement: Judgement, before: Results, after: Results, sides: _Sides
) -> tuple[tuple[TestReport, ...], tuple[TestReport, ...]]:
    named = set(judgement.tests)
    kept = judgement.keep
    if kept is None and sides.settings.scope == "named":
        kept = ()
    if kept is None:
        kept = tuple(test for test, status in before.items() if status == "passed")
    reports = [
        TestReport(
            test=test,
            before=before.get(_steady(test), "missing"),
            after=after.get(_steady(test), "missing"),
        )
        for test in (*judgement.tests, *(each for each in kept if each not in named))
    ]
    reports = await _repeat(reports, named, sides)
    return (
        tuple(each for each in reports if each.test in named),
        tuple(each for each in reports if each.test not in named),
    )


async def _repeat(reports: list[TestReport], named: set[str], sides: _Sides) -> list[TestReport]:
    """Run what disappoints again, on both sides, and mark what disagrees with itself."""
    doubtful = [
        each
        for each in reports
        if (each.test in named and each.after != "passed")
        or (each.test not in named and broken(each))
    ]
    if not doubtful or len(doubtful) > _TOO_MANY_TO_REPEAT:
        return reports
    tests = tuple(each.test for each in doubtful)
    seen: dict[str, tuple[set[str], set[str]]] = {
        each.test: ({each.before}, {each.after}) for each in doubtful
    }
    for _ in range(sides.settings.repeats - 1):
        (before, _ended), (after, _also) = await asyncio.gather(
            sides.once(sides.base, tests), sides.once(sides.patched, tests)
        )
        for test, (olds, news) in seen.items():
            olds.add(before.get(_steady(test), "missing"))
            news.add(after.get(_steady(test), "missing"))
    return [
        each.model_copy(update={"flaky": any(len(side) > 1 for side in seen[each.test])})
        if each.test in seen
        else each
        for each in reports
    ]
