"""Our client before a real vLLM: ids, stops, streams, several answers, the cache, the queue."""

import asyncio
import re
from dataclasses import replace

import pytest

from model.answer import Sampling
from model.client import ModelClient
from model.errors import ContextExceeded, ModelUnknown
from model.prices import TokenUsage
from model.serve.checkpoint import find_checkpoint
from model.serve.memory import GIB, kv_bytes
from model.settings import ClientSettings
from model.tokenizer import Tokenizer
from tests.agent.test_cli_serve import until
from tests.model.serve.realvllm import AT_A_TIME, CONTEXT, NAME, Served
from tests.model.tokenizers import SMALL

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]

PROMPT = [SMALL, *range(300, 340)]
GREEDY = Sampling(temperature=0.0, max_tokens=24)
DRAWN = Sampling(temperature=1.0, top_p=1.0, seed=7, max_tokens=24, logprobs=True)
LONG = 3_000


async def test_the_server_has_the_model_and_says_its_context(client: ModelClient) -> None:
    info = await client.check()
    assert info.models == (NAME,)
    assert info.context == CONTEXT
    other = ModelClient(ClientSettings(client.settings.url, "another"))
    async with other:
        with pytest.raises(ModelUnknown, match="another"):
            await other.check()


async def test_token_ids_go_in_and_come_out(client: ModelClient, served: Served) -> None:
    asked = Sampling(temperature=0.0, max_tokens=24, logprobs=True)
    first, again = [await client.complete(PROMPT, asked) for _ in range(2)]
    assert first.ids is not None
    assert 0 < len(first.ids) <= 24
    assert first.ids == again.ids
    assert first.usage.input == len(PROMPT)
    assert first.logprobs is not None
    assert len(first.logprobs) == len(first.ids)
    assert all(each <= 0 for each in first.logprobs)
    assert not client.left_out
    tokenizer = Tokenizer.from_file(served.model / "tokenizer.json")
    assert tokenizer.size == SMALL + 256


async def test_a_stop_id_ends_the_answer_and_is_named(client: ModelClient) -> None:
    whole = await client.complete(PROMPT, GREEDY)
    assert whole.ids is not None
    stop = whole.ids[-1]
    at = whole.ids.index(stop)
    cut = await client.complete(PROMPT, Sampling(temperature=0.0, max_tokens=24, stop_ids=(stop,)))
    assert (cut.ids, cut.finish, cut.stop_id) == (whole.ids[:at], "stop", stop)


@pytest.mark.parametrize("stop", [SMALL + 1, SMALL + 8, SMALL + 9])
def test_cwms_stop_tokens_end_an_answer_nobody_gave_a_stop_for(served: Served, stop: int) -> None:
    # The tokens are forced upon the model, whose own files name the first of them alone.
    forced = {"allowed_token_ids": [stop], "max_tokens": 5, "temperature": 0}
    asked = [
        served.ask("completions", prompt=PROMPT, **forced),
        served.ask("chat/completions", messages=[{"role": "user", "content": "hello"}], **forced),
    ]
    for answer in asked:
        assert answer["choices"][0]["finish_reason"] == "stop"
        assert answer["usage"]["completion_tokens"] == 1
    other = served.ask("completions", prompt=PROMPT, **{**forced, "allowed_token_ids": [stop + 1]})
    if stop == SMALL + 1:
        assert other["choices"][0]["finish_reason"] == "length"


async def test_special_tokens_are_kept_in_the_text(client: ModelClient) -> None:
    drawn = Sampling(temperature=2.0, top_p=1.0, max_tokens=60, seed=1)
    answers = await asyncio.gather(*(client.complete(PROMPT, drawn) for _ in range(4)))
    kept = [each for each in answers if each.ids and max(each.ids) >= SMALL]
    assert kept
    for answer in kept:
        assert answer.ids is not None
        special = [each for each in answer.ids if each >= SMALL]
        assert answer.text.count("<|") >= len(special)


async def test_a_prompt_that_grows_is_read_from_the_cache(
    client: ModelClient, served: Served
) -> None:
    long = [SMALL, *(500 + n % 1_000 for n in range(3_000))]
    hits = served.metric("vllm:prefix_cache_hits_total")
    first = await client.complete(long, GREEDY)
    grown = await client.complete([*long, 7, 8, 9], GREEDY)
    assert first.usage.cached == 0
    assert 2_800 < grown.usage.cached <= len(long)
    assert served.metric("vllm:prefix_cache_hits_total") - hits == grown.usage.cached


