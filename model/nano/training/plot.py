"""The curve of a training as a picture."""

import json
from pathlib import Path


def plot(curve: Path, picture: Path) -> None:
    """Draw the losses, and the shares of frames and of whole answers that are right.

    Args:
        curve: the ``curve.jsonl`` of a training.
        picture: to write; its ending says the form (``.svg``, ``.png``).
    """
    from matplotlib.figure import Figure

    lines = [json.loads(line) for line in curve.read_text().splitlines()]
    tokens = [line["tokens"] / 1e6 for line in lines]
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    losses, shares = figure.subplots(1, 2)
    losses.plot(tokens, [line["train_loss"] for line in lines], label="training")
    losses.plot(tokens, [line["loss"] for line in lines], label="held out")
    losses.set(xlabel="million tokens", ylabel="loss of trace tokens, nats", yscale="log")
    losses.legend()
    shares.plot(tokens, [100 * line["frames"] for line in lines], label="frames")
    shares.plot(tokens, [100 * line["wholes"] for line in lines], label="whole answers")
    shares.set(xlabel="million tokens", ylabel="right, %", ylim=(0, 100))
    shares.legend()
    figure.savefig(picture)
