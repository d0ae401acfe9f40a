"""The model's context: what is cut to fit into it, and what happens when it is full."""

import json
import re
from itertools import pairwise

import pytest

from agent.issue import Issue
from agent.loop import Limits
from model.errors import ModelMisconfigured
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
from tests.model.http import Request
from tests.model.replies import Reply, by_request, context_exceeded, refuse, say

pytestmark = IN_MODULE

LOOK = call("bash", "cat calc/__init__.py")
MUCH = call("bash", "seq 1 100000")


def tokens_of_first_prompt(run: Played) -> int:
    (prompt,) = run.of("prompt")
    return len(run.tokenizer.encode(prompt.user))


def budgets(run: Played) -> list[int]:
    return [int(each) for each in re.findall(r"Remaining tokens: (\d+)", run.texts[-1])]


async def test_a_long_issue_loses_its_beginning_and_nothing_else(play: Player) -> None:
    text = "FIRST " + "word and word " * 20_000 + " LAST"
    tests = ("tests/test_add.py::test_add",)
    issue = Issue(id="long", title="TITLE", text=text, tests=tests)
    run = await play(LOOK, issue=issue)
    (prompt,) = run.of("prompt")
    assert 8_000 < tokens_of_first_prompt(run) <= 8_192
    assert "TITLE" not in prompt.user
    assert "FIRST" not in prompt.user
    assert "<issue>\n[...]" in prompt.user
    assert "word LAST\n</issue>\n" in prompt.user.replace("  ", " ")
    assert "pass in the end:\ntests/test_add.py::test_add\n" in prompt.user
    assert "Write the patch with git diff" in prompt.user
    assert prompt.user in run.texts[0]


async def test_tests_by_the_thousand_leave_room_for_the_issue(play: Player) -> None:
    tests = tuple(f"tests/test_add.py::test_number_{n}" for n in range(3_000))
    issue = Issue(id="many", text="It is WRONG.", tests=tests)
    run = await play(LOOK, issue=issue)
    (prompt,) = run.of("prompt")
    assert tokens_of_first_prompt(run) <= 8_192
    assert "It is WRONG." in prompt.user
    assert "test_number_0\n" in prompt.user
    assert "test_number_2999" not in prompt.user


async def test_a_huge_result_loses_its_end_and_the_budget_follows(play: Player) -> None:
    run = await play(MUCH, LOOK, result_tokens=1_000)
    shown = run.texts[1].removeprefix(run.texts[0]).partition("<output>\n")[2]
    output, _, after = shown.partition("\n</output>")
    assert output.startswith("1\n2\n3\n")
    assert output.endswith("[...]")
    assert len(run.tokenizer.encode(output)) <= 1_000
    assert re.match(r"\n\n<budget>\n\* Remaining turns: 1\n\* Remaining tokens: \d+\n", after)
    # The trajectory keeps all of it.
    assert len(run.of("result")[0].output) > 400_000


async def test_one_long_result_leaves_a_small_context_room_to_work_in(play: Player) -> None:
    play.context = 16_384
    run = await play(MUCH, LOOK, CHANGE, TAKE, SUBMIT, done(), limits=Limits(turns=9))
    shown = run.texts[1].removeprefix(run.texts[0]).partition("<output>\n")[2]
    output, _, _ = shown.partition("\n</output>")
    assert 16_384 // 4 - 64 <= len(run.tokenizer.encode(output)) <= 16_384 // 4
    assert not run.of("message")[:-1]  # but for the summary: it was not told that it is full
    assert run.end.reason == "All is done."


async def test_the_budget_tells_no_more_tokens_than_there_are(play: Player) -> None:
    run = await play(LOOK, MUCH, LOOK, LOOK, result_tokens=1_000)
    left = budgets(run)
    assert len(left) == 3
    for told, prompt in zip(left, run.prompts[1:], strict=True):
        assert 0 <= play.context - len(prompt) - told <= 60
    for request, prompt in zip(run.asked, run.prompts, strict=True):
        assert request.json["max_tokens"] + len(prompt) <= play.context


