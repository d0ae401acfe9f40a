"""``foretrace run``: one issue."""

import asyncio
import json
from pathlib import Path

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import engine_options, fail_with, settings_options
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED
from agent.issue import Issue


@click.command("run")
@click.argument("issue", metavar="ISSUE")
@click.option("--repo", metavar="WHERE", help="A path, a git URL, or pypi:NAME==VERSION.")
@click.option("--base", metavar="REV", help="Start from this revision.")
@click.option("--test", "tests", multiple=True, metavar="ID", help="A test that must pass.")
@click.option("--policy", metavar="NAME", help="What decides: repair (built in), scripted.")
@click.option("--script", type=click.Path(path_type=Path), help="Actions for --policy scripted.")
@click.option("--out", type=click.Path(path_type=Path), help="Where runs are written.")
@click.option("--turns", type=int, help="Actions the policy may take.")
@click.option("--seconds", type=float, help="Time the policy may take.")
@click.option("--seed", type=int, help="Of everything random.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
@engine_options
@settings_options
def command(
    issue: str,
    repo: str | None,
    base: str | None,
    tests: tuple[str, ...],
    script: Path | None,
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
    return run_async(_run(wanted, settings, script, as_json))


async def _run(issue: Issue, settings: Settings, script: Path | None, as_json: bool) -> int:
    from agent.cli.report import report
    from agent.cli.terminal import safe
    from agent.run import default_policy, run_issue
    from sandboxes.engine import Engine, sweep

    def progress(line: str) -> None:
        if not as_json:
            click.echo(f"  {safe(line)}", err=True)

    policy = default_policy(settings, script)
    if not as_json:
        click.echo(f"{safe(issue.id)}: the {policy.name} policy decides", err=True)
    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    try:
        await sweep(engine)
        run = await run_issue(issue, settings, policy, engine, progress=progress)
    finally:
        engine.close()
    if as_json:
        click.echo(json.dumps(run.result.model_dump(mode="json"), ensure_ascii=False))
    else:
        report(run)
    if run.error is not None:
        return fail_with(run.error)
    return DONE if run.result.status == "resolved" else NOT_VERIFIED
