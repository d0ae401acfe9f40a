"""``foretrace grade``: judge the patches of a file, or of a batch, several at once."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import engine_options, settings_options
from agent.config import Settings
from agent.errors import DONE, INFRASTRUCTURE, NOT_VERIFIED, WrongUse

if TYPE_CHECKING:
    from agent.batch.folder import BatchFolder
    from agent.grading.grading import Grade, Task
    from agent.grading.matching import Matched
    from agent.grading.report import ReportFolder


@click.command("grade")
@click.argument("predictions", metavar="PREDICTIONS")
@click.argument("issues", required=False, metavar="[ISSUES]")
@click.option("-j", "batch_concurrency", type=click.IntRange(min=1), metavar="N", help="At once.")
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="DIR", help="Where reports are written."
)
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    metavar="N",
    help="Run a test that disappoints so often; one that disagrees with itself is flaky.",
)
@click.option("--again", is_flag=True, help="Judge again also what was judged before.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, nothing else.")
@engine_options
@settings_options
def command(
    predictions: str,
    issues: str | None,
    report: Path | None,
    repeats: int | None,
    again: bool,
    as_json: bool,
    settings: Settings,
) -> int:
    """Judge many patches on clean sandboxes, and write reports as SWE-bench's harness does.

    PREDICTIONS is a file as the harness reads it (predictions.jsonl, or JSON), or a batch, whose
    own issues and environment settings are taken then. ISSUES is the list of issues that they are
    for.

    What was judged before is not judged again, so that a call that was broken off goes on where
    it was. The exit status is 0 when every prediction was judged, and 3 when the infrastructure
    failed for some.
    """
    from agent.cli.gradeview import grade_lines, print_left_out
    from agent.cli.show import print_lines
    from agent.grading.report import ReportFolder

    if repeats is not None:
        verify = settings.verify.model_copy(update={"repeats": repeats})
        settings = settings.model_copy(update={"verify": verify})
    asked = _asked(predictions, issues, settings)
    settings = asked.settings
    matched = _matched(asked)
    if not as_json:
        print_left_out(matched)
    reports = ReportFolder(report or asked.report)
    reports.create()
    grades = run_async(_grade(matched, reports, settings, again, as_json))
    path, summary = reports.summarise(grades, matched)
    if as_json:
        print_lines([json.dumps(summary, ensure_ascii=False)])
    else:
        print_lines(grade_lines(grades, matched, path))
    if any(each.infrastructure for each in grades):
        return INFRASTRUCTURE
    return NOT_VERIFIED if any(each.verdict == "error" for each in grades) else DONE


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the user named.

    Attributes:
        predictions: their file.
        issues: the list that they are for.
        report: where reports go by default.
        settings: how to judge; environments are those of the batch, where it is one.
    """

    predictions: Path
    issues: str
    report: Path
    settings: Settings


def _asked(predictions: str, issues: str | None, settings: Settings) -> _Asked:
    """What the user named.

    Raises:
        WrongUse: the issues are not named, and are not those of a batch.
    """
    from agent.batch.folder import BatchFolder, batch_at, is_batch
    from agent.sources.source import is_there, slug

    named = Path(predictions)
    is_file = is_there(predictions) and named.is_file()
    batch = BatchFolder(named.parent) if is_file else batch_at(settings.out, predictions)
    if is_batch(batch.path):
        file = named if is_file else batch.predictions
        settings = _as_in(batch, settings)
        return _Asked(file, issues or str(batch.issues), batch.path / "grade", settings)
    if not is_file:
        raise WrongUse(f"there is neither a file nor a batch {predictions}")
    if issues is None:
        raise WrongUse("which issues are these predictions for?", "name their list after the file")
    return _Asked(named, issues, settings.out / f"grade-{slug(named.stem)}", settings)


def _as_in(batch: "BatchFolder", settings: Settings) -> Settings:
    """The settings, with the environment as the batch has it where nothing else is said now."""
    from sandboxes.environment.detect import EnvironmentSettings

    before = batch.read().settings.get("environment")
    said = settings.environment.model_dump(exclude_unset=True)
    laid = {**before, **said} if isinstance(before, dict) else said
    environment = EnvironmentSettings.model_validate(laid)
    return settings.model_copy(update={"environment": environment})


def _matched(asked: _Asked) -> "Matched":
    from agent.grading.matching import match
    from agent.grading.predictions import read_predictions
    from agent.sources.many import read_issues_once

    return match(read_predictions(asked.predictions), read_issues_once(asked.issues))


async def _grade(
    matched: "Matched", reports: "ReportFolder", settings: Settings, again: bool, quiet: bool
) -> "list[Grade]":
    from agent.cli.gradeview import print_grade
    from agent.grading.grading import graded
    from agent.scratch import sweep_scratch
    from sandboxes.engine import Engine, sweep

    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    grades: list[Grade] = []
    try:
        await sweep(engine)  # what a call left that was killed
        await asyncio.to_thread(sweep_scratch, settings.cache)
        async with aclosing(
            graded(_tasks(matched, reports), settings, engine, again=again)
        ) as ends:
            async for grade in ends:
                grades.append(grade)
                await asyncio.to_thread(reports.write, grade)
                if not quiet:
                    print_grade(grade, len(grades), len(matched.pairs))
    finally:
        engine.close()
    return grades


def _tasks(matched: "Matched", reports: "ReportFolder") -> "Iterator[Task]":
    """A task for each prediction; its folder is made when its turn comes."""
    from agent.grading.grading import Task

    for prediction, issue in matched.pairs:
        log = reports.begin(prediction) / "build.log"
        yield Task(prediction, issue, log, partial(reports.tell, prediction))
