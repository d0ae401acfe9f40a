"""What is asked of a model, and what it answers."""

from dataclasses import dataclass
from typing import Literal

from model.prices import TokenUsage

Finish = Literal["stop", "length", "tool_calls", "other"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn.

    Attributes:
        temperature: 0 for the likeliest token each time.
        top_p: draw from the likeliest tokens that together have this probability.
        seed: the same one gives the same answer where the server keeps that promise.
        max_tokens: the answer ends there at the latest.
        stop_ids: tokens that end the answer; for `ModelClient.complete` only.
        stop: texts that end the answer; they are not part of it.
        logprobs: ask how likely each token was.
    """

    temperature: float = 1.0
    top_p: float = 0.95
    seed: int | None = None
    max_tokens: int = 8192
    stop_ids: tuple[int, ...] = ()
    stop: tuple[str, ...] = ()
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class NativeCall:
    """A call in a server's own form of tool calling.

    Attributes:
        id: what the result must be sent back with.
        name: of the tool.
        arguments: as the model wrote them: meant to be JSON, by no means always valid.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer.

    Attributes:
        text: without the stop text or token.
        ids: its tokens, without the stop token; None where the server does not give them.
            They, not the text, are what to go on from: text loses what is not valid UTF-8.
        finish: why it ended.
        stop_id: the token of `Sampling.stop_ids` that ended it, where known.
        calls: tools called natively.
        reasoning: what the server split off as reasoning; empty where it is part of the text.
        usage: tokens; of answers drawn together, the first one has the prompt's.
        cost: in US dollars; None when unknown.
        seconds: from the request that succeeded to the answer's end.
        retries: tries that failed before.
        logprobs: of each token without the stop token, the natural logarithm of its probability;
            None where they were not asked for, or the server does not give every one.
        pieces: what each of those tokens stands for, in UTF-8; None where the server does not say.
    """

    text: str
    ids: tuple[int, ...] | None
    finish: Finish
    stop_id: int | None
    calls: tuple[NativeCall, ...]
    reasoning: str
    usage: TokenUsage
    cost: float | None
    seconds: float
    retries: int
    logprobs: tuple[float, ...] | None = None
    pieces: tuple[bytes, ...] | None = None
