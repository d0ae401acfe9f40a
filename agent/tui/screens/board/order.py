"""Which rows the board shows, and in which order."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.tui.runs import Row
from agent.tui.screens.board.columns import COLUMNS

FILTERS: dict[str, Callable[[Row], bool]] = {
    "all": lambda row: True,
    "running": lambda row: row.live,
    "waiting": lambda row: row.state in ("new", "queued"),
    "needs you": lambda row: (
        row.state in ("asking", "paused", "failed", "lost") and not row.instead
    ),
    "resolved": lambda row: row.state in ("resolved", "submitted"),
    "open": lambda row: row.state in ("unresolved", "failed", "stopped", "lost"),
}
"""Kinds of rows, by the name they are chosen with."""

SORTS = ("newest", *(column.name for column in COLUMNS))
"""What rows can be sorted by; the newest first is how they come."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the user chose.

    Attributes:
        filter: a name in `FILTERS`.
        sort: one of `SORTS`.
        backwards: whether the largest comes first.
        search: words that a row must hold; empty for all.
    """

    filter: str = "all"
    sort: str = "newest"
    backwards: bool = False
    search: str = ""

    def apply(self, rows: list[Row]) -> list[Row]:
        """The rows to show, in their order."""
        kept = [row for row in rows if FILTERS[self.filter](row) and self._found(row)]
        column = next((each for each in COLUMNS if each.name == self.sort), None)
        if column is None:
            return kept[::-1] if self.backwards else kept
        return sorted(kept, key=column.order, reverse=self.backwards)  # type: ignore[arg-type]

    def describe(self) -> str:
        """What differs from how the board comes, in words."""
        words = [self.filter] if self.filter != "all" else []
        if self.sort != "newest" or self.backwards:
            words.append(f"by {self.sort}{' ↓' if self.backwards else ' ↑'}")
        if self.search:
            words.append(f"with “{self.search}”")
        return ", ".join(words)

    def _found(self, row: Row) -> bool:
        if not self.search:
            return True
        issue = row.issue
        texts = [row.state, row.policy, row.verdict, row.key]
        if issue is not None:
            texts += [issue.id, issue.repo, issue.title, issue.text]
        text = " ".join(texts).lower()
        return all(word in text for word in self.search.lower().split())
