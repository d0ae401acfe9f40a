"""Which attempts of a batch are shown, and in which order."""

from collections.abc import Callable, Mapping, Sequence
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

SORTS: dict[str, Callable[[AttemptRow, Quiet], object] | None] = {
    "newest": None,
    "slowest": lambda row, quiet: -row.seconds,
    "quietest": lambda row, quiet: -quiet.get(row.folder, 0.0),
    "tokens": lambda row, quiet: -row.tokens,
    "steps": lambda row, quiet: -row.step,
    "issue": lambda row, quiet: row.attempt,
}
"""Likewise; the first is as the batch has them: those at work, then those that ended last."""


def ordered(rows: Sequence[AttemptRow], quiet: Quiet, kept: str, by: str) -> list[AttemptRow]:
    """The rows that are shown.

    Args:
        rows: of the batch.
        quiet: time since the last event of those at work.
        kept: one of the `FILTERS`.
        by: one of the `SORTS`.
    """
    shown = [row for row in rows if FILTERS[kept](row, quiet)]
    key = SORTS[by]
    return sorted(shown, key=lambda row: key(row, quiet)) if key else shown  # type: ignore[arg-type,return-value]
