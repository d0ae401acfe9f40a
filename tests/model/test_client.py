"""The client against a real server that answers well, badly, late, in part, and not at all."""

import asyncio
import contextlib
import json
import logging
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from model.answer import NativeCall, Sampling
from model.client import ModelClient
from model.errors import (
    ContextExceeded,
    KeyRefused,
    ModelError,
    ModelMisconfigured,
    ModelUnknown,
    RequestRefused,
    ServerFailed,
    ServerUnreachable,
)
from model.prices import Prices, TokenUsage
from model.retry import Retry, RetryPolicy
from model.settings import ClientSettings
from model.wire import Prompt
from tests.model import replies
from tests.model.replies import Reply, say
from tests.model.server import MODEL, ModelServer, model_server, threaded_model_server

QUICK = RetryPolicy(retries=3, base=0.001, most=0.004, most_asked=0.02)
ASK = Sampling(max_tokens=100)
HELLO = [{"role": "user", "content": "hello"}]
KEY = "sk-secret/42+x"


def settings(url: str, **changes: object) -> ClientSettings:
    return replace(ClientSettings(url, MODEL, retry=QUICK, seed=0), **changes)


@asynccontextmanager
async def pair(*script: Reply, **changes: object) -> AsyncIterator[tuple[ModelServer, ModelClient]]:
    """A server with a script, and a client of it."""
    mine = {name: changes.pop(name) for name in list(changes) if name in SERVER}
    async with (
        model_server(*script, **mine) as server,
        ModelClient(settings(server.url, **changes)) as client,
    ):
        yield server, client


SERVER = set(ModelServer.__dataclass_fields__) - {"key"}


async def left_behind(server: ModelServer) -> bool:
    """Whether the client hung up on the last request, once that is settled."""
    await server.asked[-1].over.wait()
    return server.asked[-1].hung_up


# What is asked, and what comes back


async def test_token_ids_go_out_and_come_back() -> None:
    sampling = Sampling(temperature=0.5, top_p=0.9, seed=7, max_tokens=50, stop_ids=(128009,))
    seen: list[str] = []
    async with pair(say("a thought\u2028and é", stop_id=128009)) as (server, client):
        answer = await client.complete([128000, 5, 6], sampling, seen.append)
    asked = server.asked[0]
    assert asked.path == "/v1/completions"
    assert asked.json["prompt"] == [128000, 5, 6]
    assert asked.json["skip_special_tokens"] is False
    assert asked.json["stop_token_ids"] == [128009]
    assert (asked.json["seed"], asked.json["temperature"], asked.json["top_p"]) == (7, 0.5, 0.9)
    assert asked.json["max_tokens"] == 50
    assert "authorization" not in asked.headers
    assert answer.text == "a thought\u2028and é" == "".join(seen)
    assert answer.ids == tuple("a thought\u2028and é".encode())
    assert (answer.finish, answer.stop_id, answer.retries) == ("stop", 128009, 0)
    assert answer.usage == TokenUsage(input=3, cached=0, output=len(answer.ids) + 1)


@pytest.mark.parametrize("count", [0, 1, 20_000])
async def test_a_prompt_is_asked_as_its_ids_are(count: int) -> None:
    ids = [128_000 - number for number in range(count)]
    script = [say("one"), replies.refuse(503, "busy"), say("two")]
    async with pair(*script) as (server, client):
        answers = [await client.complete(given, ASK) for given in (ids, Prompt(ids))]
    plain, *tries = (asked.json for asked in server.asked)
    assert plain["prompt"] == ids
    assert tries == [plain, plain]
    assert [answer.usage.input for answer in answers] == [count, count]


async def test_a_prompt_stays_when_a_field_must_go() -> None:
    refused = replies.refuse(400, "Unrecognized request argument: return_token_ids")
    async with pair(refused, say("fine")) as (server, client):
        await client.complete(Prompt([1, 2, 3]), ASK)
    first, second = (asked.json for asked in server.asked)
    assert first.pop("return_token_ids")
    assert first == second
    assert second["prompt"] == [1, 2, 3]


