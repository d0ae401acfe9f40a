"""CWM by its own tokens: the prompt is token ids, and only ever grows.

No chat template in circulation renders CWM's tool messages as it was trained with them, hence the
ids. Reasoning is always on, and what the model reasoned stays in its context.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from agent.policies.cwm.counting import ByTokenizer, Counter
from agent.policies.cwm.profiles.profile import Bad, Connection, Conversation, Good, Place
from agent.policies.cwm.profiles.text import environment, read_text, spoken
from agent.policies.cwm.texts import Texts
from agent.policies.cwm.turns import Answer, Result, Told, Turn
from agent.trajectory import ModelReply
from model.answer import Completion, Sampling
from model.errors import ModelMisconfigured
from model.retry import Retry
from model.wire import REASONING, STOPS, THINK_END, Dialogue
from tools.registry import Tool


class CwmProfile:
    """Token ids out, token ids back."""

    name = "cwm"

    def system(self, texts: Texts, place: Place, model: str) -> str:
        """The words that switch reasoning on, then the environment."""
        return f"{REASONING}\n\n# Environment\n\n{environment(texts, place)}"

    def open(self, connection: Connection, tools: Mapping[str, Tool]) -> Conversation:
        """A new conversation."""
        return _TokenConversation(connection)

    def read(self, reply: ModelReply, tools: Mapping[str, Tool]) -> Good | Bad:
        """A valid answer ends its reasoning exactly once."""
        return read_text(reply, tools, "required")


class _TokenConversation:
    def __init__(self, connection: Connection) -> None:
        if connection.tokenizer is None:
            raise ModelMisconfigured(
                "the cwm profile needs the model's tokenizer",
                "set model.tokenizer to its tokenizer.json, or use --profile chat",
            )
        self._client = connection.client
        self._dialogue = Dialogue(connection.tokenizer)
        self.counter: Counter = ByTokenizer(connection.tokenizer)

    @property
    def used(self) -> int:
        """Tokens so far; the header of an answer takes a handful more."""
        return len(self._dialogue.prompt) + _HEADER

    def add(self, turn: Turn) -> None:
        """The next turn."""
        match turn:
            case Told("system", text):
                self._dialogue.system(text)
            case Told("user", text):
                self._dialogue.user(text)
            case Result(_, tool, text):
                self._dialogue.tool(tool, text)
            case Answer(_, _, reply, ids):
                self._dialogue.ask()
                if reply is None or reply.calls:
                    text, ids = f"\n{THINK_END}\n{spoken(turn)}", None
                else:
                    text = reply.text
                self._dialogue.answered(ids, text)

    async def ask(self, sampling: Sampling, on_retry: Callable[[Retry], None]) -> Completion:
        """The model's answer."""
        self._dialogue.ask()
        asked = replace(sampling, stop_ids=self._dialogue.stop_ids)
        completion = await self._client.complete(self._dialogue.prompt, asked, on_retry=on_retry)
        text = completion.text
        for stop in STOPS:  # some servers write the token that ended the answer into its text
            text = text.removesuffix(stop)
        return replace(completion, text=text)


_HEADER = 8
