"""``foretrace env``: the images that sandboxes start from."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import engine_options, settings_options
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import WrongUse

if TYPE_CHECKING:
    from sandboxes.engine import Engine


@click.group("env")
def command() -> None:
    """Build, check, list and remove the images that sandboxes start from."""


@command.command("base")
@click.option("--engine", metavar="URL", help="The container engine's address.")
@click.option("--python", metavar="X.Y", help="Its Python.")
@settings_options
def base(settings: Settings) -> int:
    """Make sure that a base image is there."""

    async def work(engine: "Engine") -> None:
        from sandboxes.environment.base import ensure_base

        python = settings.environment.python or settings.images.python
        image = await ensure_base(engine, python, settings=settings.images, progress=_say)
        for note in image.notes:
            _say(note)
        click.echo(f"the base image for Python {image.python} is there")

    return run_async(_with_engine(settings, work))


_AT_ONCE = click.option(
    "-j", "batch_concurrency", type=click.IntRange(min=1), metavar="N", help="At once."
)


@command.command("build")
@click.argument("repo", required=False)
@click.option("--from", "issues", metavar="ISSUES", help="Those that the issues of a list need.")
@click.option("--base", "revision", metavar="REV", help="This revision of it.")
@click.option("--show", is_flag=True, help="Print what would be done, and build nothing.")
@click.option("--log", type=click.Path(path_type=Path), help="Write the build's output here.")
@_AT_ONCE
@click.option("--json", "as_json", is_flag=True, help="Print a report as JSON; with --from.")
@engine_options
@settings_options
def build(
    repo: str | None,
    issues: str | None,
    revision: str | None,
    show: bool,
    log: Path | None,
    as_json: bool,
    settings: Settings,
) -> int:
    """Build the environment of REPO: a path, a git URL or pypi:NAME==VERSION.

    With --from those that a list of issues needs: each once, several at once, and a report of what
    was built, what was there, and what could not be built and why.
    """
    if (repo is None) == (issues is None):
        raise WrongUse("which environment?", "name a repository, or a list of issues with --from")
    if repo is not None:
        return _build(repo, revision, show, log, settings)
    if revision or show or log:
        raise WrongUse("--base, --show and --log are for a single repository")
    from agent.cli.envmany import build_all

    assert issues is not None
    return build_all(issues, settings, as_json=as_json)


def _build(
    repo: str, revision: str | None, show: bool, log: Path | None, settings: Settings
) -> int:
    from agent.scratch import scratch_folder
    from sandboxes.environment.images import ensure_repository_image, plan_for
    from sandboxes.repository.checkout import prepare_checkout

    with scratch_folder(settings.cache) as scratch:
        checkout = prepare_checkout(
            repo, base=revision, cache=settings.cache / "sources", into=scratch / "checkout"
        )
        for note in checkout.notes:
            _say(note)
        if show:
            plan = plan_for(checkout, settings.environment, settings.images)
            click.echo(safe(plan.script()), nl=False)
            return 0

        async def work(engine: "Engine") -> None:
            image = await ensure_repository_image(
                engine, checkout, settings.environment, base=settings.images, log=log, progress=_say
            )
            for note in image.notes:
                _say(note)
            click.echo(f"{image.id} {'was there already' if image.cached else 'is built'}")

        return run_async(_with_engine(settings, work))


@command.command("check")
@click.argument("issues", metavar="ISSUES")
@_AT_ONCE
@click.option("--again", is_flag=True, help="Check again also what was checked before.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines, nothing else.")
@engine_options
@settings_options
def check(issues: str, again: bool, as_json: bool, settings: Settings) -> int:
    """Check what the issues of a list say of their tests.

    Those that are to be kept must pass before anything is done; those that are to be mended must
    fail before, and pass with the reference patch where the list has one. The exit status is 0
    when all of it is so, and 1 when something is not.
    """
    from agent.cli.envmany import check_all

    return check_all(issues, settings, again=again, as_json=as_json)


@command.command("list")
@click.option("--engine", metavar="URL", help="The container engine's address.")
@settings_options
def list_(settings: Settings) -> int:
    """List the images, the newest first."""

    async def work(engine: "Engine") -> None:
        from sandboxes.environment.store import list_images

        for image in await list_images(engine):
            created = image.created.astimezone().strftime("%Y-%m-%d %H:%M")
            name = image.id.removeprefix("sha256:")[:12]
            size = f"{image.size / 1024**2:6.0f} MiB"
            about = f"{image.python:<5} {safe(image.name)}"
            click.echo(f"{name}  {image.kind:<11} {created}  {size}  {about}")

    return run_async(_with_engine(settings, work))


@command.command("prune")
@click.argument("name", required=False)
@click.option("--days", type=float, default=0.0, help="Only what was made longer ago than that.")
@click.option("--bases", is_flag=True, help="The base images, too.")
@click.option("--engine", metavar="URL", help="The container engine's address.")
@settings_options
def prune(name: str | None, days: float, bases: bool, settings: Settings) -> int:
    """Remove the images nothing uses, of all projects or of the project NAME."""

    async def work(engine: "Engine") -> None:
        from sandboxes.environment.store import BUILT, KINDS, prune_images

        kinds = KINDS if bases else BUILT
        age = timedelta(days=days)
        removed = await prune_images(engine, name=name, older_than=age, kinds=kinds)
        click.echo(f"removed {len(removed)} images")

    return run_async(_with_engine(settings, work))


async def _with_engine(
    settings: Settings, work: Callable[["Engine"], Coroutine[object, object, None]]
) -> int:
    from sandboxes.engine import Engine

    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    try:
        await work(engine)
    finally:
        engine.close()
    return 0


def _say(line: str) -> None:
    click.echo(f"  {safe(line)}", err=True)
