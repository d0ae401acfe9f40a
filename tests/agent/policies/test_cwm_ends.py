"""How a model's run ends: by a submission and a summary, or by a limit."""

import pytest

from agent.loop import Limits
from tests.agent.policies.modelruns import (
    CHANGE,
    EOT,
    IN_MODULE,
    SUBMIT,
    TAKE,
    Played,
    Player,
    call,
    done,
)
from tests.model.replies import Reply, say, silent

pytestmark = IN_MODULE

AGAIN = call(
    "edit",
    "calc/__init__.py\n<<<<<<< SEARCH\n    return a + b + 1\n=======\n    return 1 + a + b\n"
    ">>>>>>> REPLACE",
)
SPOIL = call("bash", "sed s/return/yield/ /tmp/fix.patch > /tmp/bad.patch")
SUBMIT_BAD = call("submit", "/tmp/bad.patch")
LOOK = call("bash", "cat calc/__init__.py")


def limit(run: Played) -> str:
    """The limit that ended a run, which says so everywhere."""
    assert run.events[-1].type == "limit"
    (event,) = run.of("limit")
    assert run.end.candidate == "limit"
    assert run.end.reason == event.message
    return event.limit


def forever(play: Player, text: str = LOOK, **more: object) -> dict[str, Reply]:
    """The same answer to every question."""
    return {"fallback": say(text, stop_id=play.tokenizer.special(EOT), **more)}


async def test_a_submission_is_shown_and_a_later_one_replaces_it(play: Player) -> None:
    run = await play(CHANGE, TAKE, SUBMIT, AGAIN, TAKE, SUBMIT, done("Nicer now."))
    shown = run.texts[3].removeprefix(run.texts[2])
    assert "Submitted. Look at it once more" in shown
    assert "+    return a + b + 1\n" in shown
    assert [each.applies for each in run.of("submission")] == [True, True]
    assert run.end.patch == run.of("submission")[1].patch
    assert "+    return 1 + a + b" in run.end.patch
    assert run.end.reason == "Nicer now."
    assert run.end.candidate is None


async def test_a_summary_before_any_submission_does_not_end_the_run(play: Player) -> None:
    run = await play(done("I am done."), CHANGE, TAKE, done("Really."), SUBMIT, done("Now."))
    assert [each.step for each in run.of("format_error")] == [1, 4]
    assert "nothing has been submitted that counts" in run.of("format_error")[0].message
    assert [each.text for each in run.of("message")] == ["Now."]
    assert run.end.reason == "Now."
    assert run.end.steps == 6


async def test_a_submission_that_does_not_apply_does_not_count(play: Player) -> None:
    run = await play(
        *[CHANGE, TAKE, SPOIL, SUBMIT_BAD, done("Early.")],
        *[SUBMIT, SUBMIT_BAD, done("Late."), SUBMIT, done("Right.")],
    )
    assert [each.applies for each in run.of("submission")] == [False, True, False, True]
    assert [each.step for each in run.of("format_error")] == [5, 8]
    assert "it cannot count like this" in run.texts[4]
    assert run.end.reason == "Right."
    assert run.end.patch == run.of("submission")[1].patch


async def test_a_refused_submission_leaves_the_one_before_in_force(play: Player) -> None:
    empty = call("bash", ": > /tmp/empty.patch")
    run = await play(CHANGE, TAKE, SUBMIT, empty, call("submit", "/tmp/empty.patch"), done(""))
    assert run.of("result")[-1].ok is False
    assert run.end.patch == run.of("submission")[0].patch
    assert run.end.reason == ""
    assert run.end.candidate is None


async def test_the_limit_on_turns_is_counted_down_and_ends_the_run(play: Player) -> None:
    run = await play(LOOK, "Hm.\n</think>\n", CHANGE, limits=Limits(turns=3), **forever(play))
    assert limit(run) == "turns"
    assert run.end.steps == 3
    assert len(run.asked) == 3
    assert "* Remaining turns: 2\n" in run.texts[1]
    assert run.end.patch is None


async def test_the_limit_on_tokens_bounds_answers_and_ends_the_run(play: Player) -> None:
    run = await play(limits=Limits(turns=50, tokens=8_000), **forever(play))
    assert limit(run) == "tokens"
    used = [each.usage for each in run.of("action")]
    spent = 0
    for request, usage in zip(run.asked, used, strict=True):
        assert request.json["max_tokens"] <= 8_000 - spent
        spent += int(usage["input_tokens"] + usage["output_tokens"])
    assert spent >= 8_000
    left = 8_000 - used[0]["input_tokens"] - used[0]["output_tokens"]
    assert f"* Remaining tokens: {left:.0f}\n" in run.texts[1]


async def test_the_limit_on_cost_goes_by_prices_or_by_what_the_server_says(play: Player) -> None:
    dollar = Limits(turns=9, cost=1.0)
    prices = {"input": 200.0, "output": 0.0, "cached": 100.0}
    run = await play(limits=dollar, prices=prices, **forever(play))
    assert limit(run) == "cost"
    used = [each.usage for each in run.of("action")]
    costs = [(2 * each["input_tokens"] - each["cached_tokens"]) / 10_000 for each in used]
    assert [each["cost"] for each in used] == pytest.approx(costs)
    assert sum(costs) >= 1.0 > sum(costs[:-1])
    run = await play(limits=dollar, prices=prices, **forever(play, cost=0.4))
    assert limit(run) == "cost"
    assert [each.usage["cost"] for each in run.of("action")] == [0.4] * 3


async def test_what_costs_nothing_or_nobody_knows_what_reaches_no_limit_on_cost(
    play: Player,
) -> None:
    cent = Limits(turns=4, cost=0.01)
    free = {"input": 0.0, "output": 0.0}
    run = await play(limits=cent, prices=free, **forever(play))
    assert limit(run) == "turns"
    assert [each.usage["cost"] for each in run.of("action")] == [0.0] * 4
    run = await play(limits=cent, **forever(play))
    assert limit(run) == "turns"
    assert [each.usage["cost"] for each in run.of("action")] == [None] * 4
    dear = {"input": 1e6, "output": 1e6}
    run = await play(limits=cent, prices=dear, **forever(play, usage=False))
    assert limit(run) == "turns"
    assert [each.usage["cost"] for each in run.of("action")] == [None] * 4


async def test_the_limit_on_time_ends_an_answer_that_is_awaited(play: Player) -> None:
    run = await play(CHANGE, silent(), limits=Limits(turns=9, seconds=2.0))
    assert limit(run) == "seconds"
    assert run.asked[-1].hung_up
    assert len(run.of("action")) == 1
