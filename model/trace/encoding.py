"""Traces as token ids: special tokens by us alone, and all that stands between them as text.

So no source and no value can forge a frame; and as every part is encoded by itself, the ids of a
prompt begin those of the prompt with one more frame, and a server's prefix cache is hit.
"""

from model.tokenizer import Tokenizer
from model.trace.frame import Frame, Kind
from model.trace.writing import (
    ACTION_SEP,
    ARG_SEP,
    CONTEXT_START,
    EVENTS,
    FRAME_SEP,
    written_locals,
    written_value,
)
from model.wire import BEGIN_OF_TEXT, END_OF_TEXT


class TraceEncoder:
    """Encodes prompts for traces.

    Attributes:
        end_id: the token with which the model ends a trace.
        frame_id: the token with which a frame ends; to stop there is to get one frame.

    Args:
        tokenizer: the model's own.

    Raises:
        TokenizerProblem: it has no tokens for traces.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._encode = tokenizer.encode
        self._begin = tokenizer.special(BEGIN_OF_TEXT), tokenizer.special(CONTEXT_START)
        self._action = tokenizer.special(ACTION_SEP)
        self._argument = tokenizer.special(ARG_SEP)
        self._events = {kind: tokenizer.special(token) for kind, token in EVENTS.items()}
        self.frame_id = tokenizer.special(FRAME_SEP)
        self.end_id = tokenizer.special(END_OF_TEXT)

    def context(self, source: str) -> list[int]:
        """What a prompt begins with.

        Args:
            source: with the entry point marked, see `model.trace.writing.mark` and ``wrapper``.
        """
        return [*self._begin, *self._encode(source), self.frame_id]

    def frame(self, frame: Frame) -> list[int]:
        """A frame, its locals as the model writes them, with the token that ends it."""
        return [self.event(frame.kind), *self._body(frame), self.frame_id]

    def event(self, kind: Kind) -> int:
        """The token that begins a frame; put at a prompt's end it makes the next one of a kind."""
        return self._events[kind]

    def _body(self, frame: Frame) -> list[int]:
        source = [self._action, *self._encode(frame.source)]
        if frame.kind in ("call", "line"):
            return [*self._encode(written_locals(frame)), *source]
        value = written_value(frame)
        return source if value is None else [*source, self._argument, *self._encode(value)]
