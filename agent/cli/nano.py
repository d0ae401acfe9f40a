"""``foretrace nano``: the making of the built-in world model, stage by stage."""

from pathlib import Path

import click

from agent.cli import nanoeval, nanorecord, nanotrain
from agent.cli.terminal import safe
from agent.errors import DONE


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
def data(out: Path, programs: int, seed: int, jobs: int) -> int:
    """Generate programs, record what they do, and split them by likeness.

    The programs are of a grammar of our own; they run here, not in a sandbox. The same seed makes
    the same data.
    """
    from agent.cli.progressline import ProgressLine
    from agent.nano.dataset import CHUNK, SPLITS, make
    from agent.nano.examples import Plan
    from model.nano.programs.mix import Mix

    line = ProgressLine(-(-programs // CHUNK))
    summary = make(
        out, Plan(seed, Mix()), programs, jobs, lambda traces: line.advance(f"{traces} traces")
    )
    line.end()
    for split in SPLITS:
        counts = summary.splits[split]
        click.echo(
            f"{split:<6}{counts.traces:>8} traces of {counts.programs} programs, "
            f"{counts.frames['median']} frames in the middle, 95 % up to {counts.frames['p95']}"
        )
    if not summary.comprehensions:
        click.echo("without comprehensions: no Python before 3.12 is found, so they are no frames")
    click.echo(safe(f"in {out}"))
    return DONE
