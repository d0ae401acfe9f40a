"""Two batches over the same issues: what one resolved that the other did not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.batch.summary import HONEST, AttemptRow, BatchStatus

Outcome = Literal["won", "lost", "both", "neither", "unknown"]
"""Of an issue, for the second batch beside the first: it alone resolved it, the first alone, both,
neither; ``unknown`` where one of them has not ended it, or does not have it."""

OUTCOMES: tuple[Outcome, ...] = ("lost", "won", "both", "neither", "unknown")


@dataclass(frozen=True, slots=True)
class Side:
    """What one batch made of one issue.

    Attributes:
        resolved: attempts that did resolve it.
        ended: attempts that ended by themselves.
        tokens, seconds: of those together.
        run: the folder to look at: a run that resolved it, else one that ended; None for none.
    """

    resolved: int = 0
    ended: int = 0
    tokens: int = 0
    seconds: float = 0.0
    run: Path | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """One issue in both batches. The id is as it was written: not safe to print."""

    issue: str
    first: Side
    second: Side

    @property
    def outcome(self) -> Outcome:
        """Resolved is what any attempt resolved."""
        if not self.first.ended or not self.second.ended:
            return "unknown"
        if self.first.resolved and self.second.resolved:
            return "both"
        if self.second.resolved:
            return "won"
        return "lost" if self.first.resolved else "neither"


@dataclass(frozen=True, slots=True)
class BatchComparison:
    """Both batches, issue by issue.

    Attributes:
        names: of the two.
        attempts: of each at an issue; where they are unlike, the split is not fair.
        pairs: lost ones first, then won, both, neither, unknown; by issue within these.
    """

    names: tuple[str, str]
    attempts: tuple[int, int]
    pairs: tuple[Pair, ...]

    def count(self, outcome: Outcome) -> int:
        """Issues with this outcome."""
        return sum(pair.outcome == outcome for pair in self.pairs)

    @property
    def unfair(self) -> str:
        """Why the split says little of the policies; empty where nothing is known against it."""
        one, other = self.attempts
        return "" if one == other else f"{one} and {other} attempts at each"

    @property
    def chance(self) -> float:
        """How likely a split at least as uneven is if neither batch is better (exact McNemar)."""
        return sign_test(self.count("won"), self.count("lost"))


def compare_batches(first: BatchStatus, second: BatchStatus) -> BatchComparison:
    """Lay two batches side by side; issues are the same where their ids are."""
    sides = (_by_issue(first.rows), _by_issue(second.rows))
    issues = sorted(sides[0].keys() | sides[1].keys())
    pairs = [Pair(issue, *(side.get(issue, Side()) for side in sides)) for issue in issues]
    pairs.sort(key=lambda pair: OUTCOMES.index(pair.outcome))
    return BatchComparison(
        (first.folder.name, second.folder.name), (first.attempts, second.attempts), tuple(pairs)
    )


def sign_test(won: int, lost: int) -> float:
    """The two-sided probability of a split as uneven by chance alone; 1 for no split."""
    total = won + lost
    tail = sum(math.comb(total, k) for k in range(min(won, lost) + 1))
    return min(2 * tail / (1 << total), 1.0)  # of whole numbers: neither is too large for this


def _by_issue(rows: Sequence[AttemptRow]) -> dict[str, Side]:
    found: dict[str, list[AttemptRow]] = {}
    for row in rows:
        found.setdefault(row.attempt.issue, []).append(row)
    return {issue: _side(each) for issue, each in found.items()}


def _side(rows: Sequence[AttemptRow]) -> Side:
    ended = [row for row in rows if row.state in HONEST]
    shown = sorted(ended, key=lambda row: (row.state != "resolved", row.attempt)) or list(rows)
    return Side(
        resolved=sum(row.state == "resolved" for row in ended),
        ended=len(ended),
        tokens=sum(row.tokens for row in ended),
        seconds=sum(row.seconds for row in ended),
        run=shown[0].folder,
    )
