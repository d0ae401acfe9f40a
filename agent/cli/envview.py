"""Environments of many issues as plain lines: what was built, and whether the issues hold."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from agent.cli.terminal import safe

if TYPE_CHECKING:
    from agent.environments.building import Environment
    from agent.environments.checking import Checked
    from agent.sources.source import Skipped

_COLOURS = {
    "built": "green",
    "there": "green",
    "sound": "green",
    "unsound": "red",
    "failed": "magenta",
}
_TOLD = 20
"""Entries left out, or problems of an issue, of which each gets a line."""


def print_left_out(left_out: "Sequence[Skipped]") -> None:
    """Say which entries of a list are no issues."""
    for each in left_out[:_TOLD]:
        click.echo(f"  left out: {safe(str(each))}", err=True)
    if len(left_out) > _TOLD:
        click.echo(f"  left out: {len(left_out) - _TOLD} more", err=True)


def environment_lines(environments: "Sequence[Environment]") -> Iterator[str]:
    """What was built: a table, why the rest was not, and notes."""
    rows = [("environment", "python", "project", "issues", "seconds", "image")]
    for each in environments:
        image = each.image.removeprefix("sha256:")[:12]
        issues, seconds = str(len(each.issues)), f"{each.seconds:.0f}"
        rows.append((each.state, each.python, safe(each.name), issues, seconds, image))
    yield from _table(rows)
    for each in environments:
        about = f"{safe(each.name)} ({safe(_some(each.issues))})"
        if each.failure is not None:
            yield f"{click.style('failed', fg='magenta')}: {about}: {safe(str(each.failure))}"
            if each.log:
                yield f"  the whole log: {safe(each.log)}"
        for note in each.notes:
            yield f"note: {about}: {safe(note)}"
    yield _counts([each.state for each in environments], "environment")


def print_checked(each: "Checked") -> None:
    """The lines of an issue that was checked."""
    state = click.style(each.state, fg=_COLOURS[each.state])
    about = [f"{each.failing} to fail before", f"{each.passing} pass before"]
    about += ["with its reference" if each.reference else "no reference"]
    about += [f"flaky: {_some(each.flaky)}"] * bool(each.flaky)
    about += ["checked before"] * each.cached
    if each.failure is not None:
        about = [str(each.failure)]
    click.echo(f"{safe(each.issue)}: {state} ({safe('; '.join(about))})")
    for problem in each.problems[:_TOLD]:
        click.echo(f"  {safe(str(problem))}")
    if len(each.problems) > _TOLD:
        click.echo(f"  ... and {len(each.problems) - _TOLD} more")


def checked_line(every: "Sequence[Checked]") -> str:
    """What all of them add up to."""
    return _counts([each.state for each in every], "issue")


def _counts(states: Sequence[str], what: str) -> str:
    said = ", ".join(f"{states.count(state)} {state}" for state in _COLOURS if states.count(state))
    return f"{counted(len(states), what)}: {said}" if said else f"no {what}"


def counted(number: int, what: str) -> str:
    """As ``1 issue`` or ``2 issues``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