async def test_messages_go_out_and_text_comes_back() -> None:
    reply = say("hi there", reasoning="they greet")
    async with pair(reply, key=SecretStr(KEY)) as (server, client):
        thought: list[str] = []
        answer = await client.chat(HELLO, ASK, on_reasoning=thought.append)
    asked = server.asked[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.json["messages"] == HELLO
    assert "tools" not in asked.json
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert (answer.text, answer.reasoning, answer.ids) == ("hi there", "they greet", None)
    assert "".join(thought) == "they greet"


async def test_native_calls_are_put_together_from_their_pieces() -> None:
    calls = [("bash", '{"command": "ls -l"}'), ("submit", "not json at all")]
    tools = [{"type": "function", "function": {"name": "bash", "parameters": {}}}]
    for whole in (False, True):
        async with pair(say("", calls=calls, piece=3, whole=whole)) as (server, client):
            answer = await client.chat(HELLO, ASK, tools)
        assert server.asked[0].json["tools"] == tools
        assert answer.finish == "tool_calls"
        assert answer.calls == (
            NativeCall("call-0", "bash", '{"command": "ls -l"}'),
            NativeCall("call-1", "submit", "not json at all"),
        )


@pytest.mark.parametrize("index", [0, None], ids=["always-0", "none"])
async def test_calls_that_a_server_does_not_number_stay_apart(index: int | None) -> None:
    def call(number: int) -> str:
        piece = {"id": f"c{number}", "function": {"name": "bash", "arguments": {"n": number}}}
        return event(choices=[{"delta": {"tool_calls": [piece | {"index": index}]}}])

    events = call(1) + call(2) + event(choices=[{"delta": {}, "finish_reason": "stop"}])
    async with pair(replies.body(events, "text/event-stream")) as (_, client):
        answer = await client.chat(HELLO, ASK)
    assert [(c.id, c.arguments) for c in answer.calls] == [("c1", '{"n": 1}'), ("c2", '{"n": 2}')]


def event(**content: object) -> str:
    return f"data: {json.dumps(content)}\n\n"


@pytest.mark.parametrize(
    "reply",
    [
        say("an answer", whole=True),
        say("an answer", separators="\r\n"),
        say("an answer", usage=False),
        say("an answer", done=False),
        say("an answer", finish=None),
        say("an answer", piece=1),
        replies.body(
            ": a comment\n\nevent: x\nid: 1\n"
            + event(choices=[{"delta": {"content": "an "}}])
            + event(choices=[{"index": 1, "delta": {"content": "another"}}])
            + event(choices=[{"delta": {"content": [{"type": "text", "text": "answer"}]}}])
            + event(choices=[{"delta": None, "finish_reason": "eos"}], usage={"odd": -1}).rstrip(),
            "text/plain",
        ),
        replies.body(event(choices=[{"message": {"content": "an answer"}}])[6:], "text/plain"),
    ],
    ids=["whole", "crlf", "no-usage", "no-done", "no-finish", "fine", "odd", "mislabelled"],
)
async def test_answers_of_any_shape_are_understood(reply: Reply) -> None:
    async with pair(reply) as (_, client):
        answer = await client.chat(HELLO, ASK)
    assert answer.text == "an answer"
    assert answer.retries == 0


@hypothesis_settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60), st.integers(1, 9))
async def test_any_text_arrives_unchanged(text: str, piece: int) -> None:
    async with pair(say(text, piece=piece)) as (_, client):
        answer = await client.complete([1], replace(ASK, max_tokens=1000))
    assert answer.text == text
    assert (answer.ids or ()) == tuple(text.encode())


async def test_the_cached_beginning_of_a_prompt_shows_in_the_usage() -> None:
    async with pair(say("a"), say("b")) as (_, client):
        await client.complete(range(1000), ASK)
        answer = await client.complete(range(1500), ASK)
    assert (answer.usage.input, answer.usage.cached) == (1500, 1000)


async def test_tokens_nobody_counted_are_marked_so() -> None:
    async with pair(say("four", usage=False), prices=Prices(1, 1)) as (_, client):
        answer = await client.complete([1, 2], ASK)
    assert answer.usage == TokenUsage(2, 0, 4, counted=False)
    assert answer.cost is None


