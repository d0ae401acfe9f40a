"""A predicted trace in short: what changed at each line, loops folded, the deepest left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from model.trace.compare import exception_text
from model.trace.frame import Frame
from model.trace.states import State, resolve
from model.trace.writing import unmarked

MOST_LINES = 40
_LONGEST_ROUND = 30
_ROUNDS = 3
"""Like one another, from which on they are folded."""
_VALUE = 80
_CODE = 100
_CHANGES = 6


@dataclass(frozen=True, slots=True)
class _Row:
    """One line that is shown.

    Attributes:
        text: of it.
        depth: of the frame.
        what: the event and its line of source, for telling rounds of a loop.
        number: of the frame; -1 for a line that stands for several.
        frames: that it stands for.
    """

    text: str
    depth: int
    what: tuple[str, str]
    number: int = -1
    frames: int = 1


def shown(frames: Sequence[Frame], decided: int | None = None, most: int = MOST_LINES) -> list[str]:
    """A trace in a few lines.

    Args:
        frames: as the model wrote them.
        decided: the number of the frame that is to stand out, if there is one.
        most: lines there may be, 20 at least.
    """
    rows = [*_rows(frames, decided)]
    rows = [*_folded(rows, decided)]
    rows = _shallow(rows, most, decided)
    if len(rows) > most:
        rows = _around(rows, most, decided)
    return [row.text for row in rows]


def _rows(frames: Sequence[Frame], decided: int | None) -> Iterator[_Row]:
    known: dict[int, Mapping[str, str]] = {}
    for number, state in enumerate(resolve(frames)):
        frame = state.frame
        mark = ">" if number == decided else " "
        code = _cut(unmarked(frame.source).strip(), _CODE)
        said = _said(state, known.get(state.scope, {}))
        known[state.scope] = state.locals
        indent = "  " * min(state.depth, 20)
        text = f"{mark} {frame.kind:<9} {indent}{code}{said}"
        yield _Row(text, state.depth, (frame.kind, frame.source), number)


def _said(state: State, before: Mapping[str, str]) -> str:
    """What a frame says that is new."""
    frame = state.frame
    if frame.kind in ("return", "exception"):
        if frame.value is None:
            return ""
        raised = frame.kind == "exception"
        value = exception_text(frame.value) if raised else frame.value
        return f"  -> {_cut(value, _VALUE)}"
    new = [(name, value) for name, value in state.locals.items() if before.get(name) != value]
    told = [f"{_cut(name, _VALUE)} = {_cut(value, _VALUE)}" for name, value in new[:_CHANGES]]
    more = [f"and {len(new) - _CHANGES} more"] if len(new) > _CHANGES else []
    return "  | " + ", ".join([*told, *more]) if told else ""


def _folded(rows: list[_Row], decided: int | None) -> Iterator[_Row]:
    """The rows, of rounds that are like one another the first and the last."""
    at = 0
    while at < len(rows):
        size, rounds = _loop(rows, at)
        if rounds < _ROUNDS:
            yield rows[at]
            at += 1
            continue
        yield from rows[at : at + size]
        last = at + size * (rounds - 1)
        hidden = rows[at + size : last]
        yield from (row for row in hidden if row.number == decided)
        depth = min(row.depth for row in hidden)
        text = f"  ...       {'  ' * min(depth, 20)}{rounds - 2} more rounds of these {size} frames"
        yield _Row(text, depth, ("", ""), frames=len(hidden))
        yield from rows[last : last + size]
        at = last + size


def _loop(rows: Sequence[_Row], at: int) -> tuple[int, int]:
    """The shortest round that is repeated from here on: its size, and how many there are."""
    for size in range(1, min(_LONGEST_ROUND, (len(rows) - at) // _ROUNDS) + 1):
        rounds = 1
        while _alike(rows, at, at + rounds * size, size):
            rounds += 1
        if rounds >= _ROUNDS:
            return size, rounds
    return 1, 1


def _alike(rows: Sequence[_Row], one: int, other: int, size: int) -> bool:
    if other + size > len(rows):
        return False
    return all(
        (rows[one + n].what, rows[one + n].depth) == (rows[other + n].what, rows[other + n].depth)
        for n in range(size)
    )


def _shallow(rows: list[_Row], most: int, decided: int | None) -> list[_Row]:
    """The rows, without the deepest scopes until there are few enough, or only two depths left."""
    if len(rows) <= most:
        return rows
    # Down to this depth there are too many of them, even without those that stand for others.
    deepest = sorted(row.depth for row in rows)[most]
    while len(rows) > most and deepest > 2:
        deepest -= 1
        rows = [*_without(rows, deepest, decided)]
    return rows


def _without(rows: Sequence[_Row], deepest: int, decided: int | None) -> Iterator[_Row]:
    hidden: list[_Row] = []
    for row in rows:
        if row.depth > deepest and (row.number != decided or row.number < 0):
            hidden.append(row)
            continue
        if hidden:
            yield _gap(hidden)
            hidden = []
        yield row
    if hidden:
        yield _gap(hidden)


def _around(rows: list[_Row], most: int, decided: int | None) -> list[_Row]:
    """The first rows, the last ones, and those at the one that stands out."""
    numbers = [row.number for row in rows]
    at = numbers.index(decided) if decided is not None and decided in numbers else len(rows) - 1
    third = most // 4
    kept = {
        *range(third),
        *range(at - third, at + third // 2),
        *range(len(rows) - third, len(rows)),
    }
    found: list[_Row] = []
    hidden: list[_Row] = []
    for number, row in enumerate(rows):
        if number not in kept:
            hidden.append(row)
            continue
        if hidden:
            found.append(_gap(hidden))
            hidden = []
        found.append(row)
    return found


def _gap(hidden: Sequence[_Row]) -> _Row:
    depth = min(row.depth for row in hidden)
    frames = sum(row.frames for row in hidden)
    text = f"  ...       {'  ' * min(depth, 20)}({frames} frames)"
    return _Row(text, depth, ("", ""), frames=frames)


def _cut(text: str, most: int) -> str:
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else line[: most - 3] + "..."
