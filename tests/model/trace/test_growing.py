"""A trace that grows is in step with another as it would be, had it been whole from the first."""

from hypothesis import given, settings
from hypothesis import strategies as st

from model.trace.align import align_states
from model.trace.growing import Growing
from model.trace.states import resolve
from model.trace.stepping import Pair
from tests.model.trace.test_align import SHORT, lines


@settings(max_examples=300, deadline=None)
@given(left=SHORT, right=SHORT, stops=st.lists(st.integers(0, 60), max_size=6))
def test_a_trace_that_grows_is_aligned_as_a_whole_one(
    left: list[str], right: list[str], stops: list[int]
) -> None:
    predicted, recorded = resolve(lines(left)), resolve(lines(right))
    growing = Growing(recorded)
    before: list[Pair] = []
    for stop in [*sorted(stops), len(predicted)]:
        pairs = growing.pairs(predicted[:stop])
        assert pairs == align_states(predicted[:stop], recorded)
        assert pairs[: growing.kept] == before[: growing.kept]
        before = pairs


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_long_trace_that_grows_by_single_frames_is_aligned_as_a_whole_one(
    data: st.DataObject,
) -> None:
    count = data.draw(st.integers(20, 120))
    wrong = data.draw(st.sets(st.integers(0, count), max_size=12))
    out = data.draw(st.sets(st.integers(0, count), max_size=12))
    recorded = resolve(lines([str(n) for n in range(count) if n not in out]))
    predicted = resolve(lines([f"{n}{'?' * (n in wrong)}" for n in range(count)]))
    growing = Growing(recorded)
    for stop in range(1, count + 1):
        assert growing.pairs(predicted[:stop]) == align_states(predicted[:stop], recorded)


def test_what_is_in_step_is_kept_and_another_trace_is_gone_through_anew() -> None:
    states = resolve(lines([str(n) for n in range(100)]))
    growing = Growing(states)
    growing.pairs(states[:50])
    assert growing.kept == 0
    assert growing.pairs(states[:51]) == align_states(states[:51], states)
    assert growing.kept == 50
    other = resolve(lines(["0", "2", "3"]))
    assert growing.pairs(other) == align_states(other, states)
    assert growing.kept == 0