@pytest.mark.parametrize(
    ("prices", "told", "cost"),
    [
        (None, None, None),
        (None, 0.25, 0.25),
        (Prices(0, 0), None, 0.0),
        (Prices(0, 0), 0.25, 0.25),
        (Prices(10, 100, 1), None, (100 * 10 + 300 * 1 + 4 * 100) / 1e6),
        (Prices(10, 100), None, (400 * 10 + 4 * 100) / 1e6),
        (Prices(0, 100), float("inf"), 4 * 100 / 1e6),
    ],
)
async def test_the_cost(prices: Prices | None, told: float | None, cost: float | None) -> None:
    if told == float("inf"):
        told = None
    async with pair(say("x"), say("four", cost=told), prices=prices) as (_, client):
        await client.complete(range(300), ASK)
        answer = await client.complete(range(400), ASK)
    assert answer.cost == (None if cost is None else pytest.approx(cost))


# How likely it was


LIKELY_ASK = replace(ASK, logprobs=True)


@pytest.mark.parametrize("whole", [False, True])
async def test_how_likely_each_token_was(whole: bool) -> None:
    values = [-0.5, 0.0, -1e-9, -9999.0, -2]
    sampling = replace(LIKELY_ASK, stop_ids=(9,))
    reply = say("text", stop_id=9, logprobs=values, piece=3, whole=whole)
    async with pair(reply) as (server, client):
        answer = await client.complete([1], sampling)
    assert server.asked[0].json["logprobs"] == 1
    assert answer.ids == tuple(b"text")
    assert answer.logprobs == tuple(values[:4])
    assert answer.pieces is None


@pytest.mark.parametrize("whole", [False, True])
async def test_how_likely_each_token_of_a_message_was(whole: bool) -> None:
    reply = say("abcéf", logprobs=[-0.5], piece=4, whole=whole)
    async with pair(reply) as (server, client):
        answer = await client.chat(HELLO, LIKELY_ASK)
    assert server.asked[0].json["logprobs"] is True
    assert answer.text == "abcéf"
    assert answer.logprobs == ((-0.5,) if whole else (-0.5, replies.LIKELY))
    assert b"".join(answer.pieces or ()).decode() == "abcéf"


async def test_nothing_is_said_of_it_unless_asked() -> None:
    async with pair(say("x"), say("x")) as (server, client):
        answers = [await client.complete([1], ASK), await client.chat(HELLO, ASK)]
    assert [answer.logprobs for answer in answers] == [None, None]
    assert not any("logprobs" in asked.json for asked in server.asked)


GIVEN = {"token": "x", "logprob": -1.5, "bytes": [120]}


@pytest.mark.parametrize(
    ("given", "logprobs", "pieces"),
    [
        ({"content": [GIVEN]}, (-1.5,), (b"x",)),
        ({"content": [GIVEN | {"bytes": None}]}, (-1.5,), (b"x",)),
        ({"content": [GIVEN | {"bytes": [256]}]}, (-1.5,), None),
        ({"content": [{"logprob": 0.001}]}, (0.0,), None),
        ({"content": [GIVEN | {"logprob": None}]}, None, None),
        ({"content": ["x"]}, None, None),
        ({"content": None}, None, None),
        ({"token_logprobs": [-1.5]}, (-1.5,), None),
        ({"token_logprobs": [True]}, None, None),
        ({"token_logprobs": "-1.5"}, None, None),
        ([-1.5], None, None),
        (None, None, None),
    ],
)
async def test_log_probabilities_of_any_shape_cost_nobody_an_answer(
    given: object, logprobs: tuple[float] | None, pieces: tuple[bytes] | None
) -> None:
    events = event(choices=[{"text": "x", "logprobs": given, "finish_reason": "stop"}])
    async with pair(replies.body(events, "text/event-stream")) as (_, client):
        answer = await client.complete([1], LIKELY_ASK)
    assert (answer.text, answer.retries) == ("x", 0)
    assert (answer.logprobs, answer.pieces) == (logprobs, pieces)


async def test_log_probabilities_of_some_tokens_are_none() -> None:
    given = {"content": [GIVEN]}
    events = event(choices=[{"text": "x", "logprobs": given}])
    unlikely = event(choices=[{"text": "y", "finish_reason": "stop"}])
    async with pair(replies.body(events + unlikely, "text/event-stream")) as (_, client):
        answer = await client.complete([1], LIKELY_ASK)
    assert (answer.text, answer.logprobs) == ("xy", None)


