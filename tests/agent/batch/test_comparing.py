"""Two batches beside each other: who won what, and how likely that is by chance alone."""

from fractions import Fraction
from math import comb, isclose
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.batch.comparing import OUTCOMES, Pair, Side, compare_batches, sign_test
from agent.batch.store import BatchStore
from tests.agent.tui.batched import Batch, issues

ENDED = Side(ended=1)
RESOLVED = Side(resolved=1, ended=1)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_chance_is_the_direct_sum(won: int, lost: int) -> None:
    total, uneven = won + lost, abs(won - lost)
    ways = sum(comb(total, k) for k in range(total + 1) if abs(2 * k - total) >= uneven)
    assert isclose(sign_test(won, lost), float(Fraction(ways, 2**total)), rel_tol=1e-12)
    assert sign_test(won, lost) == sign_test(lost, won)


def test_a_known_chance_and_the_extremes() -> None:
    assert sign_test(0, 0) == sign_test(7, 7) == 1.0
    assert sign_test(8, 2) == pytest.approx(0.109375)
    assert sign_test(5000, 1) < 1e-300
    assert 0.9 < sign_test(5000, 5001) <= 1.0


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (ENDED, RESOLVED, "won"),
        (RESOLVED, ENDED, "lost"),
        (RESOLVED, Side(resolved=1, ended=3), "both"),
        (ENDED, ENDED, "neither"),
        (RESOLVED, Side(), "unknown"),
        (Side(), RESOLVED, "unknown"),
    ],
)
def test_an_outcome_is_the_seconds_beside_the_firsts(
    first: Side, second: Side, outcome: str
) -> None:
    assert Pair("a", first, second).outcome == outcome


def test_batches_are_compared_issue_by_issue(tmp_path: Path) -> None:
    first, second = (Batch(tmp_path / name, issues(6), attempts=2) for name in ("a", "b"))
    for number, kinds in enumerate(
        [
            ("resolved", "unresolved"),
            ("unresolved", "resolved"),
            ("resolved", "resolved"),
            ("unresolved", "unresolved"),
            ("resolved", "failed"),
        ]
    ):
        first.run(number, kinds[0], took=100)
        second.run(number, kinds[1], took=200)
    second.run(1, "unresolved", attempt=2, took=50)
    found = compare_batches(BatchStore(first.folder).look(), BatchStore(second.folder).look())
    assert (found.names, found.attempts, found.unfair) == (("a", "b"), (2, 2), "")
    assert [(pair.issue, pair.outcome) for pair in found.pairs] == [
        ("prices-1", "lost"),
        ("prices-2", "won"),
        ("prices-3", "both"),
        ("prices-4", "neither"),
        ("prices-5", "unknown"),
    ]
    assert [found.count(each) for each in OUTCOMES] == [1, 1, 1, 1, 1]
    assert found.chance == 1.0
    side = found.pairs[1].second
    assert (side.resolved, side.ended, side.tokens) == (1, 2, 2 * 4 * 4510)
    assert side.seconds == pytest.approx(250, abs=1)
    assert side.run is not None
    assert side.run.name.endswith("-resolved")
    unknown = found.pairs[4].second
    assert (unknown.ended, unknown.run is not None) == (0, True)


def test_nothing_is_compared_with_nothing(tmp_path: Path) -> None:
    store = BatchStore(Batch(tmp_path / "a", issues(1)).folder)
    found = compare_batches(store.look(), store.look())
    assert (found.pairs, found.chance) == ((), 1.0)


def test_unlike_numbers_of_attempts_are_told(tmp_path: Path) -> None:
    one, three = Batch(tmp_path / "a", issues(1)), Batch(tmp_path / "b", issues(1), attempts=3)
    found = compare_batches(BatchStore(one.folder).look(), BatchStore(three.folder).look())
    assert found.unfair == "1 and 3 attempts at each"
