"""Edits in the order of what a world model says of them, before any of them is tried.

A prediction costs a question to the model, so only the likeliest edits are put to it. Those that it
says repair the failing test are tried first, by themselves: when one of them really does, the
others need not be tried at all. No edit is left out for what a model says, and a model that takes
its time does not use up the search's: what it has not answered by then stays where it was.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.policies.repair.candidates import Candidate
from agent.preflight.forecast import Forecast, gather
from agent.preflight.preflight import Preflight
from model.predict.verdict import Judged
from sandboxes.sandbox import Sandbox

_OUTCOMES = {"pass": "passed", "fail": "failed"}
"""By what becomes of a trial; others are called the same."""


@dataclass
class Foretelling:
    """Puts edits to a model, one by one.

    Attributes:
        preflight: asks it.
        tests: the failing ones; it is the first that is predicted.
        step: the policy's, for the trajectory.
    """

    preflight: Preflight
    tests: tuple[str, ...]
    step: int
    _said: dict[int, Forecast] = field(default_factory=dict)

    async def ordered(
        self,
        candidates: Sequence[Candidate],
        sandbox: Sandbox,
        edited: Callable[[Candidate], str],
        seconds: float,
    ) -> tuple[list[Candidate], int]:
        """The edits, those that are said to repair the test first.

        Args:
            candidates: in the order they would be tried in.
            sandbox: a fork; each edit is made there for a moment.
            edited: the text of an edit's file with the edit made.
            seconds: that the model has for all of them together.

        Returns:
            The edits, and how many are said to repair it.

        Raises:
            SandboxDied: the fork went away.
            ModelError: the model cannot be asked at all.
        """
        programs = []
        for each in candidates:
            original = await sandbox.read_file(each.path)
            await sandbox.write_file(each.path, edited(each).encode())
            try:
                changed = {each.path: [each.line]}
                settings = self.preflight.settings
                programs.append(await gather(self.tests[0], sandbox, settings, changed))
            finally:
                await sandbox.write_file(each.path, original)
        asked = [
            asyncio.ensure_future(self.preflight.foretell(self.tests[0], program, self.step))
            for program in programs
        ]
        for candidate, said in zip(candidates, await _answers(asked, seconds), strict=True):
            if said is not None:
                self._said[candidate.number] = said
        believed = sum(each.judged.verdict == "pass" for each in self._said.values())
        return sorted(candidates, key=self._rank), believed

    def tried(self, candidate: Candidate, failing: str) -> None:
        """Tell what became of an edit, with which all failing tests were run."""
        each = self._said.pop(candidate.number, None)
        if each is None:
            return
        # That one of several did not pass does not tell which.
        known = failing == "pass" or len(self.tests) == 1
        outcome = _OUTCOMES.get(failing, failing) if known else None
        self.preflight.happened(each, outcome, self.step)

    def _rank(self, candidate: Candidate) -> tuple[int, float, int]:
        said = self._said.get(candidate.number)
        return rank(None if said is None else said.judged, candidate.number)


def rank(judged: Judged | None, number: int) -> tuple[int, float, int]:
    """Where an edit stands: what is smaller is tried sooner.

    Args:
        judged: what is said of it; None where nothing is.
        number: of the edit, in the order that it would be tried in.
    """
    if judged is None or judged.verdict == "unsure":
        return 1, 0.0, number
    if judged.verdict == "pass":
        return 0, -judged.confidence, number
    return 2, 0.0, number


async def _answers(
    asked: Sequence["asyncio.Future[Forecast]"], seconds: float
) -> list[Forecast | None]:
    """What comes in time, None for what does not; nothing goes on after that."""
    if not asked:
        return []
    try:
        done, _ = await asyncio.wait(asked, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        return [each.result() if each in done else None for each in asked]
    finally:
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