async def test_a_request_that_is_cancelled_ends_on_the_server(
    client: ModelClient, served: Served
) -> None:
    speaking = asyncio.Event()
    written = served.metric("vllm:generation_tokens_total")
    # Without chance the model soon says the same again and again, and so comes to no end.
    asked = Sampling(temperature=0.0, max_tokens=16_000)
    task = asyncio.create_task(client.complete(PROMPT, asked, on_text=lambda text: speaking.set()))
    await speaking.wait()
    assert served.metric("vllm:num_requests_running") == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(until, lambda: not served.metric("vllm:num_requests_running"))
    assert not served.metric("vllm:num_requests_waiting")
    assert served.metric("vllm:generation_tokens_total") - written < 16_000


async def test_several_answers_are_drawn_with_one_reading_of_the_prompt(
    client: ModelClient, served: Served
) -> None:
    long = [SMALL, *(700 + n % 900 for n in range(LONG))]
    before = [served.metric(f"vllm:prefix_cache_{name}_total") for name in ("queries", "hits")]
    answers = await client.complete_several(long, DRAWN, 4)
    assert len(answers) == 4
    assert client.draws_several
    after = [served.metric(f"vllm:prefix_cache_{name}_total") for name in ("queries", "hits")]
    queries, hits = (now - then for now, then in zip(after, before, strict=True))
    assert queries == 4 * len(long)
    assert hits > 3 * 0.9 * len(long)
    assert len({answer.ids for answer in answers}) == 4
    usage = sum((answer.usage for answer in answers), TokenUsage())
    assert (usage.input, usage.counted) == (len(long), True)
    written = sum(len(a.ids or ()) + (a.finish == "stop") for a in answers)
    assert usage.output == written


async def test_an_answer_of_several_is_the_one_that_its_seed_gives_alone(
    client: ModelClient,
) -> None:
    heard = ["", "", ""]

    def hear(number: int, text: str) -> None:
        heard[number] += text

    together = await client.complete_several(PROMPT, DRAWN, 3, hear)
    alone = [await client.complete(PROMPT, replace(DRAWN, seed=7 + n)) for n in range(3)]
    assert [each.ids for each in together] == [each.ids for each in alone]
    assert heard == [each.text for each in together] == [each.text for each in alone]
    for one, other in zip(together, alone, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-3)


async def test_several_answers_that_are_cancelled_all_end_on_the_server(
    client: ModelClient, served: Served
) -> None:
    speaking = asyncio.Event()
    asked = replace(DRAWN, temperature=0.01, max_tokens=12_000)
    task = asyncio.create_task(
        client.complete_several(PROMPT, asked, 3, lambda number, text: speaking.set())
    )
    await speaking.wait()
    await asyncio.to_thread(until, lambda: served.metric("vllm:num_requests_running") > 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(until, lambda: not served.metric("vllm:num_requests_running"))
    assert not served.metric("vllm:num_requests_waiting")


async def test_a_prompt_beyond_the_context_is_told_with_its_limit(client: ModelClient) -> None:
    with pytest.raises(ContextExceeded) as exceeded:
        await client.complete([5] * (CONTEXT + 10), GREEDY)
    assert exceeded.value.limit == CONTEXT


async def test_64_requests_at_a_time_queue_and_are_all_answered(
    client: ModelClient, served: Served
) -> None:
    asked = replace(GREEDY, max_tokens=100)
    task = asyncio.ensure_future(
        asyncio.gather(*(client.complete([*PROMPT, 100 + n], asked) for n in range(64)))
    )
    waiting = 0.0
    while not task.done():
        running, queued = [
            await asyncio.to_thread(served.metric, f"vllm:num_requests_{state}")
            for state in ("running", "waiting")
        ]
        assert running <= AT_A_TIME
        waiting = max(waiting, queued)
    assert waiting > 0
    answers = await task
    assert len(answers) == 64
    assert all(each.ids and each.retries == 0 for each in answers)


def test_what_a_request_needs_is_not_counted_below_what_vllm_counts(served: Served) -> None:
    shape = find_checkpoint(str(served.model)).shape
    assert shape is not None
    found = re.search(
        r"Maximum concurrency for 16,384 tokens .*: ([\d.]+)x", served.log.read_text()
    )
    assert found is not None
    theirs = GIB / float(found[1])
    # Here a prompt is read whole, so that windows save nothing.
    whole = replace(shape, windows=(None,) * len(shape.windows))
    assert theirs == pytest.approx(kv_bytes(whole, CONTEXT, 4), rel=0.05)
