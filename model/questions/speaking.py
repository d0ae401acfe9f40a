"""Asking a model in words: with or without reasoning, by chat or in CWM's own tokens."""

from dataclasses import dataclass, replace
from typing import Protocol

from model.answer import Completion, Sampling
from model.client import ModelClient, OnText
from model.predict.asking import Chance, asked, fitted, took
from model.predict.predictor import Tokens
from model.tokenizer import Tokenizer
from model.wire import REASONING, STOPS, THINK, THINK_END, Dialogue


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said.

    Attributes:
        text: what follows its reasoning.
        cut: it came to no end within its tokens.
        tokens: what it took.
    """

    text: str
    cut: bool
    tokens: Tokens


class Speaker(Protocol):
    """Asks one model in words."""

    async def say(
        self, system: str, user: str, *, reasoning: bool, samples: int, seed: int, most: int
    ) -> list[Said]:
        """Answers to one question, drawn independently.

        Args:
            system: what the model is.
            user: what it is asked.
            reasoning: whether it is to think first.
            samples: how many; a single one is drawn greedily.
            seed: of the first; each further one has its own.
            most: tokens that each may take, reasoning included.

        Raises:
            ModelError: the model does not answer.
        """
        ...


class ChatSpeaker:
    """A `Speaker` on the chat endpoint.

    Args:
        client: of the server that has the model.
        chance: how several answers are drawn.
    """

    def __init__(self, client: ModelClient, chance: Chance | None = None) -> None:
        self._client = client
        self._chance = chance or Chance()

    async def say(
        self, system: str, user: str, *, reasoning: bool, samples: int, seed: int, most: int
    ) -> list[Said]:
        """Answers to one question; see `Speaker.say`."""
        # Whether to think is in the words of the question: no field for it is known everywhere.
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        size = (len(system.encode()) + len(user.encode())) // 2

        async def ask(number: int, on_text: OnText | None) -> Said:
            sampling = _sampling(self._chance, most, number, samples, seed)

            async def fit(room: int) -> Completion:
                return await self._client.chat(
                    messages, replace(sampling, max_tokens=room), on_text=on_text
                )

            return _said(await fitted(fit, most, size), thinks=False)

        return await asked(ask, samples)


class TokenSpeaker:
    """A `Speaker` for CWM, by token ids.

    Args:
        client: of the server that has the model.
        tokenizer: the model's own.
        chance: how several answers are drawn.
    """

    def __init__(
        self, client: ModelClient, tokenizer: Tokenizer, chance: Chance | None = None
    ) -> None:
        self._client = client
        self._tokenizer = tokenizer
        self._chance = chance or Chance()

    async def say(
        self, system: str, user: str, *, reasoning: bool, samples: int, seed: int, most: int
    ) -> list[Said]:
        """Answers to one question; see `Speaker.say`."""
        dialogue = Dialogue(self._tokenizer, reasoning=reasoning)
        dialogue.system(f"{REASONING}\n\n{system}" if reasoning else system)
        dialogue.user(user)
        dialogue.ask()
        prompt = dialogue.prompt

        async def ask(number: int, on_text: OnText | None) -> Said:
            drawn = _sampling(self._chance, most, number, samples, seed)
            sampling = replace(drawn, stop_ids=dialogue.stop_ids)

            async def fit(room: int) -> Completion:
                return await self._client.complete(
                    prompt, replace(sampling, max_tokens=room), on_text=on_text
                )

            return _said(await fitted(fit, most, len(prompt)), thinks=reasoning)

        return await asked(ask, samples)


def _sampling(chance: Chance, most: int, number: int, samples: int, seed: int) -> Sampling:
    sampling = chance.sampling(most, number=number, of=samples, seed=seed)
    return replace(sampling, logprobs=False)


def _said(answer: Completion, thinks: bool) -> Said:
    """What follows the reasoning.

    Args:
        answer: of the model.
        thinks: whether the answer began within its reasoning.
    """
    text = answer.text
    for stop in STOPS:
        text = text.removesuffix(stop)
    _, ended, after = text.rpartition(THINK_END)
    begun = thinks or text.lstrip().startswith(THINK.strip())
    # Reasoning that comes to no end is no answer.
    spoken = after if ended else "" if begun else text
    return Said(spoken.strip(), answer.finish == "length", took(answer))
