"""A choice among attempts as plain lines: the attempts, who was chosen and why, the estimates."""

from collections.abc import Iterable, Iterator, Sequence

from agent.cli.terminal import safe
from agent.selecting.candidate import RESOLVED
from agent.selecting.selection import AttemptRow, Estimated, Selection

_HEADINGS = ("attempt", "patch", "tokens", "lost", "passes", "status", "run")


def selection_lines(selection: Selection) -> Iterator[str]:
    """All there is to say of a choice."""
    yield f"{safe(selection.issue)}: {_chosen(selection)}"
    for reason in selection.reasons:
        yield f"  {safe(reason)}"
    yield ""
    yield from _table([_HEADINGS, *map(_row, selection.attempts)])
    tests = selection.tests
    if tests.asked:
        yield (
            f"{tests.kept} of {tests.asked} generated tests show the issue;"
            f" {tests.tokens:,} tokens to write them"
        )
    for note in selection.notes:
        yield f"note: {safe(note)}"
    said = [f"{name}: {attempt or 'none'}" for name, attempt in selection.others.items()]
    if said:
        yield f"the others would have chosen: {', '.join(said)}"
    if selection.estimates:
        yield ""
        yield from estimate_lines(selection.estimates)


def estimate_lines(estimates: Sequence[Estimated]) -> Iterator[str]:
    """The estimates: a line for each number of attempts, a column for each way to choose."""
    names = list(dict.fromkeys(each.name for each in estimates))
    sizes = list(dict.fromkeys(each.k for each in estimates))
    found = {(each.name, each.k): each for each in estimates}
    several = any(each.issues > 1 for each in estimates)
    rows = [("k", *(f"{name}@k" for name in names))]
    rows += [(str(k), *(_estimate(found[name, k], several) for name in names)) for k in sizes]
    yield from _table(rows)
    if not all(each.exact for each in estimates):
        yield "where there are too many sets of attempts, they were drawn by chance"


def _estimate(each: Estimated, interval: bool) -> str:
    return f"{each.value:.1%}" + (f" ({each.low:.1%} to {each.high:.1%})" if interval else "")


def _chosen(selection: Selection) -> str:
    of = f"{len(selection.attempts)} of {selection.wanted} attempts"
    if selection.row is None:
        return f"none of {of} has a patch"
    return f"attempt {selection.chosen} chosen by {selection.strategy}, of {of}"


def _row(each: AttemptRow) -> tuple[str, ...]:
    passes = sum(outcome == RESOLVED for outcome in each.outcomes.values())
    return (
        str(each.attempt),
        each.patch or "-",
        f"{each.tokens:,}",
        "-" if each.lost is None else str(len(each.lost)),
        f"{passes} of {len(each.outcomes)}" if each.outcomes else "-",
        each.status,
        safe(each.run),
    )


def _table(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
        ).rstrip()
