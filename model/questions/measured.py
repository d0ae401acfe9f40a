"""How a program's work grows when it is run on larger and larger inputs, in a sandbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from model.questions.curves import Fit, faster, fit
from model.questions.question import Runner

SECONDS = 15.0
"""That a measurement may take."""
_POINT = 8
"""One point may take a part of them, so large."""
_LARGEST = 1 << 20
_NOISE_SECONDS = 1e-4
"""Shorter times say more of the machine than of the program."""
_LONG_SECONDS = 0.01
"""Time grows for reasons that no line shows only where there is some."""


class Point(BaseModel):
    """One run.

    Attributes:
        n: the size.
        lines: of the program that ran.
        seconds: it took, untraced.
    """

    model_config = ConfigDict(frozen=True)

    n: int
    lines: int
    seconds: float


class _Answer(BaseModel):
    points: list[Point]
    end: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured.

    Attributes:
        points: by size.
        lines: the class that the count of lines follows; None where there are too few points.
        seconds: the class that the time follows; the same.
        end: what ended it: ``largest``, ``time``, ``raised``, ``died``.
        error: what the program raised.
    """

    points: tuple[Point, ...]
    lines: Fit | None
    seconds: Fit | None
    end: str
    error: str = ""

    @property
    def fit(self) -> Fit | None:
        """The class of the two that is to be believed.

        Lines are counted exactly, but one may do the work of many, as ``sorted(xs)`` does. So time
        is believed where it clearly grows faster, and there was enough of it to be measured.
        """
        if self.lines is None or self.seconds is None:
            return self.lines or self.seconds
        long = self.points[-1].seconds >= _LONG_SECONDS
        apart = faster(self.seconds.growth, self.lines.growth)
        doubtful = self.lines.growth in self.seconds.alike
        return self.seconds if long and apart and not doubtful else self.lines

    def shown(self) -> tuple[str, ...]:
        """Lines for people."""
        head = f"{'n':>9}  {'lines':>11}  {'seconds':>10}"
        rows = [f"{each.n:>9}  {each.lines:>11}  {each.seconds:>10.6f}" for each in self.points]
        said = [_said("lines run", self.lines), _said("time", self.seconds)]
        ends = {"time": "the time was up", "raised": self.error, "died": "its process died"}
        why = [f"larger ones were not measured: {ends[self.end]}"] if self.end in ends else []
        return (head, *rows, *why, *said)


async def measure(runner: Runner, source: str, call: str, seconds: float = SECONDS) -> Measured:
    """Run a call on growing inputs.

    Args:
        runner: runs it.
        source: of the program.
        call: an expression in which ``n`` is the size.
        seconds: that it may take in all.
    """
    given = {
        "source": source,
        "call": call,
        "seconds": seconds,
        "point_seconds": seconds / _POINT,
        "largest": _LARGEST,
    }
    ran = await runner.run("measure", given, seconds * 2 + 5)
    try:
        answer = _Answer.model_validate(ran.answer)
    except ValidationError:
        answer = _Answer(points=[], end="died")
    points = tuple(each for each in answer.points if each.n > 0)
    return Measured(points, _lines(points), _times(points), answer.end, answer.error[:300])


def _lines(points: Sequence[Point]) -> Fit | None:
    return fit([(each.n, each.lines) for each in points])


def _times(points: Sequence[Point]) -> Fit | None:
    return fit([(each.n, each.seconds) for each in points if each.seconds >= _NOISE_SECONDS])


def _said(what: str, found: Fit | None) -> str:
    if found is None:
        return f"{what}: too few or too uneven points to say how it grows"
    also = f"; about as well: {', '.join(found.alike)}" if found.alike else ""
    return f"{what}: {found.growth}, within {found.error:.1%}{also}"
