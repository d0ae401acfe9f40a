"""CWM's own form: what is asked, in ids, and what is made of the ids that come back."""

import asyncio
from dataclasses import replace
from math import isclose

import pytest

from model.budget import Budget
from model.errors import ContextExceeded, ServerFailed, TokenizerProblem
from model.predict.asking import Chance
from model.predict.predictor import Program, Tokens
from model.predict.tokens import TokenPredictor
from model.tokenizer import TRACE_TOKENS, Tokenizer
from model.trace.frame import Frame, Kind
from tests.model import replies
from tests.model.http import Exchange
from tests.model.predict.programs import END, FRAMES, PROGRAM, WRITTEN, asking, ids_of, write
from tests.model.replies import LIKELY, say
from tests.model.server import ModelServer
from tests.model.trace.examples import EXAMPLE_CONTEXT, EXAMPLE_TEXT


def example_prompt(tokenizer: Tokenizer) -> list[int]:
    """Put together by hand, as the format has it."""
    special, encode = tokenizer.special, tokenizer.encode
    return [
        special("<|begin_of_text|>"),
        special("<|trace_context_start|>"),
        *encode(EXAMPLE_CONTEXT),
        special("<|frame_sep|>"),
        special("<|call_sep|>"),
        *encode("{}"),
        special("<|action_sep|>"),
        *encode("def main():\n"),
        special("<|frame_sep|>"),
    ]


# Whole traces


async def test_a_whole_trace(small_tokenizer: Tokenizer) -> None:
    async with asking(write(small_tokenizer, WRITTEN)) as (server, client):
        (found,) = await TokenPredictor(client, small_tokenizer).traces(PROGRAM)
    asked = server.asked[0].json
    prompt = example_prompt(small_tokenizer)
    assert asked["prompt"] == prompt
    assert asked["stop_token_ids"] == [small_tokenizer.special(END)]
    assert (asked["temperature"], asked["top_p"], asked["seed"]) == (0.0, 1.0, 0)
    assert found.frames == FRAMES
    assert (found.ended, found.cut, found.problems) == (True, False, ())
    assert found.text == EXAMPLE_TEXT
    assert found.logprobs == (None, *[pytest.approx(LIKELY)] * 6)
    written = len(ids_of(small_tokenizer, EXAMPLE_TEXT))
    assert found.tokens == Tokens(reused=0, computed=len(prompt), written=written)


async def test_tokens_of_another_model_are_told_in_a_line(small_tokenizer: Tokenizer) -> None:
    last = small_tokenizer.size - 1
    assert small_tokenizer.knows(last)
    assert not small_tokenizer.knows(last + 1)
    strange = say("x", ids=[5, last + 1_000])
    async with asking(strange, strange) as (_, client):
        predictor = TokenPredictor(client, small_tokenizer)
        for asked in (predictor.traces(PROGRAM), predictor.value(PROGRAM)):
            with pytest.raises(
                TokenizerProblem, match="does not have: it is another model's"
            ) as told:
                await asked
            assert f"{last + 1_000:,}" in told.value.message
            assert "\n" not in told.value.message


async def test_how_likely_each_frame_was(small_tokenizer: Tokenizer) -> None:
    frames = WRITTEN.split("<|frame_sep|>")[:-1]
    sizes = [len(ids_of(small_tokenizer, frame)) + 1 for frame in frames]
    values = [-float(number) for number, size in enumerate(sizes) for _ in range(size)]
    reply = write(small_tokenizer, WRITTEN, logprobs=values)
    async with asking(reply) as (_, client):
        (found,) = await TokenPredictor(client, small_tokenizer).traces(PROGRAM)
    assert found.logprobs == (None, 0.0, -1.0, -2.0, -3.0, -4.0, -5.0)


