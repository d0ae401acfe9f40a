"""From a data set to a model's folder: its vocabulary, its examples, its training, its weights."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import ConfigProblem, WrongUse
from agent.nano.held import read_split
from model.nano.record import Record
from model.nano.training.examples import Examples, Text, texts

if TYPE_CHECKING:
    from model.nano.training.network import Shape
    from model.nano.training.session import Recipe

Progress = Callable[[str], None]

_COUNTED = 20_000
"""Programs that the vocabulary is made from."""


@dataclass(frozen=True, slots=True)
class Forms:
    """How often a trace is trained in another form too; see `model.nano.training.examples`."""

    stepped: float = 0.25
    value: float = 0.15


def needs_torch() -> None:
    """Nothing, where torch is installed.

    Raises:
        ConfigProblem: it is not.
    """
    try:
        import torch  # noqa: F401
    except ImportError:
        raise ConfigProblem(
            "training needs torch, and it is not installed", "pip install 'foretrace[nano]'"
        ) from None


def train(
    data: Path,
    out: Path,
    recipe: "Recipe",
    shape: "Shape",
    *,
    threads: int,
    minutes: float | None,
    progress: Progress,
    device: str = "",
) -> Path:
    """Train, or go on with a training, and write what there is at the end.

    Args:
        data: a folder that `agent.nano.dataset.make` wrote.
        out: for the vocabulary, the encoded examples, the checkpoint, the curve and the weights;
            what is there already is taken, so that a training that was stopped goes on.
        recipe: how it goes.
        shape: of the network; the vocabulary's size is what the vocabulary turns out to have.
        threads: of torch.
        minutes: stop after these, keeping the checkpoint; None for all the tokens of the recipe.
        progress: gets a line now and then.
        device: as torch names it; empty for a GPU where there is one, else the processor.

    Returns:
        The folder with the weights.

    Raises:
        ConfigProblem: torch is missing, or has no such device.
        WrongUse: the data cannot be read, or the checkpoint is of another network.
    """
    needs_torch()
    from dataclasses import replace

    import torch

    from model.nano.training.export import export
    from model.nano.training.renaming import Renaming
    from model.nano.training.session import Training

    device = _device(device, progress)
    tokenizer, found = prepared(data, out, shape.context, Forms(), progress)
    ids = {token["content"]: token["id"] for token in json.loads(tokenizer)["added_tokens"]}
    shape = replace(shape, vocabulary=max(ids.values()) + 1)
    torch.set_num_threads(threads)
    try:
        training = Training(
            out,
            recipe,
            shape,
            found["train"],
            found["valid"],
            pad=ids["<|pad|>"],
            frame_end=ids["<|frame_sep|>"],
            renaming=Renaming(tokenizer),
            device=device,
        )
    except (ValueError, RuntimeError, OSError) as error:
        why = " ".join(str(error).split())[:200]
        raise WrongUse(f"cannot go on with {out}: {why}", "name another --out") from None
    training.run(progress, minutes=minutes)
    facts = json.loads((out / "known.json").read_text(encoding="utf-8"))
    export(training.network, tokenizer, out / "weights", facts)
    _plot(out, progress)
    return out / "weights"


def _device(asked: str, progress: Progress) -> str:
    """The device to train on.

    Raises:
        ConfigProblem: torch has no such device, or cannot use it.
    """
    import torch

    from model.nano.training.session import best_device

    device = asked or best_device()
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        why = str(error).split("\n", 1)[0][:200]
        raise ConfigProblem(
            f"torch cannot train on {device!r}: {why}", "leave --device out, or name cpu"
        ) from None
    if device != "cpu":
        progress(f"training on {device}")
    return device


def prepared(
    data: Path, out: Path, context: int, forms: Forms, progress: Progress
) -> tuple[str, dict[str, Examples]]:
    """The tokenizer's text, and the encoded examples of ``train`` and ``valid``.

    Raises:
        WrongUse: the data cannot be read.
    """
    import tokenizers

    from model.nano.training.known import known
    from model.nano.training.vocabulary import make_vocabulary

    out.mkdir(parents=True, exist_ok=True)
    path = out / "tokenizer.json"
    files = {split: out / f"{split}.npz" for split in ("train", "valid")}
    missing = [split for split in files if not files[split].is_file()]
    read: dict[str, Sequence[Record]] = {split: read_split(data, split) for split in missing}
    if not path.is_file():
        records = read_split(data, "train")[:_COUNTED]
        sources, traces = [r.source for r in records], [r.trace for r in records]
        path.write_text(make_vocabulary(sources, traces), encoding="utf-8")
        (out / "known.json").write_text(json.dumps(known(sources)) + "\n", encoding="utf-8")
    library = tokenizers.Tokenizer.from_file(str(path))
    for split, records in read.items():
        made = Examples.encoded(_texts(records, forms), library, context)
        made.save(files[split])
        progress(f"{split}: {len(made)} examples, {len(made.ids) / 1e6:.1f}M tokens")
    return path.read_text(encoding="utf-8"), {n: Examples.load(f) for n, f in files.items()}


def _texts(records: Sequence[Record], forms: Forms) -> Iterator[Text]:
    chance = random.Random(0)
    for record in records:
        yield from islice(texts(record, chance, forms.stepped, forms.value), 3)


def _plot(out: Path, progress: Progress) -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        progress("no picture of the curve: matplotlib is not installed")
        return
    from model.nano.training.plot import plot

    plot(out / "curve.jsonl", out / "curve.svg")
