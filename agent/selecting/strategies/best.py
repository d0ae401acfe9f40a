"""Best of k as published for CWM: generated tests decide, and those that passed before.

The order of what decides: patches that lose the fewest of the tests that passed before; then those
that pass the most generated tests; then the majority among patches in normal form; then the fewest
tokens. Not every generated test counts. Those that say the same of every candidate agree with one
another, as patches do that have one normal form, and the largest group of them counts; of groups of
one size each. A test that no candidate passes tells nothing apart, and never counts.

The code that was used was never published; where the words leave room, this is how we read them.
"""

from collections.abc import Sequence

from agent.selecting.candidate import RESOLVED, Candidate, Choice
from agent.selecting.voting import NOTHING, best_of, leader, with_patch


class Best:
    """Goes by what the patches did when tests ran."""

    name = "best"
    runs_tests = True

    def informed(self, candidates: Sequence[Candidate]) -> bool:
        """Whether any test ran."""
        return any(each.outcomes or each.lost is not None for each in candidates)

    def choose(self, candidates: Sequence[Candidate]) -> Choice:
        """The patch that passes most."""
        usable = with_patch(candidates)
        if not usable:
            return NOTHING
        counting = counting_tests(usable)
        choice = best_of(
            usable,
            {
                "fewest tests lost that passed before": lambda each: -len(each.lost or ()),
                "most generated tests passed": lambda each: passed(each, counting),
            },
        )
        return Choice(
            choice.attempt, (*_about_tests(usable, counting), *choice.reasons), choice.ranking
        )

    def decided(self, candidates: Sequence[Candidate], left: int) -> bool:
        """Whether a patch has lost no test, passes all, and cannot be outvoted any more."""
        if left == 0:
            return True
        form = leader(candidates, left)
        if form is None:
            return False
        tests = {test for each in candidates for test in each.outcomes}
        same = [each for each in candidates if each.form == form]
        return all(each.lost == () and passed(each, tests) == len(tests) for each in same)


def counting_tests(candidates: Sequence[Candidate]) -> set[str]:
    """The generated tests with the most frequent outcomes over the candidates."""
    groups: dict[tuple[str | None, ...], set[str]] = {}
    for test in {test for each in candidates for test in each.outcomes}:
        said = tuple(each.outcomes.get(test) for each in candidates)
        if RESOLVED in said:
            groups.setdefault(said, set()).add(test)
    most = max(map(len, groups.values()), default=0)
    return {test for tests in groups.values() if len(tests) == most for test in tests}


def passed(candidate: Candidate, tests: set[str]) -> int:
    """How many of these the candidate passes."""
    return sum(candidate.outcomes.get(test) == RESOLVED for test in tests)


def _about_tests(candidates: Sequence[Candidate], counting: set[str]) -> list[str]:
    """What is known of the tests, as sentences."""
    tests = {test for each in candidates for test in each.outcomes}
    said = []
    if not tests:
        said.append("no generated test shows the issue, so that none decides")
    elif not counting:
        said.append(f"no patch passes any of the {len(tests)} generated tests: none counts")
    else:
        words = ", ".join(f"{each.attempt}: {passed(each, counting)}" for each in candidates)
        said.append(
            f"{len(counting)} of {len(tests)} generated tests count; passed by attempt: {words}"
        )
    if unknown := [str(each.attempt) for each in candidates if each.lost is None]:
        said.append(f"not known what is lost to the patch of attempt {', '.join(unknown)}")
    return said
