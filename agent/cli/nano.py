"""``foretrace nano``: the making of the built-in world model, stage by stage."""

from pathlib import Path

import click

from agent.cli import nanoeval, nanorecord, nanotrain
from agent.cli.terminal import safe
from agent.errors import DONE, WrongUse


@click.group("nano")
def command() -> None:
    """Make the built-in world model: its data, its training, its measures."""


command.add_command(nanoeval.command)
command.add_command(nanotrain.command)
command.add_command(nanorecord.command)


@command.command("data")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to make.")
@click.option("--programs", type=click.IntRange(1, 10_000_000), default=10_000, show_default=True,
              help="Generated; each gives about three traces.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(1, 256), default=2, show_default=True,
              help="Processes that run programs.")  # fmt: skip
@click.option("--held", is_flag=True, help="To measure with: all of it held out.")
@click.option("--recursion", type=click.FloatRange(0, 1), help="Share of recursive programs.")
@click.option("--endless", type=click.FloatRange(0, 1), help="Share of programs without an end.")
@click.option("--apart", type=click.Path(path_type=Path), multiple=True, metavar="DATA",
              help="Leave out what is alike to a training program of this data set.")  # fmt: skip
def data(
    out: Path,
    programs: int,
    seed: int,
    jobs: int,
    held: bool,
    recursion: float | None,
    endless: float | None,
    apart: tuple[Path, ...],
) -> int:
    """Generate programs, record what they do, and split them by likeness.

    The programs are of a grammar of our own; they run here, not in a sandbox. The same seed makes
    the same data.

    With --held they are to measure with: many are recursive or have no end, of kinds that training
    never draws; whether they halt is found out by running them; and all of them are in `test`.
    """
    from agent.cli.progressline import ProgressLine
    from agent.nano.apart import learnt
    from agent.nano.dataset import CHUNK, SPLITS, make
    from agent.nano.examples import Plan
    from model.nano.programs.mix import mix_of

    try:
        plan = Plan(seed, mix_of(held=held, recursion=recursion, endless=endless))
    except ValueError as problem:
        raise WrongUse(str(problem), "lower --recursion or --endless") from None
    line = ProgressLine(-(-programs // CHUNK))
    summary = make(
        out,
        plan,
        programs,
        jobs,
        lambda traces: line.advance(f"{traces} traces"),
        learnt(apart),
    )
    line.end()
    for split in ("test",) if held else SPLITS:
        counts = summary.splits[split]
        click.echo(
            f"{split:<6}{counts.traces:>8} traces of {counts.programs} programs, "
            f"{counts.frames['median']} frames in the middle, 95 % up to {counts.frames['p95']}"
        )
    if not summary.comprehensions:
        click.echo("without comprehensions: no Python before 3.12 is found, so they are no frames")
    click.echo(safe(f"in {out}"))
    return DONE
