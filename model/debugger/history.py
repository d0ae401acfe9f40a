"""The frames of a session, and the lines of history that edits put aside."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from model.debugger.places import Spot
from model.trace.frame import Frame
from model.trace.reading import Problem
from model.trace.states import State


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of a session.

    Attributes:
        frame: as the model wrote it, or as it was edited.
        state: what is known at it; its locals are in full.
        spot: where it is.
        logprob: the mean of its tokens; None where it was given, or the server tells none.
        problems: what in the model's text was not as it should be.
        edits: the names of locals that were set here.
        forced: a return that was asked for right after its call, the body stepped over.
        doubt: why its model says that it does not know it; empty where it says no such thing.
    """

    frame: Frame
    state: State
    spot: Spot
    logprob: float | None = None
    problems: tuple[Problem, ...] = ()
    edits: tuple[str, ...] = ()
    forced: bool = False
    doubt: str = ""


@dataclass(slots=True)
class _Line:
    """A line of history.

    Attributes:
        moments: from the first frame on, also those after the current one.
        over: whether the model said that nothing follows the last of them.
        branches: the number of the moment by which it differs from the line it was made from.
        origin: that line, as it was left.
    """

    moments: list[Moment] = field(default_factory=list)
    over: bool = False
    branches: int = 0
    origin: "_Line | None" = None


class History:
    """What happened so far in a session, where it stands, and what it may go back to.

    Attributes:
        number: of the current moment; -1 before the first.
    """

    def __init__(self) -> None:
        self.number = -1
        self._line = _Line()

    @property
    def current(self) -> Moment:
        """The moment where the session stands; there must be one."""
        return self._line.moments[self.number]

    @property
    def known(self) -> int:
        """How many moments are known, those after the current one included."""
        return len(self._line.moments)

    @property
    def over(self) -> bool:
        """Whether nothing follows what is known."""
        return self._line.over

    @property
    def at_end(self) -> bool:
        """Whether the trace is over and the session stands at its last moment."""
        return self.over and self.number == self.known - 1

    def so_far(self) -> list[Moment]:
        """The moments up to the current one."""
        return self._line.moments[: self.number + 1]

    def edited(self) -> Iterator[int]:
        """The numbers of the moments so far at which something was set."""
        return (number for number, moment in enumerate(self.so_far()) if moment.edits)

    def learn(self, moment: Moment) -> None:
        """Know one more moment after those that are known, and stay at the current one."""
        self._line.moments.append(moment)

    def end(self) -> None:
        """Nothing follows the last moment."""
        self._line.over = True

    def move(self, number: int) -> None:
        """Stand at a moment that is known."""
        assert 0 <= number < self.known
        self.number = number

    def step_into(self) -> None:
        """Forget what follows if that begins with a return that was forced, so that the body is
        found out; but not if something was set after it."""
        rest = self._line.moments[self.number + 1 :]
        if rest and rest[0].forced and not any(moment.edits for moment in rest):
            del self._line.moments[self.number + 1 :]
            self._line.over = False

    def replace(self, moment: Moment) -> None:
        """Put a moment in the place of the current one; what was known after it is put aside."""
        line = _Line([*self._line.moments[: self.number], moment], False, self.number, self._line)
        self._line = line

    def back(self) -> bool:
        """One moment back; or, where an edit began this line of history, back to the one before.

        Returns:
            Whether it was an edit that was undone. What was known after it is known again.
        """
        if self._line.origin is not None and self.number == self._line.branches:
            self._line = self._line.origin
            return True
        self.number -= 1
        return False
