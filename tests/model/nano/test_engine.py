"""Completing with nano: what is drawn, what is counted, when others have their turn."""

import asyncio
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.answer import Completion, Sampling
from model.budget import Budget, BudgetSpent
from model.errors import ContextExceeded, RequestRefused
from model.nano.drawing import Draw
from model.nano.engine import Engine
from model.predict.completing import Completes
from model.prices import TokenUsage
from model.wire import Prompt
from tests.model.nano.checkpoints import ORDINARY

PROMPT = [ORDINARY, *range(40, 100)]
GREEDY = Sampling(0.0, 1.0, max_tokens=30, logprobs=True)
DRAWN = Sampling(1.0, 0.95, seed=5, max_tokens=30, logprobs=True)


@pytest.fixture
def engine(folder: Path) -> Engine:
    return Engine.load(folder)


def common(one: list[int], other: list[int]) -> int:
    """How many ids both begin with."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def essence(answer: Completion) -> tuple[object, ...]:
    return answer.ids, answer.text, answer.finish, answer.stop_id


async def test_it_is_what_predicting_needs(engine: Engine) -> None:
    needed: Completes = engine
    assert needed.model == "small"
    answers = await needed.complete_several(PROMPT, DRAWN, 3)
    assert len(answers) == 1
    assert not needed.draws_several


async def test_greedy_answers_are_the_same_again(engine: Engine) -> None:
    first = await engine.complete(PROMPT, GREEDY)
    again = await engine.complete(Prompt(PROMPT), GREEDY)
    assert essence(first) == essence(again)
    assert (first.finish, first.stop_id, len(first.ids or ())) == ("length", None, 30)
    assert first.logprobs is not None
    assert len(first.logprobs) == 30
    assert all(-7 < each < 0 for each in first.logprobs)
    assert first.text == engine.tokenizer.decode(first.ids or ())
    assert first.cost == 0


async def test_a_seed_draws_the_same_and_another_one_else(engine: Engine) -> None:
    first, again, other = [
        await engine.complete(PROMPT, replace(DRAWN, seed=seed)) for seed in (5, 5, 6)
    ]
    assert essence(first) == essence(again) != essence(other)


async def test_a_stop_token_ends_the_answer_and_is_named(engine: Engine) -> None:
    whole = (await engine.complete(PROMPT, GREEDY)).ids or ()
    stop = whole[9]
    answer = await engine.complete(PROMPT, replace(GREEDY, stop_ids=(stop, 3)))
    assert answer.ids == whole[: whole.index(stop)]
    assert (answer.finish, answer.stop_id) == ("stop", stop)
    assert len(answer.logprobs or ()) == len(answer.ids)
    assert answer.usage.output == len(answer.ids) + 1


async def test_log_probabilities_are_the_model_s_own(engine: Engine) -> None:
    cool = await engine.complete(PROMPT, replace(GREEDY, max_tokens=1))
    warm = await engine.complete(PROMPT, replace(DRAWN, temperature=1e-6, max_tokens=1))
    none = await engine.complete(PROMPT, replace(GREEDY, logprobs=False))
    assert cool.ids == warm.ids
    assert cool.logprobs == pytest.approx(warm.logprobs, abs=1e-4)
    assert none.logprobs is None


async def test_what_was_read_before_is_reused_and_counted_so(engine: Engine) -> None:
    first = await engine.complete(PROMPT, GREEDY)
    same = await engine.complete(PROMPT, DRAWN)
    longer = await engine.complete([*PROMPT, *(first.ids or ()), 7, 8], GREEDY)
    forked = await engine.complete([*PROMPT[:50], 9, 9], GREEDY)
    other = await engine.complete([ORDINARY + 3, 1, 2], GREEDY)
    # The last of what was written was never read.
    expected = [0, len(PROMPT) - 1, len(PROMPT) + 29, 50, 0]
    sizes = [len(PROMPT), len(PROMPT), len(PROMPT) + 32, 52, 3]
    assert [each.usage for each in (first, same, longer, forked, other)] == [
        TokenUsage(size, cached, 30) for size, cached in zip(sizes, expected, strict=True)
    ]


async def test_reusing_changes_no_answer(folder: Path, engine: Engine) -> None:
    begun = await engine.complete(PROMPT, GREEDY)
    prompt = [*PROMPT, *(begun.ids or ())[:20], 5]
    reusing = await engine.complete(prompt, DRAWN)
    fresh = await Engine.load(folder).complete(prompt, DRAWN)
    assert reusing.usage.cached == len(prompt) - 1
    assert essence(reusing) == essence(fresh)
    assert reusing.logprobs == pytest.approx(fresh.logprobs, abs=1e-4)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=80), min_size=1, max_size=6))
async def test_whatever_was_read_before_answers_and_counts_are_true(
    folder: Path, prompts: list[list[int]]
) -> None:
    engine, read = Engine.load(folder), list[list[int]]()
    short = replace(GREEDY, max_tokens=3)
    for prompt in prompts:
        answer = await engine.complete(prompt, short)
        written = list(answer.ids or ())
        longest = max((common(each, prompt) for each in read), default=0)
        assert answer.usage == TokenUsage(len(prompt), min(longest, len(prompt) - 1), 3)
        fresh = await Engine.load(folder).complete(prompt, short)
        assert (answer.logprobs or ())[0] == pytest.approx((fresh.logprobs or ())[0], abs=1e-3)
        read.append(prompt + written[:-1])


async def test_many_prompts_are_not_all_kept(engine: Engine) -> None:
    for number in range(12):
        await engine.complete([ORDINARY, *([number] * 20)], replace(GREEDY, max_tokens=1))
    oldest = await engine.complete([ORDINARY, *([0] * 20)], replace(GREEDY, max_tokens=1))
    newest = await engine.complete([ORDINARY, *([11] * 20)], replace(GREEDY, max_tokens=1))
    assert oldest.usage.cached == 1
    assert newest.usage.cached == 20


async def test_a_context_that_is_exceeded_is_told_with_its_limit(engine: Engine) -> None:
    whole = await engine.complete(PROMPT, replace(GREEDY, max_tokens=400 - len(PROMPT)))
    assert len(whole.ids or ()) == 400 - len(PROMPT)
    for prompt, most in ((PROMPT, 401 - len(PROMPT)), ([1] * 400, 1), ([1] * 5_000, 1)):
        with pytest.raises(ContextExceeded, match="it has 400 tokens") as caught:
            await engine.complete(prompt, replace(GREEDY, max_tokens=most))
        assert caught.value.limit == 400


@pytest.mark.parametrize("prompt", [[], [-1], [ORDINARY + 15]])
async def test_what_is_no_prompt_is_refused(engine: Engine, prompt: list[int]) -> None:
    with pytest.raises(RequestRefused, match="at least one token, and none beyond 782"):
        await engine.complete(prompt, GREEDY)


async def test_text_comes_as_it_is_written(engine: Engine) -> None:
    pieces: list[str] = []
    answer = await engine.complete(PROMPT, replace(DRAWN, max_tokens=100), pieces.append)
    assert "".join(pieces) == answer.text
    assert len(pieces) > 50


async def test_several_at_a_time_do_not_mix(engine: Engine, folder: Path) -> None:
    prompts = [[ORDINARY, *range(n, n + 90)] for n in range(0, 200, 40)]
    together = await asyncio.gather(*(engine.complete(each, GREEDY) for each in prompts))
    alone = [await Engine.load(folder).complete(each, GREEDY) for each in prompts]
    assert [*map(essence, together)] == [*map(essence, alone)]


async def test_others_have_their_turn_and_can_end_it(engine: Engine) -> None:
    long = replace(GREEDY, max_tokens=300)
    answering = asyncio.ensure_future(engine.complete(PROMPT, long))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not answering.done()
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    after = await engine.complete(PROMPT, GREEDY)
    assert after.usage.cached == len(PROMPT) - 1
    assert len(after.ids or ()) == 30


async def test_a_budget_ends_it(engine: Engine) -> None:
    engine.budget = Budget(tokens=len(PROMPT) + 10, some_will_do=True)
    first = await engine.complete(PROMPT, GREEDY)
    with pytest.raises(BudgetSpent):
        await engine.complete(PROMPT, GREEDY)
    assert first.finish == "length"
    assert engine.budget.ended


# drawing


def shares(sampling: Sampling, logits: list[float]) -> list[float]:
    """How often each token is drawn."""
    draw = Draw(sampling)
    drawn = [draw(np.array(logits, np.float32))[0] for _ in range(4_000)]
    return [drawn.count(number) / len(drawn) for number in range(len(logits))]


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    logits = [math.log(each) for each in (0.1, 0.6, 0.3)]
    assert shares(Sampling(1.0, 1.0, 1), logits) == pytest.approx([0.1, 0.6, 0.3], abs=0.04)
    squares = [0.01 / 0.46, 0.36 / 0.46, 0.09 / 0.46]
    assert shares(Sampling(0.5, 1.0, 1), logits) == pytest.approx(squares, abs=0.04)


def test_unlikely_ones_are_left_out() -> None:
    logits = [math.log(each) for each in (0.1, 0.6, 0.3)]
    assert shares(Sampling(1.0, 0.85, 1), logits) == pytest.approx([0, 2 / 3, 1 / 3], abs=0.04)
    assert shares(Sampling(1.0, 0.01, 1), logits) == [0, 1, 0]


def test_probabilities_are_told_whatever_the_temperature() -> None:
    logits = np.array([math.log(each) for each in (0.1, 0.6, 0.3)], np.float32)
    for sampling in (Sampling(0.0, logprobs=True), Sampling(1e-9, 0.5, 1)):
        token, logprob = Draw(sampling)(logits)
        assert (token, logprob) == (1, pytest.approx(math.log(0.6), abs=1e-5))
    assert Draw(Sampling(0.0))(logits) == (1, 0.0)


def test_equal_ones_are_all_drawn() -> None:
    assert shares(Sampling(2.0, 1.0, 3), [1.0] * 4) == pytest.approx([0.25] * 4, abs=0.04)
    assert shares(Sampling(1.0, 1.0, 3), [90.0, -900.0]) == [1, 0]