@pytest.mark.parametrize(
    "refusal",
    [
        replies.refuse(403, "You are not allowed to request logprobs from this model"),
        replies.refuse(400, "Logprobs is not enabled for models/x"),
        replies.refuse(400, "Unrecognized request argument supplied: logprobs"),
    ],
)
async def test_a_model_that_does_not_say_how_likely_its_tokens_were(refusal: Reply) -> None:
    async with pair(refusal, say("one"), say("two")) as (server, client):
        answers = [await client.chat(HELLO, LIKELY_ASK) for _ in range(2)]
    assert [(answer.text, answer.logprobs) for answer in answers] == [("one", None), ("two", None)]
    assert client.left_out == {"logprobs"}
    assert ["logprobs" in asked.json for asked in server.asked] == [True, False, False]


# What is tried again


@pytest.mark.parametrize(
    "failure",
    [
        replies.rate_limited(),
        replies.rate_limited(0.01),
        replies.rate_limited(3600),
        replies.rate_limited(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)),
        replies.rate_limited("whenever"),
        replies.refuse(500, "boom"),
        replies.refuse(503, "loading"),
        replies.refuse(408),
        replies.body(b"<html>bad gateway", "text/html", 502),
        replies.dead(),
        say("half an answer", dies=True),
        say("half an answer", finish=None, done=False),
        say("half", finish="abort"),
        replies.body(b"{nonsense"),
        replies.body(b"[]"),
        replies.body(b'{"ok": true}'),
        replies.body(b'data: {"choices": "none"}\n\n', "text/event-stream"),
        replies.body(b'data: {"choi\n\n', "text/event-stream"),
        replies.body(b'data: {"choices": [{"text": "\xff"}]}\n\n', "text/event-stream"),
        replies.body(b'data: {"error": {"message": "engine died"}}\n\n', "text/event-stream"),
        replies.body(b"<html>welcome", "text/html"),
        replies.body(b"", "text/event-stream"),
    ],
)
async def test_a_passing_failure_is_tried_again(failure: Reply) -> None:
    told: list[Retry] = []
    async with pair(failure, say("at last")) as (server, client):
        answer = await client.complete([1], ASK, on_retry=told.append)
    assert (answer.text, answer.retries) == ("at last", 1)
    assert answer.ids == tuple(b"at last")
    assert len(server.asked) == 2
    assert [(retry.number, retry.of) for retry in told] == [(1, 3)]
    assert told[0].seconds <= QUICK.most_asked + QUICK.base
    assert "\n" not in told[0].reason


@pytest.mark.parametrize("reply", [replies.silent(), say("half an answer", hangs=True)])
async def test_a_server_that_falls_silent_is_left_and_asked_again(reply: Reply) -> None:
    async with pair(reply, say("ok"), first_seconds=0.1, idle_seconds=0.1) as (server, client):
        answer = await client.chat(HELLO, ASK)
        await server.asked[0].over.wait()
    assert answer.text == "ok"
    assert server.asked[0].hung_up


async def test_slow_is_not_silent() -> None:
    async with pair(say("slowly", piece=1, pause=0.04), idle_seconds=0.15) as (_, client):
        answer = await client.chat(HELLO, ASK)
    assert (answer.text, answer.retries) == ("slowly", 0)


async def test_retries_end() -> None:
    async with pair(fallback=replies.refuse(500, "boom")) as (server, client):
        with pytest.raises(ServerFailed, match=r"500: boom.*tried 4 times"):
            await client.chat(HELLO, ASK)
    assert len(server.asked) == 4


async def test_a_complete_answer_is_kept_though_the_stream_breaks_after_it() -> None:
    broken = event(choices=[{"text": "all"}]) + event(
        choices=[{"text": "", "finish_reason": "stop"}]
    )
    async with pair(replies.body(broken + "data: {gar\n\n", "text/event-stream")) as (_, client):
        answer = await client.complete([1], ASK)
    assert (answer.text, answer.retries, answer.usage.counted) == ("all", 0, False)


