"""Any instruct model by chat: the text protocol in messages that every server takes."""

import json
from itertools import pairwise

import pytest

from agent.loop import Limits
from model.wire import REASONING
from tests.agent.policies.modelruns import CHANGE, IN_MODULE, TAKE, Player, Speaking, call, done
from tests.model.replies import body, endless, say

pytestmark = IN_MODULE

LOOK = call("bash", "cat calc/__init__.py", think=None)


@pytest.fixture
def play(play: Player) -> Player:
    play.profile = "chat"
    return play


async def test_reasoning_may_be_left_out_written_or_split_off(play: Player) -> None:
    bare = CHANGE.partition("</think>\n")[2]
    run = await play(
        call("bash", "cat calc/__init__.py", think=None, before="First I look.\n"),
        f"<think>\n<tool: bash>\nfalse\n</tool>\n</think>\n{bare}",
        TAKE,
        say(call("submit", "/tmp/fix.patch", think=None), reasoning="Is it right? It is."),
        say("All is well.", reasoning="Done, then."),
    )
    assert run.end.patch is not None
    assert run.end.reason == "All is well."
    assert [each.reply.reasoning for each in run.of("action")] == [
        *["", "", ""],
        *["Is it right? It is.", "Done, then."],
    ]
    roles = [each["role"] for each in run.messages[-1]]
    assert roles == ["system", *["user", "assistant"] * 4, "user"]
    # What was split off is not sent back; what stands in the text is.
    assert "Is it right?" not in run.asked[-1].body.decode()
    answers = [each["content"] for each in run.messages[-1][2::2]]
    assert answers[1].startswith("<think>\n<tool: bash>")
    assert answers[2] == TAKE
    for one, other in pairwise(run.messages):
        assert other[: len(one)] == one


async def test_what_is_told_between_two_answers_is_one_message(play: Player) -> None:
    said = {1: "Hello.", 2: "Be quick.", 3: "$5"}
    run = await play(LOOK, "What?", done(think=None), oversight=Speaking(said))
    first, second, third = (messages[-1] for messages in run.messages)
    assert first["content"].endswith("\n\nHello.")
    assert second["content"].startswith("<output>\ndef add")
    assert second["content"].endswith("</budget>\n\nBe quick.")
    assert third["content"].startswith("Your turn called no tool")
    assert third["content"].endswith("\n\n$5")


async def test_wrong_answers_are_told_and_sent_back_as_they_were(play: Player) -> None:
    wrong = {
        "<think>\nI think on and on.": "the reasoning never ended",
        f"<think>\n{LOOK}": "the reasoning never ended",
        f"a</think>b</think>{LOOK}": "(2 </think>)",
        f"{LOOK}\n{LOOK}": "2 calls",
        "<tool: bash>\nls": "1 <tool:, 0 </tool>",
        "": "Your turn was empty",
        " \n ": "Your turn was empty",
        "Hm.": "called no tool",
    }
    run = await play(*wrong, LOOK, done(think=None))
    errors = run.of("format_error")
    assert [each.step for each in errors] == [*range(1, len(wrong) + 1), len(wrong) + 2]
    for (answer, told), error in zip(wrong.items(), errors, strict=False):
        assert told in error.message
        assert error.reply.text == answer
    answers = [each["content"] for each in run.messages[-1] if each["role"] == "assistant"]
    assert answers == [*(each if each.strip() else "(nothing)" for each in wrong), LOOK]
    assert run.of("result")[0].step == len(wrong) + 1


async def test_native_calls_nobody_asked_for_do_not_run(play: Player) -> None:
    native = ("bash", json.dumps({"command": "touch /tmp/ran"}))
    run = await play(
        say("", calls=[native]),
        say(call("bash", "ls /tmp/ran", think=None), calls=[native]),
        done(think=None),
    )
    assert "Your turn was empty" in run.of("format_error")[0].message
    assert run.of("format_error")[0].reply.calls[0].name == "bash"
    assert "No such file" in run.of("result")[0].output
    assert "touch" not in run.asked[-1].body.decode()


async def test_cwm_behind_a_chat_template_gets_its_own_preamble(play: Player) -> None:
    models = {"models": {"facebook/CWM": 65_536, "qwen": 65_536}}
    run = await play(LOOK, server=models, name="facebook/CWM")
    assert run.messages[0][0]["content"].startswith(f"{REASONING}\n\n# Environment\n\nYou work in")
    run = await play(LOOK, server=models, name="qwen")
    assert REASONING not in run.asked[0].body.decode()
    assert "# Environment" in run.messages[0][0]["content"]


async def test_an_answer_that_did_not_stream_is_one_like_any_other(play: Player) -> None:
    message = {"role": "assistant", "content": LOOK, "reasoning": "Hm."}
    whole = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    run = await play(body(json.dumps(whole)), limits=Limits(turns=1))
    assert "return a + b" in run.of("result")[0].output
    assert run.of("action")[0].reply.reasoning == "Hm."
    assert run.of("action")[0].usage["output_tokens"] == 1


async def test_an_answer_without_an_end_is_cut_off_and_gone_on_from(play: Player) -> None:
    run = await play(endless(), LOOK, action_tokens=64)
    assert "was cut off" in run.of("format_error")[0].message
    assert run.asked[0].hung_up
    assert "return a + b" in run.of("result")[0].output
