"""Grades as plain lines: each as it comes, and what they add up to."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.batch.summary import Rate
from agent.cli.batchview import rate
from agent.cli.terminal import safe

if TYPE_CHECKING:
    from agent.grading.grading import Grade, Verdict
    from agent.grading.matching import Matched

_COLOURS: "dict[Verdict, str]" = {
    "resolved": "green",
    "unresolved": "red",
    "empty": "yellow",
    "error": "magenta",
}
_TOLD = 20
"""Entries left out, and flaky tests, of which each gets a line."""


def print_left_out(matched: "Matched") -> None:
    """Say what is not judged, and why."""
    for each in matched.left_out[:_TOLD]:
        click.echo(f"  left out: {safe(str(each))}", err=True)
    if len(matched.left_out) > _TOLD:
        click.echo(f"  left out: {len(matched.left_out) - _TOLD} more", err=True)


def print_grade(grade: "Grade", number: int, of: int) -> None:
    """A line for a grade that is ready."""
    verdict = click.style(grade.verdict, fg=_COLOURS[grade.verdict])
    about = [grade.reason] * bool(grade.reason) + ["judged before"] * grade.cached
    why = f" ({safe('; '.join(about))})" if about else ""
    click.echo(f"  {number} of {of}  {safe(grade.prediction.issue)}: {verdict}{why}", err=True)


def grade_lines(grades: "Sequence[Grade]", matched: "Matched", path: Path) -> Iterator[str]:
    """What all grades add up to."""
    count = {verdict: sum(each.verdict == verdict for each in grades) for verdict in _COLOURS}
    judged = len(grades) - count["error"]
    said = ", ".join(f"{number} {verdict}" for verdict, number in count.items() if number)
    yield f"{said or 'nothing to judge'}; resolved {rate(Rate.count(count['resolved'], judged))}"
    for name, number in (
        ("judged before", sum(each.cached for each in grades)),
        ("failed for the infrastructure, call again", sum(each.infrastructure for each in grades)),
        ("issues without a prediction", len(matched.without)),
        ("left out", len(matched.left_out)),
    ):
        if number:
            yield f"  {name}: {number}"
    yield from _flaky_lines(grades)
    yield f"  report: {path}"


def _flaky_lines(grades: "Sequence[Grade]") -> Iterator[str]:
    flaky = [f"{each.prediction.issue}: {test}" for each in grades for test in each.flaky]
    if flaky:
        yield "flaky tests"
    for line in flaky[:_TOLD]:
        yield f"  {safe(line)}"
    if len(flaky) > _TOLD:
        yield f"  ... and {len(flaky) - _TOLD} more"
