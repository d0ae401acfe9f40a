"""A trajectory as steps: an action, what came of it, and what was known once it was done."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from agent.errors import WrongUse
from agent.events import (
    Acted,
    Answered,
    Broke,
    Compared,
    Ended,
    Event,
    Forecasted,
    Forked,
    Limited,
    Malformed,
    Reviewed,
    Said,
    Submitted,
    Verified,
)

D = TypeVar("D")

_AFTERWARDS = (Verified, Limited, Broke, Ended)
"""What belongs to no step, whichever was the last."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run had used when a step was done.

    Attributes:
        steps: actions asked for.
        seconds: since the run began, preparing it included.
        tokens: read and written by a model, cached ones included.
        cost: US dollars; None where no price is known.
    """

    steps: int = 0
    seconds: float = 0.0
    tokens: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One action and its result.

    Attributes:
        number: from 1.
        events: all that belong to it, oldest first.
        carried: it is the parent's, and this run a fork.
        tests: how each test ended that has run so far, as of the last time.
        spent: so far.
        patch: the last one handed in so far, whether it applies or not; None for none.
    """

    number: int
    events: tuple[Event, ...]
    carried: bool = False
    tests: Mapping[str, str] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    patch: str | None = None

    def all_of(self, kind: type[D]) -> list[D]:
        """The data of its events of a kind."""
        return [event.data for event in self.events if isinstance(event.data, kind)]

    def first(self, kind: type[D]) -> D | None:
        """The data of its first event of a kind."""
        return next(iter(self.all_of(kind)), None)

    @property
    def action(self) -> Acted | None:
        """What the policy asked for; None where its answer held no valid action."""
        return self.first(Acted)

    @property
    def malformed(self) -> Malformed | None:
        """What was wrong with the policy's answer."""
        return self.first(Malformed)

    @property
    def review(self) -> Reviewed | None:
        """What the user made of the action, where they looked at it."""
        return self.first(Reviewed)

    @property
    def result(self) -> Answered | None:
        """What came of it; None while it runs, and where nothing was run."""
        return self.first(Answered)

    @property
    def forecasts(self) -> list[Forecasted]:
        """What was predicted of its tests."""
        return self.all_of(Forecasted)

    @property
    def comparisons(self) -> list[Compared]:
        """What came of these predictions."""
        return self.all_of(Compared)

    @property
    def messages(self) -> list[Said]:
        """What was said after it, before the next."""
        return self.all_of(Said)


def steps_of(events: Iterable[Event]) -> list[Step]:
    """The steps of a run, also of one that goes on."""
    events = list(events)
    carried = _carried(events)
    steps: list[Step] = []
    known = _Known(events[0].time if events else 0.0)
    for number, own in _grouped(events):
        known.take(number, own)
        steps.append(
            Step(
                number=number,
                events=tuple(own),
                carried=own[0].id <= carried,
                tests=known.tests,
                spent=known.spent,
                patch=known.patch,
            )
        )
    return steps


def step_of(steps: Sequence[Step], number: int) -> Step:
    """The step of that number.

    Raises:
        WrongUse: there is none.
    """
    found = next((step for step in steps if step.number == number), None)
    if found is None:
        there = f"it has {len(steps)}" if steps else "it has none yet"
        raise WrongUse(f"the run has no step {number}", f"steps are counted from 1, and {there}")
    return found


def before_the_first(events: Iterable[Event]) -> list[Event]:
    """How the run began: the events before any action was asked for."""
    found: list[Event] = []
    for event in events:
        if isinstance(event.data, Acted | Malformed):
            break
        found.append(event)
    return found


def _carried(events: Sequence[Event]) -> int:
    """The id of the last event that is the parent's; 0 for none."""
    return next((event.id for event in events if isinstance(event.data, Forked)), 0)


def _grouped(events: Iterable[Event]) -> Iterator[tuple[int, list[Event]]]:
    """The events of each step; those of the run's beginning and end are left out."""
    number, group = 0, list[Event]()
    for event in events:
        new = event.data.step if isinstance(event.data, Acted | Malformed) else number
        if new != number:
            if number:
                yield number, group
            number, group = new, []
        if number and not isinstance(event.data, _AFTERWARDS):
            group.append(event)
    if number:
        yield number, group


class _Known:
    """What is known as a run goes on."""

    def __init__(self, began: float) -> None:
        self.tests: Mapping[str, str] = {}  # replaced, never changed: steps share it
        self.spent = Spent()
        self.patch: str | None = None
        self._began = began

    def take(self, number: int, events: Iterable[Event]) -> None:
        """The events of the next step."""
        for event in events:
            data = event.data
            seconds = round(max(event.time - self._began, 0.0), 3)
            self.spent = replace(self.spent, steps=number, seconds=seconds)
            if isinstance(data, Acted | Malformed):
                self._pay(data.usage)
            elif isinstance(data, Answered) and (outcomes := outcomes_of(data)):
                self.tests = {**self.tests, **outcomes}
            elif isinstance(data, Submitted):
                self.patch = data.patch

    def _pay(self, usage: Mapping[str, int | float | None]) -> None:
        tokens = (usage.get("input_tokens") or 0) + (usage.get("output_tokens") or 0)
        cost = usage.get("cost")
        before = self.spent.cost
        self.spent = replace(
            self.spent,
            tokens=self.spent.tokens + int(tokens),
            cost=before if cost is None else (before or 0.0) + cost,
        )


def outcomes_of(result: Answered) -> dict[str, str]:
    """How each test ended, where a call ran tests."""
    found = result.data.get("outcomes")
    rows = found if isinstance(found, list) else []
    return {
        str(row["id"]): str(row["status"])
        for row in rows
        if isinstance(row, dict) and "id" in row and "status" in row
    }
