"""``foretrace select``: choose among runs that there are already."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import engine_options, model_options, settings_options
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED
from agent.issue import Issue
from agent.selecting.registry import STRATEGIES

if TYPE_CHECKING:
    from agent.selecting.again import Again, Prepare
    from agent.selecting.preparing import Trying


@click.command("select")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--select",
    "strategy",
    type=click.Choice(list(STRATEGIES)),
    default="best",
    help="What chooses; the oracle knows which runs resolved the issue.",
)
@click.option(
    "--tests",
    type=click.IntRange(0),
    metavar="M",
    help="Let the model write M tests, and try the patches with them.",
)
@click.option("--at-once", type=click.IntRange(1), default=2, help="Sandboxes at a time.")
@click.option("--out", type=click.Path(path_type=Path), help="Where runs are written.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
@model_options
@engine_options
@settings_options
def command(
    runs: tuple[str, ...],
    strategy: str,
    tests: int | None,
    at_once: int,
    as_json: bool,
    settings: Settings,
) -> int:
    """Choose among runs of an issue, and say how well each way to choose does.

    RUN is a run's folder, its id, the beginning of it, a folder of runs, or a batch's. Runs of
    several issues are told apart. Without --tests nothing is run: what is lost to a patch is taken
    from its run, and what generated tests said of it from the choices beside the runs. With
    --tests 0 only what passed before is tried.
    """
    from agent.cli.selectview import estimate_lines, selection_lines
    from agent.cli.show import print_lines
    from agent.cli.terminal import safe
    from agent.selecting.describing import estimates

    def progress(line: str) -> None:
        if not as_json:
            click.echo(f"  {safe(line)}", err=True)

    folders = _folders(runs, settings.out)
    chosen = run_async(_chosen(folders, strategy, tests, at_once, settings, progress))
    known = [each.known for each in chosen if each.known]
    together = estimates(known, settings.seed) if len(chosen) > 1 and known else ()
    if as_json:
        told = [each.selection.model_dump(mode="json") for each in chosen]
        means = [each.model_dump(mode="json") for each in together]
        print_lines([json.dumps({"issues": told, "estimates": means}, ensure_ascii=False)])
    else:
        for each in chosen:
            print_lines(selection_lines(each.selection))
            where = [] if each.folder is None else [f"written to {each.folder / 'selection.json'}"]
            print_lines([*where, ""])
        if together:
            print_lines([f"over {len(known)} issues", *estimate_lines(together)])
    none = all(each.selection.chosen is None for each in chosen)
    return NOT_VERIFIED if none else DONE


def _folders(names: Iterable[str], out: Path) -> list[Path]:
    """The runs that the names stand for, oldest first.

    Raises:
        WrongUse: a name stands for none.
    """
    from agent.replay.reading import find_run, runs_in

    found: dict[Path, None] = {}
    for name in names:
        within = runs_in(Path(name)) or runs_in(Path(name) / "runs")
        for folder in within or [find_run(name, out)]:
            found[folder.resolve()] = None
    return sorted(found, key=lambda folder: folder.name)


async def _chosen(
    folders: Sequence[Path],
    strategy: str,
    tests: int | None,
    at_once: int,
    settings: Settings,
    progress: Callable[[str], None],
) -> list["Again"]:
    """The choice of each issue."""
    from agent.selecting.again import by_issue, choose_again

    issues = await asyncio.to_thread(by_issue, folders)
    async with _trying(settings, tests, at_once, progress) as prepare:
        return [
            await choose_again(
                each, strategy, settings, prepare=prepare, estimated=len(issues) == 1
            )
            for each in issues
        ]


@contextlib.asynccontextmanager
async def _trying(
    settings: Settings, tests: int | None, at_once: int, progress: Callable[[str], None]
) -> AsyncIterator["Prepare | None"]:
    """What prepares the trying of patches; None where nothing is to be tried."""
    from agent.selecting.preparing import open_speaker, prepare_trying
    from sandboxes.engine import Engine, sweep

    if tests is None:
        yield None
        return
    async with contextlib.AsyncExitStack() as stack:
        speaker = await stack.enter_async_context(open_speaker(settings)) if tests else None
        engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
        stack.callback(engine.close)
        await sweep(engine)

        async def prepare(issue: Issue, folder: Path) -> "Trying":
            return await prepare_trying(
                issue,
                settings,
                engine,
                speaker,
                tests=tests,
                at_once=at_once,
                folder=folder,
                progress=progress,
            )

        yield prepare
