"""A model that knows how a program goes on, for the tests of what asks it frame by frame."""

import re
from collections.abc import Sequence
from dataclasses import replace

from model.predict.jsonlines import write_line
from model.predict.predictor import Program
from model.tokenizer import Tokenizer
from model.trace.frame import Frame
from model.trace.reading import read_frames
from model.trace.states import resolve
from model.trace.writing import FRAME_SEP, unmarked, write_frame, write_frames
from tests.model.http import Request
from tests.model.predict.programs import END, write
from tests.model.predict.running import ran
from tests.model.replies import Reply, by_request, say

_EVENT = re.compile(r"<\|(call|line|return|exception)_sep\|>\Z")


def executed(program: Program) -> list[Frame]:
    """The frames of a program of a call, as the model writes them; it is really run."""
    call = re.search(r"def main\(\):.*\n    return .*\n\Z", program.source)
    assert call, "a program of a call, in a source that has no main of its own"
    prediction, _ = ran(program.source)
    return [replace(frame, source=unmarked(frame.source)) for frame in prediction.frames]


def stepping(tokenizer: Tokenizer, trace: Sequence[Frame]) -> Reply:
    """Answers in tokens: to a prompt with n frames, the frame after the last like them.

    A return that is forced is the one of the scope the last frame of the prompt calls.
    """

    def choose(request: Request) -> Reply:
        text = tokenizer.decode(request.json["prompt"])
        _, _, rest = text.partition(FRAME_SEP)
        forced = _EVENT.search(rest)
        rest = rest[: forced.start()] if forced else rest
        at = _after(read_frames(rest).frames, trace)
        if forced and forced[1] == "return":
            at = _left(trace, at - 1)
        if whole(request, tokenizer):
            return write(tokenizer, write_frames(trace[at:], ended=False), END)
        if at == len(trace):
            return write(tokenizer, "", END)
        frame = write_frame(trace[at]).removesuffix(FRAME_SEP)
        if forced:
            frame = frame.removeprefix(forced[0])
        return write(tokenizer, frame, FRAME_SEP)

    return by_request(choose)


def whole(request: Request, tokenizer: Tokenizer) -> bool:
    """Whether all that is left is asked for."""
    return tokenizer.special(FRAME_SEP) not in request.json["stop_token_ids"]


def lines(trace: Sequence[Frame], given: int = 1) -> Reply:
    """Answers to a chat with the whole trace, as JSON lines."""
    return say("\n".join(map(write_line, trace[given:])) + '\n{"event": "end"}\n')


def _after(frames: Sequence[Frame], trace: Sequence[Frame]) -> int:
    """The number of the frame in the trace that comes after these."""
    at = 0
    for number, frame in enumerate(frames):
        if number and frames[number - 1].kind == "call" and frame.kind == "return":
            at = _left(trace, at - 1)  # stepped over
        at += 1
    return at


def _left(trace: Sequence[Frame], call: int) -> int:
    """The number of the return of a call."""
    states = resolve(trace)
    scope = states[call].scope
    return next(
        n for n in range(call, len(trace)) if states[n].scope == scope and trace[n].kind == "return"
    )
