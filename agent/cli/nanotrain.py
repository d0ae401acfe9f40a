"""``foretrace nano train``: from recorded traces to weights."""

from pathlib import Path

import click

from agent.cli.terminal import safe
from agent.errors import DONE


@click.command("train")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Where `foretrace nano data` wrote.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="For all that it makes; a training that is there is gone on with.",
)
@click.option(
    "--tokens",
    type=click.FloatRange(0, min_open=True),
    default=50.0,
    show_default=True,
    help="Million tokens in all.",
)
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Stop after these.")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--device", default="", help="cpu or cuda; by default a GPU where there is one.")
@click.option("--hidden", type=click.IntRange(16), default=192, show_default=True, help="Width.")
@click.option("--layers", type=click.IntRange(1), default=6, show_default=True)
def command(
    data: Path,
    out: Path,
    tokens: float,
    minutes: float | None,
    threads: int,
    seed: int,
    device: str,
    hidden: int,
    layers: int,
) -> int:
    """Train a world model: code first, then traces.

    It keeps a checkpoint, the curve of its loss and a picture of it; stopped or not, the weights
    so far are written into the folder `weights`, for --model, transformers or vLLM.
    """
    from agent.nano import training

    training.needs_torch()
    from model.nano.training.network import Shape
    from model.nano.training.session import Recipe

    recipe = Recipe(tokens=max(1, round(tokens * 1e6)), seed=seed)
    shape = Shape(hidden=hidden, layers=layers, inner=hidden * 8 // 3)
    folder = training.train(
        data,
        out,
        recipe,
        shape,
        threads=threads,
        minutes=minutes,
        progress=lambda line: click.echo(safe(line), err=True),
        device=device,
    )
    click.echo(safe(f"the weights are in {folder}"))
    return DONE