@pytest.mark.parametrize("context", [4_096, 8_192])
async def test_a_small_context_is_enough_for_a_small_issue(play: Player, context: int) -> None:
    play.context = context
    issue = Issue(id="long", text="Long. " * 9_000, tests=("tests/test_add.py::test_add",))
    run = await play(CHANGE, TAKE, SUBMIT, done(), issue=issue)
    assert run.end.patch is not None
    for request, prompt in zip(run.asked, run.prompts, strict=True):
        assert 64 <= request.json["max_tokens"] <= context - len(prompt)
    assert "Long. Long." in run.texts[0]
    assert "pass in the end:\ntests/test_add.py" in run.texts[0]


async def test_a_context_nearly_full_is_told_once_and_still_ends_well(play: Player) -> None:
    play.context = 8_192
    run = await play(
        CHANGE, TAKE, MUCH, MUCH, LOOK, SUBMIT, done("In time."), limits=Limits(turns=9)
    )
    (told,) = [each for each in run.of("message") if each.role == "run"]
    assert "Your context is nearly full: about" in told.text
    assert "submit it now" in told.text
    assert run.texts[-1].count(told.text) == 1
    assert run.end.reason == "In time."
    assert run.end.patch is not None


async def test_a_full_context_ends_the_run_with_a_candidate(play: Player) -> None:
    play.context = 8_192
    run = await play(CHANGE, limits=Limits(turns=99), fallback=_reply(play, MUCH))
    (limit,) = run.of("limit")
    assert limit.limit == "context"
    assert run.end.reason == limit.message == "the context of 8,192 tokens is full"
    assert run.end.candidate == "limit"
    assert len([each for each in run.of("message") if each.role == "run"]) == 1
    assert all(len(prompt) + 64 <= 8_192 + 8 for prompt in run.prompts)


async def test_a_context_too_small_for_the_first_prompt_is_the_users_to_mend(play: Player) -> None:
    play.context = 1_024
    with pytest.raises(ModelMisconfigured, match=r"1,024 tokens is too small"):
        await play(LOOK)


@pytest.mark.parametrize("style", ["vllm", "vllm-new", "openai", "llama.cpp", "no number"])
async def test_a_context_smaller_than_said_is_made_do_with(play: Player, style: str) -> None:
    if style == "no number":
        too_much = refuse(400, "the prompt is too long", code=400)
    else:
        too_much = context_exceeded(8_192, style)
    run = await play(LOOK, too_much, CHANGE, TAKE, SUBMIT, done(), limits=Limits(turns=9))
    assert run.end.patch is not None
    assert not run.of("limit")
    assert not run.of("retry")
    assert run.prompts[1] == run.prompts[2]
    most = [request.json["max_tokens"] + len(request.json["prompt"]) for request in run.asked]
    assert most[1] == play.context
    assert max(most[2:]) < play.context
    if style != "no number":
        assert max(most[2:]) <= 8_192


async def test_a_context_that_never_suffices_ends_the_run(play: Player) -> None:
    too_long = refuse(400, "the prompt is too long", code=400)
    run = await play(CHANGE, limits=Limits(turns=99), fallback=too_long)
    assert run.of("limit")[0].limit == "context"
    assert run.end.candidate == "limit"
    assert len(run.asked) < 20


