"""Several attempts at one issue, from beginning to end: made, tried, and one of them chosen."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.issue import Issue
from agent.run import Run, run_issue
from agent.selecting.attempts import until_decided
from agent.selecting.candidate import Candidate, Strategy
from agent.selecting.describing import selection_of
from agent.selecting.examining import Examiner
from agent.selecting.preparing import Trying, prepare_trying
from agent.selecting.recorded import BaseFiles, Recorded, in_normal_form, recorded
from agent.selecting.selection import Selection, choice_folder, write_selection

if TYPE_CHECKING:
    from agent.policies.registry import NewPolicy
    from model.predict.predictor import Predictor
    from model.questions.speaking import Speaker
    from sandboxes.engine import Engine

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted.

    Attributes:
        attempts: at most.
        at_once: of them, and of the sandboxes in which patches are tried.
        strategy: chooses.
        tests: that are to be generated.
    """

    attempts: int
    at_once: int
    strategy: Strategy
    tests: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """What came of it.

    Attributes:
        folder: with ``selection.json``.
        selection: what was chosen, and why.
        runs: the attempts, by their numbers.
    """

    folder: Path
    selection: Selection
    runs: dict[int, Run]

    @property
    def run(self) -> Run | None:
        """The one chosen."""
        return self.runs.get(self.selection.chosen or 0)


class Attempts:
    """Attempts at one issue. One object serves once.

    Args:
        issue: the issue.
        settings: of the runs; the first has their seed, each further one the next.
        engine: where sandboxes run.
        new_policy: makes the policy of each run.
        predictor: predicts executions, where the settings want that.
        speaker: writes tests; None where no model does.
        plan: what is wanted.
        progress: gets a line now and then.
    """

    def __init__(
        self,
        issue: Issue,
        settings: Settings,
        engine: "Engine",
        new_policy: "NewPolicy",
        *,
        predictor: "Predictor | None",
        speaker: "Speaker | None",
        plan: Plan,
        progress: Progress,
    ) -> None:
        self._issue = issue
        self._settings = settings
        self._engine = engine
        self._new_policy = new_policy
        self._predictor = predictor
        self._speaker = speaker
        self._plan = plan
        self._progress = progress
        self._building = asyncio.Lock()
        self._base = BaseFiles()
        self._reading = asyncio.Lock()
        self._runs: dict[int, Run] = {}
        self._recorded: list[Recorded] = []

    async def make(self) -> Chosen:
        """Make the attempts and choose.

        Raises:
            AgentError: the issue or a setting is wrong.
            SandboxError: the infrastructure failed while patches were tried.
            asyncio.CancelledError: the user stopped it; the runs' folders say so.
        """
        folder = choice_folder(self._settings.out, self._issue)
        plan, trying = self._plan, None
        if plan.strategy.runs_tests:
            trying = await prepare_trying(
                self._issue,
                self._settings,
                self._engine,
                self._speaker,
                tests=plan.tests,
                at_once=plan.at_once,
                folder=folder,
                progress=self._progress,
            )

        async def one(number: int) -> Candidate:
            return await self._attempt(number, trying.examiner if trying else None)

        try:
            candidates = await until_decided(plan.attempts, plan.at_once, one, plan.strategy)
        finally:
            if trying is not None:
                await trying.examiner.close()
        return self._choose(folder, candidates, trying)

    async def _attempt(self, number: int, examiner: Examiner | None) -> Candidate:
        """One attempt, and all that is to be known of it."""
        seed = self._settings.seed + number - 1
        run = await run_issue(
            self._issue,
            self._settings.model_copy(update={"seed": seed}),
            self._new_policy(seed),
            self._engine,
            progress=lambda line: self._progress(f"attempt {number}: {line}"),
            predictor=self._predictor,
            attempt=number,
            building=self._building,
        )
        self._progress(f"attempt {number}: {run.result.status}: {run.result.reason}")
        attempt = recorded(run.folder, number)
        self._runs[number] = run
        self._recorded.append(attempt)
        async with self._reading:
            (candidate,) = await in_normal_form(
                [attempt.candidate], self._issue, self._settings, self._base
            )
        if examiner is None:
            return candidate
        return await examiner.examine(candidate, attempt.verified)

    def _choose(self, folder: Path, candidates: list[Candidate], trying: Trying | None) -> Chosen:
        notes = list(trying.notes) if trying else []
        if self._base.problem:
            notes.append(self._base.problem)
        if len(candidates) < self._plan.attempts:
            notes.append(
                f"{len(candidates)} of {self._plan.attempts} attempts were made: more could not"
                " have changed the choice"
            )
        selection = selection_of(
            self._plan.strategy.name,
            self._recorded,
            candidates,
            wanted=self._plan.attempts,
            tests=trying.generated if trying else None,
            notes=notes,
        )
        write_selection(folder, selection, candidates, trying.examiner.tests if trying else ())
        return Chosen(folder, selection, self._runs)
