"""What predictors have in common: how answers are drawn, several after one reading of a prompt."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from model.answer import Completion, Sampling
from model.budget import BudgetSpent
from model.client import OnText
from model.errors import ContextExceeded
from model.predict.completing import Completes
from model.predict.predictor import Tokens
from model.wire import Prompt

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Chance:
    """How samples are drawn where there are several.

    At a temperature of 1 an answer is drawn as often as the model holds it likely, so that the
    agreement of samples says something; with one of 0 they would all be the same.

    Attributes:
        temperature: of all but single answers.
        top_p: the same.
    """

    temperature: float = 1.0
    top_p: float = 0.95

    def sampling(self, most: int, *, number: int = 0, of: int = 1, seed: int = 0) -> Sampling:
        """How one of several answers is drawn, or greedily the only one.

        Args:
            most: tokens it may have.
            number: of the answer, from 0 on.
            of: how many there are.
            seed: of the first.
        """
        if of == 1:
            return Sampling(0.0, 1.0, seed, most, logprobs=True)
        return Sampling(self.temperature, self.top_p, seed + number, most, logprobs=True)


async def asked(
    ask: Callable[[int, OnText | None], Awaitable[_Answer]], samples: int
) -> list[_Answer]:
    """Several answers to one prompt, in the order of their numbers.

    The first is asked for alone until it begins. By then the server has read the prompt, and finds
    it in its cache when the others come, all at once.

    Args:
        ask: gets the number of an answer, and what to call with text as it comes.
        samples: how many. They are fewer where the budget ends before, and some will do.

    Raises:
        ValueError: fewer than one is asked for.
        ModelError: what the first of them that fails raised; the others are not waited for.
    """
    if samples < 1:
        raise ValueError("at least one sample is drawn")
    begun = asyncio.Event()

    async def lead() -> _Answer:
        return await ask(0, lambda _: begun.set())

    tasks = [asyncio.ensure_future(lead())]
    tasks[0].add_done_callback(lambda _: begun.set())
    try:
        await begun.wait()
        if tasks[0].done():
            tasks[0].result()
        tasks += [asyncio.ensure_future(ask(number, None)) for number in range(1, samples)]
        return await _answers(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def drawn(
    client: Completes, prompt: Prompt, sampling: Callable[[int], Sampling], samples: int
) -> list[Completion]:
    """Several answers to a prompt of ids, in the order of their numbers.

    One request draws them all where the server knows ``n``. What that does not give, `asked` does.

    Args:
        client: of the server, or what there is in its place.
        prompt: the same for all.
        sampling: how the answer of a number is drawn.
        samples: how many; see `asked`.

    Raises:
        ValueError, ModelError: see `asked`.
    """
    together: list[Completion] = []
    if samples > 1 and client.draws_several:

        async def several(most: int) -> list[Completion]:
            fitting = replace(sampling(0), max_tokens=most)
            return await client.complete_several(prompt, fitting, samples)

        together = await fitted(several, sampling(0).max_tokens, len(prompt))

    async def ask(number: int, on_text: OnText | None) -> Completion:
        mine = sampling(len(together) + number)

        async def one(most: int) -> Completion:
            fitting = replace(mine, max_tokens=most)
            return await client.complete(prompt, fitting, on_text=on_text)

        return await fitted(one, mine.max_tokens, len(prompt))

    if together and len(together) >= samples:
        return together
    return together + await asked(ask, samples - len(together))


async def _answers(tasks: Sequence["asyncio.Future[_Answer]"]) -> list[_Answer]:
    """What they come to; what there is of it where the budget ends and some will do."""
    try:
        return await asyncio.gather(*tasks)
    except BudgetSpent as spent:
        if not spent.some_will_do:
            raise
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        answers = [each for each in ends if not isinstance(each, BaseException)]
        others = (each for each in ends if isinstance(each, BaseException))
        for error in others:
            if not answers or not isinstance(error, BudgetSpent):
                raise error from None
        return answers


async def fitted(
    ask: Callable[[int], Awaitable[_Answer]], most: int, prompt_tokens: int
) -> _Answer:
    """An answer; a shorter one where prompt and answer together exceed the model's context.

    Args:
        ask: gets the tokens that the answer may have.
        most: of them.
        prompt_tokens: of the prompt, or no fewer.

    Raises:
        ModelError: what asking raises, also when there is no room for any answer.
    """
    try:
        return await ask(most)
    except ContextExceeded as error:
        room = (error.limit or 0) - prompt_tokens
        if not 0 < room < most:
            raise
        return await ask(room)


def took(answer: Completion) -> Tokens:
    """The tokens of an answer."""
    usage = answer.usage
    return Tokens(usage.cached, usage.input - usage.cached, usage.output)


def mean(logprobs: tuple[float, ...] | None, first: int, last: int) -> float | None:
    """The mean of those from one token on and before another; None where there are none."""
    some = (logprobs or ())[first:last]
    return sum(some) / len(some) if some else None
