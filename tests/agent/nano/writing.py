"""A model that writes what it was told to, for what measures models."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from model.answer import Completion, Sampling
from model.client import OnText
from model.errors import ContextExceeded
from model.prices import TokenUsage
from model.tokenizer import Tokenizer
from model.trace.layout import KINDS
from model.wire import BEGIN_OF_TEXT, END_OF_TEXT, Prompt

_MARKS = (*KINDS, "<|frame_sep|>", "<|action_sep|>", "<|arg_sep|>", "<|trace_context_start|>")


@dataclass
class Writing:
    """Knows some texts in wire form, and goes on with the first that begins as asked.

    Attributes:
        tokenizer: of the texts.
        context: tokens.
        likely: the log-probability of every token.
        texts: what it knows.
    """

    tokenizer: Tokenizer
    context: int = 4096
    likely: float = -0.01
    texts: list[list[int]] = field(default_factory=list)
    model: str = "writing"
    draws_several: bool = False

    def learn(self, text: str) -> None:
        """One more, behind the token that every text begins with."""
        special, encode = self.tokenizer.special, self.tokenizer.encode
        ids = [special(BEGIN_OF_TEXT)]
        rest = text
        while rest:
            first = min(
                ((rest.find(mark), mark) for mark in (*_MARKS, END_OF_TEXT) if mark in rest),
                default=(len(rest), ""),
            )
            ids += encode(rest[: first[0]])
            ids += [special(first[1])] if first[1] else []
            rest = rest[first[0] + len(first[1]) :]
        self.texts.append(ids)

    async def complete(
        self, ids: Sequence[int] | Prompt, sampling: Sampling, on_text: OnText | None = None
    ) -> Completion:
        prompt = list(ids.ids if isinstance(ids, Prompt) else ids)
        if len(prompt) + sampling.max_tokens > self.context:
            raise ContextExceeded("the context is exceeded", limit=self.context)
        known = (text for text in self.texts if text[: len(prompt)] == prompt)
        following = next(known, [*prompt, self.tokenizer.special(END_OF_TEXT)])[len(prompt) :]
        end = next((n for n, id_ in enumerate(following) if id_ in sampling.stop_ids), None)
        answer = following[:end][: sampling.max_tokens]
        stopped = end is not None and end <= sampling.max_tokens
        return Completion(
            text=self.tokenizer.decode(answer),
            ids=tuple(answer),
            finish="stop" if stopped else "length",
            stop_id=following[end] if end is not None and stopped else None,
            calls=(),
            reasoning="",
            usage=TokenUsage(len(prompt), 0, len(answer)),
            cost=None,
            seconds=0.001,
            retries=0,
            logprobs=(self.likely,) * len(answer),
        )

    async def complete_several(
        self, ids: Sequence[int] | Prompt, sampling: Sampling, count: int
    ) -> list[Completion]:
        return [await self.complete(ids, sampling)]
