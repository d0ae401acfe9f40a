"""Finding out what candidates do when tests run: those that passed before, and those written anew.

Patches that have one normal form do the same, and so only the first of them is tried. Nothing that
is held back until verification is looked at: what passed before is judged with the tests that the
policy could see.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agent.events import Verified
from agent.issue import Issue
from agent.prepare import Workplace
from agent.selecting.candidate import Candidate, Outcome
from agent.selecting.normal import NormalForm
from agent.selecting.reproduce import WrittenTest, run_test
from agent.selecting.together import together
from agent.verify import Judgement, broken, verify_patch
from sandboxes.repository.diff import PatchRefused, apply_patch

DOES_NOT_APPLY = "(the patch does not apply)"


@dataclass(frozen=True, slots=True)
class _Found:
    lost: tuple[str, ...] | None
    outcomes: dict[str, Outcome]


@dataclass
class Examiner:
    """Tries candidates of one issue in clean sandboxes.

    Attributes:
        issue: the issue.
        place: where it happens.
        tests: written ones that reproduce the issue.
        room: for as many sandboxes as may be there at once; a look at the suite takes two.
        progress: gets a line now and then.
    """

    issue: Issue
    place: Workplace
    tests: tuple[WrittenTest, ...]
    room: asyncio.Semaphore
    progress: Callable[[str], None] = lambda line: None
    _known: dict[NormalForm, asyncio.Task[_Found]] = field(default_factory=dict)

    async def examine(self, candidate: Candidate, verified: Verified | None = None) -> Candidate:
        """The candidate with what it loses and what the tests say of it.

        Args:
            candidate: with a patch, or without.
            verified: its verification, which says what it loses where nothing was held back.

        Raises:
            SandboxError: the infrastructure failed.
        """
        form = candidate.form
        if form is None or form.empty:
            return candidate
        if form not in self._known:
            self._known[form] = asyncio.ensure_future(self._look(candidate, verified))
        found = await self._known[form]
        return replace(candidate, lost=found.lost, outcomes=found.outcomes)

    async def close(self) -> None:
        """Stop what is still being looked at."""
        tasks = list(self._known.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, candidate: Candidate, verified: Verified | None) -> _Found:
        self.progress(f"attempt {candidate.attempt}: trying the patch")
        if verified is None or holds_back(self.issue):
            async with self.room:
                verified = await self._suite(candidate.patch)
        if not verified.applied:
            return _Found((DOES_NOT_APPLY,), {})
        outcomes = await together(self._outcome(candidate.patch, test) for test in self.tests)
        names = (test.name for test in self.tests)
        return _Found(lost_to(verified), dict(zip(names, outcomes, strict=True)))

    async def _suite(self, patch: str) -> Verified:
        held = holds_back(self.issue)
        settings = self.place.settings
        return await verify_patch(
            patch,
            Judgement((), None) if held else self.place.judgement,
            start=self.place.sandbox,
            tools=settings.tools(self.place.test_command),
            settings=settings.verify,
        )

    async def _outcome(self, patch: str, test: WrittenTest) -> Outcome:
        async with self.room, self.place.sandbox() as sandbox:
            try:
                await apply_patch(sandbox, patch)
            except PatchRefused:
                return "Other issues"
            return await run_test(test, sandbox)


def holds_back(issue: Issue) -> bool:
    """Whether an issue has tests that no policy may see: they judge, and choose nothing."""
    seen = issue.for_policy()
    return (seen.tests, seen.keep, seen.tests_from) != (issue.tests, issue.keep, issue.tests_from)


def lost_to(verified: Verified) -> tuple[str, ...] | None:
    """The tests that a patch should pass and does not; None where none is known to pass before.

    Those that the policy was told to make pass are among them.
    """
    if not verified.applied:
        return (DOES_NOT_APPLY,)
    named = [each for each in verified.fail_to_pass if each.after != "passed"]
    kept = [each for each in verified.pass_to_pass if broken(each)]
    if not verified.fail_to_pass and not verified.pass_to_pass and verified.notes:
        return None
    return tuple(each.test for each in (*named, *kept))
