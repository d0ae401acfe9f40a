"""CWM by its own tokens: the prompt is token ids, and only ever grows.

No chat template in circulation renders CWM's tool messages as it was trained with them, hence the
ids. Reasoning is always on, and what the model reasoned stays in its context.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from agent.events import ModelReply
from agent.policies.cwm.counting import ByTokenizer, Counter
from agent.policies.cwm.profiles.profile import Bad, Connection, Conversation, Good, Place
from agent.policies.cwm.profiles.text import environment, read_text, spoken
from agent.policies.cwm.texts import Texts
from agent.policies.cwm.turns import Answer, Result, Told, Turn
from model.answer import Completion, Sampling
from model.errors import ModelMisconfigured
from model.retry import Retry
from model.tokenizer import Tokenizer
from model.wire import REASONING, STOPS, THINK, THINK_END, Dialogue
from tools.registry import Tool


class CwmProfile:
    """Token ids out, token ids back."""

    name = "cwm"
    by_tokens = True

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
        self._tokenizer: Tokenizer = connection.tokenizer
        self._dialogue = Dialogue(self._tokenizer)
        self._turns: list[Turn] = []
        self._asked = False
        self._header = _header(self._tokenizer)
        self.counter: Counter = ByTokenizer(self._tokenizer)

    @property
    def used(self) -> int:
        """Tokens so far, with the header of the next answer."""
        return len(self._dialogue.prompt) + (0 if self._asked else self._header)

    def add(self, turn: Turn) -> None:
        """The next turn."""
        if self._asked and not isinstance(turn, Answer):
            self._take_back()
        self._turns.append(turn)
        self._put(turn)

    async def ask(self, sampling: Sampling, on_retry: Callable[[Retry], None]) -> Completion:
        """The model's answer."""
        self._dialogue.ask()
        self._asked = True
        asked = replace(sampling, stop_ids=self._dialogue.stop_ids)
        completion = await self._client.complete(self._dialogue.prompt, asked, on_retry=on_retry)
        # Some servers write the token that ended the answer into its text.
        return replace(completion, text=_without_stops(completion.text))

    def _put(self, turn: Turn) -> None:
        match turn:
            case Told("system", text):
                self._dialogue.system(text)
            case Told("user", text):
                self._dialogue.user(text)
            case Result(_, tool, text):
                self._dialogue.tool(tool, text)
            case Answer(_, _, _, ids):
                self._dialogue.ask()
                # No ids at all are no answer of no tokens: the server just does not say.
                self._dialogue.answered(ids or None, _written(turn))
                self._asked = False

    def _take_back(self) -> None:
        """Forget a question that was cancelled. Ids only grow, so they are made anew."""
        self._dialogue = Dialogue(self._tokenizer)
        self._asked = False
        for turn in self._turns:
            self._put(turn)


def _header(tokenizer: Tokenizer) -> int:
    """Tokens with which an answer is asked for."""
    dialogue = Dialogue(tokenizer)
    before = len(dialogue.prompt)
    dialogue.ask()
    return len(dialogue.prompt) - before


def _written(answer: Answer) -> str:
    """An answer as CWM writes it, after the ``<think>`` it is given."""
    reply = answer.reply
    if reply is None:
        return f"\n{THINK_END}\n{spoken(answer)}"
    good = answer.call is not None or answer.thought
    if reply.calls or (good and THINK_END not in reply.text):
        # Another profile's, whose reasoning stands elsewhere or does not have to be.
        return f"{reply.reasoning}\n{THINK_END}\n{spoken(answer) or reply.text}"
    return reply.text.removeprefix(THINK)


def _without_stops(text: str) -> str:
    while text.endswith(STOPS):
        for stop in STOPS:
            text = text.removesuffix(stop)
    return text
