"""Trajectories as steps, however far they have come."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import WrongUse
from agent.events import (
    Acted,
    Answered,
    Ended,
    Event,
    EventData,
    Forked,
    Malformed,
    ModelReply,
    Prepared,
    Reviewed,
    Said,
    Started,
    Submitted,
    Verified,
)
from agent.replay.steps import before_the_first, step_of, steps_of


def as_events(*datas: EventData) -> list[Event]:
    """Events of these, a second apart."""
    return [
        Event(id=n, parent=n - 1 or None, time=100.0 + n, type=data.type, data=data)
        for n, data in enumerate(datas, start=1)
    ]


STARTED = Started(run="a", issue="b", policy="scripted")


def outcomes(step: int, **ended: str) -> Answered:
    rows = [{"id": name, "status": status} for name, status in ended.items()]
    return Answered(step=step, tool="test", ok=True, output="", data={"outcomes": rows})


def test_a_step_is_an_action_and_what_came_of_it() -> None:
    events = as_events(
        STARTED,
        Acted(step=1, tool="bash", argument="ls"),
        Answered(step=1, tool="bash", ok=True, output="a.py"),
        Malformed(step=2, message="no call", reply=ModelReply(text="well")),
        Acted(step=3, tool="edit", argument="x"),
        Reviewed(step=3, decision="changed", argument="y"),
        Answered(step=3, tool="edit", ok=False, output="no"),
        Acted(step=4, tool=None, thought="done"),
        Said(role="policy", text="done"),
        Verified(applied=True, resolved=True),
        Ended(status="resolved", reason=""),
    )
    first, second, third, fourth = steps_of(events)
    assert first.action is not None
    assert first.action.argument == "ls"
    assert first.result is not None
    assert first.result.output == "a.py"
    assert second.action is second.result is None
    assert second.malformed is not None
    assert second.malformed.message == "no call"
    assert third.review is not None
    assert third.review.argument == "y"
    assert [said.text for said in fourth.messages] == ["done"]
    assert [event.type for event in fourth.events] == ["action", "message"]


def test_what_is_known_grows_from_step_to_step() -> None:
    usage = {"input_tokens": 100, "output_tokens": 10, "cached_tokens": 50, "cost": 0.25}
    steps = steps_of(
        as_events(
            STARTED,
            Acted(step=1, tool="test", usage=usage),
            outcomes(1, one="failed", two="passed"),
            Acted(step=2, tool="test", usage=usage),
            outcomes(2, one="passed"),
            Acted(step=3, tool="submit"),
            Answered(step=3, tool="submit", ok=True, output=""),
            Submitted(patch="diff"),
        )
    )
    assert [step.tests for step in steps] == [
        {"one": "failed", "two": "passed"},
        {"one": "passed", "two": "passed"},
        {"one": "passed", "two": "passed"},
    ]
    assert [step.patch for step in steps] == [None, None, "diff"]
    assert [step.spent.tokens for step in steps] == [110, 220, 220]
    assert [step.spent.cost for step in steps] == [0.25, 0.5, 0.5]
    assert [step.spent.seconds for step in steps] == [2, 4, 7]


def test_outcomes_that_are_no_outcomes_are_passed_over() -> None:
    for rows in (None, "x", [None, {"id": "a"}, {"status": "b"}, 3]):
        answer = Answered(step=1, tool="test", ok=True, output="", data={"outcomes": rows})
        (step,) = steps_of(as_events(Acted(step=1, tool="test"), answer))
        assert step.tests == {}


def test_a_fork_s_first_steps_are_its_parent_s() -> None:
    events = as_events(
        STARTED,
        Said(role="user", text="hello"),
        Acted(step=1, tool="bash"),
        Answered(step=1, tool="bash", ok=True, output=""),
        Forked(run="parent", step=1),
        Acted(step=2, tool="bash"),
    )
    assert [step.carried for step in steps_of(events)] == [True, False]
    assert [event.type for event in before_the_first(events)] == ["started", "message"]


def test_a_fork_from_the_beginning_carries_nothing() -> None:
    prepared = Prepared(base_commit="0" * 40, image="i", seconds=1.0)
    fork = Forked(run="parent", step=0)
    events = as_events(STARTED, prepared, fork, Acted(step=1, tool="bash"))
    assert [step.carried for step in steps_of(events)] == [False]
    assert [event.type for event in before_the_first(events)] == ["started", "prepared", "fork"]


@pytest.mark.parametrize("number", [-1, 0, 3])
def test_a_step_that_is_not_there_is_said(number: int) -> None:
    steps = steps_of(as_events(Acted(step=1, tool="bash"), Acted(step=2, tool="bash")))
    assert step_of(steps, 2).number == 2
    with pytest.raises(WrongUse, match=f"no step {number}") as caught:
        step_of(steps, number)
    assert "it has 2" in caught.value.hint


def test_before_anything_was_asked_there_are_no_steps() -> None:
    assert steps_of([]) == []
    with pytest.raises(WrongUse, match="no step 1"):
        step_of(steps_of(as_events(STARTED)), 1)


_KINDS = st.sampled_from(["action", "result", "message", "bad", "submission", "fork"])


@given(st.lists(_KINDS, max_size=30), st.data())
def test_a_run_read_while_it_goes_on_is_the_beginning_of_what_it_becomes(
    kinds: Sequence[str], data: st.DataObject
) -> None:
    datas: list[EventData] = [STARTED]
    step = 0
    for kind in kinds:
        step += kind in ("action", "bad")
        make: dict[str, EventData] = {
            "action": Acted(step=step, tool="bash"),
            "result": Answered(step=step, tool="bash", ok=True, output=""),
            "message": Said(role="user", text="x"),
            "bad": Malformed(step=step, message="x"),
            "submission": Submitted(patch=str(step)),
            "fork": Forked(run="p", step=step),
        }
        datas.append(make[kind])
    events = as_events(*datas)
    whole = steps_of(events)
    assert [each.number for each in whole] == list(range(1, step + 1))
    told = [*before_the_first(events), *(event for each in whole for event in each.events)]
    assert told == events
    so_far = steps_of(events[: data.draw(st.integers(0, len(events)))])
    assert [each.number for each in so_far] == [each.number for each in whole[: len(so_far)]]
    for early, late in zip(so_far[:-1], whole, strict=False):
        assert early.events == late.events
        assert (early.tests, early.spent, early.patch) == (late.tests, late.spent, late.patch)
