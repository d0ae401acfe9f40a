"""``foretrace select``: choose among runs that there are already."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import settings_options
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED, WrongUse
from agent.selecting.registry import STRATEGIES

if TYPE_CHECKING:
    from agent.selecting.candidate import Candidate
    from agent.selecting.recorded import Recorded
    from agent.selecting.selection import Selection


@click.command("select")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--select",
    "strategy",
    type=click.Choice(list(STRATEGIES)),
    default="best",
    help="What chooses; the oracle knows which runs resolved the issue.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Where runs are written.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
@settings_options
def command(runs: tuple[str, ...], strategy: str, as_json: bool, settings: Settings) -> int:
    """Choose among runs of an issue, and say how well each way to choose does.

    RUN is a run's folder, its id, the beginning of it, a folder of runs, or a batch's. Runs of
    several issues are told apart. Nothing is run: what is lost to a patch is taken from its run,
    and what generated tests said of it from the choices beside the runs.
    """
    from agent.cli.selectview import estimate_lines, selection_lines
    from agent.cli.show import print_lines
    from agent.selecting.selection import estimates

    chosen = run_async(_chosen(_folders(runs, settings.out), strategy, settings))
    known = [each for _, each in chosen if each]
    together = estimates(known, settings.seed) if len(known) > 1 else ()
    if as_json:
        told = [selection.model_dump(mode="json") for selection, _ in chosen]
        means = [each.model_dump(mode="json") for each in together]
        print_lines([json.dumps({"issues": told, "estimates": means}, ensure_ascii=False)])
    else:
        for selection, _ in chosen:
            print_lines([*selection_lines(selection), ""])
        if together:
            print_lines([f"over {len(known)} issues", *estimate_lines(together)])
    none = all(selection.chosen is None for selection, _ in chosen)
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
    folders: Sequence[Path], strategy: str, settings: Settings
) -> list[tuple["Selection", list["Candidate"]]]:
    """The choice of each issue, and the candidates to estimate from."""
    from agent.replay.reading import read_record

    issues: dict[tuple[str, str, str | None], list[Path]] = {}
    for folder in folders:
        issue = (await asyncio.to_thread(read_record, folder)).issue
        issues.setdefault((issue.id, issue.repo, issue.base), []).append(folder)
    alone = len(issues) == 1
    return [await _choice(each, strategy, settings, alone) for each in issues.values()]


async def _choice(
    folders: Sequence[Path], strategy: str, settings: Settings, alone: bool
) -> tuple["Selection", list["Candidate"]]:
    from agent.selecting.recorded import BaseFiles, in_normal_form, recorded
    from agent.selecting.selection import known_outcomes, selection_of, with_outcomes

    def read() -> list["Recorded"]:
        return [recorded(folder, number) for number, folder in enumerate(folders, start=1)]

    attempts = await asyncio.to_thread(read)
    issue = attempts[0].run.record.issue
    if not issue.repo:
        raise WrongUse(f"the runs of {issue.id} name no repository")
    base = BaseFiles()
    candidates = await in_normal_form([each.candidate for each in attempts], issue, settings, base)
    candidates = with_outcomes(attempts, candidates)
    notes = [base.problem] if base.problem else []
    selection = selection_of(strategy, attempts, candidates, notes=notes, estimated=alone)
    return selection, known_outcomes(attempts, candidates)
