"""How well predicted traces match recorded ones, by the measures published for the model.

For each trace, frames are compared by their number, as the model writes them (an unchanged local is
`UNCHANGED` on both sides, so that one wrong value counts once), and each measure is a share:

- *output pass@1*: 1 if the entry point is left as it should be: by the same value, as text or as a
  literal, or by an exception of the same type; else 0.
- *valid format*: 1 if the whole of it is a trace up to the mark of its end, without a problem; else
  0. Locals that are not as they should be are counted by *valid JSON* alone.
- *state exact match*: of the recorded call and line frames, those whose predicted locals have the
  same names with the same values, in any order.
- *action exact match*: of the recorded frames, those whose predicted line of source is the same; of
  a decorated function's call, its decorator's or its own.
- *valid JSON*: of the predicted call and line frames, those whose locals are a JSON object.
- *key match*: for each recorded call and line frame, the names that both have among the names that
  either has; the mean of these. A frame that is missing, or whose locals are not readable, has 0.
- *key and value match*: the same of names with their values.

A share of all traces is the mean of theirs, as the model's authors report it; what they leave open,
such as which frames count when one trace is longer, is decided here as above. A trace to which a
measure does not apply, for it has no such frames, is left out of that mean. The intervals are
Wilson's at 95 %, of as many trials as there are traces: for a mean of shares they are too wide
rather than too narrow. Shares of the frames of all traces stand beside them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from model.trace.compare import same_call, same_exception, same_value
from model.trace.frame import Frame
from model.trace.reading import Parsed, ProblemKind

MEASURES = (
    "output pass@1",
    "valid format",
    "state exact match",
    "action exact match",
    "valid JSON",
    "key match",
    "key and value match",
)

_OF_JSON: set[ProblemKind] = {"bad_locals", "not_a_string", "repeated_name"}
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Count:
    """Hits among those that count.

    Attributes:
        hits: may be a fraction, for frames can match in part.
        of: how many there were.
    """

    hits: float
    of: int

    def __add__(self, other: "Count") -> "Count":
        return Count(self.hits + other.hits, self.of + other.of)

    @property
    def share(self) -> float:
        """From 0 to 1; not a number where there were none."""
        return self.hits / self.of if self.of else math.nan


@dataclass(frozen=True, slots=True)
class Rate:
    """A measure over all traces.

    Attributes:
        share: the mean of the traces' shares, from 0 to 1; not a number where there were none.
        low: the interval's lower end.
        high: the interval's upper end.
        traces: those to which the measure applies.
        frames: hits and frames of all traces together, or traces where the measure is of traces.
    """

    share: float
    low: float
    high: float
    traces: int
    frames: Count


@dataclass(frozen=True, slots=True)
class Ending:
    """How an entry point was left.

    Attributes:
        raised: whether by an exception.
        value: the `repr` of what was returned or raised.
    """

    raised: bool
    value: str


def ending(frames: Sequence[Frame]) -> Ending | None:
    """How the scope of the last frame was left; None if the last frame does not leave it.

    An exception that leaves a scope is followed by a return of None at once, as `sys.settrace` has
    it, or is the last frame of all, as models may write it; one that is handled is followed by a
    line.
    """
    if frames and frames[-1].kind == "exception":
        return Ending(True, frames[-1].value or "")
    if not frames or frames[-1].kind != "return":
        return None
    last, before = frames[-1], frames[-2] if len(frames) > 1 else None
    if before and before.kind == "exception" and last.value in (None, "None"):
        return Ending(True, before.value or "")
    return None if last.value is None else Ending(False, last.value)


def same_ending(left: Ending | None, right: Ending | None) -> bool:
    """Whether both are known and say the same."""
    if left is None or right is None or left.raised != right.raised:
        return False
    return (same_exception if left.raised else same_value)(left.value, right.value)


def score(
    predicted: Parsed, recorded: Sequence[Frame], expected: Ending | None = None
) -> dict[str, Count]:
    """One trace's counts for each of `MEASURES`.

    Args:
        predicted: what the model wrote.
        recorded: the frames it should have written, as it writes them (`compress`), and without
            those that it was given.
        expected: how the entry point should be left, if not as recorded.
    """
    expected = expected or ending(recorded)
    passed = predicted.ended and same_ending(ending(predicted.frames), expected)
    valid = predicted.ended and all(p.kind in _OF_JSON for p in predicted.problems)
    places = [n for n, frame in enumerate(recorded) if frame.locals is not None]
    here = [_locals(predicted.frames, n) for n in places]
    there = [recorded[n].locals or {} for n in places]
    states = list(zip(here, there, strict=True))
    both = list(zip(predicted.frames, recorded, strict=False))
    actions = [here.source == real.source or same_call(here, real) for here, real in both]
    written = [frame for frame in predicted.frames if frame.kind in ("call", "line")]
    keys = [_overlap(a.keys(), b.keys()) if a is not None else 0.0 for a, b in states]
    pairs = [_overlap(a.items(), b.items()) if a is not None else 0.0 for a, b in states]
    return {
        "output pass@1": Count(int(passed), 1),
        "valid format": Count(int(valid), 1),
        "state exact match": Count(sum(a == b for a, b in states), len(states)),
        "action exact match": Count(sum(actions), len(recorded)),
        "valid JSON": Count(sum(frame.locals is not None for frame in written), len(written)),
        "key match": Count(math.fsum(keys), len(states)),
        "key and value match": Count(math.fsum(pairs), len(states)),
    }


def summarise(scores: Iterable[dict[str, Count]]) -> dict[str, Rate]:
    """The rates of many traces, in the order of `MEASURES`."""
    scores = list(scores)
    return {measure: _rate([found[measure] for found in scores]) for measure in MEASURES}


def wilson(share: float, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share that was seen in so many trials, after Wilson."""
    if not trials:
        return 0.0, 1.0
    spread = _Z * math.sqrt(share * (1 - share) / trials + (_Z / (2 * trials)) ** 2)
    middle, scale = share + _Z**2 / (2 * trials), 1 + _Z**2 / trials
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _rate(counts: list[Count]) -> Rate:
    shares = [count.share for count in counts if count.of]
    share = math.fsum(shares) / len(shares) if shares else math.nan
    return Rate(share, *wilson(share, len(shares)), len(shares), sum(counts, Count(0, 0)))


def _locals(frames: Sequence[Frame], n: int) -> Mapping[str, str] | None:
    return frames[n].locals if n < len(frames) else None


def _overlap(left: Set[object], right: Set[object]) -> float:
    """What both have among what either has; 1 where neither has anything."""
    either = len(left | right)
    return len(left & right) / either if either else 1.0
