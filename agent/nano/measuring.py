"""What nano makes of a recorded program that it was not trained on: every way it is asked in.

It writes on from its own words, always the likeliest token, as it does for users. Only single
frames are told from the right ones before them.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from model.answer import Completion, Sampling
from model.client import OnText
from model.nano.reach import lowest_frame
from model.nano.record import Record
from model.predict.completing import Completes
from model.predict.outcome import Expect, outcome
from model.predict.predictor import Prediction, Program
from model.predict.tokens import TokenPredictor
from model.predict.verdict import Verdict, judge
from model.questions.halts import ENDLESS, HALTS, of_trace
from model.tokenizer import Tokenizer
from model.trace.frame import Frame
from model.trace.reading import Parsed, read_frames
from model.trace.score import Count, ending, same_ending, score
from model.trace.writing import FRAME_SEP
from model.wire import Prompt

_MOST_SINGLES = 60
"""Frames of a trace; of a longer one no single frames are asked for."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One program.

    Attributes:
        id: of the record.
        form: how the program is entered.
        constructs: what it has.
        frames: that were to be written.
        ended: whether the program does, or was cut off.
        scores: of the trace, by `model.trace.score.MEASURES`.
        whole: whether every frame of the trace is right, and its end.
        singles: frames told from the right ones before; None where they were not asked for.
        output: whether the entry point is left as it should be; None where it is not left.
        halting: whether the trace ends, or does not, as it should be.
        halts: whether the program does; None where that is not known.
        told: whether it is said so when asked whether it halts, without the model's doubts; what
            is not answered is not told. None where nobody knows.
        value: whether the value is right where it is asked for at once; None where it was not.
        verdict: of the trace.
        confidence: in it, as `judge` has it.
        right: whether what the trace says is so, whatever the model says of its certainty: the
            value or the exception, or that there is no end. None where it says nothing.
        passes: whether the program returns; for one entered through a test, whether that passes.
        lowest: the probability of the trace's least likely frame.
        tokens: written in the trace.
        seconds: of the processor's time that the trace took.
        beyond: whether the model says beforehand that it does not know such programs.
    """

    id: str
    form: str
    constructs: tuple[str, ...]
    frames: int
    ended: bool
    scores: dict[str, Count]
    whole: bool
    singles: Count | None
    output: bool | None
    halting: bool
    halts: bool | None
    told: bool | None
    value: bool | None
    verdict: Verdict
    confidence: float
    right: bool | None
    passes: bool
    lowest: float
    tokens: int
    seconds: float
    beyond: bool = False


async def measure(record: Record, model: Completes, tokenizer: Tokenizer) -> Measurement:
    """Ask for the trace, for single frames, and for the value.

    Args:
        record: of the program.
        model: to be asked, nano's engine for example.
        tokenizer: the model's own.

    Raises:
        ContextExceeded: the program alone is longer than the model's context.
    """
    heard = _Heard(model)
    predictor = TokenPredictor(heard, tokenizer)
    program = Program(record.source, read_frames(record.begun).frames)
    recorded = read_frames(record.trace).frames
    (prediction,) = await predictor.traces(program)
    tokens, seconds = heard.tokens, heard.seconds
    lowest = heard.lowest(tokenizer.special(FRAME_SEP))
    written = prediction.frames[len(program.begun) :]
    expected = ending(recorded) if record.ended else None
    judged = judge([prediction])
    left = same_ending(ending(prediction.frames), expected) and prediction.ended
    returns = expected is not None and not expected.raised
    halts = True if record.ended else record.halts
    answer = ENDLESS if halts is False else HALTS
    return Measurement(
        id=record.id,
        form=record.form,
        constructs=record.constructs,
        frames=len(recorded),
        ended=record.ended,
        scores=score(_parsed(prediction, written), recorded),
        whole=record.ended and prediction.ended and written == recorded,
        singles=await _singles(record, program, written, recorded, predictor),
        output=left if record.ended else None,
        halting=prediction.ended == record.ended,
        halts=halts,
        told=None if halts is None else of_trace(prediction).text == answer,
        value=await _value(record, program, recorded, predictor),
        verdict=judged.verdict,
        confidence=judged.confidence,
        right=_right(prediction, record, left),
        passes=returns,
        lowest=lowest,
        tokens=tokens,
        seconds=seconds,
    )


def _right(prediction: Prediction, record: Record, left: bool) -> bool | None:
    """Whether what a trace says is so; None where it says nothing."""
    said = outcome(prediction, Expect()).verdict
    if said == "unsure":
        return None
    return left if record.ended else said in ("endless", "error") and not prediction.ended


async def _singles(
    record: Record,
    program: Program,
    written: Sequence[Frame],
    recorded: Sequence[Frame],
    predictor: TokenPredictor,
) -> Count | None:
    """Frames told rightly from the right ones before.

    As long as a trace is right, its next frame is one that was told so; the rest are asked for.
    """
    if len(recorded) > _MOST_SINGLES:
        return None
    pairs = zip(written, recorded, strict=False)
    agreed = next((n for n, (mine, real) in enumerate(pairs) if mine != real), len(written))
    hits = agreed = min(agreed, len(recorded))
    for number in range(agreed + 1, len(recorded)):
        step = await predictor.step(program, [*program.begun, *recorded[:number]])
        hits += step.frame == recorded[number]
    return Count(hits, len(recorded))


async def _value(
    record: Record, program: Program, recorded: Sequence[Frame], predictor: TokenPredictor
) -> bool | None:
    """Whether the value is right where it is asked for without a trace."""
    expected = ending(recorded)
    if record.form != "call" or not record.ended or expected is None or expected.raised:
        return None
    step = await predictor.value(program)
    return step.frame is not None and same_ending(ending([step.frame]), expected)


def _parsed(prediction: Prediction, written: Sequence[Frame]) -> Parsed:
    end = (len(prediction.text),) * 2 if prediction.ended else None
    return Parsed(prediction.text, tuple(written), (), prediction.problems, end)


@dataclass
class _Heard:
    """A model, and the last of its answers: how likely each token was is in there."""

    asked: Completes
    tokens: int = 0
    seconds: float = 0.0
    last: Completion | None = None
    draws_several: bool = field(default=False, init=False)

    @property
    def model(self) -> str:
        return self.asked.model

    async def complete(
        self, ids: Sequence[int] | Prompt, sampling: Sampling, on_text: OnText | None = None
    ) -> Completion:
        # The processor's time: what else the machine does is no matter of the model's.
        began = time.process_time()
        self.last = await self.asked.complete(ids, sampling, on_text)
        self.tokens += len(self.last.ids or ())
        self.seconds += time.process_time() - began
        return self.last

    async def complete_several(
        self, ids: Sequence[int] | Prompt, sampling: Sampling, count: int
    ) -> list[Completion]:
        return [await self.complete(ids, sampling)]

    def lowest(self, end: int) -> float:
        """The probability of the least likely frame of the last answer; 0 where it has none.

        Args:
            end: the token that ends a frame.
        """
        if self.last is None or not self.last.ids:
            return 0.0
        lowest = lowest_frame(self.last.ids, self.last.logprobs, end)
        return 0.0 if lowest is None else math.exp(min(lowest, 0.0))
