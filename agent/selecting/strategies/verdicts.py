"""The patch whose tests are predicted to pass: nothing is run to choose it."""

from collections.abc import Sequence

from agent.selecting.candidate import Candidate, Choice
from agent.selecting.voting import NOTHING, best_of, with_patch

_UNKNOWN = 0.5
"""How likely a test passes of which nothing, or nothing sure, was said."""


class Verdicts:
    """Goes by predictions alone."""

    name = "verdicts"
    runs_tests = False

    def informed(self, candidates: Sequence[Candidate]) -> bool:
        """Whether any test was predicted."""
        return any(each.verdicts for each in candidates)

    def choose(self, candidates: Sequence[Candidate]) -> Choice:
        """The one of which most is expected, over the tests that were predicted of any."""
        usable = with_patch(candidates)
        if not usable:
            return NOTHING
        tests = {test for each in usable for test in each.verdicts}
        choice = best_of(
            usable, {"the best predictions": lambda each: expected(each, tests)} if tests else {}
        )
        if tests:
            words = ", ".join(f"{each.attempt}: {expected(each, tests):.2f}" for each in usable)
            said = f"predicted for {len(tests)} test(s), how many would pass on average: {words}"
        else:
            said = "no test was predicted, so that the majority decides"
        return Choice(choice.attempt, (said, *choice.reasons), choice.ranking)

    def decided(self, candidates: Sequence[Candidate], left: int) -> bool:
        """Only at the end: a better one may always come."""
        return left == 0


def expected(candidate: Candidate, tests: set[str]) -> float:
    """The share of the tests that would pass, going by the verdicts; between 0 and 1."""
    return sum(_passes(candidate, test) for test in tests) / len(tests)


def _passes(candidate: Candidate, test: str) -> float:
    foretold = candidate.verdicts.get(test)
    if foretold is None or foretold.verdict == "unsure":
        return _UNKNOWN
    sure = foretold.confidence
    return sure if foretold.verdict == "pass" else 1 - sure
