"""From an issue to what tries its candidates: its environment, and tests that reproduce it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.issue import Issue
from agent.prepare import Workplace, prepare
from agent.selecting.examining import Examiner
from agent.selecting.reproduce import WrittenTest, reproducing, write_tests
from agent.selecting.selection import Generated
from model.errors import ModelError

if TYPE_CHECKING:
    from model.questions.speaking import Speaker
    from sandboxes.engine import Engine

Progress = Callable[[str], None]


@asynccontextmanager
async def open_speaker(settings: Settings) -> AsyncIterator["Speaker | None"]:
    """The model that writes tests; None where there is none that answers in words."""
    from agent.evaluating.models import open_model
    from agent.predicting import uses_nano
    from model.budget import Budget

    if uses_nano(settings):
        yield None
        return
    budget = Budget(settings.limits.tokens, settings.limits.cost)
    async with open_model(settings, lambda line: None, budget) as (model, _):
        yield model.speaker


@dataclass(frozen=True, slots=True)
class Trying:
    """What tries candidates.

    Attributes:
        examiner: does.
        generated: of its tests, the numbers.
        notes: what there is to know of them.
    """

    examiner: Examiner
    generated: Generated
    notes: tuple[str, ...]


async def prepare_trying(
    issue: Issue,
    settings: Settings,
    engine: "Engine",
    speaker: "Speaker | None",
    *,
    tests: int,
    at_once: int,
    folder: Path,
    progress: Progress,
) -> Trying:
    """Prepare the environment, and let tests be written.

    Args:
        issue: what the candidates are to resolve.
        settings: of the runs.
        engine: where sandboxes run.
        speaker: writes the tests; None where no model does.
        tests: to write.
        at_once: sandboxes that may be there at a time.
        folder: where the choice is written; a build's log goes there too.
        progress: gets a line now and then.

    Raises:
        AgentError: the issue or a setting is wrong.
        SandboxError: the infrastructure failed. A model's failure costs its tests alone.
    """
    place = await prepare(
        issue, settings, engine, run=folder.name, log=folder / "build.log", progress=progress
    )
    room = asyncio.Semaphore(at_once)
    kept: tuple[WrittenTest, ...] = ()
    generated, notes = Generated(), []
    if tests and speaker is None:
        notes.append("no model is there to write tests")
    elif tests and speaker is not None:
        try:
            kept, generated = await _kept(issue, place, speaker, tests, room, progress)
        except ModelError as error:
            notes.append(f"no tests were written: {error.message}")
    return Trying(Examiner(issue, place, kept, room, progress), generated, tuple(notes))


async def _kept(
    issue: Issue,
    place: Workplace,
    speaker: "Speaker",
    count: int,
    room: asyncio.Semaphore,
    progress: Progress,
) -> tuple[tuple[WrittenTest, ...], Generated]:
    """The tests that reproduce the issue, and their numbers."""
    progress(f"{count} tests that reproduce the issue are being written")
    seed = place.settings.seed
    written = await write_tests(speaker, issue, place.files, count=count, seed=seed)
    kept = await reproducing(written.tests, place.sandbox, room)
    progress(f"{len(kept)} of {written.asked} tests reproduce the issue")
    numbers = Generated(
        asked=written.asked, written=len(written.tests), kept=len(kept), tokens=written.tokens
    )
    return kept, numbers