def test_pauses_grow_spread_and_repeat_with_the_seed() -> None:
    policy = RetryPolicy(base=1, most=8)
    pauses = [policy.pause(n, None, random.Random(3)) for n in range(6)]
    assert pauses == [policy.pause(n, None, random.Random(3)) for n in range(6)]
    assert all(grown / 2 <= p <= grown for p, grown in zip(pauses, [1, 2, 4, 8, 8, 8], strict=True))
    assert policy.pause(0, 5, random.Random(3)) >= 5


# What is not


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (replies.wrong_key(), KeyRefused, "refused the key"),
        (replies.refuse(403, "not yours"), KeyRefused, "not yours"),
        (replies.unknown_model("gpt-9"), ModelUnknown, "has no model"),
        (replies.refuse(400, "foo is not a valid model ID"), ModelUnknown, "has no model"),
        (replies.body(b"Not Found", "text/plain", 404), RequestRefused, "404: Not Found"),
        (replies.refuse(400, "temperature must be non-negative"), RequestRefused, "non-negative"),
        (replies.refuse(422, "no such thing"), RequestRefused, "422"),
        (replies.refuse(402, "pay first"), RequestRefused, "exhausted"),
        (
            replies.refuse(429, "You ran out", code="insufficient_quota"),
            RequestRefused,
            "exhausted",
        ),
        (replies.body(b"", "text/plain", 413), RequestRefused, "no reason given"),
    ],
)
async def test_a_refusal_is_told_at_once(reply: Reply, error: type[ModelError], words: str) -> None:
    async with pair(reply) as (server, client):
        with pytest.raises(error, match=words) as caught:
            await client.complete([1], ASK)
    assert len(server.asked) == 1
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("style", ["vllm", "vllm-new", "openai", "llama.cpp"])
async def test_an_exceeded_context_is_told_with_its_limit(style: str) -> None:
    async with pair(replies.context_exceeded(4096, style)) as (server, client):
        with pytest.raises(ContextExceeded) as caught:
            await client.complete([1], ASK)
    assert caught.value.limit == 4096
    assert len(server.asked) == 1


async def test_an_exceeded_context_inside_a_stream() -> None:
    said = event(error={"message": "maximum context length is 512 tokens", "code": 400})
    async with pair(replies.body(said, "text/event-stream")) as (_, client):
        with pytest.raises(ContextExceeded) as caught:
            await client.complete([1], ASK)
    assert caught.value.limit == 512


async def test_a_redirect_is_not_followed_but_told() -> None:
    async def elsewhere(exchange: replies.Exchange, server: ModelServer) -> None:
        await exchange.send(b"", 301, {"Location": "http://127.0.0.1:1/v1/completions"})

    async with pair(elsewhere) as (_, client):
        with pytest.raises(RequestRefused, match="sends us elsewhere"):
            await client.complete([1], ASK)


async def test_a_servers_long_and_coloured_words_become_one_short_line() -> None:
    async with pair(replies.refuse(400, "\x1b[31mred\x00\n" + "long " * 5000)) as (_, client):
        with pytest.raises(RequestRefused) as caught:
            await client.complete([1], ASK)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500


# What servers do not know


OPENAI = frozenset(
    {"model", "messages", "prompt", "max_tokens", "temperature", "top_p", "stop", "seed", "tools"}
    | {"stream", "stream_options"}
)


async def test_fields_that_a_server_refuses_are_left_out_from_then_on() -> None:
    sampling = replace(ASK, stop_ids=(9,))
    async with pair(say("one"), say("two"), knows=OPENAI) as (server, client):
        first = await client.complete([1], sampling)
        await client.complete([1], sampling)
    assert (first.text, first.ids, first.retries) == ("one", None, 0)
    assert len(server.asked) == 3
    assert client.left_out == {
        "skip_special_tokens",
        "spaces_between_special_tokens",
        "return_token_ids",
        "stop_token_ids",
    }


async def test_fields_refused_without_a_name() -> None:
    refusal = replies.refuse(422, "Extra inputs are not permitted in these fields")
    async with pair(refusal, say("one")) as (server, client):
        answer = await client.complete([1], ASK)
    assert answer.text == "one"
    assert set(server.asked[1].json) <= OPENAI