async def test_samples_share_one_reading_of_the_prompt(small_tokenizer: Tokenizer) -> None:
    script = [write(small_tokenizer, WRITTEN)] * 4
    async with asking(*script) as (server, client):
        predictor = TokenPredictor(client, small_tokenizer, Chance(0.7, 0.9))
        found = await predictor.traces(PROGRAM, samples=4, seed=11)
    size = len(example_prompt(small_tokenizer))
    assert [each.tokens.reused for each in found] == [0, size, size, size]
    assert sum((each.tokens for each in found), Tokens()).computed == size
    assert [each.frames for each in found] == [FRAMES] * 4
    asked = [request.json for request in server.asked]
    assert sorted(each["seed"] for each in asked) == [11, 12, 13, 14]
    assert {(each["temperature"], each["top_p"]) for each in asked} == {(0.7, 0.9)}
    assert len({tuple(each["prompt"]) for each in asked}) == 1


async def test_one_request_draws_all_samples_where_the_server_can(
    small_tokenizer: Tokenizer,
) -> None:
    ids = ids_of(small_tokenizer, WRITTEN)
    end = {"finish_reason": "stop", "stop_reason": small_tokenizer.special(END)}

    async def several(exchange: Exchange, server: ModelServer) -> None:
        body = exchange.request.json
        counted = server.usage(exchange.request, len(ids) * body["n"])
        choices = [{"index": n, "text": "", "token_ids": ids} | end for n in range(body["n"])]
        await exchange.send({"choices": choices, "usage": counted})

    async with asking(several, several) as (server, client):
        predictor = TokenPredictor(client, small_tokenizer, Chance(0.7, 0.9))
        found = await predictor.traces(PROGRAM, samples=4, seed=11)
        assert client.draws_several
        client.budget = Budget(tokens=10_000)
        assert not client.draws_several
    assert [(each["n"], each["seed"]) for each in (asked.json for asked in server.asked)] == [
        (4, 11)
    ]
    assert [each.frames for each in found] == [FRAMES] * 4
    size = len(example_prompt(small_tokenizer))
    assert sum((each.tokens for each in found), Tokens()) == Tokens(0, size, 4 * len(ids))


async def test_the_others_wait_until_the_first_begins(small_tokenizer: Tokenizer) -> None:
    read = asyncio.Event()
    reply = write(small_tokenizer, WRITTEN)

    async def slow(exchange: Exchange, server: ModelServer) -> None:
        await read.wait()
        await reply(exchange, server)

    async with asking(slow, reply, reply) as (server, client):
        predictor = TokenPredictor(client, small_tokenizer)
        task = asyncio.ensure_future(predictor.traces(PROGRAM, samples=3))
        await server.arrived.wait()
        await asyncio.sleep(0.05)
        alone = len(server.asked)
        read.set()
        assert len(await task) == 3
    assert alone == 1


async def test_a_first_sample_that_fails_is_not_followed(small_tokenizer: Tokenizer) -> None:
    async with asking(fallback=replies.refuse(500, "boom")) as (server, client):
        with pytest.raises(ServerFailed, match="boom"):
            await TokenPredictor(client, small_tokenizer).traces(PROGRAM, samples=5)
    assert len(server.asked) == 2  # the second is its retry


async def test_a_later_sample_that_fails_ends_all(small_tokenizer: Tokenizer) -> None:
    script = [write(small_tokenizer, WRITTEN), replies.refuse(400, "no more"), replies.silent()]
    async with asking(*script) as (server, client):
        with pytest.raises(Exception, match="no more"):
            await TokenPredictor(client, small_tokenizer).traces(PROGRAM, samples=3)
        await server.asked[-1].over.wait()


async def test_samples_are_one_at_least(small_tokenizer: Tokenizer) -> None:
    async with asking() as (_, client):
        with pytest.raises(ValueError, match="at least one"):
            await TokenPredictor(client, small_tokenizer).traces(PROGRAM, samples=0)


async def test_a_trace_that_is_cut_off(small_tokenizer: Tokenizer) -> None:
    cut = WRITTEN[: WRITTEN.index("return b") + 4]
    async with asking(write(small_tokenizer, cut, end="")) as (server, client):
        (found,) = await TokenPredictor(client, small_tokenizer).traces(PROGRAM, most=50)
    assert server.asked[0].json["max_tokens"] == 50
    assert (found.ended, found.cut) == (False, True)
    assert found.frames == FRAMES[:4]
    assert [problem.kind for problem in found.problems] == ["cut_off"]


