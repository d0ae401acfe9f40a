"""Which attempts are still to be made, and how often each was tried."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.batch.breaker import KINDS, LOST
from agent.batch.folder import Attempt
from agent.batch.summary import HONEST, AttemptRow

Rows = Mapping[Attempt, AttemptRow]


def can_go_on(kind: str) -> bool:
    """Whether what was done until then is worth going on from, by what ended a run."""
    return kind == LOST or KINDS.get(kind) == "model"


class Ledger:
    """The attempts that wait, in their order.

    Attributes:
        waiting: to be made.
        elsewhere: made by another process; the disk will tell how they end.
        lost: for an attempt whose run was killed, or whose model went away, that run's folder: it
            can be gone on from.
    """

    def __init__(self, attempts: int, retries: int) -> None:
        """Args: attempts: at each issue. retries: of one whose infrastructure failed."""
        self.waiting: deque[Attempt] = deque()
        self.elsewhere: set[Attempt] = set()
        self.lost: dict[Attempt, Path] = {}
        self._attempts = attempts
        self._retries = retries
        self._tries: Counter[Attempt] = Counter()

    def of(self, issue: str) -> list[Attempt]:
        """The attempts at an issue."""
        return [Attempt(issue, number) for number in range(1, self._attempts + 1)]

    def add(self, issue: str, rows: Rows, outdated: Callable[[AttemptRow], bool]) -> None:
        """Add what is to be done about an issue.

        Args:
            issue: its id.
            rows: what the disk says.
            outdated: whether a run does not count any more.
        """
        for attempt in self.of(issue):
            self._sort_in(attempt, rows.get(attempt), outdated)

    def settle(self, rows: Rows, outdated: Callable[[AttemptRow], bool]) -> None:
        """See what has become of the attempts that others make."""
        for attempt in list(self.elsewhere):
            row = rows.get(attempt)
            if row is None or row.state != "running":
                self.elsewhere.discard(attempt)
                self._sort_in(attempt, row, outdated)

    def anew(self, issue: str, busy: Callable[[Attempt], bool]) -> int:
        """Make all attempts at an issue again; how many that are. What runs is left to run."""
        fresh = [
            attempt
            for attempt in self.of(issue)
            if attempt not in self.waiting and not busy(attempt)
        ]
        for attempt in fresh:
            self._tries.pop(attempt, None)
            self.lost.pop(attempt, None)
        self.waiting.extend(fresh)
        return len(fresh)

    def again(self, attempt: Attempt, kind: str, folder: Path | None) -> bool:
        """Make an attempt once more, unless it was tried often enough; whether it is.

        Args:
            attempt: which.
            kind: of what ended its run.
            folder: of that run; None where it had none.
        """
        self._tries[attempt] += 1
        if self._tries[attempt] > self._retries:
            return False
        if folder is not None and can_go_on(kind):
            self.lost[attempt] = folder
        self.waiting.append(attempt)
        return True

    def back(self, attempt: Attempt) -> None:
        """Put one back that was never begun."""
        self.waiting.appendleft(attempt)

    def _sort_in(
        self, attempt: Attempt, row: AttemptRow | None, outdated: Callable[[AttemptRow], bool]
    ) -> None:
        if row is not None and row.state == "running":
            self.elsewhere.add(attempt)
        elif row is None or outdated(row) or row.state not in HONEST:
            if row is not None and can_go_on(LOST if row.state == LOST else row.failure):
                self.lost[attempt] = row.folder
            self.waiting.append(attempt)
