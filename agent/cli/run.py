"""``foretrace run``: one issue."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.attempts import Wanted, attempt_options, attempts_and_report
from agent.cli.options import (
    engine_options,
    fail_with,
    model_options,
    run_options,
    settings_options,
)
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED, WrongUse
from agent.issue import Issue

if TYPE_CHECKING:
    from agent.cli.console import Console
    from agent.oversight import Oversight
    from agent.prepare import Progress
    from agent.run import Origin
    from agent.trajectory import Trajectory
    from model.predict.predictor import Predictor


@click.command("run")
@click.argument("issue", metavar="ISSUE")
@click.option("--repo", metavar="WHERE", help="A path, a git URL, or pypi:NAME==VERSION.")
@click.option("--base", metavar="REV", help="Start from this revision.")
@click.option("--test", "tests", multiple=True, metavar="ID", help="A test that must pass.")
@run_options
@attempt_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
@model_options
@engine_options
@settings_options
def command(
    issue: str,
    repo: str | None,
    base: str | None,
    tests: tuple[str, ...],
    script: Path | None,
    steered: str | None,
    attempts: int,
    strategy: str,
    generated: int,
    at_once: int,
    as_json: bool,
    settings: Settings,
) -> int:
    """Let the agent resolve one issue.

    ISSUE is a text file, - for standard input, FILE.jsonl#ID, the address of an issue on GitHub
    (https://github.com/OWNER/REPO/issues/N, Enterprise hosts too), or OWNER/REPO#N.
    """
    from agent.cli.terminal import safe
    from agent.sources.registry import read_issue

    def waiting(line: str) -> None:
        if not as_json:
            click.echo(f"  {safe(line)}", err=True)

    wanted = read_issue(issue, waiting).told(repo=repo, base=base, tests=tests)
    if attempts > 1:
        if steered:
            raise WrongUse("a screen steers one run, and not several attempts")
        several = Wanted(attempts, strategy, generated, at_once)
        return run_async(attempts_and_report(wanted, settings, script, several, as_json))
    return run_async(run_and_report(wanted, settings, script, steered, as_json))


async def run_and_report(
    issue: Issue,
    settings: Settings,
    script: Path | None,
    steered: str | None,
    as_json: bool,
    origin: "Callable[[Progress], Origin] | None" = None,
) -> int:
    """Run an issue, told as it happens, and report what became of it.

    Args:
        issue: what to resolve.
        settings: of the run.
        script: for the scripted policy.
        steered: the screen that steers the run; nobody but the terminal without one.
        as_json: print the result alone.
        origin: where a fork begins, given who is told of its way there.

    Returns:
        The exit status.
    """
    from agent.cli.console import Console
    from agent.cli.live import Live
    from agent.cli.report import report
    from agent.cli.terminal import safe
    from agent.policies.registry import POLICIES, Opened, policy_name
    from agent.predicting import runs_here, within_reach
    from agent.run import run_issue
    from agent.tui.steered import SteeredOversight
    from sandboxes.engine import Engine, sweep

    console = Console()

    def progress(line: str) -> None:
        if not as_json:
            console.say(f"  {safe(line)}")

    opened: list[Path] = []

    name = policy_name(settings, script)
    if not as_json:
        console.say(f"{safe(issue.id)}: the {name} policy decides")
    if runs_here(settings.model) and settings.simulate.mode == "off":
        progress(f"{settings.model.name} only predicts, and --simulate is off: it is not asked")
    settings = within_reach(settings)
    begin = origin(progress) if origin else None
    alone = begin.instead if begin else None
    policies: Opened = POLICIES[name](settings, script, progress)
    if alone is not None:
        policies = contextlib.nullcontext(lambda seed=None: alone)
    async with (
        _overseen(settings, console, steered) as oversight,
        policies as new_policy,
        _predicting(settings, progress) as predictor,
    ):

        def watch(trajectory: "Trajectory") -> None:
            opened.append(trajectory.path)
            if isinstance(oversight, SteeredOversight):
                oversight.open(trajectory)
            if not as_json:
                trajectory.watch(Live(console, trajectory.path.parent).show)

        engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
        try:
            await sweep(engine)
            with _telling_where(opened, progress):
                run = await run_issue(
                    issue,
                    settings,
                    new_policy(),
                    engine,
                    progress=progress,
                    watch=watch,
                    oversight=oversight,
                    predictor=predictor,
                    origin=begin,
                )
        finally:
            engine.close()
    if as_json:
        click.echo(json.dumps(run.result.model_dump(mode="json"), ensure_ascii=False))
    else:
        report(run)
    if run.error is not None:
        return fail_with(run.error)
    return DONE if run.result.status == "resolved" else NOT_VERIFIED


@contextlib.contextmanager
def _telling_where(opened: Sequence[Path], progress: Callable[[str], None]) -> Iterator[None]:
    """Say of a run that the user stops where it lies.

    Raises:
        KeyboardInterrupt: they ended it by their word rather than by a signal.
    """
    from agent.oversight import EndedByUser

    try:
        yield
    except (EndedByUser, asyncio.CancelledError) as stop:
        with contextlib.suppress(OSError):  # the terminal may be gone
            for path in opened:
                progress(f"trajectory: {path}")
        if isinstance(stop, EndedByUser):
            raise KeyboardInterrupt from None
        raise


@contextlib.asynccontextmanager
async def _predicting(
    settings: Settings, progress: Callable[[str], None]
) -> AsyncIterator["Predictor | None"]:
    """What predicts executions, where that is wanted."""
    if settings.simulate.mode == "off":
        yield None
        return
    from agent.predicting import open_predictor

    async with open_predictor(settings, progress) as predictor:
        yield predictor


@contextlib.asynccontextmanager
async def _overseen(
    settings: Settings, console: "Console", steered: str | None
) -> AsyncIterator["Oversight | None"]:
    """Who watches over the run: somebody at a screen or at a terminal, or nobody.

    Raises:
        WrongUse: calls are to be confirmed, and there is nobody to ask.
    """
    from agent.cli.human import TerminalOversight
    from agent.tui.steered import SteeredOversight

    if steered:
        async with SteeredOversight(steered, confirm=settings.confirm) as oversight:
            yield oversight
        return
    if sys.stdin.isatty() and sys.stderr.isatty():
        async with TerminalOversight(console, confirm=settings.confirm) as oversight:
            yield oversight
        return
    if settings.confirm != "none":
        raise WrongUse(f"--confirm {settings.confirm} asks before calls run: it needs a terminal")
    yield None