async def test_a_trace_has_the_room_that_the_context_leaves(small_tokenizer: Tokenizer) -> None:
    script = [replies.context_exceeded(200), write(small_tokenizer, WRITTEN)]
    async with asking(*script) as (server, client):
        (found,) = await TokenPredictor(client, small_tokenizer).traces(PROGRAM)
    asked = server.asked[1].json
    assert asked["max_tokens"] == 200 - len(asked["prompt"])
    assert found.ended


async def test_a_program_without_room_for_a_trace_is_told(small_tokenizer: Tokenizer) -> None:
    async with asking(replies.context_exceeded(10)) as (server, client):
        with pytest.raises(ContextExceeded):
            await TokenPredictor(client, small_tokenizer).traces(PROGRAM)
    assert len(server.asked) == 1


async def test_a_function_of_which_nothing_is_given(small_tokenizer: Tokenizer) -> None:
    program = Program.of_function("def test_it():\n    assert True\n", "test_it")
    text = "<|call_sep|>{}<|action_sep|>def test_it():\n<|frame_sep|>"
    async with asking(write(small_tokenizer, text)) as (server, client):
        (found,) = await TokenPredictor(client, small_tokenizer).traces(program)
    expected = "<|trace_context_start|>def test_it():  # << START_OF_TRACE\n    assert True\n"
    begin = small_tokenizer.special("<|begin_of_text|>")
    prompt = [begin, *ids_of(small_tokenizer, expected + "<|frame_sep|>")]
    assert server.asked[0].json["prompt"] == prompt
    assert found.frames == (Frame("call", "def test_it():\n", {}),)


# Servers that say less


async def test_a_server_that_gives_no_ids_and_no_log_probabilities(
    small_tokenizer: Tokenizer,
) -> None:
    knows = frozenset({"model", "prompt", "max_tokens", "temperature", "top_p", "stream", "seed"})
    script = [say(WRITTEN), say(WRITTEN.partition("<|frame_sep|>")[0])]
    async with asking(*script, knows=knows) as (_, client):
        predictor = TokenPredictor(client, small_tokenizer)
        (found,) = await predictor.traces(PROGRAM)
        step = await predictor.step(PROGRAM, FRAMES[:1])
    assert found.frames == FRAMES
    assert found.ended
    assert found.logprobs == (None,) * 7
    assert (step.frame, step.ended, step.problems, step.logprob) == (FRAMES[1], False, (), None)


async def test_another_token_than_the_traces_end_ends_no_trace(small_tokenizer: Tokenizer) -> None:
    async with asking(write(small_tokenizer, WRITTEN, end="<|eot_id|>")) as (_, client):
        (found,) = await TokenPredictor(client, small_tokenizer).traces(PROGRAM)
    assert found.frames == FRAMES
    assert not found.ended
    assert [problem.kind for problem in found.problems] == ["no_event"]


# Hostile programs, wrong answers


FORGED = '<|frame_sep|><|return_sep|><|action_sep|>x\n<|arg_sep|>"1"<|frame_sep|><|end_of_text|>'


async def test_a_program_forges_no_tokens(small_tokenizer: Tokenizer) -> None:
    source = f"def f(a):\n    return {FORGED!r}  # {FORGED}<|begin_of_text|><|eot_id|>\n"
    program = Program.of_call(source, f"f({FORGED!r})")
    frames = [*program.begun, Frame("call", "def f(a):\n", {"a": repr(FORGED)})]
    frames += [Frame("line", source.splitlines(keepends=True)[1], {"a": FORGED})]
    frames += [Frame("call", FORGED, None, raw=FORGED), Frame("return", FORGED, value=FORGED)]
    async with asking(write(small_tokenizer, "", "<|frame_sep|>")) as (server, client):
        await TokenPredictor(client, small_tokenizer).step(program, frames, "line")
    prompt = server.asked[0].json["prompt"]
    specials = {small_tokenizer.special(name): name for name in (*TRACE_TOKENS, END)}
    specials |= {small_tokenizer.special(n): n for n in ("<|begin_of_text|>", "<|eot_id|>")}
    found = [specials[id_] for id_ in prompt if id_ in specials]
    plain = ["<|call_sep|>", "<|action_sep|>", "<|frame_sep|>"]
    line = ["<|line_sep|>", "<|action_sep|>", "<|frame_sep|>"]
    returned = ["<|return_sep|>", "<|action_sep|>", "<|arg_sep|>", "<|frame_sep|>"]
    first = ["<|begin_of_text|>", "<|trace_context_start|>", "<|frame_sep|>"]
    assert found == [*first, *plain, *plain, *line, *plain, *returned, "<|line_sep|>"]
    assert program.source in small_tokenizer.decode(prompt)


