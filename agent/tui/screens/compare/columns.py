"""Runs as columns: what became of each, what it took, and what it did step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import AgentError
from agent.events import ModelChosen
from agent.progress import Progress
from agent.replay.patch import read_patch
from agent.replay.reading import RecordedRun, open_run, read_record, runs_in
from agent.replay.steps import Step, steps_of
from agent.tui.verdict import verdict_of
from agent.tui.words import count, duration, money, state_words

MOST = 8
"""Runs side by side."""

_NAMES = "ABCDEFGH"


@dataclass(frozen=True, slots=True)
class Column:
    """One run. Texts are as they were written: not safe to draw.

    Attributes:
        letter: names it here.
        folder: of the run.
        facts: what there is to say of it, by what that is called.
        steps: of the run.
        patch: that was handed in; empty for none.
    """

    letter: str
    folder: Path
    facts: dict[str, str]
    steps: tuple[Step, ...]
    patch: str


def runs_to_compare(runs: Sequence[Path]) -> list[Path]:
    """The runs themselves; where there is one, all runs of its issue beside it, the last ones.

    Raises:
        WrongUse: its record cannot be read.
    """
    if len(runs) != 1:
        return list(runs[:MOST])
    (run,) = runs
    about = read_record(run).issue
    others = [run]
    for folder in reversed(runs_in(run.parent)):
        if folder.resolve() == run.resolve() or len(others) == MOST:
            continue
        try:
            issue = read_record(folder).issue
        except AgentError:
            continue
        if (issue.id, issue.repo) == (about.id, about.repo):
            others.append(folder)
    return sorted(others)


def columns_of(folders: Sequence[Path]) -> list[Column]:
    """Read runs, also those that go on.

    Raises:
        AgentError: one cannot be read.
    """
    columns: list[Column] = []
    for letter, folder in zip(_NAMES, folders, strict=False):
        columns.append(_column(letter, open_run(folder), columns))
    return columns


def _column(letter: str, run: RecordedRun, before: Sequence[Column]) -> Column:
    progress = Progress()
    for event in run.events:
        progress.take(event)
    steps = tuple(steps_of(run.events))
    patch = progress.patch
    facts = {
        "state": state_words(run.result.status) if run.result else "· no result yet",
        "verdict": verdict_of(run.result, progress),
        "policy": f"{run.record.policy} {_model(run)}".strip(),
        "goes on from": _parent(run, before),
        "steps": str(len(steps)),
        "tokens": count(progress.tokens) if progress.tokens else "",
        "cost": money(progress.cost),
        "time": duration(max(progress.last - progress.began, 0.0)),
        "patch": _patch(patch, before),
        "files": ", ".join(file.name for file in read_patch(patch)) if patch else "",
    }
    return Column(letter, run.folder, facts, steps, patch)


def _model(run: RecordedRun) -> str:
    chosen = (event.data.model for event in run.events if isinstance(event.data, ModelChosen))
    return next(chosen, "")


def _parent(run: RecordedRun, before: Sequence[Column]) -> str:
    parent = run.record.parent
    if parent is None:
        return ""
    known = next((each.letter for each in before if each.folder.name == parent.run), parent.run)
    return f"{known}, after step {parent.step}"


def _patch(patch: str, before: Sequence[Column]) -> str:
    if not patch:
        return ""
    same = next((each.letter for each in before if each.patch == patch), "")
    files = read_patch(patch)
    added, removed = (sum(file.count(kind) for file in files) for kind in ("added", "removed"))
    return f"+{added} -{removed}{f', the same as {same}' if same else ''}"


def parting(columns: Sequence[Column]) -> int:
    """The first step in which not all of the runs call the same; 0 where there is none."""
    longest = max((len(column.steps) for column in columns), default=0)
    for at in range(longest):
        if len({_call(column, at) for column in columns}) > 1:
            return at + 1
    return 0


def _call(column: Column, at: int) -> tuple[str | None, str] | None:
    step = column.steps[at] if at < len(column.steps) else None
    action = step.action if step else None
    return (action.tool, action.argument) if action else None
