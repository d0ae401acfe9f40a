"""nano as something that completes token ids: what a server and its client are for a large model.

It runs in the event loop of its caller, and lets others have a turn every few milliseconds: between
two tokens, or two pieces of a prompt. Cancelling what waits for an answer ends it there.
"""

import asyncio
import codecs
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from model.answer import Completion, Finish, Sampling
from model.errors import ContextExceeded, RequestRefused
from model.nano.checkpoint import NAME, Checkpoint, CheckpointProblem, read_checkpoint, shipped
from model.nano.drawing import Draw
from model.nano.forward import Cache, Floats, Forward
from model.prices import TokenUsage
from model.tokenizer import Tokenizer
from model.wire import Prompt

if TYPE_CHECKING:
    from model.budget import Budget
    from model.client import OnText

_PIECE = 64
"""Tokens of a prompt that are read at once."""
_TURN = 0.005
"""Seconds after which others have a turn."""
_KEPT = 8
"""Prompts and answers that are remembered, to go on from what they have in common with the next."""


class Engine:
    """A `model.predict.completing.Completes`. Use it in one event loop.

    Attributes:
        model: the model's name.
        tokenizer: its own.
        reach: how far it is to be believed.
        parameters: numbers that it is made of.
        budget: of all answers together; None for no limit.

    Args:
        checkpoint: of the model.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.model = checkpoint.name
        self.tokenizer = checkpoint.tokenizer
        self.reach = checkpoint.reach
        self.parameters = checkpoint.parameters
        self.budget: Budget | None = None
        self._vocabulary = checkpoint.config.vocab_size
        self._forward = Forward(checkpoint.config, checkpoint.tensors, self.reach.context)
        self._shelf = _Shelf(self._forward)

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """The model in a folder, or the one that comes with this package.

        Raises:
            CheckpointProblem: it is not there, or something is wrong with it.
        """
        if folder is not None:
            return cls(read_checkpoint(folder))
        if not shipped().is_dir():
            raise CheckpointProblem(
                f"the weights of {NAME} are not in this installation",
                "install foretrace anew, or name a model with --model-url and --model",
            )
        return cls(read_checkpoint(shipped(), NAME))

    async def complete(
        self, ids: Sequence[int] | Prompt, sampling: Sampling, on_text: "OnText | None" = None
    ) -> Completion:
        """What the model writes after a prompt of token ids.

        Args:
            ids: the prompt, special tokens included.
            sampling: how; `Sampling.stop` has no meaning here.
            on_text: gets text as it comes.

        Raises:
            ContextExceeded: prompt and answer together have more tokens than the model can read.
            RequestRefused: the prompt is empty, or holds what is no token of the model.
            BudgetSpent: before anything is read.
        """
        prompt = list(ids.ids if isinstance(ids, Prompt) else ids)
        self._check(prompt, sampling)
        if self.budget is None:
            return await self._complete(prompt, sampling.max_tokens, sampling, on_text)
        most = self.budget.room(sampling.max_tokens)
        answer = await self._complete(prompt, most, sampling, on_text)
        self.budget.spend(answer, shortened=most < sampling.max_tokens)
        return answer

    @property
    def draws_several(self) -> bool:
        """No: what a prompt took is not taken twice anyway."""
        return False

    async def complete_several(
        self, ids: Sequence[int] | Prompt, sampling: Sampling, count: int
    ) -> list[Completion]:
        """One answer, whatever the count; see `complete`."""
        return [await self.complete(ids, sampling)]

    def _check(self, prompt: Sequence[int], sampling: Sampling) -> None:
        limit = self.reach.context
        if len(prompt) + sampling.max_tokens > limit:
            raise ContextExceeded(
                f"the context of {self.model} is exceeded: it has {limit:,} tokens, and the prompt "
                f"{len(prompt):,}",
                "a shorter program may fit",
                limit=limit,
            )
        if not prompt or min(prompt) < 0 or max(prompt) >= self._vocabulary:
            raise RequestRefused(
                f"{self.model} reads at least one token, and none beyond {self._vocabulary - 1:,}"
            )

    async def _complete(
        self, prompt: list[int], most: int, sampling: Sampling, on_text: "OnText | None"
    ) -> Completion:
        started = time.monotonic()
        turns = _Turns()
        cache = self._shelf.best(prompt)
        reused = len(cache)
        try:
            logits = await self._read(prompt[reused:], cache, turns)
            # From here on others that ask the same find the prompt read.
            self._shelf.put(cache)
            answer = _Answer(self.tokenizer, on_text)
            draw, stops = Draw(sampling), frozenset(sampling.stop_ids)
            finish: Finish = "length"
            stop: int | None = None
            while True:
                token, logprob = draw(logits)
                if token in stops:
                    finish, stop = "stop", token
                    break
                answer.add(token, logprob)
                if len(answer.ids) == most:
                    break
                await turns.take()
                logits = self._forward.read([token], cache)
        finally:
            self._shelf.put(cache)
        written = len(answer.ids) + (stop is not None)
        return Completion(
            text=answer.end(),
            ids=tuple(answer.ids),
            finish=finish,
            stop_id=stop,
            calls=(),
            reasoning="",
            usage=TokenUsage(len(prompt), reused, written),
            cost=0.0,
            seconds=time.monotonic() - started,
            retries=0,
            logprobs=tuple(answer.logprobs) if sampling.logprobs else None,
        )

    async def _read(self, ids: Sequence[int], cache: Cache, turns: "_Turns") -> Floats:
        for first in range(0, len(ids), _PIECE):
            await turns.take()
            logits = self._forward.read(ids[first : first + _PIECE], cache)
        return logits


class _Shelf:
    """What was read lately, the latest first."""

    def __init__(self, forward: Forward) -> None:
        self._forward = forward
        self._caches: list[Cache] = []

    def best(self, prompt: Sequence[int]) -> Cache:
        """A cache with as much of a prompt as was read before, but for its last token."""
        lengths = [_common(cache.ids, prompt) for cache in self._caches]
        length = min(max(lengths, default=0), len(prompt) - 1)
        if not length:
            return Cache(self._forward.config)
        found = self._caches[lengths.index(max(lengths))]
        self.put(found)
        return found.upto(length)

    def put(self, cache: Cache) -> None:
        """Keep a cache, which may still grow; the one that was not asked for longest goes."""
        others = [each for each in self._caches if each is not cache]
        self._caches = [cache, *others[: _KEPT - 1]]


class _Turns:
    """Lets others have a turn now and then."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def take(self) -> None:
        """Let them have one if it is time."""
        if time.monotonic() - self._since > _TURN:
            await asyncio.sleep(0)
            self._since = time.monotonic()


class _Answer:
    """What is written so far."""

    def __init__(self, tokenizer: Tokenizer, on_text: "OnText | None") -> None:
        self.ids: list[int] = []
        self.logprobs: list[float] = []
        self._tokenizer = tokenizer
        self._on_text = on_text
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, token: int, logprob: float) -> None:
        """One more token."""
        self.ids.append(token)
        self.logprobs.append(logprob)
        if self._on_text is not None:
            text = self._decoder.decode(self._tokenizer.decode_bytes([token]))
            if text:
                self._on_text(text)

    def end(self) -> str:
        """The whole text."""
        if self._on_text is not None and (rest := self._decoder.decode(b"", final=True)):
            self._on_text(rest)
        return self._tokenizer.decode(self.ids)


def _common(ids: Sequence[int], others: Sequence[int]) -> int:
    """How many ids both begin with."""
    pairs = zip(ids, others, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(ids), len(others)))
