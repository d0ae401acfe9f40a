"""``foretrace replay``: a run again: looked at, done again, or gone on with differently."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import (
    engine_options,
    flags_given,
    model_options,
    run_options,
    settings_options,
)
from agent.cli.show import print_lines
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED, WrongUse

if TYPE_CHECKING:
    from agent.replay.execute import Execution
    from agent.replay.reading import RecordedRun


@click.command("replay")
@click.argument("run", metavar="RUN")
@click.option("--step", type=int, metavar="N", help="One step, whole.")
@click.option("--execute", is_flag=True, help="Do its actions again, up to --step, and compare.")
@click.option("--fork", "after", type=int, metavar="N", help="Go on from step N; 0 begins anew.")
@click.option("--resume", is_flag=True, help="Go on with a run that was lost, where it was.")
@click.option("--message", default="", metavar="TEXT", help="Tell the policy this first.")
@click.option("--repo", metavar="WHERE", help="The repository, where it is elsewhere by now.")
@run_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
@model_options
@engine_options
@settings_options
def command(
    run: str,
    step: int | None,
    execute: bool,
    after: int | None,
    resume: bool,
    message: str,
    script: Path | None,
    repo: str | None,
    steered: str | None,
    as_json: bool,
    settings: Settings,
) -> int:
    """Look at a run again, do its actions again, or go on from one of its steps.

    RUN is a run's folder, its id, or the beginning of it. A fork is as its parent was, but for what
    is set now; it is a run of its own, and points at its parent. So is one that goes on where
    another was lost, with --resume; but it is as that was, but for the flags.
    """
    from agent.replay.reading import find_run, open_run
    from agent.replay.settings import settings_of

    if resume:
        if execute or after is not None or step is not None or message:
            raise WrongUse("--resume stands alone: it goes on where the run was, and as it was")
        return _resume(find_run(run, settings.out), settings, script, repo, steered, as_json)
    if after is not None and (execute or step is not None):
        raise WrongUse("--fork stands alone: it does its steps again by itself")
    if after is None and (message or script):
        raise WrongUse("--message and --script are for a fork", "say from where: --fork N")
    opened = open_run(find_run(run, settings.out))
    if not execute and after is None:
        return _look(opened, step, as_json)
    taken_up = settings_of(opened.record, settings, script)
    opened = _elsewhere(opened, repo)
    if after is None:
        return run_async(_execute(opened, taken_up, step, as_json))
    return run_async(_fork(opened, taken_up, after, message, script, steered, as_json))


def _look(run: "RecordedRun", number: int | None, as_json: bool) -> int:
    from agent.cli.replayview import overview
    from agent.cli.showview import step_lines
    from agent.replay.fields import run_fields, whole_step_fields
    from agent.replay.steps import step_of, steps_of

    step = None if number is None else step_of(steps_of(run.events), number)
    if as_json:
        fields = whole_step_fields(step) if step else run_fields(run)
        print_lines([json.dumps(fields)])
    else:
        print_lines(step_lines(step) if step else overview(run))
    return DONE


async def _execute(run: "RecordedRun", settings: Settings, until: int | None, as_json: bool) -> int:
    from agent.cli.replayview import difference_lines, execution_json, repeated_line
    from agent.cli.terminal import safe
    from agent.replay.execute import Repeated, execute
    from agent.replay.steps import step_of, steps_of
    from sandboxes.engine import Engine, sweep

    if until is not None:
        step_of(steps_of(run.events), until)

    def progress(line: str) -> None:
        if not as_json:
            click.echo(f"  {safe(line)}", err=True)

    def watch(each: Repeated) -> None:
        if not as_json:
            click.echo(repeated_line(each))

    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    try:
        await sweep(engine)
        done = await execute(run, settings, engine, until=until, progress=progress, watch=watch)
    finally:
        engine.close()
    print_lines([json.dumps(execution_json(done))] if as_json else difference_lines(done))
    return _status(done)


def _status(done: "Execution") -> int:
    return DONE if done.difference is None else NOT_VERIFIED


async def _fork(
    run: "RecordedRun",
    settings: Settings,
    after: int,
    message: str,
    script: Path | None,
    steered: str | None,
    as_json: bool,
) -> int:
    from agent.cli.run import run_and_report
    from agent.prepare import Progress
    from agent.replay.execute import issue_of
    from agent.replay.fork import fork_of
    from agent.run import Origin

    fork_of(run, after)  # what is wrong with it is told before anything is started

    def origin(progress: Progress) -> Origin:
        return fork_of(run, after, message=message, progress=progress)

    issue = await issue_of(run, settings)
    return await run_and_report(issue, settings, script, steered, as_json, origin)


def _resume(
    folder: Path,
    settings: Settings,
    script: Path | None,
    repo: str | None,
    steered: str | None,
    as_json: bool,
) -> int:
    from agent.cli.run import run_and_report
    from agent.replay.execute import issue_of
    from agent.replay.resume import resuming

    with resuming(folder) as resumed:
        lost = resumed.run.record
        if settings.policy not in ("", lost.policy) and "policy" in flags_given():
            raise WrongUse(
                f"the {lost.policy} policy decides in {lost.id}, and it is that which is resumed",
                "with another one it is a fork: --fork N",
            )
        as_before = resumed.settings(settings, flags_given())

        async def go_on() -> int:
            issue = await issue_of(_elsewhere(resumed.run, repo), as_before)
            return await run_and_report(issue, as_before, script, steered, as_json, resumed.origin)

        return run_async(go_on())


def _elsewhere(run: "RecordedRun", repo: str | None) -> "RecordedRun":
    """The run, its repository where the user says that it is by now."""
    if repo is None:
        return run
    issue = run.record.issue.told(repo=repo, base=None, tests=())
    return replace(run, record=run.record.model_copy(update={"issue": issue}))
