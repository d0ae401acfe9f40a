"""What was chosen among attempts, as it is written down (``selection.json``) and shown."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from agent.issue import Issue
from agent.runfolder import new_folder, write_json
from agent.runstate import read_or_none
from agent.selecting.candidate import Candidate, Outcome
from agent.selecting.recorded import Recorded
from agent.selecting.reproduce import WrittenTest

FORMAT = 1

Status = Literal["resolved", "submitted", "unresolved", "failed", "running"]


class AttemptRow(BaseModel):
    """One attempt.

    Attributes:
        attempt: its number.
        run: the run's id.
        status: of the run.
        patch: which patch it has: attempts with the same letter have the same one in normal form;
            empty for none.
        tokens: read and written.
        lost: tests that passed before and do not with the patch; null where that is not known.
        outcomes: of the generated tests.
        resolved: whether it is known to resolve the issue.
    """

    model_config = ConfigDict(frozen=True)

    attempt: int
    run: str
    status: Status
    patch: str = ""
    tokens: int = 0
    lost: tuple[str, ...] | None = None
    outcomes: dict[str, Outcome] = {}
    resolved: bool | None = None


class Generated(BaseModel):
    """Generated tests: how many were asked for, were scripts, show the issue; and their tokens."""

    model_config = ConfigDict(frozen=True)

    asked: int = 0
    written: int = 0
    kept: int = 0
    tokens: int = 0


class Estimated(BaseModel):
    """``name`` at ``k`` attempts: a share from 0 to 1 with its 95 % interval over issues."""

    model_config = ConfigDict(frozen=True)

    name: str
    k: int
    value: float
    low: float
    high: float
    issues: int
    exact: bool


class Selection(BaseModel):
    """``selection.json``.

    Attributes:
        format: of this file.
        issue: its id.
        strategy: what chose.
        wanted: attempts that there could have been.
        attempts: those there were.
        chosen: the number of the one chosen; null for none.
        run: its run's id.
        reasons: why that one.
        others: whom the others would have chosen, as far as they have something to go by.
        tests: of the generated ones.
        estimates: where it is known of every attempt whether it resolves the issue.
        notes: what else there is to know, one sentence each.
    """

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    issue: str
    strategy: str
    wanted: int
    attempts: tuple[AttemptRow, ...]
    chosen: int | None
    run: str | None
    reasons: tuple[str, ...]
    others: dict[str, int | None] = {}
    tests: Generated = Generated()
    estimates: tuple[Estimated, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def row(self) -> AttemptRow | None:
        """The attempt chosen."""
        return next((each for each in self.attempts if each.attempt == self.chosen), None)


def choice_folder(out: Path, issue: Issue) -> Path:
    """A new folder for a choice, named as the runs beside it.

    Raises:
        ConfigProblem: it cannot be written.
    """
    return new_folder(out, issue.model_copy(update={"id": f"{issue.id}-choice"}))


def write_selection(
    folder: Path,
    selection: Selection,
    candidates: Sequence[Candidate],
    tests: Sequence[WrittenTest] = (),
) -> None:
    """Write a choice down: ``selection.json``, the patch, and the tests that were kept."""
    patch = next((each.patch for each in candidates if each.attempt == selection.chosen), "")
    if patch:
        (folder / "patch.diff").write_bytes(patch.encode())
    if tests:
        (folder / "tests").mkdir(exist_ok=True)
    for test in tests:
        (folder / "tests" / f"{test.name.replace(' ', '-')}.py").write_bytes(test.source.encode())
    write_json(folder / "selection.json", selection)


def with_outcomes(attempts: Sequence[Recorded], candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with what the last choice among all of them says, where there was one.

    Tests of several choices are different tests, so that no two choices are mixed.

    Args:
        attempts: in the order of the candidates.
        candidates: of the same attempts.
    """
    names = [each.run.folder.name for each in attempts]
    choices = sorted(attempts[0].run.folder.parent.glob("*/selection.json"), reverse=True)
    for path in choices:
        selection = read_or_none(Selection, path)
        rows = {row.run: row for row in selection.attempts} if selection else {}
        if rows.keys() >= set(names) and any(row.outcomes for row in rows.values()):
            return [_told(each, rows[name]) for each, name in zip(candidates, names, strict=True)]
    return list(candidates)


def _told(candidate: Candidate, row: AttemptRow) -> Candidate:
    lost = row.lost if candidate.lost is None else candidate.lost
    return replace(candidate, outcomes=dict(row.outcomes), lost=lost)
