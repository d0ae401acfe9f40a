"""``foretrace verify``: grade a patch."""

import asyncio
import json
import tempfile
from pathlib import Path

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import engine_options, settings_options
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED, WrongUse
from agent.issue import Issue


@click.command("verify")
@click.argument("patch", type=click.Path(path_type=Path))
@click.option("--issue", required=True, metavar="ISSUE", help="As for run.")
@click.option("--repo", metavar="WHERE", help="A path, a git URL, or pypi:NAME==VERSION.")
@click.option("--base", metavar="REV", help="Start from this revision.")
@click.option("--test", "tests", multiple=True, metavar="ID", help="A test that must pass.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
@engine_options
@settings_options
def command(
    patch: Path,
    issue: str,
    repo: str | None,
    base: str | None,
    tests: tuple[str, ...],
    as_json: bool,
    settings: Settings,
) -> int:
    """Apply PATCH to a clean sandbox and say what it does to the tests."""
    from agent.cli.terminal import safe
    from agent.sources.registry import read_issue

    def waiting(line: str) -> None:
        if not as_json:
            click.echo(f"  {safe(line)}", err=True)

    try:
        diff = patch.read_bytes().decode()
    except OSError as error:
        raise WrongUse(f"cannot read the patch {patch}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise WrongUse(f"the patch {patch} is not UTF-8") from None
    wanted = read_issue(issue, waiting).told(repo=repo, base=base, tests=tests)
    return run_async(_verify(diff, wanted, settings, as_json))


async def _verify(diff: str, issue: Issue, settings: Settings, as_json: bool) -> int:
    from agent.cli.report import print_verification
    from agent.cli.terminal import safe
    from agent.prepare import prepare
    from agent.verify import verify_patch
    from sandboxes.engine import Engine

    def progress(line: str) -> None:
        if not as_json:
            click.echo(f"  {safe(line)}", err=True)

    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    try:
        with tempfile.TemporaryDirectory(prefix="foretrace-") as folder:
            log = Path(folder) / "build.log"
            place = await prepare(issue, settings, engine, run="verify", log=log, progress=progress)
            verified = await verify_patch(
                diff,
                place.judgement,
                start=place.sandbox,
                tools=settings.tools(place.test_command),
                settings=settings.verify,
                progress=progress,
            )
    finally:
        engine.close()
    if as_json:
        click.echo(json.dumps(verified.model_dump(mode="json"), ensure_ascii=False))
    else:
        print_verification(verified)
        click.echo("resolved" if verified.resolved else "not resolved")
    return DONE if verified.resolved else NOT_VERIFIED
