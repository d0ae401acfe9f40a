"""What was chosen among attempts, as it is written down (``selection.json``) and shown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from agent.runfolder import write_json
from agent.runstate import read_or_none
from agent.selecting.candidate import Candidate, Choice, Outcome
from agent.selecting.estimators import over_issues
from agent.selecting.recorded import Recorded
from agent.selecting.registry import CHOOSING, STRATEGIES
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


def selection_of(
    strategy: str,
    attempts: Sequence[Recorded],
    candidates: Sequence[Candidate],
    *,
    wanted: int | None = None,
    tests: Generated | None = None,
    notes: Sequence[str] = (),
    estimated: bool = True,
) -> Selection:
    """A choice among attempts at one issue.

    Args:
        strategy: what chooses, by its name.
        attempts: at least one.
        candidates: the same, with all that is known of them.
        wanted: attempts that there could have been; those there are without it.
        tests: of the generated ones.
        notes: as in `Selection`.
        estimated: whether estimates are wanted.
    """
    choices = {name: each.choose(candidates) for name, each in STRATEGIES.items()}
    chosen: Choice = choices[strategy]
    runs = {each.candidate.attempt: each for each in attempts}
    letters = _letters(candidates)
    known = known_outcomes(attempts, candidates)
    return Selection(
        issue=attempts[0].run.record.issue.id,
        strategy=strategy,
        wanted=wanted or len(attempts),
        attempts=tuple(_row(runs[each.attempt], each, letters) for each in candidates),
        chosen=chosen.attempt,
        run=runs[chosen.attempt].run.folder.name if chosen.attempt is not None else None,
        reasons=chosen.reasons,
        others={
            name: each.attempt
            for name, each in choices.items()
            if name != strategy and STRATEGIES[name].informed(known or candidates)
        },
        tests=tests or Generated(),
        estimates=estimates([known]) if known and estimated else (),
        notes=tuple(notes),
    )


def known_outcomes(
    attempts: Sequence[Recorded], candidates: Sequence[Candidate]
) -> list[Candidate]:
    """The candidates to estimate from; none where it is not known of all that ended how they did.

    Args:
        attempts: at one issue.
        candidates: the same.
    """
    ended = {each.candidate.attempt for each in attempts if each.ended}
    counting = [each for each in candidates if each.attempt in ended]
    return counting if all(each.resolved is not None for each in counting) else []


def estimates(issues: Sequence[Sequence[Candidate]], seed: int = 0) -> tuple[Estimated, ...]:
    """How well each strategy does with 1, 2, 4, ... attempts, and with all of them.

    Those are left out that have nothing to go by.

    Args:
        issues: the candidates of each, all known to resolve it or not.
        seed: of what is drawn.
    """
    most = max(map(len, issues), default=0)
    sizes = sorted({*(1 << n for n in range(most.bit_length()) if 1 << n <= most), most} - {0})
    every = [each for candidates in issues for each in candidates]
    # The oracle's number is pass@k: where one resolves the issue, that is chosen.
    names = [name for name in CHOOSING if STRATEGIES[name].informed(every)]
    found = []
    for k in sizes:
        for name in ("pass", *names):
            made = over_issues(issues, k, STRATEGIES.get(name), seed)
            found.append(
                Estimated(
                    name=name,
                    k=k,
                    value=made.value,
                    low=made.low,
                    high=made.high,
                    issues=made.issues,
                    exact=made.exact,
                )
            )
    return tuple(found)


def write_selection(
    folder: Path, selection: Selection, patch: str, tests: Sequence[WrittenTest] = ()
) -> None:
    """Write a choice down: ``selection.json``, the patch, and the tests that were kept."""
    if patch:
        (folder / "patch.diff").write_bytes(patch.encode())
    if tests:
        (folder / "tests").mkdir(exist_ok=True)
    for test in tests:
        (folder / "tests" / f"{test.name.replace(' ', '-')}.py").write_bytes(test.source.encode())
    write_json(folder / "selection.json", selection)


def _row(attempt: Recorded, candidate: Candidate, letters: Mapping[object, str]) -> AttemptRow:
    result = attempt.run.result
    return AttemptRow(
        attempt=candidate.attempt,
        run=attempt.run.folder.name,
        status=result.status if result else "running",
        patch=letters.get(candidate.form, ""),
        tokens=candidate.tokens,
        lost=candidate.lost,
        outcomes=dict(candidate.outcomes),
        resolved=candidate.resolved,
    )


def _letters(candidates: Sequence[Candidate]) -> dict[object, str]:
    """A name for each normal form: A, B, ..., Z, A1, B1, ..."""
    forms = dict.fromkeys(
        each.form for each in candidates if each.form is not None and not each.form.empty
    )
    return {form: f"{chr(65 + n % 26)}{n // 26 or ''}" for n, form in enumerate(forms)}


def with_outcomes(attempts: Sequence[Recorded], candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with what earlier choices beside their runs say of them.

    Args:
        attempts: in the order of the candidates.
        candidates: of the same attempts.
    """
    told: dict[Path, AttemptRow] = {}
    for folder in {each.run.folder.parent for each in attempts}:
        for path in sorted(folder.glob("*/selection.json")):
            selection = read_or_none(Selection, path)
            if selection is not None:
                told |= {folder / row.run: row for row in selection.attempts}
    rows = [told.get(each.run.folder) for each in attempts]
    return [
        candidate if row is None else _told(candidate, row)
        for candidate, row in zip(candidates, rows, strict=True)
    ]


def _told(candidate: Candidate, row: AttemptRow) -> Candidate:
    lost = row.lost if candidate.lost is None else candidate.lost
    return replace(candidate, outcomes=dict(row.outcomes), lost=lost)
