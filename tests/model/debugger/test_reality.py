"""The recorded execution beside what a session predicted."""

from collections.abc import Sequence
from dataclasses import replace

from model.debugger.history import Moment
from model.debugger.places import Places
from model.debugger.reality import beside
from model.trace.compare import called
from model.trace.frame import Frame, Place, Trace
from model.trace.part import part_of
from model.trace.states import resolve
from tests.model.debugger.knowing import executed
from tests.model.debugger.test_session import KNOWN

PREDICTED = executed(KNOWN)
RECORDED = Trace(
    tuple(
        replace(state.frame, place=Place("work.py", 1, "f", state.depth))
        for state in resolve(PREDICTED)
    ),
    ended=True,
)


def moments(frames: Sequence[Frame]) -> list[Moment]:
    states = resolve(frames)
    spots = Places(KNOWN.source).locate(states)
    return [
        Moment(frame, state, spot) for frame, state, spot in zip(frames, states, spots, strict=True)
    ]


def test_a_prediction_that_is_right_agrees_wherever_it_stands() -> None:
    for number in (0, 5, len(PREDICTED) - 1):
        found = beside(moments(PREDICTED[: number + 1]), RECORDED)
        assert (found.divergence, found.edited) == (None, None)
        assert found.here is not None
        assert found.here.frame == RECORDED.frames[number]


def test_a_body_that_was_stepped_over_agrees_by_its_value() -> None:
    right = [*PREDICTED[:3], PREDICTED[-2]]
    assert beside(moments(right), RECORDED).divergence is None
    wrong = [*PREDICTED[:3], replace(PREDICTED[-2], value="7")]
    found = beside(moments(wrong), RECORDED)
    assert found.divergence is not None
    assert (found.divergence.predicted, found.divergence.values) == (3, ("7", "6"))


def test_the_first_difference_and_what_was_recorded_for_the_current_moment() -> None:
    frames = [*PREDICTED]
    at = next(n for n, frame in enumerate(frames) if "total += i" in frame.source)
    frames[at] = replace(frames[at], locals={**(frames[at].locals or {}), "i": "5"})
    so_far = moments(frames[: at + 4])
    so_far[at + 1] = replace(so_far[at + 1], edits=("total",))
    found = beside(so_far, RECORDED)
    assert found.divergence is not None
    assert found.divergence.predicted == at
    assert found.divergence.names == {"i": ("5", "0")}
    assert found.edited == at + 1
    assert found.here is not None
    assert found.here.frame == RECORDED.frames[at + 3]


def test_a_recording_that_begins_with_a_function_s_call() -> None:
    name = called(PREDICTED[2])
    part = part_of(PREDICTED, name)
    assert part is not None
    recorded = Trace(RECORDED.frames[part.start : part.stop], ended=True)
    assert not beside(moments(PREDICTED[:2]), recorded, name).begun
    for number in (part.start, part.stop - 1):
        found = beside(moments(PREDICTED[: number + 1]), recorded, name)
        assert (found.begun, found.divergence) == (True, None)
        assert found.here is not None
        assert found.here.frame == RECORDED.frames[number]
    after = beside(moments(PREDICTED), recorded, name)
    assert (after.divergence, after.here) == (None, None)
    wrong = [*PREDICTED[:4], replace(PREDICTED[4], kind="return", value="7")]
    elsewhere = beside(moments(wrong), recorded, name).divergence
    assert elsewhere is not None
    assert (elsewhere.predicted, elsewhere.recorded) == (4, 2)
