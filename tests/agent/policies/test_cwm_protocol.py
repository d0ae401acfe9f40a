"""CWM's text protocol: answers in every wrong form, and what the model and the trajectory get."""

from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from agent.events import Malformed
from agent.loop import Limits
from model.tokenizer import Tokenizer
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
from tests.model.replies import say
from tests.repobox import Box

pytestmark = IN_MODULE

TOUCH = "<tool: bash>\ntouch /tmp/ran\n</tool>"
LOOK = call("bash", "ls /tmp/ran; cat calc/__init__.py")

WRONG = {
    "no call": ("I see.\n</think>\nThis is hard.", "called no tool"),
    "two calls": (f"Two.\n</think>\n{TOUCH}\n{TOUCH}", "more than one call (2 calls)"),
    "no closing tag": ("Hm.\n</think>\n<tool: bash>\ntouch /tmp/ran\n", "1 <tool:, 0 </tool>"),
    "no opening tag": ("Hm.\n</think>\ntouch /tmp/ran\n</tool>", "0 <tool:, 1 </tool>"),
    "a tag too many": (f"Hm.\n</think>\n{TOUCH}\n</tool>", "1 <tool:, 2 </tool>"),
    "a tag within": (f"Hm.\n</think>\n<tool: bash>\n{TOUCH}", "2 <tool:, 1 </tool>"),
    "no line breaks": ("Hm.\n</think>\n<tool: bash>touch /tmp/ran</tool>", "0 complete calls"),
    "no argument": ("Hm.\n</think>\n<tool: bash>\n \n\t\n</tool>", "The call of bash"),
    "nothing between": ("Hm.\n</think>\n<tool: bash>\n</tool>", "0 complete calls"),
    "no such tool": ("Hm.\n</think>\n<tool: rm_rf>\n/\n</tool>", "no tool named rm_rf"),
    "another case": (f"Hm.\n</think>\n{TOUCH.replace('bash', 'Bash')}", "no tool named Bash"),
    "no end of reasoning": (f"I think on.\n{TOUCH}", "the reasoning never ended"),
    "two ends of reasoning": (f"So.\n</think>\nOr.\n</think>\n{TOUCH}", "(2 </think>)"),
    "an end in the argument": (call("bash", "touch /tmp/ran; echo '</think>'"), "(2 </think>)"),
    "call in the reasoning only": (f"{TOUCH}\n</think>\nSo be it.", "called no tool"),
    "reasoning only": ("Let me think.\n</think>\n", "called no tool"),
    "nothing": ("", "Your turn was empty"),
    "white space": (" \n\n\t ", "Your turn was empty"),
}
"""Answers in a wrong form, and what the model is told of each."""