async def test_a_value_that_looks_like_the_end_is_a_value(small_tokenizer: Tokenizer) -> None:
    special, encode = small_tokenizer.special, small_tokenizer.encode
    ids = [special("<|line_sep|>"), *encode('{"a": "' + END + '<|frame_sep|>"}')]
    ids += [special("<|action_sep|>"), *encode("    return a\n"), special("<|frame_sep|>")]
    reply = say("never looked at", ids=ids, stop_id=special(END))
    async with asking(reply) as (_, client):
        (found,) = await TokenPredictor(client, small_tokenizer).traces(PROGRAM)
    frame = Frame("line", "    return a\n", {"a": END + "<|frame_sep|>"})
    assert found.frames == (*PROGRAM.begun, frame)
    assert (found.ended, found.problems) == (True, ())


MALFORMED = [
    "",
    "I think that it returns 2.",
    "<|line_sep|>",
    "<|line_sep|><|line_sep|><|frame_sep|>",
    "<|action_sep|><|arg_sep|><|frame_sep|>",
    "<|line_sep|>{not json<|action_sep|>x\n<|frame_sep|>",
    '<|line_sep|>{"a": 1, "a": [2]}<|action_sep|>x\n<|frame_sep|>',
    "<|return_sep|><|action_sep|>x\n<|frame_sep|>",
    "<|return_sep|>{}<|action_sep|>x\n<|arg_sep|>2<|frame_sep|>",
    "<|call_sep|>{}<|trace_context_start|><|action_sep|>x<|frame_sep|>",
    EXAMPLE_TEXT + EXAMPLE_TEXT,
]


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.parametrize("end", [END, "", "<|frame_sep|>"])
async def test_a_malformed_answer_is_reported(
    text: str, end: str, small_tokenizer: Tokenizer
) -> None:
    script = [write(small_tokenizer, text, end)] * 2
    async with asking(*script) as (_, client):
        predictor = TokenPredictor(client, small_tokenizer)
        (found,) = await predictor.traces(PROGRAM)
        step = await predictor.step(PROGRAM, FRAMES[:1])
    assert len(found.logprobs) == len(found.frames)
    assert found.problems or not text
    assert (step.frame is None) == (step.logprob is None)
    assert step.problems or not text or step.frame in found.frames


# Steps


async def test_frame_by_frame_to_the_end(small_tokenizer: Tokenizer) -> None:
    texts = WRITTEN.split("<|frame_sep|>")[:-1]
    script = [write(small_tokenizer, text, "<|frame_sep|>") for text in texts]
    async with asking(*script, write(small_tokenizer, "")) as (server, client):
        predictor = TokenPredictor(client, small_tokenizer)
        frames = [*PROGRAM.begun]
        steps = [await predictor.step(PROGRAM, frames)]
        while not steps[-1].ended and steps[-1].frame:
            frames.append(steps[-1].frame)
            steps.append(await predictor.step(PROGRAM, frames))
    assert tuple(frames) == FRAMES
    assert (steps[-1].frame, steps[-1].ended, steps[-1].logprob) == (None, True, None)
    assert not any(step.problems for step in steps)
    assert [step.logprob for step in steps[:-1]] == [pytest.approx(LIKELY)] * 6
    # Each prompt is the one before and the frame after it: the server has read all but that.
    sizes = [len(asked.json["prompt"]) for asked in server.asked]
    assert [step.tokens.reused for step in steps] == [0, *sizes[:-1]]
    assert [step.tokens.computed for step in steps[1:]] == [
        len(ids_of(small_tokenizer, text)) + 1 for text in texts
    ]
    stops = [small_tokenizer.special(name) for name in ("<|frame_sep|>", END)]
    assert all(asked.json["stop_token_ids"] == stops for asked in server.asked)


