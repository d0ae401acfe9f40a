"""Estimates from recorded attempts: against enumeration, and the published numbers' arithmetic."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.selecting.candidate import Candidate
from agent.selecting.estimators import chosen_at_k, estimate, over_issues, pass_at_k
from agent.selecting.registry import STRATEGIES
from tests.agent.selecting.candidates import candidate

BEST, MAJORITY, ORACLE = STRATEGIES["best"], STRATEGIES["majority"], STRATEGIES["oracle"]


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), st.data())
def test_pass_at_k_is_the_share_of_sets_with_a_resolution(
    made: tuple[int, int], data: st.DataObject
) -> None:
    attempts, resolved = made
    k = data.draw(st.integers(1, attempts))
    sets = list(combinations([True] * resolved + [False] * (attempts - resolved), k))
    assert pass_at_k(attempts, resolved, k) == pytest.approx(sum(map(any, sets)) / len(sets))


@pytest.mark.parametrize(
    ("attempts", "resolved", "k"), [(3, 4, 1), (3, -1, 1), (3, 1, 4), (3, 1, 0)]
)
def test_impossible_numbers_are_refused(attempts: int, resolved: int, k: int) -> None:
    with pytest.raises(ValueError, match="impossible"):
        pass_at_k(attempts, resolved, k)


def test_large_numbers_are_exact() -> None:
    assert pass_at_k(2000, 1, 1000) == pytest.approx(0.5)
    assert pass_at_k(200, 0, 100) == 0.0
    assert pass_at_k(200, 150, 51) == 1.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=7))
def test_the_oracle_is_pass_at_k(made: list[tuple[str, bool]]) -> None:
    drawn = [candidate(n, patch, resolved=right) for n, (patch, right) in enumerate(made)]
    right = sum(each.resolved is True for each in drawn)
    for k in range(1, len(drawn) + 1):
        value, exact = chosen_at_k(ORACLE, drawn, k)
        assert exact
        assert value == pytest.approx(pass_at_k(len(drawn), right, k))
        # No strategy is better, and with one attempt all are the same.
        for strategy in STRATEGIES.values():
            assert chosen_at_k(strategy, drawn, k)[0] <= value + 1e-9
    assert chosen_at_k(MAJORITY, drawn, 1)[0] == pytest.approx(right / len(drawn))


def test_majority_at_k_by_hand() -> None:
    # Two are right and agree; of the ten threes drawn from five, those win that hold both.
    made = [candidate(n, "a", resolved=True) for n in (1, 2)]
    made += [candidate(n, patch, tokens=-n) for n, patch in ((3, "b"), (4, "c"), (5, "d"))]
    assert chosen_at_k(MAJORITY, made, 3) == (pytest.approx(0.3), True)


def test_too_many_sets_are_drawn_by_the_seed() -> None:
    made = [candidate(n, "ab"[n % 2], resolved=n % 2 == 0) for n in range(40)]
    value, exact = chosen_at_k(MAJORITY, made, 11, seed=1)
    assert not exact
    assert value == pytest.approx(0.5, abs=0.08)
    assert chosen_at_k(MAJORITY, made, 11, seed=1) == (value, False)
    assert chosen_at_k(MAJORITY, made, 11, seed=2) != (value, False)


def test_the_interval_holds_the_value_and_narrows_with_more_issues() -> None:
    few, many = estimate([1.0, 0.0] * 10, seed=3), estimate([1.0, 0.0] * 500, seed=3)
    for each in (few, many):
        assert each.low <= each.value == 0.5 <= each.high
    assert many.high - many.low < few.high - few.low
    assert estimate([1.0, 0.0] * 10, seed=3) == few
    # Of a share p the interval is about 1.96 standard errors to either side.
    assert many.high - many.low == pytest.approx(2 * 1.96 * (0.25 / 1000) ** 0.5, rel=0.15)


def test_issues_with_too_few_attempts_are_left_out() -> None:
    issues = [[candidate(1, resolved=True)], [candidate(n) for n in (1, 2)]]
    assert over_issues(issues, 2).issues == 1
    assert over_issues(issues, 1).value == 0.5
    with pytest.raises(ValueError, match="no issue has 3 attempts"):
        over_issues(issues, 3)


# What was published for CWM on SWE-bench Verified: 53.9 % with one attempt, 58.4 % by the majority
# of 40, 65.8 % best of 16 with generated tests. Attempts were not published, so that these here are
# made up: their numbers of issues are the published ones.

ISSUES = 500


def _attempts(
    right: int, wrong: list[int], outcomes: str = "", of_wrong: str = ""
) -> list[Candidate]:
    """Of one issue: so many right ones, which agree, and wrong ones, which agree in groups."""
    made = [candidate(n, "r", outcomes, resolved=True) for n in range(right)]
    for group, size in enumerate(wrong):
        made += [
            candidate(len(made) + n, f"w{group}", of_wrong, resolved=False) for n in range(size)
        ]
    return made


def test_the_published_numbers_of_one_attempt_and_of_the_majority() -> None:
    # 292 issues where the right patch is the most common one, 37 where it is outvoted.
    issues = [_attempts(35, [5]) for _ in range(243)] + [_attempts(36, [4]) for _ in range(17)]
    issues += [_attempts(30, [10]) for _ in range(32)] + [_attempts(19, [21]) for _ in range(37)]
    issues += [_attempts(0, [20, 20]) for _ in range(ISSUES - len(issues))]
    one = over_issues(issues, 1)
    majority = over_issues(issues, 40, MAJORITY)
    assert f"{one.value:.1%}" == "53.9%"
    assert (majority.value * ISSUES, f"{majority.value:.1%}") == (pytest.approx(292), "58.4%")
    assert majority.exact
    assert over_issues(issues, 40).value == pytest.approx(329 / ISSUES)
    # Half of an interval of a share over 500 issues is about 4.3 points.
    assert majority.high - majority.low == pytest.approx(0.087, abs=0.012)


def test_the_published_number_of_the_best_of_sixteen() -> None:
    # In 329 issues the generated tests single out the right patch, in 37 of them against the
    # majority; in 30 more they single out a wrong one.
    issues = [_attempts(12, [4], "yyn", "nny") for _ in range(292)]
    issues += [_attempts(5, [6, 5], "yyn", "nny") for _ in range(37)]
    issues += [_attempts(5, [11], "nny", "yyn") for _ in range(30)]
    issues += [_attempts(0, [16], "", "nnn") for _ in range(ISSUES - len(issues))]
    best = over_issues(issues, 16, BEST)
    assert (best.value * ISSUES, f"{best.value:.1%}") == (pytest.approx(329), "65.8%")
    assert over_issues(issues, 16, MAJORITY).value == pytest.approx(292 / ISSUES)
    assert over_issues(issues, 16, ORACLE).value == over_issues(issues, 16).value == 359 / ISSUES
