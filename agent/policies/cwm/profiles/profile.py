"""What a profile is: how turns reach the model, and how its answers are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from agent.events import CalledNatively, ModelReply
from agent.policies.cwm.counting import Counter
from agent.policies.cwm.texts import Texts
from agent.policies.cwm.turns import Turn
from model.answer import Completion, Sampling
from model.client import ModelClient
from model.retry import Retry
from model.tokenizer import Tokenizer
from tools.registry import Tool, ToolCall


@dataclass(frozen=True, slots=True)
class Connection:
    """A model that answers, and what is known of it. Shared by runs.

    Attributes:
        client: asks it.
        model: its name.
        context: tokens its context holds.
        tokenizer: its own; None where that is not to be had.
    """

    client: ModelClient
    model: str
    context: int
    tokenizer: Tokenizer | None


@dataclass(frozen=True, slots=True)
class Place:
    """What the model is told of where it works.

    Attributes:
        repository: its path.
        turns: it has.
        context: tokens of its context.
        timeout: seconds of a command; may be unknown.
        tools: it can call.
    """

    repository: str
    turns: int
    context: int
    timeout: str
    tools: Mapping[str, Tool]


@dataclass(frozen=True, slots=True)
class Good:
    """An answer in good form.

    Attributes:
        call: the action; None when there is none.
        said: beside it.
    """

    call: ToolCall | None
    said: str


@dataclass(frozen=True, slots=True)
class Bad:
    """An answer that breaks the form.

    Attributes:
        kind: which rule, as in ``prompts/messages.toml``.
        detail: the facts, in a few words.
    """

    kind: str
    detail: str


class Conversation(Protocol):
    """One run's conversation, as the model gets it. It only grows."""

    def add(self, turn: Turn) -> None:
        """The next turn."""
        ...

    @property
    def used(self) -> int:
        """Tokens of the context it takes by now, the beginning of the next answer included."""
        ...

    @property
    def counter(self) -> Counter:
        """Counts as the model does."""
        ...

    async def ask(self, sampling: Sampling, on_retry: Callable[[Retry], None]) -> Completion:
        """The model's answer; it is not added.

        Raises:
            ModelError: there is none.
        """
        ...


class Profile(Protocol):
    """A way to speak to a model.

    Attributes:
        name: as the user gives it.
        by_tokens: whether prompts are token ids, for which the model's own tokenizer is needed.
    """

    name: str
    by_tokens: bool

    def system(self, texts: Texts, place: Place, model: str) -> str:
        """The system prompt."""
        ...

    def open(self, connection: Connection, tools: Mapping[str, Tool]) -> Conversation:
        """A new conversation."""
        ...

    def read(self, reply: ModelReply, tools: Mapping[str, Tool]) -> Good | Bad:
        """What an answer asks for."""
        ...


def reply_of(completion: Completion) -> ModelReply:
    """A completion as the trajectory keeps it."""
    calls = (CalledNatively(id=c.id, name=c.name, arguments=c.arguments) for c in completion.calls)
    return ModelReply(
        text=completion.text,
        reasoning=completion.reasoning,
        calls=tuple(calls),
        finish=completion.finish,
        seconds=round(completion.seconds, 3),
        retries=completion.retries,
    )
