"""Several answers drawn at once: each put together by its number, their tokens counted once."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from model.answer import Completion, Sampling
from model.errors import RequestRefused
from model.prices import Prices, TokenUsage
from model.retry import Retry
from tests.model import replies
from tests.model.http import Exchange
from tests.model.replies import Reply, refuse, say
from tests.model.server import ModelServer
from tests.model.test_client import pair

ASK = Sampling(max_tokens=1_000, seed=5, stop_ids=(9,))


def several(*wrote: str, order: Sequence[int] = (), dies: bool = False, **usage: object) -> Reply:
    """Answers in one stream, a byte an event, as vLLM sends them: each stopped by token 9.

    Args:
        wrote: their texts, in ASCII.
        order: whose byte comes next, as long as it lasts.
        dies: after the first answer is complete.
        usage: fields of it.
    """

    async def reply(exchange: Exchange, server: ModelServer) -> None:
        assert exchange.request.json["n"] == len(wrote)
        await exchange.begin()
        left = [list(text.encode()) for text in wrote]
        rest = [n for n, text in enumerate(wrote) for _ in text]
        for n in [*order, *rest]:
            if n < len(left) and left[n]:
                byte = left[n].pop(0)
                await send(exchange, [choice(n, chr(byte), [byte])])
        for n in range(len(wrote)):
            await send(exchange, [choice(n, "", [9]) | {"finish_reason": "stop", "stop_reason": 9}])
            if dies:
                exchange.reset()
                return
        written = sum(len(text) + 1 for text in wrote)
        prompt = len(exchange.request.json["prompt"])
        counted = {"prompt_tokens": prompt, "completion_tokens": written, **usage}
        await send(exchange, [], counted)
        await exchange.chunk("data: [DONE]\n\n")
        await exchange.end()

    return reply


def choice(number: int, text: str, ids: list[int]) -> dict:
    values = {"token_logprobs": [-float(id_) for id_ in ids]}
    return {"index": number, "text": text, "token_ids": ids, "logprobs": values}


async def send(exchange: Exchange, choices: list[dict], usage: dict | None = None) -> None:
    event = {"choices": choices, "usage": usage}
    await exchange.chunk(f"data: {json.dumps(event)}\n\n")


def texts(answers: list[Completion]) -> list[str]:
    return [answer.text for answer in answers]


async def test_each_answer_is_put_together_by_its_number() -> None:
    heard: list[tuple[int, str]] = []
    asked = replace(ASK, logprobs=True)
    async with pair(several("abc", "", "de", order=[2, 0, 2, 0])) as (server, client):
        answers = await client.complete_several(
            [1, 2], asked, 3, lambda number, text: heard.append((number, text))
        )
    assert server.asked[0].json["n"] == 3
    assert server.asked[0].json["seed"] == 5
    assert texts(answers) == ["abc", "", "de"]
    assert [answer.ids for answer in answers] == [(97, 98, 99), (), (100, 101)]
    assert {(answer.finish, answer.stop_id) for answer in answers} == {("stop", 9)}
    assert [answer.logprobs for answer in answers] == [(-97, -98, -99), None, (-100, -101)]
    assert heard[:4] == [(2, "d"), (0, "a"), (2, "e"), (0, "b")]


@hypothesis_settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.lists(st.text(st.characters(codec="ascii"), max_size=8), min_size=2, max_size=5),
    st.lists(st.integers(0, 4), max_size=40),
)
async def test_any_answers_arrive_unchanged_in_any_order(
    wrote: list[str], order: list[int]
) -> None:
    async with pair(several(*wrote, order=order)) as (_, client):
        answers = await client.complete_several([1], ASK, len(wrote))
    assert texts(answers) == wrote
    assert sum((answer.usage for answer in answers), TokenUsage()) == TokenUsage(
        1, 0, sum(len(text) + 1 for text in wrote)
    )


async def test_the_prompt_is_counted_and_paid_once() -> None:
    told = {"prompt_tokens_details": {"cached_tokens": 40}, "completion_tokens": 20}
    async with pair(several("abc", "de", **told), prices=Prices(10, 100, 1)) as (_, client):
        answers = await client.complete_several(range(100), ASK, 2)
    # The server knows of more than the 7 tokens that came: they are the first answer's.
    assert [answer.usage for answer in answers] == [TokenUsage(100, 40, 17), TokenUsage(0, 0, 3)]
    assert sum(answer.cost or 0.0 for answer in answers) == pytest.approx(
        (60 * 10 + 40 * 1 + 20 * 100) / 1e6
    )


async def test_what_the_server_says_it_cost_is_paid_once() -> None:
    async with pair(several("abc", "de", cost=0.5), prices=Prices(10, 100)) as (_, client):
        answers = await client.complete_several([1], ASK, 2)
    assert [answer.cost for answer in answers] == [0.5, 0.0]


@pytest.mark.parametrize(
    "told", [{"prompt_tokens": -1}, {"prompt_tokens": "many"}], ids=["negative", "words"]
)
async def test_tokens_nobody_counted_are_marked_so(told: dict[str, object]) -> None:
    async with pair(several("abc", "de", **told)) as (_, client):
        answers = await client.complete_several([1, 2], ASK, 2)
    assert [answer.usage for answer in answers] == [
        TokenUsage(2, 0, 4, counted=False),
        TokenUsage(0, 0, 3, counted=False),
    ]


async def test_a_stream_that_breaks_loses_none_of_them() -> None:
    retries: list[Retry] = []
    script = several("abc", "de", dies=True), several("fg", "h")
    async with pair(*script) as (server, client):
        answers = await client.complete_several([1], ASK, 2, on_retry=retries.append)
    assert texts(answers) == ["fg", "h"]
    assert len(retries) == 1
    assert [answer.retries for answer in answers] == [1, 1]
    assert [asked.json["n"] for asked in server.asked] == [2, 2]
    assert "n" not in client.left_out


@pytest.mark.parametrize(
    "first",
    [
        refuse(400, "Only one completion choice is allowed"),
        refuse(422, "n: Extra inputs are not permitted"),
        refuse(501, "n > 1 is not implemented"),
    ],
)
async def test_a_server_that_refuses_the_number_is_asked_for_one_from_then_on(first: Reply) -> None:
    async def choose(exchange: Exchange, server: ModelServer) -> None:
        several_asked = "n" in exchange.request.json
        await (first if several_asked else say("one", stop_id=9))(exchange, server)

    async with pair(fallback=choose) as (server, client):
        answers = [await client.complete_several([1], ASK, 3) for _ in range(2)]
    assert [texts(each) for each in answers] == [["one"], ["one"]]
    assert client.left_out == {"n"}
    assert [asked.json.get("n") for asked in server.asked][-2:] == [None, None]


async def test_a_field_that_is_refused_meanwhile_is_not_taken_for_the_number() -> None:
    fields = {"model", "prompt", "n", "max_tokens", "temperature", "top_p", "stream", "seed"}
    script = say("one"), several("abc", "de")
    async with pair(*script, knows=frozenset({*fields, "stream_options"})) as (_, client):
        answers = [await client.complete_several([1], ASK, 2) for _ in range(2)]
    assert [texts(each) for each in answers] == [["one"], ["abc", "de"]]
    assert "n" not in client.left_out


@pytest.mark.parametrize("whole", [False, True])
async def test_a_server_that_ignores_the_number_gives_one(whole: bool) -> None:
    async with pair(fallback=say("one", stop_id=9, whole=whole)) as (server, client):
        answers = [await client.complete_several([1], ASK, 3) for _ in range(2)]
    assert [texts(each) for each in answers] == [["one"], ["one"]]
    assert [asked.json.get("n") for asked in server.asked] == [3, None]
    assert client.left_out == {"n"}


async def test_a_refusal_for_another_reason_is_told_and_nothing_left_out() -> None:
    async with pair(fallback=refuse(400, "temperature must be below 1")) as (_, client):
        with pytest.raises(RequestRefused, match="temperature"):
            await client.complete_several([1], ASK, 3)
        assert not client.left_out


async def test_without_chance_there_is_one_answer() -> None:
    async with pair(say("one"), say("two")) as (server, client):
        answers = await client.complete_several([1], replace(ASK, temperature=0.0), 3)
    assert texts(answers) == ["one"]
    assert "n" not in server.asked[0].json
    assert not client.left_out


async def test_a_whole_answer_of_several_is_understood() -> None:
    choices = [choice(n, text, [n]) | {"finish_reason": "length"} for n, text in enumerate("ab")]
    reply = replies.body(json.dumps({"choices": choices[::-1]}))
    async with pair(reply) as (_, client):
        answers = await client.complete_several([1], ASK, 2)
    assert [(answer.text, answer.finish) for answer in answers] == [
        ("a", "length"),
        ("b", "length"),
    ]


async def test_answers_nobody_asked_for_are_dropped() -> None:
    choices = [choice(n, "x", [n]) | {"finish_reason": "stop"} for n in (-1, 0, 1, 2, 10**9)]
    async with pair(replies.body(json.dumps({"choices": choices}))) as (_, client):
        answers = await client.complete_several([1], ASK, 2)
    assert [answer.ids for answer in answers] == [(0,), (1,)]


async def test_cancelling_hangs_up_on_all_of_them() -> None:
    begun = asyncio.Event()

    async def endless(exchange: Exchange, server: ModelServer) -> None:
        await exchange.begin()
        while True:
            await send(exchange, [choice(0, "x", [1]), choice(1, "y", [2])])
            await asyncio.sleep(0)

    async with pair(endless) as (server, client):
        asked = replace(ASK, max_tokens=10**9)
        task = asyncio.create_task(
            client.complete_several([1], asked, 2, lambda number, text: begun.set())
        )
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.asked[0].over.wait()
        assert server.asked[0].hung_up


async def test_answers_longer_than_asked_are_all_ended() -> None:
    async def endless(exchange: Exchange, server: ModelServer) -> None:
        await exchange.begin()
        while True:
            await send(exchange, [choice(0, "x", [1]), choice(1, "y", [2])])
            await asyncio.sleep(0)

    async with pair(endless) as (server, client):
        answers = await client.complete_several([1], replace(ASK, max_tokens=10), 2)
        await server.asked[0].over.wait()
    assert [answer.finish for answer in answers] == ["length", "length"]


async def test_requests_differ_in_the_number_alone() -> None:
    async with pair(say("a"), say("a")) as (server, client):
        await client.complete([1, 2], ASK)
        await client.complete_several([1, 2], ASK, 2)
    one, two = (asked.json for asked in server.asked)
    assert two == one | {"n": 2}
