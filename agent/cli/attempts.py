"""``foretrace run --attempts K``: several runs of one issue, and one of them chosen."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from agent.cli.options import fail_with
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED, WrongUse
from agent.issue import Issue

if TYPE_CHECKING:
    from agent.selecting.choosing import Chosen

P = ParamSpec("P")
R = TypeVar("R")
Progress = Callable[[str], None]

_ALIKE = ("repair", "scripted")
"""Policies that do the same whatever the seed is."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the flags say.

    Attributes:
        attempts: how many.
        strategy: what chooses among them, by its name.
        tests: to be generated.
        at_once: attempts at work at a time.
    """

    attempts: int
    strategy: str
    tests: int
    at_once: int


def attempt_options(function: Callable[P, R]) -> Callable[P, R]:
    """Flags for several attempts at one issue."""
    from agent.selecting.registry import CHOOSING

    options = (
        click.option(
            "--attempts", type=click.IntRange(1), default=1, help="Make so many, and choose one."
        ),
        click.option(
            "--select",
            "strategy",
            type=click.Choice(CHOOSING),
            default="best",
            help="What chooses: tests that run, the majority, or predictions alone.",
        ),
        click.option(
            "--tests",
            "generated",
            type=click.IntRange(0),
            default=8,
            metavar="M",
            help="Tests that the model writes for --select best.",
        ),
        click.option(
            "--at-once", type=click.IntRange(1), default=2, help="Attempts at work at a time."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


async def attempts_and_report(
    issue: Issue, settings: Settings, script: Path | None, wanted: Wanted, as_json: bool
) -> int:
    """Make the attempts, choose, and report.

    Returns:
        The exit status.

    Raises:
        WrongUse: a flag makes no sense with several attempts.
    """
    from agent.cli.console import Console
    from agent.cli.terminal import safe
    from agent.policies.registry import policy_name

    console = Console()

    def progress(line: str) -> None:
        if not as_json:
            console.say(f"  {safe(line)}")

    name = policy_name(settings, script)
    _check(settings, wanted)
    count = wanted.attempts
    if not as_json:
        console.say(f"{safe(issue.id)}: {count} attempts, the {name} policy decides")
    if name in _ALIKE and settings.simulate.mode == "off":
        progress(f"the {name} policy does the same each time: one attempt stands for all {count}")
        count = 1
    made = await _made(issue, settings, script, name, count, wanted, progress)
    if as_json:
        click.echo(json.dumps(made.selection.model_dump(mode="json"), ensure_ascii=False))
    else:
        _report(made)
    if (run := made.run) is not None:
        return DONE if run.result.status == "resolved" else NOT_VERIFIED
    errors = [each.error for each in made.runs.values()]
    broken = errors[0] if errors and all(errors) else None
    return fail_with(broken) if broken is not None else NOT_VERIFIED


def _check(settings: Settings, wanted: Wanted) -> None:
    if settings.confirm != "none":
        raise WrongUse(
            f"--confirm {settings.confirm} asks about one run: not with several attempts",
            "leave out --attempts or --confirm",
        )
    if wanted.strategy == "verdicts" and settings.simulate.mode == "off":
        raise WrongUse(
            "nothing is predicted that could choose", "add --simulate advise, or --select majority"
        )


async def _made(
    issue: Issue,
    settings: Settings,
    script: Path | None,
    name: str,
    count: int,
    wanted: Wanted,
    progress: Progress,
) -> "Chosen":
    from agent.policies.registry import POLICIES
    from agent.predicting import open_predictor, within_reach
    from agent.selecting.choosing import Attempts, Plan
    from agent.selecting.preparing import open_speaker
    from agent.selecting.registry import STRATEGIES
    from sandboxes.engine import Engine, sweep

    settings = within_reach(settings)
    plan = Plan(count, wanted.at_once, STRATEGIES[wanted.strategy], wanted.tests)
    async with contextlib.AsyncExitStack() as stack:
        opened = POLICIES[name](settings, script, progress)
        new_policy = await stack.enter_async_context(opened)
        predictor = None
        if settings.simulate.mode != "off":
            predictor = await stack.enter_async_context(open_predictor(settings, progress))
        speaker = None
        if plan.strategy.runs_tests and plan.tests:
            speaker = await stack.enter_async_context(open_speaker(settings))
        engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
        stack.callback(engine.close)
        await sweep(engine)
        attempts = Attempts(
            issue,
            settings,
            engine,
            new_policy,
            predictor=predictor,
            speaker=speaker,
            plan=plan,
            progress=progress,
        )
        return await attempts.make()


def _report(made: "Chosen") -> None:
    from agent.cli.report import print_patch, print_verification
    from agent.cli.selectview import selection_lines

    if (run := made.run) is not None:
        click.echo()
        print_patch(run.patch or "")
        if run.result.verification is not None:
            print_verification(run.result.verification)
    click.echo()
    for line in selection_lines(made.selection):
        click.echo(line)
    click.echo(f"  written to {made.folder / 'selection.json'}")
