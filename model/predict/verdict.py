"""What predicted traces say of a test, taken together: a verdict, and how sure it is.

pass
    the entry point returns, and the trace ends with that. Exceptions that are caught on the way,
    by ``pytest.raises`` for example, do not count.
fail
    an AssertionError leaves the entry point, or what pytest raises when a test fails.
error
    another exception leaves it; or calls within calls, all alike, have no end.
endless
    the same states come again and again; or the trace was cut off within a loop.
unsure
    the trace is malformed, contradicts itself, was cut off elsewhere, or its own model doubts it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import get_args

from model.predict.outcome import Expect, Outcome, Verdict, outcome
from model.predict.predictor import Prediction
from model.trace.frame import Frame

__all__ = ["VERDICTS", "Expect", "Judged", "Verdict", "judge", "samples_to_believe"]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""All there are."""

_PRIOR = 0.5
"""How many samples the belief counts for that all verdicts are alike."""
_UNKNOWN = 0.9
"""A token's probability where the server gives none."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict.

    Attributes:
        verdict: what most samples say that say anything; ``unsure`` where none does, or as many
            say one thing as another.
        confidence: from 0 to 1, that the verdict is right; 0 for ``unsure``. See `judge`.
        decided_by: the frame that decided it, in the sample that is most sure: the return of the
            entry point, the frame where the exception is first raised, the head of the loop. None
            where nothing did.
        reason: one sentence without its full stop. It may hold words of the model's and the
            program's.
        votes: how many samples say each.
        sample: the number of that sample; None where nothing was decided.
        at: the number of that frame in it.
    """

    verdict: Verdict
    confidence: float
    decided_by: Frame | None
    reason: str
    votes: Mapping[Verdict, int]
    sample: int | None = None
    at: int | None = None


def judge(predictions: Sequence[Prediction], *, expect: Expect | None = None) -> Judged:
    """The verdict of several samples, or of one.

    The confidence is ``agreement * likelihood``. With ``n`` of ``k`` samples for the verdict the
    agreement is ``(n + s / 5) / (k + s)``, where ``s`` is a half: 0.73 for one of one, 0.93 for
    five of five. The likelihood is the mean, over these ``n``, of the geometric mean of the
    probabilities of the tokens of the deciding frame, 0.9 where the server gives none; an
    ``endless`` that only means a cut within a loop counts half, or a quarter for a ``for``. The
    confidence grows with either, and is no probability before it is calibrated.

    Args:
        predictions: the traces of one program.
        expect: what the entry point is to do; to return, by default.
    """
    found = [outcome(prediction, expect or Expect()) for prediction in predictions]
    votes = {verdict: sum(each.verdict == verdict for each in found) for verdict in VERDICTS}
    sure = sorted((each for each in VERDICTS if each != "unsure"), key=votes.__getitem__)
    first, second = sure[-1], sure[-2]
    if not votes[first]:
        reason = found[0].reason if found else "nothing was predicted"
        return Judged("unsure", 0.0, None, reason, votes)
    if votes[first] == votes[second]:
        reason = f"as many samples say {first} as say {second}"
        return Judged("unsure", 0.0, None, reason, votes)
    mine = [
        (_likelihood(prediction, each), number)
        for number, (prediction, each) in enumerate(zip(predictions, found, strict=True))
        if each.verdict == first
    ]
    confidence = (
        _agreement(len(mine), len(found)) * sum(likelihood for likelihood, _ in mine) / len(mine)
    )
    _, sample = max(mine, key=lambda each: (each[0], -each[1]))
    at = found[sample].at
    frame = None if at is None else predictions[sample].frames[at]
    return Judged(first, confidence, frame, found[sample].reason, votes, sample, at)


def samples_to_believe(judged: Judged, confidence: float, most: int) -> int | None:
    """How many samples it takes to reach a confidence, if all to come say what all so far said.

    One sample never reaches 0.74, however sure the model is of its tokens; and where a server tells
    no probabilities of tokens, three that agree do not reach 0.8, and four do.

    Args:
        judged: the samples so far.
        confidence: to be reached.
        most: samples that may be drawn in all.

    Returns:
        Their number, those so far included; None where they do not agree so far, or where so many
        would not do.
    """
    drawn = sum(judged.votes.values())
    if judged.verdict == "unsure" or judged.votes[judged.verdict] != drawn:
        return None
    likelihood = judged.confidence / _agreement(drawn, drawn)
    enough = (k for k in range(drawn, most + 1) if _agreement(k, k) * likelihood >= confidence)
    return next(enough, None)


def _agreement(votes: int, samples: int) -> float:
    return (votes + _PRIOR / len(VERDICTS)) / (samples + _PRIOR)


def _likelihood(prediction: Prediction, found: Outcome) -> float:
    logprob = None if found.at is None else prediction.logprobs[found.at]
    return found.weight * (_UNKNOWN if logprob is None else exp(min(logprob, 0.0)))
