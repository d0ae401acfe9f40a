"""The board's columns: what stands in each, how wide it is, and which there is room for."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.tui.runs import Row
from agent.tui.words import count, duration, money, repository, state_words, title

_PADDING = 1


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: its heading.
        width: cells; 0 for what the others leave.
        text: what stands in it; not safe to draw yet.
        order: what the board is sorted by in it.
        least: columns that the screen must have for it.
        right: whether it is set to the right.
    """

    name: str
    width: int
    text: Callable[[Row], str]
    order: Callable[[Row], object]
    least: int = 0
    right: bool = False


_LEAST_TITLE = 12
_TRY = "try"

_WIDER = {
    "repository": ((160, 26), (130, 18)),
    "policy": ((130, 10),),
    "verdict": ((180, 44), (140, 24), (100, 18)),
}
"""From so many columns of the screen on a column is so wide, the widest first."""


def layout(width: int, *, tries: bool = True) -> list[tuple[Column, int]]:
    """The columns a screen has room for, and how wide each is.

    Args:
        width: columns of the screen.
        tries: whether an issue has more than one run; else no column tells them apart.
    """
    there = [each for each in COLUMNS if width >= each.least and (tries or each.name != _TRY)]
    widths = {column.name: _width(column, width) for column in there}
    left = width - sum(each + 2 * _PADDING for each in widths.values()) - 2 * _PADDING - 2
    return [(each, widths[each.name] or max(left, _LEAST_TITLE)) for each in there]


def _width(column: Column, width: int) -> int:
    wider = (each for least, each in _WIDER.get(column.name, ()) if width >= least)
    return next(wider, column.width)


_URGENCY = (
    *("asking", "paused", "pausing", "working", "verifying", "preparing", "starting"),
    *("queued", "new"),
)


def _urgency(row: Row) -> tuple[int, str]:
    place = _URGENCY.index(row.state) if row.state in _URGENCY else len(_URGENCY)
    return place, row.state


def _repo(row: Row) -> str:
    return repository(row.issue.repo) if row.issue else ""


def _title(row: Row) -> str:
    return title(row.issue) if row.issue else row.key


def _attempt(row: Row) -> str:
    return f"{row.attempt}/{row.attempts}" if row.attempts > 1 else ""


def _tokens(row: Row) -> str:
    return count(row.tokens) if row.tokens else ""


def _time(row: Row) -> str:
    return duration(row.seconds) if row.began else ""


def _verdict(row: Row) -> str:
    return row.instead or row.verdict


COLUMNS: tuple[Column, ...] = (
    Column("state", 12, lambda row: state_words(row.state), _urgency),
    Column("repository", 14, _repo, _repo),
    Column("title", 0, _title, lambda row: _title(row).lower()),
    Column("policy", 8, lambda row: row.policy, lambda row: row.policy, 120),
    Column(_TRY, 5, _attempt, lambda row: row.attempt, 120, True),
    Column("step", 4, lambda row: str(row.step or ""), lambda row: row.step, 0, True),
    Column("tokens", 6, _tokens, lambda row: row.tokens, 120, True),
    Column("cost", 7, lambda row: money(row.cost), lambda row: row.cost, 120, True),
    Column("time", 7, _time, lambda row: row.seconds, 0, True),
    Column("verdict", 12, _verdict, _verdict, 90),
)
