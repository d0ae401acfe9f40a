"""Any instruct model: the text protocol over the chat endpoint."""

from collections.abc import Callable, Mapping

from agent.events import ModelReply
from agent.policies.cwm.counting import ByGuess, Counter
from agent.policies.cwm.profiles.profile import Bad, Connection, Conversation, Good, Place
from agent.policies.cwm.profiles.text import environment, read_text, spoken
from agent.policies.cwm.texts import Texts
from agent.policies.cwm.turns import Answer, Result, Told, Turn
from model.answer import Completion, Sampling
from model.retry import Retry
from model.wire import REASONING
from tools.registry import Tool

_MESSAGE = 8
"""Tokens around a message, about."""


class ChatProfile:
    """Texts out, text back; reasoning where the model does."""

    name = "chat"
    by_tokens = False

    def system(self, texts: Texts, place: Place, model: str) -> str:
        """The environment; for CWM behind a chat template, below its own preamble."""
        told = environment(texts, place)
        if "cwm" in model.lower():
            return f"{REASONING}\n\n# Environment\n\n{told}"
        return texts.fill("chat.md", environment=told)

    def open(self, connection: Connection, tools: Mapping[str, Tool]) -> Conversation:
        """A new conversation."""
        return ChatConversation(connection)

    def read(self, reply: ModelReply, tools: Mapping[str, Tool]) -> Good | Bad:
        """What an answer asks for."""
        return read_text(reply, tools, "optional")


class ChatConversation:
    """Messages in OpenAI's form.

    What the model is told between two of its answers is one message, as some servers insist that
    the roles take turns.

    Attributes:
        messages: so far.
    """

    def __init__(self, connection: Connection) -> None:
        self.messages: list[dict[str, object]] = []
        self._client = connection.client
        self._guess = ByGuess()
        self._counted = 0  # tokens of what the server has counted
        self._fresh = 0  # guessed tokens of what it has not
        self._size = 0  # bytes of all texts

    @property
    def counter(self) -> Counter:
        """By guess."""
        return self._guess

    @property
    def used(self) -> int:
        """What the server counted, and a guess at the rest."""
        return self._counted + self._fresh

    def add(self, turn: Turn) -> None:
        """The next turn."""
        match turn:
            case Told(role, text):
                self.say(role, text)
            case Result(_, _, text):
                self.say("user", text)
            case Answer(_, _, reply, _):
                text = spoken(turn) if reply is None or reply.calls else reply.text
                self.say("assistant", text)

    def say(self, role: str, text: str) -> None:
        """Add a message, or add to the last one when the same role speaks on."""
        self._count(text)
        # An empty message is refused by some servers.
        content = text if text.strip() else "(nothing)"
        last = self.messages[-1] if self.messages else None
        if last is not None and role == "user" and last["role"] == "user":
            last["content"] = f"{last['content']}\n\n{content}"
        else:
            self.messages.append({"role": role, "content": content})

    def put(self, message: Mapping[str, object], *texts: str) -> None:
        """Add a message of another form; the texts are what it holds."""
        self.messages.append(dict(message))
        for text in texts:
            self._count(text)

    async def ask(self, sampling: Sampling, on_retry: Callable[[Retry], None]) -> Completion:
        """The model's answer."""
        return await self.request(sampling, on_retry, None)

    async def request(
        self,
        sampling: Sampling,
        on_retry: Callable[[Retry], None],
        tools: list[dict[str, object]] | None,
    ) -> Completion:
        """The model's answer, perhaps with a native call."""
        completion = await self._client.chat(self.messages, sampling, tools, on_retry=on_retry)
        if completion.usage.counted and completion.usage.input:
            self._counted, self._fresh = completion.usage.input, 0
            self._guess.learn(self._size, completion.usage.input)
        return completion

    def _count(self, text: str) -> None:
        self._size += len(text.encode("utf-8", "replace"))
        self._fresh += self._guess.count(text) + _MESSAGE
