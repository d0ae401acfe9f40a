"""An answer put together from its pieces, and ended where a server does not end it."""

from dataclasses import dataclass, field

from model.answer import Completion, Finish, NativeCall, Sampling
from model.errors import ServerFailed
from model.events import (
    CallPiece,
    Choice,
    Message,
    TokenLogprob,
    read_logprobs,
)
from model.prices import TokenUsage

_FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_GIVEN_UP = {"abort", "error"}


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Assembly:
    """An answer as it comes in.

    Attributes:
        finish: why the answer ended; None while it has not.
        enough: the rest of the stream is of no interest: the server did not end where it should.

    Args:
        sampling: what was asked, to see when a server does not keep to it.
        cut_stops: whether to end at a stop text ourselves, because the server cannot.
    """

    def __init__(self, sampling: Sampling, *, cut_stops: bool = False) -> None:
        self.finish: Finish | None = None
        self.enough = False
        self._sampling = sampling
        self._stops = sampling.stop if cut_stops else ()
        self._text: list[str] = []
        self._held = ""
        self._reasoning: list[str] = []
        self._ids: list[int] | None = None
        self._stop_id: int | None = None
        self._calls: list[_Call] = []
        self._open_calls: dict[int, _Call] = {}
        self._pieces = 0
        self._logprobs: list[TokenLogprob] | None = [] if sampling.logprobs else None
        self._gaps = False

    def take(self, choice: Choice) -> tuple[str, str]:
        """Take a piece of it in; what comes after its end is of no interest.

        Returns:
            The text and the reasoning it added.

        Raises:
            ServerFailed: the server says that it gave the answer up.
        """
        if self.finish is not None:
            return "", ""
        message = choice.delta or choice.message or Message()
        for position, piece in enumerate(message.tool_calls or ()):
            self._take_call(piece, position)
        reasoning = message.reasoning_content or message.reasoning or ""
        self._reasoning.append(reasoning)
        text = choice.text or message.content or ""
        text = self._until_stop(text, last=choice.finish_reason is not None)
        self._text.append(text)
        self._pieces += bool(text or reasoning or message.tool_calls)
        if choice.token_ids and not self.enough:
            self._ids = self._ids or []
            self._ids += choice.token_ids
        if self._logprobs is not None:
            more = read_logprobs(choice.logprobs)
            self._logprobs += more
            self._gaps |= bool(text or reasoning) and not more
        if isinstance(choice.stop_reason, int):
            self._stop_id = choice.stop_reason
        if choice.finish_reason in _GIVEN_UP and self.finish is None:
            raise ServerFailed(f"the model server gave the answer up ({choice.finish_reason})")
        if choice.finish_reason and self.finish is None:
            self.finish = _FINISHES.get(choice.finish_reason, "other")
        if self.finish is None and self._too_long():
            self.finish, self.enough = "length", True
        return text, reasoning

    def end(self) -> None:
        """The stream said that it is complete, if perhaps not why."""
        if self.finish is None:
            self.finish = "other"

    @property
    def tokens(self) -> int:
        """Generated so far: our own count, which is a lower bound where the ids are not given."""
        return self._pieces if self._ids is None else len(self._ids)

    def completion(self, usage: TokenUsage, cost: float | None, seconds: float) -> Completion:
        """The whole.

        Args:
            usage: its tokens.
            cost: in US dollars; None when unknown.
            seconds: it took.
        """
        finish = self.finish or "other"
        ids, stop_id = self._ids_without_stop(finish)
        logprobs, pieces = self._likelihood(ids, stop_id)
        return Completion(
            text="".join(self._text) + self._held,
            ids=ids,
            finish="tool_calls" if self._calls and finish in ("stop", "other") else finish,
            stop_id=stop_id,
            calls=tuple(NativeCall(c.id, c.name, "".join(c.arguments)) for c in self._calls),
            reasoning="".join(self._reasoning),
            usage=usage,
            cost=cost,
            seconds=seconds,
            retries=0,
            logprobs=logprobs,
            pieces=pieces,
        )

    def _take_call(self, piece: CallPiece, position: int) -> None:
        slot = position if piece.index is None else piece.index
        call = self._open_calls.get(slot)
        # Some servers number every call 0; a new id begins a new call all the same.
        if call is None or (piece.id and call.id and piece.id != call.id):
            call = self._open_calls[slot] = _Call()
            self._calls.append(call)
        call.id = call.id or piece.id or ""
        if piece.function is not None:
            call.name = call.name or piece.function.name or ""
            call.arguments.append(piece.function.arguments or "")

    def _until_stop(self, text: str, *, last: bool) -> str:
        """What can be given out: text before a stop text, and not what may be one's beginning."""
        if not self._stops:
            return text
        window = self._held + text
        found = [at for stop in self._stops if (at := window.find(stop)) >= 0]
        if found:
            self.finish, self.enough = "stop", True
            self._ids, self._logprobs, self._held = None, None, ""
            return window[: min(found)]
        keep = 0 if last else max(map(len, self._stops)) - 1
        given = max(len(window) - keep, 0)
        self._held = window[given:]
        return window[:given]

    def _too_long(self) -> bool:
        asked = self._sampling.max_tokens
        if self._ids:
            return len(self._ids) > asked
        # A piece is a token or more, unless a gateway cuts the text anew: hence the slack.
        return self._pieces > 8 * asked + 64

    def _likelihood(
        self, ids: tuple[int, ...] | None, stop_id: int | None
    ) -> tuple[tuple[float, ...] | None, tuple[bytes, ...] | None]:
        """How likely each token was, and what it stands for; None for what is not known of all."""
        known = self._logprobs
        if ids is not None and known and len(known) == len(ids) + (stop_id is not None):
            known = known[: len(ids)]
        # Without ids to count against, text that came without them tells that some are missing.
        if not known or (self._gaps if ids is None else len(known) != len(ids)):
            return None, None
        logprobs = [token.logprob for token in known if token.logprob is not None]
        pieces = [token.piece for token in known if token.piece is not None]
        if len(logprobs) < len(known):
            return None, None
        return tuple(logprobs), tuple(pieces) if len(pieces) == len(known) else None

    def _ids_without_stop(self, finish: Finish) -> tuple[tuple[int, ...] | None, int | None]:
        ids, stop_id = self._ids, self._stop_id
        if ids and stop_id is None and finish == "stop" and ids[-1] in self._sampling.stop_ids:
            stop_id = ids[-1]
        if ids and ids[-1] == stop_id:
            ids = ids[:-1]
        return (None if ids is None else tuple(ids)), stop_id
