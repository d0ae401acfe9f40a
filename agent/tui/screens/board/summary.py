"""The board's words above and below the table."""

from collections import Counter
from pathlib import Path

from rich.cells import cell_len
from rich.text import Text

from agent.tui.runs import Row
from agent.tui.screens.board.order import Order
from agent.tui.widgets.safetext import one_line, shown
from agent.tui.words import repository, state_words, title

_GAP = 3
"""Cells between the words and the folder, at least."""
_TOLD = (
    "asking",
    "queued",
    "new",
    "resolved",
    "submitted",
    "unresolved",
    "failed",
    "stopped",
    "lost",
)


def heading(out: Path, rows: list[Row], order: Order, width: int) -> Text:
    """How much there is of what, how it is ordered, and, where there is room, where this is."""
    counts: Counter[str] = Counter(row.state for row in rows)
    running = sum(row.live for row in rows)
    words = [f"{running} running"] if running else []
    words += [f"{counts[state]} {_word(state)}" for state in _TOLD if counts[state]]
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append("Foretrace", "bold")
    text.append(f"  {', '.join(words)}")
    if described := order.describe():
        text.append(f"  showing: {one_line(described, 60)}", "italic")
    where = shown(str(out))
    if (gap := width - text.cell_len - cell_len(where)) >= _GAP:
        text.append(f"{' ' * gap}{where}", "dim")
    return text


def _word(state: str) -> str:
    return {"new": "waiting", "asking": "asking you"}.get(state, state)


def details(row: Row | None, marked: int, width: int) -> Text:
    """The row under the cursor in full, on two lines."""
    text = Text(no_wrap=True, overflow="ellipsis")
    if marked:
        text.append(f"{marked} marked  ", "bold")
    if row is None:
        return text
    width = max(width - 2 - len(text), 10)
    issue = row.issue
    if issue is not None:
        text.append(one_line(f"{issue.id}: {title(issue)}", width))
    where = f"{state_words(row.state)}  {repository(issue.repo) if issue else ''}"
    said = row.instead or row.verdict or (str(row.folder) if row.folder else "not assigned yet")
    text.append(f"\n{one_line(f'{where}  {said}', width)}", "dim")
    return text
