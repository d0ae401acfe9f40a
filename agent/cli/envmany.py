"""What ``foretrace env build --from`` and ``env check`` do: the environments of many issues."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, INFRASTRUCTURE, NOT_VERIFIED

if TYPE_CHECKING:
    from agent.environments.building import Environment
    from agent.environments.checking import Checked
    from agent.failing import Failure
    from agent.issue import Issue
    from agent.sources.source import Skipped
    from sandboxes.engine import Engine


def build_all(source: str, settings: Settings, *, as_json: bool) -> int:
    """Build the environments that a list of issues needs, and say what became of each.

    Args:
        source: the list.
        settings: how they are built, and how many at once.
        as_json: whether to print JSON, and nothing else.
    """
    from agent.cli.envview import environment_lines
    from agent.cli.show import print_lines

    issues, left_out = _read(source, as_json)
    environments = run_async(_build_all(issues, settings, _say_unless(as_json)))
    if as_json:
        told = [asdict(each) for each in environments]
        skipped = [asdict(each) for each in left_out]
        lines = [json.dumps({"environments": told, "left_out": skipped}, ensure_ascii=False)]
    else:
        lines = [*environment_lines(environments)]
    print_lines(lines)
    return _status([each.failure for each in environments])


def check_all(source: str, settings: Settings, *, again: bool, as_json: bool) -> int:
    """Check what the issues of a list say of their tests, and say what is not so.

    Args:
        source: the list.
        settings: how tests are run, and how many issues at once.
        again: whether to check also what was checked before.
        as_json: whether to print JSON lines, and nothing else.
    """
    from agent.cli.envview import checked_line

    issues, _ = _read(source, as_json)
    every = run_async(_check_all(issues, settings, again, as_json))
    if not as_json:
        click.echo(checked_line(every))
    status = _status([each.failure for each in every])
    unsound = any(each.state == "unsound" for each in every)
    return NOT_VERIFIED if status == DONE and unsound else status


def _read(source: str, quiet: bool) -> "tuple[list[Issue], list[Skipped]]":
    from agent.cli.envview import print_left_out
    from agent.sources.many import read_issues_once
    from agent.sources.source import Skipped

    entries = list(read_issues_once(source))
    left_out = [each for each in entries if isinstance(each, Skipped)]
    if not quiet:
        print_left_out(left_out)
    return [each for each in entries if not isinstance(each, Skipped)], left_out


async def _build_all(
    issues: "Iterable[Issue]", settings: Settings, say: Callable[[str], None]
) -> "list[Environment]":
    from agent.cli.envview import counted
    from agent.environments.building import built, needed_environments

    engine = await _engine(settings)
    try:
        needed = await needed_environments(issues, settings, engine, say)
        issue_count = sum(len(each.issues) for each in needed)
        say(f"{counted(issue_count, 'issue')}, {counted(len(needed), 'environment')}")
        logs = settings.cache / "logs" / "environments"
        ended: dict[str, Environment] = {}
        async with aclosing(built(needed, settings, engine, logs, say)) as ends:
            async for each in ends:
                ended[each.issues[0]] = each
                say(f"{each.name}: {each.state} ({len(ended)} of {len(needed)})")
    finally:
        engine.close()
    return [ended[each.issues[0]] for each in needed]


async def _check_all(
    issues: "Iterable[Issue]", settings: Settings, again: bool, as_json: bool
) -> "list[Checked]":
    from agent.cli.envview import print_checked
    from agent.environments.checking import checked

    engine = await _engine(settings)
    every = []
    try:
        logs = settings.cache / "logs" / "environments"
        say = _say_unless(as_json)
        async with aclosing(checked(issues, settings, engine, logs, say, again=again)) as ends:
            async for each in ends:
                every.append(each)
                if as_json:
                    click.echo(json.dumps(asdict(each), ensure_ascii=False))
                else:
                    print_checked(each)
    finally:
        engine.close()
    return every


async def _engine(settings: Settings) -> "Engine":
    """The engine, without what calls left there that were killed."""
    from agent.scratch import sweep_scratch
    from sandboxes.engine import Engine, sweep

    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    try:
        await sweep(engine)
        await asyncio.to_thread(sweep_scratch, settings.cache)
    except BaseException:
        engine.close()
        raise
    return engine


def _status(failures: "Sequence[Failure | None]") -> int:
    """0 when nothing failed, 3 when the infrastructure did, 1 for what cannot be had as it is."""
    failed = [each for each in failures if each is not None]
    if any(each.infrastructure for each in failed):
        return INFRASTRUCTURE
    return NOT_VERIFIED if failed else DONE


def _say_unless(quiet: bool) -> Callable[[str], None]:
    return (lambda line: None) if quiet else (lambda line: click.echo(f"  {safe(line)}", err=True))
