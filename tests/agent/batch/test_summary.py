"""The arithmetic of a batch's status."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.batch.log import BatchEvent, What
from agent.batch.summary import Rate, pace, stage_of


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        # By Newcombe (1998), table I, method 3 (the score method without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    rate = Rate.count(hits, of)
    assert rate.value == hits / of
    assert rate.low == pytest.approx(low, abs=5e-5)
    assert rate.high == pytest.approx(high, abs=5e-5)


@given(st.integers(0, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share(counted: tuple[int, int]) -> None:
    rate = Rate.count(*counted)
    assert 0 <= rate.low <= rate.high <= 1
    if rate.value is not None:
        assert rate.low <= rate.value + 1e-9
        assert rate.value <= rate.high + 1e-9
    else:
        assert (rate.low, rate.high) == (0, 1)


def test_the_pace_is_that_of_the_last_ends() -> None:
    assert pace([], 0, 100) is None
    assert pace([50], 0, 100) is None
    assert pace([50, 100], 0, 100) == pytest.approx(2 / 100)
    slow, fast = [1000.0 * n for n in range(1, 11)], [10_000.0 + n for n in range(1, 61)]
    assert pace([*slow, *fast], 0, 10_060) == pytest.approx(49 / 49)


def told(*whats: What) -> list[BatchEvent]:
    return [BatchEvent(what=what, text=f"because of {what}") for what in whats]


def test_a_stage_is_what_the_log_says_last() -> None:
    assert stage_of(told("began", "read"), alive=True) == ("running", "")
    assert stage_of(told("began", "paused"), alive=True)[0] == "paused"
    assert stage_of(told("began", "paused", "resumed"), alive=True)[0] == "running"
    assert stage_of(told("began", "waiting"), alive=True) == ("waiting", "because of waiting")
    assert stage_of(told("began", "waiting", "going on"), alive=True) == ("running", "")
    assert stage_of(told("began", "paused", "stopping"), alive=True)[0] == "stopping"
    assert stage_of(told("began", "stopping", "stopped"), alive=False) == ("stopped", "")
    assert stage_of(told("began", "waiting", "ended"), alive=False) == ("ended", "")
    assert stage_of(told("began", "waiting"), alive=False) == ("interrupted", "")
    assert stage_of(told("began", "ended", "began"), alive=True) == ("running", "")