async def test_a_model_that_wants_the_younger_name_of_a_limit() -> None:
    words = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens'."
    async with pair(replies.refuse(400, words), say("one")) as (server, client):
        await client.chat(HELLO, ASK)
    assert "max_tokens" not in server.asked[1].json
    assert server.asked[1].json["max_completion_tokens"] == 100


async def test_stop_texts_that_a_server_refuses_are_seen_to_here() -> None:
    sampling = replace(ASK, stop=("</tool>", "<end>"))
    long = "before</to not yet</tool>after" + " and on" * 5000
    refusal = replies.refuse(400, "Unsupported parameter: 'stop' is not supported")
    seen: list[str] = []
    async with pair(refusal, say(long, piece=3)) as (server, client):
        answer = await client.chat(HELLO, sampling, on_text=seen.append)
        assert await left_behind(server)
    assert answer.text == "before</to not yet" == "".join(seen)
    assert answer.finish == "stop"


# What has no end


async def test_an_answer_longer_than_asked_is_ended_by_its_ids() -> None:
    async with pair(say("word " * 2_000)) as (server, client):
        answer = await client.complete([1], ASK)
        assert await left_behind(server)
    assert answer.finish == "length"
    assert len(answer.text) < 200


async def test_an_endless_stream_is_ended_by_the_limit_on_tokens() -> None:
    async with pair(replies.endless()) as (server, client):
        answer = await client.chat(HELLO, ASK)
        assert await left_behind(server)
    assert answer.finish == "length"


async def test_an_endless_stream_is_ended_by_the_limit_on_time() -> None:
    async with pair(replies.endless(pause=0.001), answer_seconds=0.2) as (server, client):
        with pytest.raises(ServerFailed, match=r"not complete after 0\.2 s"):
            await client.chat(HELLO, replace(ASK, max_tokens=10**9))
        assert await left_behind(server)
    assert len(server.asked) == 1


async def test_an_endless_stream_is_ended_by_the_limit_on_bytes() -> None:
    async with pair(replies.endless("\n" * 999), answer_bytes=100_000) as (server, client):
        with pytest.raises(ServerFailed, match="no end"):
            await client.chat(HELLO, replace(ASK, max_tokens=10**9))
    assert len(server.asked) == 1


# Stopping, waiting, taking turns


@pytest.mark.parametrize("reply", [replies.silent(), replies.endless(pause=0.001)])
async def test_cancelling_hangs_up(reply: Reply) -> None:
    async with pair(reply, say("next")) as (server, client):
        task = asyncio.create_task(client.chat(HELLO, replace(ASK, max_tokens=10**9)))
        await server.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await left_behind(server)
        assert (await client.chat(HELLO, ASK)).text == "next"


async def test_a_listener_that_fails_hangs_up() -> None:
    def fail(text: str) -> None:
        raise ZeroDivisionError

    async with pair(replies.endless(pause=0.001)) as (server, client):
        with pytest.raises(ZeroDivisionError):
            await client.chat(HELLO, ASK, on_text=fail)
        assert await left_behind(server)


async def test_no_more_requests_than_allowed_are_in_flight() -> None:
    now = most = 0

    async def counting(exchange: replies.Exchange, server: ModelServer) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        await say("x")(exchange, server)

    async with pair(fallback=counting, in_flight=3) as (server, client):
        await asyncio.gather(*(client.complete([n], ASK) for n in range(12)))
    assert most == 3
    assert len({request.connection for request in server.requests}) == 3


async def test_connections_are_used_again() -> None:
    async with pair(*[say("x")] * 3, replies.refuse(400), say("x")) as (server, client):
        for _ in range(5):
            with contextlib.suppress(RequestRefused):
                await client.complete([1], ASK)
    assert {request.connection for request in server.requests} == {0}


async def test_proxies_of_the_environment_are_not_used_on_ones_own_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with pair(say("direct")) as (_, client):
        assert (await client.complete([1], ASK)).text == "direct"


async def test_credentials_meant_for_openai_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "for-openai-only")
    async with pair(say("x")) as (server, client):
        await client.complete([1], ASK)
        await client.check()
    assert not any("for-openai-only" in str(request.headers) for request in server.requests)


