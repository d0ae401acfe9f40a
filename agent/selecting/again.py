"""Choosing among runs that there are already."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.config import Settings
from agent.errors import WrongUse
from agent.issue import Issue
from agent.replay.reading import read_record, read_result
from agent.runfolder import RunRecord
from agent.selecting.candidate import Candidate
from agent.selecting.describing import known_outcomes, selection_of
from agent.selecting.preparing import Trying
from agent.selecting.recorded import BaseFiles, Recorded, in_normal_form, recorded
from agent.selecting.selection import Selection, choice_folder, with_outcomes, write_selection
from agent.selecting.together import together

Prepare = Callable[[Issue, Path], Awaitable[Trying]]
"""Prepares what tries candidates of an issue; the folder is the choice's."""


@dataclass(frozen=True, slots=True)
class Again:
    """A choice made anew.

    Attributes:
        selection: what was chosen, and why.
        known: the candidates to estimate from; none where outcomes are not known.
        folder: where it is written; None where nothing was tried, and so nothing written.
    """

    selection: Selection
    known: list[Candidate]
    folder: Path | None


def by_issue(folders: Sequence[Path]) -> list[dict[int, Path]]:
    """The runs of each issue by their numbers: as they were made, or in their order.

    Raises:
        WrongUse: one cannot be read.
    """
    issues: dict[tuple[str, str, str | None], list[tuple[RunRecord, Path]]] = {}
    for folder in folders:
        record = read_record(folder)
        key = record.issue.id, record.issue.repo, record.issue.base
        issues.setdefault(key, []).append((record, folder))
    return [_numbered(each) for each in issues.values()]


def _numbered(runs: list[tuple[RunRecord, Path]]) -> dict[int, Path]:
    # A batch makes an attempt once more whose infrastructure failed, and keeps both runs.
    ended = {record.attempt for record, folder in runs if record.attempt and _ended(folder)}
    runs = [each for each in runs if each[0].attempt not in ended or _ended(each[1])]
    runs.sort(key=lambda run: (run[0].attempt, run[0].started, run[1].name))
    own = [record.attempt for record, _ in runs]
    numbers = own if all(own) and len(set(own)) == len(own) else range(1, len(own) + 1)
    return {number: folder for number, (_, folder) in zip(numbers, runs, strict=True)}


async def choose_again(
    runs: Mapping[int, Path],
    strategy: str,
    settings: Settings,
    *,
    prepare: Prepare | None = None,
    estimated: bool = True,
) -> Again:
    """Choose among runs of one issue.

    Args:
        runs: their folders, by the numbers of the attempts.
        strategy: what chooses, by its name.
        settings: where sources are kept, and choices written.
        prepare: of what tries the patches; without it, nothing is run: what earlier choices beside
            the runs say of them is taken.
        estimated: whether estimates are wanted.

    Raises:
        WrongUse: a run cannot be read, or names no repository.
        SandboxError: the infrastructure failed while patches were tried.
    """
    attempts = await asyncio.to_thread(_read, runs)
    issue = attempts[0].run.record.issue
    if not issue.repo:
        raise WrongUse(f"the runs of {issue.id} name no repository")
    base = BaseFiles()
    candidates = await in_normal_form([each.candidate for each in attempts], issue, settings, base)
    notes = [base.problem] if base.problem else []
    if prepare is None:
        candidates = with_outcomes(attempts, candidates)
        selection = selection_of(strategy, attempts, candidates, notes=notes, estimated=estimated)
        return Again(selection, known_outcomes(attempts, candidates), None)
    folder = choice_folder(settings.out, issue)
    trying = await prepare(issue, folder)
    try:
        candidates = await together(
            trying.examiner.examine(candidate, attempt.verified)
            for candidate, attempt in zip(candidates, attempts, strict=True)
        )
    finally:
        await trying.examiner.close()
    selection = selection_of(
        strategy,
        attempts,
        candidates,
        tests=trying.generated,
        notes=[*notes, *trying.notes],
        estimated=estimated,
    )
    write_selection(folder, selection, candidates, trying.examiner.tests)
    return Again(selection, known_outcomes(attempts, candidates), folder)


def _ended(folder: Path) -> bool:
    """Whether a run came to an end of its own."""
    result = read_result(folder)
    return result is not None and result.status != "failed"


def _read(runs: Mapping[int, Path]) -> list[Recorded]:
    return [recorded(folder, number) for number, folder in runs.items()]