@pytest.mark.parametrize("profile", ["cwm", "chat", "tools"])
async def test_a_server_that_insists_on_its_context_is_never_lost(
    play: Player, profile: str
) -> None:
    play.profile, play.context = profile, 16_384
    commands = json.dumps({"command": "seq 1 700; echo 漢字漢字漢字"})
    answer = call("bash", "seq 1 700; echo 漢字漢字漢字")
    good = say("", calls=[("bash", commands)]) if profile == "tools" else _reply(play, answer)
    too_much = 0

    def choose(request: Request) -> Reply:
        nonlocal too_much
        asked = request.json
        texts = [each["content"] or "" for each in asked.get("messages", [])]
        prompt = asked.get("prompt") or play.tokenizer.encode("".join(texts))
        if len(prompt) + asked["max_tokens"] <= 16_384:
            return good
        too_much += 1
        return context_exceeded(16_384)

    run = await play(limits=Limits(turns=99), fallback=by_request(choose))
    assert run.of("limit")[0].limit == "context"
    assert len([each for each in run.of("message") if each.role == "run"]) == 1
    assert 4 <= len(run.of("action")) <= 20
    assert too_much <= (0 if profile == "cwm" else 20)


async def test_old_output_makes_room_when_the_user_wants_that(play: Player) -> None:
    play.context = 16_384
    looks = [call("bash", f"echo number {n}; seq 1 900") for n in range(12)]
    run = await play(*looks, CHANGE, TAKE, SUBMIT, done(), compact=True)
    assert run.end.patch is not None
    events = run.of("compaction")
    assert events
    assert all(each.tokens_after < each.tokens_before for each in events)
    last = run.texts[-1]
    left_out = [step for each in events for step in each.steps]
    assert left_out == sorted({*left_out})
    for step in range(1, 13):
        assert f"echo number {step - 1};" in last
        output = f"<output>\nnumber {step - 1}\n1\n2\n"
        assert (output in last) == (step not in left_out)
    assert last.count("<output>\n[This output was taken out to make room.") == len(left_out)
    assert set(left_out) <= {*range(1, 13)}
    # What comes after is appended again.
    assert run.prompts[-1][: len(run.prompts[-2])] == run.prompts[-2]


async def test_a_few_very_long_outputs_make_room_as_well(play: Player) -> None:
    play.context = 16_384
    answers = [MUCH] * 6 + [CHANGE, TAKE, SUBMIT, done("There was room.")]
    run = await play(*answers, compact=True, limits=Limits(turns=12))
    assert run.end.reason == "There was room."
    assert not run.of("limit")
    assert len(run.of("compaction")) > 1


async def test_the_latest_output_stays_in_a_run_that_is_gone_on_with(play: Player) -> None:
    looks = [call("bash", f"echo old {n}; seq 1 300") for n in range(6)]
    play.history = (await play(*looks)).events
    play.context = 13_312
    looks = [call("bash", f"echo new {n}; seq 1 300") for n in range(3)]
    run = await play(*looks, compact=True)
    (compaction,) = run.of("compaction")
    assert {1, 2} <= {*compaction.steps}
    assert "<output>\nold 0\n1" not in run.texts[-1]
    assert "<output>\nnew 0\n1" in run.texts[-1]
    assert "<output>\nnew 1\n1" in run.texts[-1]


async def test_a_server_that_has_less_room_than_said_is_made_room_for(play: Player) -> None:
    looks = [call("bash", f"echo number {n}; seq 1 300") for n in range(10)]
    answers = [*looks, context_exceeded(8_192), CHANGE]
    run = await play(*answers, compact=True, limits=Limits(turns=11))
    (compaction,) = run.of("compaction")
    assert compaction.steps == (1, 2, 3, 4, 5, 6)
    assert run.of("action")[-1].tool == "edit"


async def test_old_output_stays_otherwise(play: Player) -> None:
    play.context = 16_384
    looks = [call("bash", f"echo number {n}; seq 1 900") for n in range(12)]
    run = await play(*looks, limits=Limits(turns=12))
    assert not run.of("compaction")
    assert "<output>\nnumber 0\n1\n2\n" in run.texts[-1]
    for one, other in pairwise(run.prompts):
        assert other[: len(one)] == one


def _reply(play: Player, text: str) -> Reply:
    return say(text, stop_id=play.tokenizer.special(EOT))
