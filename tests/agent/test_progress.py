"""What a run's events add up to, after each of them."""

import pytest

from agent.events import Event, EventData, Reviewed, Started, Steered
from agent.progress import Progress
from tests.agent.tui.samples import PATCH, beginning, ending, issue, work


def progress_of(*datas: EventData) -> Progress:
    progress = Progress()
    for number, data in enumerate(datas, start=1):
        progress.take(
            Event(id=number, parent=None, time=1000.0 + number, type=data.type, data=data)
        )
    return progress


def test_a_run_is_prepared_works_is_verified_and_ends() -> None:
    events = [*beginning(issue()), *work(), *ending()]
    stages = [progress_of(*events[:count]).stage for count in range(len(events) + 1)]
    assert stages[:4] == ["preparing", "preparing", "working", "working"]
    assert stages[-4:] == ["working", "verifying", "verifying", "ended"]


def test_tokens_cost_and_steps_are_summed() -> None:
    progress = progress_of(*beginning(issue()), *work())
    assert progress.step == 4
    assert progress.tokens == 4 * (4200 + 310)
    assert progress.cost == pytest.approx(4 * 0.012)
    assert progress.model == "facebook/cwm"
    assert (progress.began, progress.last) == (1001.0, 1011.0)


def test_the_last_state_of_every_test_is_known() -> None:
    events = [*beginning(issue()), *work(), *ending()]
    before, after = progress_of(*events[:8]), progress_of(*events[:11])
    assert before.tests["tests/test_prices.py::test_above"] == "failed"
    assert after.tests["tests/test_prices.py::test_above"] == "passed"


def test_files_that_were_edited_and_the_patch_are_known() -> None:
    events = [*beginning(issue()), *work(), *ending()]
    assert progress_of(*events[:8]).changed == []
    assert progress_of(*events[:10]).changed == ["prices.py"]
    assert progress_of(*events).patch == PATCH


ASKS = Steered(what="asking", step=3, tool="bash", argument="rm -r .")


@pytest.mark.parametrize(
    "answer", [Steered(what="allowed", step=3), Reviewed(step=3, decision="refused")]
)
def test_a_call_waits_until_it_is_answered(answer: EventData) -> None:
    start = [*beginning(issue()), *work()]
    assert progress_of(*start, ASKS).stage == "asking"
    assert progress_of(*start, ASKS).asking == ASKS
    assert progress_of(*start, ASKS, answer).stage == "working"
    assert progress_of(*start, ASKS, answer).asking is None


def test_a_pause_while_a_call_waits_leaves_it_waiting() -> None:
    paused = [*beginning(issue()), ASKS, Steered(what="pausing")]
    assert progress_of(*paused).stage == "pausing"
    assert progress_of(*paused, Steered(what="resumed")).stage == "asking"


def test_a_number_that_is_missing_counts_as_nothing() -> None:
    started = Started(run="r", issue="i", policy="p", usage={"input_tokens": None, "cost": None})  # type: ignore[call-arg]
    assert progress_of(started).tokens == 0
