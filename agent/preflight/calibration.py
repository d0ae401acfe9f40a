"""How far a model's verdicts can be trusted, from the comparisons that runs have written down.

A verdict is counted as *fail* when it is ``fail``, ``error`` or ``endless``: the test is said not
to pass. Only comparisons in which both sides say something count; how often the model was unsure
is told beside them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from agent.events import Compared, Event, Forecasted
from agent.runfolder import own_events
from agent.trajectory import read_events

_BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``of``."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.hits / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Bin:
    """Verdicts of about the same confidence.

    Attributes:
        low, high: of the confidence; the last bin holds its upper end too.
        right: how many were.
        confidence: their mean; 0 for none.
    """

    low: float
    high: float
    right: Share
    confidence: float


@dataclass
class Calibration:
    """One model's record.

    Attributes:
        model: its name.
        predictor: how it was asked.
        forecasts: made.
        unsure: of these, without a verdict.
        counts: comparisons by what was said (``pass``, ``fail``) and whether the test passed.
        refused: tests that ``gate`` kept from running.
        insisted: of these, those that ran all the same.
        wrongly_refused: of these in turn, those that passed.
        confidences: of each comparison: in the verdict, and whether it was right.
    """

    model: str
    predictor: str
    forecasts: int = 0
    unsure: int = 0
    counts: dict[tuple[str, bool], int] = field(default_factory=dict)
    refused: int = 0
    insisted: int = 0
    wrongly_refused: int = 0
    confidences: list[tuple[str, float, bool]] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """Take an event in; those of other kinds say nothing."""
        match event.data:
            case Forecasted(verdict=verdict, refused=refused):
                self.forecasts += 1
                self.unsure += verdict == "unsure"
                self.refused += refused
            case Compared() as compared:
                self.insisted += compared.refused
                if compared.right is not None:
                    self._count(compared, compared.right)

    def _count(self, compared: Compared, right: bool) -> None:
        said = "pass" if compared.verdict == "pass" else "fail"
        passed = right == (said == "pass")
        self.counts[said, passed] = self.counts.get((said, passed), 0) + 1
        self.confidences.append((said, compared.confidence, right))
        self.wrongly_refused += compared.refused and passed

    @property
    def compared(self) -> int:
        """Verdicts of which it is known whether they were right."""
        return len(self.confidences)

    def precision(self, said: str) -> Share:
        """Of the verdicts that said so, those that were right."""
        right = self.counts.get((said, said == "pass"), 0)
        return Share(right, right + self.counts.get((said, said != "pass"), 0))

    def recall(self, said: str) -> Share:
        """Of the tests that ended so, those of which it was said."""
        other = "fail" if said == "pass" else "pass"
        right = self.counts.get((said, said == "pass"), 0)
        return Share(right, right + self.counts.get((other, said == "pass"), 0))

    @property
    def saved(self) -> int:
        """Test runs that were not made."""
        return self.refused - self.insisted

    @property
    def brier(self) -> float | None:
        """Mean squared error of the confidence that a verdict is right; 0 is best. (Brier, 1950)"""
        return brier([(sure, right) for _, sure, right in self.confidences])

    def reliability(self) -> list[Bin]:
        """How often verdicts were right, by how sure they were."""
        return reliability([(sure, right) for _, sure, right in self.confidences])


def brier(found: Sequence[tuple[float, bool]]) -> float | None:
    """The mean squared error of confidences that something is right; None of none."""
    if not found:
        return None
    return sum((sure - right) ** 2 for sure, right in found) / len(found)


def reliability(found: Sequence[tuple[float, bool]], edges: Sequence[float] = _BINS) -> list[Bin]:
    """How often something was right, by how sure it was said.

    Args:
        found: the confidence of each, and whether it was right.
        edges: between the bins, the ends included.
    """
    bins = []
    for low, high in pairwise(edges):
        last = high == edges[-1]
        inside = [(s, r) for s, r in found if low <= s < high or (last and s == high)]
        mean = sum(sure for sure, _ in inside) / len(inside) if inside else 0.0
        bins.append(Bin(low, high, Share(sum(r for _, r in inside), len(inside)), mean))
    return bins


def calibrate(events: Iterable[Event]) -> list[Calibration]:
    """One record for each model and way of asking, those with most comparisons first."""
    found: dict[tuple[str, str], Calibration] = {}
    for event in events:
        if isinstance(event.data, Forecasted | Compared):
            key = event.data.model, event.data.predictor
            found.setdefault(key, Calibration(*key)).add(event)
    return sorted(found.values(), key=lambda each: -each.compared)


def trajectories(places: Sequence[Path]) -> Iterator[Path]:
    """The trajectories of runs: a run's folder, or a folder of runs."""
    for place in places:
        own = place / "events.jsonl"
        yield from [own] if own.is_file() else sorted(place.glob("*/events.jsonl"))


def all_events(paths: Iterable[Path]) -> Iterator[Event]:
    """The events of many trajectories; what a fork has from its parent is the parent's alone.

    Raises:
        TrajectoryCorrupt: a line before the last is not an event.
        OSError: a file cannot be read.
    """
    for path in paths:
        yield from own_events([*read_events(path)])
