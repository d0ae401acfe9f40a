"""What ``foretrace replay`` prints: the steps of a run in short, and what doing them again gave."""

import shutil
from collections.abc import Iterable, Iterator

import click

from agent.cli.excerpt import first_line, one_line
from agent.cli.live import lines_about
from agent.cli.showview import head_lines
from agent.errors import WrongUse
from agent.events import Compared, Forecasted, Tried
from agent.export.visible import visible
from agent.replay.execute import Execution, Repeated
from agent.replay.reading import RecordedRun
from agent.replay.steps import steps_of
from agent.replay.tree import Node, forks_of

_COLUMNS = 100
"""Of a screen that does not say how many it has, as of a pipe."""
_IN_BETWEEN = (Tried, Forecasted, Compared)
"""What a step is not shown by in short."""


def overview(run: RecordedRun) -> Iterator[str]:
    """A run in short: what it is, its steps, and the runs that go on from it."""
    width = shutil.get_terminal_size((_COLUMNS, 24)).columns
    yield from head_lines(run)
    yield ""
    for step in steps_of(run.events):
        for event in step.events:
            if not isinstance(event.data, _IN_BETWEEN):
                yield from lines_about(event.data, width)
    yield from _forks(run)


def _forks(run: RecordedRun) -> Iterator[str]:
    try:
        forks = forks_of(run.folder)
    except WrongUse:
        return
    if forks:
        yield ""
        yield "forks"
    for fork in forks:
        yield from (_fork_line(depth, node) for depth, node in fork.walk(1))


def _fork_line(depth: int, node: Node) -> str:
    parent = node.record.parent
    where = f"after step {parent.step if parent else 0}"
    if parent is not None and parent.resumed:
        where += ", in its place"
    what = f"{node.record.id}, {where}, policy {node.record.policy}"
    return f"{'  ' * depth}{visible(what)}"


def repeated_line(each: Repeated) -> str:
    """A step that was done again, in a line."""
    width = shutil.get_terminal_size((_COLUMNS, 24)).columns
    if each.why_not:
        said = click.style(f"passed over: {each.why_not}", dim=True)
    elif each.same:
        said = click.style("the same", fg="green")
    else:
        said = click.style("another result", fg="red")
    head = f"{each.number:>3}  {one_line(each.tool or '-', 20):<8} "
    room = max(width - len(head) - 32, 20)
    return f"{head}{one_line(first_line(each.argument), room):<{room}}  {said}"


def difference_lines(done: Execution) -> Iterator[str]:
    """Where doing it again gave something else, with both results; or that it did not."""
    yield from (f"note: {visible(note)}" for note in done.notes)
    found = done.difference
    again = sum(each.again is not None for each in done.repeated)
    if found is None:
        yield f"all {again} actions that were done again gave what they gave then"
        return
    yield f"step {found.number} is the first whose result is another one"
    for title, text in (("then", found.recorded), ("now", found.again or "")):
        yield f"--- {title}"
        yield from _indented(text.splitlines())


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {visible(line)}".rstrip() for line in lines)


def execution_json(done: Execution) -> dict[str, object]:
    """The same for programs."""
    found = done.difference
    return {
        "same": found is None,
        "first_difference": found.number if found else None,
        "diff": done.diff,
        "notes": list(done.notes),
        "steps": [
            {
                "step": each.number,
                "tool": each.tool,
                "argument": each.argument,
                "same": each.same,
                "why_not": each.why_not,
                "recorded": each.recorded,
                "again": each.again,
            }
            for each in done.repeated
        ],
    }