# Before the first question


async def test_check_says_what_is_there() -> None:
    async with pair(models={MODEL: 4096, "other": None}) as (_, client):
        info = await client.check()
    assert info.models == (MODEL, "other")
    assert info.context == 4096


async def test_check_names_the_models_there_are() -> None:
    async with pair(models={"one": None, "two": None}) as (_, client):
        with pytest.raises(ModelUnknown, match="no model 'scripted'") as caught:
            await client.check()
        assert caught.value.served == ("one", "two")
        with pytest.raises(ModelUnknown) as caught:
            await client.chat(HELLO, ASK)
    assert caught.value.hint == "it has: one, two"


async def test_check_without_a_server_is_told_at_once() -> None:
    async with ModelClient(settings(f"http://127.0.0.1:{free_port()}")) as client:
        with pytest.raises(ServerUnreachable, match=r"no model server answers.*refused"):
            await client.check()
        with pytest.raises(ServerUnreachable, match="tried 4 times"):
            await client.chat(HELLO, ASK)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("has_health", [True, False])
async def test_a_loading_server_is_waited_for(has_health: bool) -> None:
    lines: list[str] = []
    async with pair(loading=3, has_health=has_health) as (_, client):
        info = await client.wait_ready(lines.append, 30, every=0.01)
    assert info.models == (MODEL,)
    assert len(lines) == 1
    assert "Loading model" in lines[0]


async def test_a_server_that_is_not_there_yet_is_waited_for() -> None:
    port = free_port()
    told = asyncio.Event()
    async with ModelClient(settings(f"127.0.0.1:{port}")) as client:
        waiting = asyncio.create_task(client.wait_ready(lambda line: told.set(), 30, every=0.01))
        await told.wait()
        async with model_server(port=port):
            assert (await waiting).models == (MODEL,)


async def test_waiting_ends() -> None:
    async with pair(loading=10**6) as (_, client):
        with pytest.raises(ServerFailed, match=r"Loading model.*waited"):
            await client.wait_ready(lambda line: None, 0.05, every=0.01)


async def test_waiting_for_what_will_not_pass_ends_at_once() -> None:
    async with (
        model_server(key="right") as server,
        ModelClient(settings(server.url, key=SecretStr("wrong"))) as client,
    ):
        with pytest.raises(KeyRefused):
            await client.wait_ready(lambda line: None, 600)


# Keys


async def test_a_key_shows_up_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        model_server(
            replies.refuse(500, f"saw Bearer {KEY} and sk-secret%2F42%2Bx"), key="another"
        ) as server,
        ModelClient(settings(server.url, key=SecretStr(KEY))) as client,
    ):
        with pytest.raises(KeyRefused) as refused:
            await client.chat(HELLO, ASK)
        server.key = KEY
        with pytest.raises(RequestRefused) as exhausted:
            await client.chat(HELLO, ASK)
        shown = [repr(client.settings), str(client.settings), repr(vars(client)), caplog.text]
    for caught in (refused, exhausted):
        error: BaseException | None = caught.value
        shown += [repr(error), str(error), caught.value.hint]
        assert error.__cause__ is None
        assert error.__context__ is None or KEY not in repr(vars(error.__context__))
    assert not [text for text in shown if KEY in text or "secret%2F42" in text]
    assert "[key]" in refused.value.message


# Addresses


async def test_an_address_without_its_path_gets_one() -> None:
    async with model_server(say("x")) as server:
        for address in (server.url[:-3], server.url + "/chat/completions", server.url[7:]):
            server.script = [say("x")]
            async with ModelClient(settings(address)) as client:
                assert (await client.complete([1], ASK)).text == "x"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ftp://x/v1",
        "http://",
        "http://u:hunter2@h/v1",
        "http://h/v1?key=hunter2",
        "http://h:x/",
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ModelMisconfigured) as caught:
        ModelClient(settings(address))
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_the_server_also_serves_those_without_a_loop() -> None:
    async def ask(url: str) -> str:
        async with ModelClient(settings(url)) as client:
            return (await client.complete([1], ASK)).text

    with threaded_model_server(say("from a thread")) as server:
        assert asyncio.run(ask(server.url)) == "from a thread"
