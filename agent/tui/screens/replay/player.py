"""Where in a run the reader is, and how it plays; no widget is known here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.replay.steps import Step

SPEEDS = (1, 2, 5, 10, 20, 50)
"""How many times as fast as it was."""

_SHORTEST, _LONGEST = 0.05, 2.0
"""Seconds between two steps: nobody waits for a model that thought for a minute."""


@dataclass(slots=True)
class Player:
    """A place in a run.

    Attributes:
        steps: of the run.
        at: how many of them have been; 0 is the beginning.
        speed: how fast it plays.
        playing: whether it does.
    """

    steps: Sequence[Step] = ()
    at: int = 0
    speed: int = 5
    playing: bool = False

    @property
    def step(self) -> Step | None:
        """The last step that has been; None at the beginning."""
        return self.steps[self.at - 1] if self.at else None

    @property
    def number(self) -> int:
        """Its number; 0 at the beginning."""
        return self.step.number if self.step else 0

    @property
    def at_end(self) -> bool:
        """Whether there is nothing after it."""
        return self.at >= len(self.steps)

    def go_to(self, at: int) -> None:
        """Go to a place, as far as there is one."""
        self.at = min(max(at, 0), len(self.steps))

    def faster(self, by: int) -> None:
        """The next speed, or the one before."""
        place = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]

    def wait(self) -> float:
        """Seconds until the next step is shown."""
        if self.at_end:
            return _LONGEST
        before = self.step.spent.seconds if self.step else 0.0
        took = self.steps[self.at].spent.seconds - before
        return min(max(took / self.speed, _SHORTEST), _LONGEST)

    def seek(self, wanted: Callable[[Step], bool], by: int) -> bool:
        """Go to the next step that is wanted, or the one before; around the end if need be."""
        count = len(self.steps)
        for away in range(1, count + 1):
            at = (self.at - 1 + by * away) % count if self.at or by > 0 else count - away
            if wanted(self.steps[at]):
                self.at = at + 1
                return True
        return False
