"""Which attempts of a batch are shown, and in which order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.batch.quiet import STUCK_SECONDS
from agent.batch.summary import AttemptRow

Quiet = Mapping[Path, float]

FILTERS: dict[str, Callable[[AttemptRow, Quiet], bool]] = {
    "all": lambda row, quiet: True,
    "at work": lambda row, quiet: row.state == "running",
    "stuck": lambda row, quiet: quiet.get(row.folder, 0.0) >= STUCK_SECONDS,
    "resolved": lambda row, quiet: row.state == "resolved",
    "not resolved": lambda row, quiet: row.state in ("submitted", "unresolved"),
    "failed": lambda row, quiet: row.state in ("failed", "stopped", "lost"),
}
"""By name, in the order in which one key goes through them."""

SORTS: dict[str, Callable[[AttemptRow, Quiet], tuple[object, ...]] | None] = {
    "newest first": None,
    "slowest first": lambda row, quiet: (-row.seconds,),
    "quietest first": lambda row, quiet: (-quiet.get(row.folder, -1.0),),
    "most tokens first": lambda row, quiet: (-row.tokens,),
    "most steps first": lambda row, quiet: (-row.step,),
    "by issue": lambda row, quiet: (row.attempt,),
}
"""Likewise; the first is as the batch has them: those at work, then those that ended last."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the user chose.

    Attributes:
        kept: one of the `FILTERS`.
        by: one of the `SORTS`.
        search: words that a row must hold; empty for all.
    """

    kept: str = next(iter(FILTERS))
    by: str = next(iter(SORTS))
    search: str = ""

    def apply(self, rows: Sequence[AttemptRow], quiet: Quiet) -> list[AttemptRow]:
        """The rows to show.

        Args:
            rows: of the batch.
            quiet: time since the last event of those at work.
        """
        words = self.search.lower().split()
        shown = [row for row in rows if FILTERS[self.kept](row, quiet) and _holds(row, words)]
        key = SORTS[self.by]
        return sorted(shown, key=lambda row: key(row, quiet)) if key else shown

    def describe(self) -> str:
        """The same in words. They are as they were typed: not safe to draw."""
        found = f", with “{self.search}”" if self.search else ""
        return f"{self.kept}, {self.by}{found}"


def after(names: Mapping[str, object], name: str) -> str:
    """The name that follows; the first after the last."""
    there = list(names)
    return there[(there.index(name) + 1) % len(there)]


def _holds(row: AttemptRow, words: Sequence[str]) -> bool:
    if not words:
        return True
    texts = (str(row.attempt), row.state, row.stage, row.model, row.failure, row.reason)
    text = " ".join(texts).lower()
    return all(word in text for word in words)