def the_error(run: Played, step: int) -> Malformed:
    (error,) = [each for each in run.of("format_error") if each.step == step]
    return error


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wrong_run(
    calc: Box, tokenizer: Tokenizer, tokenizer_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Played:
    """Every wrong answer, and after each a good one; then a resolution."""
    answers = [each for answer, _ in WRONG.values() for each in (answer, LOOK)]
    async with calc.sandbox() as sandbox:
        play = Player(sandbox, tmp_path_factory.mktemp("wrong"), tokenizer, tokenizer_file)
        return await play(*answers, CHANGE, TAKE, SUBMIT, done("Mended."))


@pytest.mark.parametrize("number", range(len(WRONG)), ids=WRONG)
async def test_a_wrong_answer_is_told_and_the_next_one_runs(
    wrong_run: Played, tokenizer: Tokenizer, number: int
) -> None:
    answer, told = [*WRONG.values()][number]
    error = the_error(wrong_run, 2 * number + 1)
    assert told in error.message
    assert error.reply is not None
    assert error.reply.text == answer
    before, after = wrong_run.texts[2 * number : 2 * number + 2]
    assert error.usage["input_tokens"] == len(wrong_run.prompts[2 * number])
    assert error.usage["output_tokens"] == len(tokenizer.encode(answer)) + 1
    # The model sees its own answer, word for word, and then what was wrong with it.
    assert after == (
        f"{before}{answer}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n{error.message}"
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n<think>\n"
    )
    # Nothing ran, the turn counted, and the next answer is carried out.
    steps = [each.step for each in wrong_run.of("result")]
    assert 2 * number + 1 not in steps
    result = wrong_run.of("result")[steps.index(2 * number + 2)]
    assert "No such file" in result.output
    assert "return a + b" in result.output


async def test_no_number_of_wrong_answers_keeps_a_good_one_from_working(wrong_run: Played) -> None:
    assert wrong_run.end.patch is not None
    assert wrong_run.end.reason == "Mended."
    assert wrong_run.end.steps == 2 * len(WRONG) + 4
    for one, other in pairwise(wrong_run.prompts):
        assert other[: len(one)] == one


async def test_a_call_in_the_reasoning_does_not_run_beside_one_in_the_answer(play: Player) -> None:
    run = await play(call("bash", "ls /tmp/ran", think=f"Not {TOUCH}, nor <tool: bash>, </tool>."))
    (result,) = run.of("result")
    assert "No such file" in result.output
    assert not run.of("format_error")


async def test_an_answer_that_is_cut_off_at_its_limit_is_told_and_gone_on_from(
    play: Player,
) -> None:
    endless = "Let me think about that once more. " * 8_000
    words = play.tokenizer.encode(endless)[:60_000]
    cut_off = say(play.tokenizer.decode(words), ids=words, finish="length", piece=4_096)
    play.context = 131_072
    run = await play(cut_off, LOOK, CHANGE, TAKE, SUBMIT, done())
    error = the_error(run, 1)
    assert "cut off" in error.message
    assert error.reply is not None
    assert error.reply.finish == "length"
    assert len(error.reply.text) > 150_000
    assert error.usage["output_tokens"] == 60_000
    assert run.prompts[1][: len(run.prompts[0]) + 60_000] == [*run.prompts[0], *words]
    assert run.end.patch is not None


async def test_a_call_that_is_whole_does_not_run_when_the_answer_was_cut_off(play: Player) -> None:
    cut_off = say(call("bash", "touch /tmp/ran"), finish="length")
    run = await play(cut_off, LOOK)
    assert "cut off" in the_error(run, 1).message
    assert "No such file" in run.of("result")[0].output


@pytest.mark.parametrize("ends", [(EOT, EOT), ("<|eom_id|>", EOT), (EOT, "<|end_of_text|>")])
async def test_an_answer_ends_once_however_often_the_server_says_so(
    play: Player, ends: tuple[str, str]
) -> None:
    answer = call("bash", "echo here")
    ids = [*play.tokenizer.encode(answer), play.tokenizer.special(ends[0])]
    twice = say(f"{answer}{''.join(ends)}", ids=ids, stop_id=play.tokenizer.special(ends[1]))
    run = await play(twice, done())
    (result,) = run.of("result")
    assert result.output == "here\n"
    assert run.of("action")[0].reply.text == answer
    assert f"{answer}<|eot_id|><|start_header_id|>tool: bash" in run.texts[1]


@pytest.mark.parametrize("finish", ["stop", "eos", "something_new", None])
async def test_the_reason_for_an_end_does_not_matter_unless_it_is_the_length(
    play: Player, finish: str | None
) -> None:
    run = await play(say(call("bash", "echo here"), finish=finish))
    assert run.of("result")[0].output == "here\n"


async def test_a_server_that_gives_no_ids_is_gone_on_from_by_text(play: Player) -> None:
    answer = call("bash", "echo here")
    run = await play(say(answer, ids=[]), done())
    assert f"{answer}<|eot_id|><|start_header_id|>tool: bash" in run.texts[1]


async def test_an_answer_that_breaks_off_in_mid_stream_is_asked_for_again(play: Player) -> None:
    answer = call("bash", "echo here | tee -a /tmp/log")
    broken = say(call("bash", "echo there | tee -a /tmp/log"), dies=True)
    run = await play(broken, answer, call("bash", "cat /tmp/log"), limits=Limits(turns=2))
    (retried,) = run.of("retry")
    assert retried.number == 1
    assert run.of("action")[0].reply.retries == 1
    assert run.of("result")[1].output == "here\n"
    assert run.prompts[0] == run.prompts[1]


async def test_the_whole_answer_stands_beside_what_the_action_says_of_it(play: Player) -> None:
    answer = call("bash", "echo here", think="Deep thoughts.", before="I look around.\n")
    run = await play(f"{answer}\nThat is it.")
    (action,) = run.of("action")
    assert action.thought == "I look around.\n\nThat is it."
    assert action.argument == "echo here"
    assert action.reply.text == f"{answer}\nThat is it."