@pytest.mark.parametrize(
    ("kind", "token", "text", "frame"),
    [
        (
            "return",
            "<|return_sep|>",
            '<|action_sep|>    return b\n<|arg_sep|>"2"',
            Frame("return", "    return b\n", value="2"),
        ),
        (
            "line",
            "<|line_sep|>",
            '{"a": ".."}<|action_sep|>    b = a + 1\n',
            Frame("line", "    b = a + 1\n", {"a": ".."}),
        ),
        (
            "exception",
            "<|exception_sep|>",
            "<|action_sep|>    b = a + 1\n<|arg_sep|>TypeError, but how",
            Frame("exception", "    b = a + 1\n", value="TypeError, but how"),
        ),
        (
            "call",
            "<|call_sep|>",
            "{}<|action_sep|>def g():\n",
            Frame("call", "def g():\n", {}),
        ),
    ],
)
async def test_a_directed_step(
    kind: Kind, token: str, text: str, frame: Frame, small_tokenizer: Tokenizer
) -> None:
    reply = write(small_tokenizer, text, "<|frame_sep|>", logprobs=[-0.25] * 100)
    async with asking(reply) as (server, client):
        predictor = TokenPredictor(client, small_tokenizer)
        step = await predictor.step(PROGRAM, FRAMES[:3], kind)
    prompt = server.asked[0].json["prompt"]
    assert prompt[-1] == small_tokenizer.special(token)
    assert prompt[:-1] == predictor.prompt(PROGRAM, FRAMES[:3])
    assert step.frame is not None
    assert (replace(step.frame, raw=None), step.ended, step.problems) == (frame, False, ())
    assert step.logprob is not None
    assert isclose(step.logprob, -0.25)


async def test_the_value_at_once(small_tokenizer: Tokenizer) -> None:
    text = '<|action_sep|>    return f(1)\n<|arg_sep|>"2"'
    async with asking(write(small_tokenizer, text, "<|frame_sep|>")) as (server, client):
        step = await TokenPredictor(client, small_tokenizer).value(PROGRAM)
    returned = small_tokenizer.special("<|return_sep|>")
    assert server.asked[0].json["prompt"] == [*example_prompt(small_tokenizer), returned]
    assert step.frame == FRAMES[-1]
    assert step.frame.value == "2"


async def test_a_step_takes_one_frame_of_a_server_that_goes_on(small_tokenizer: Tokenizer) -> None:
    async with asking(write(small_tokenizer, WRITTEN)) as (_, client):
        step = await TokenPredictor(client, small_tokenizer).step(PROGRAM, FRAMES[:1])
    assert (step.frame, step.ended) == (FRAMES[1], False)
    assert step.logprob is not None


# Before anything is asked


async def test_a_tokenizer_without_traces_is_refused(small_tokenizer: Tokenizer) -> None:
    named = {name: small_tokenizer.special(name) for name in ("<|end_of_text|>", "<|eot_id|>")}
    plain = Tokenizer(small_tokenizer._ordinary, {}, named, verbatim=True)
    async with asking() as (_, client):
        with pytest.raises(TokenizerProblem, match="no tokens for traces"):
            TokenPredictor(client, plain)


async def test_long_traces_are_read_in_one_go(small_tokenizer: Tokenizer) -> None:
    # A quadratic reading would take minutes, and the suite's limit end it.
    frame = '<|line_sep|>{"a": "1"}<|action_sep|>    a += 1\n<|frame_sep|>'
    ids = ids_of(small_tokenizer, frame) * 2_000
    reply = say(frame * 2_000, ids=ids, stop_id=small_tokenizer.special(END), piece=4_096)
    async with asking(reply) as (_, client):
        (found,) = await TokenPredictor(client, small_tokenizer).traces(PROGRAM, most=10**6)
    assert len(found.frames) == 2_001
    assert len(found.logprobs) == 2_001
    assert found.ended
