"""Examples in batches: of about one length each, so that little is padded, in a seeded order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from model.nano.training.examples import Examples
from model.nano.training.renaming import Renaming

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POOL = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """Some examples.

    Attributes:
        ids: ``(examples, length)``, padded.
        wanted: ``(examples, length)``, whether the id at a place is one that was to be written;
            the first column never is.
        tokens: in it, without padding.
    """

    ids: "NDArray[numpy.int64]"
    wanted: "NDArray[numpy.bool_]"
    tokens: int


def batches(
    examples: Examples,
    size: int,
    pad: int,
    seed: int,
    longest: int | None = None,
    renaming: Renaming | None = None,
) -> Iterator[Batch]:
    """Every example once.

    Args:
        examples: to take.
        size: tokens in a batch, with padding.
        pad: the token that fills up.
        seed: of the order.
        longest: leave out examples of more tokens.
        renaming: exchanges names.
    """
    lengths = numpy.diff(examples.starts)
    chosen = numpy.arange(len(examples))
    if longest is not None:
        chosen = chosen[lengths <= longest]
    chance = numpy.random.default_rng(seed)
    chance.shuffle(chosen)
    # Sorted within pools only: over the whole an epoch would go from the short ones to the long.
    average = max(1, int(lengths[chosen].mean())) if len(chosen) else 1
    pool = _POOL * max(1, size // average)
    groups: list[list[int]] = []
    for first in range(0, len(chosen), pool):
        part = chosen[first : first + pool]
        part = part[numpy.argsort(lengths[part], kind="stable")]
        ready = list(_grouped([int(n) for n in part], lengths, size))
        chance.shuffle(ready)
        groups += ready
    for number, group in enumerate(groups):
        batch = padded(examples, group, pad)
        if renaming is not None:
            # By its number, not by what came before, so that a training goes on as it would have.
            draws = numpy.random.default_rng((seed, number))
            for row, example in enumerate(group):
                prompt = int(examples.prompts[example])
                batch.ids[row] = renaming.renamed(batch.ids[row], prompt, draws)
        yield batch


def padded(examples: Examples, numbers: list[int], pad: int) -> Batch:
    """A batch of these examples."""
    starts, ends = examples.starts[numbers], examples.starts[[n + 1 for n in numbers]]
    length = int((ends - starts).max())
    ids = numpy.full((len(numbers), length), pad, numpy.int64)
    wanted = numpy.zeros((len(numbers), length), numpy.bool_)
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        ids[row, : end - start] = examples.ids[start:end]
        wanted[row, examples.prompts[numbers[row]] : end - start] = True
    return Batch(ids, wanted, int((ends - starts).sum()))


def _grouped(numbers: list[int], lengths: "NDArray[numpy.int64]", size: int) -> Iterator[list[int]]:
    """Neighbours, as many as fit; the lengths go up."""
    group: list[int] = []
    for number in numbers:
        if group and (len(group) + 1) * int(lengths[number]) > size:
            yield group
            group = []
        group.append(number)
    if group:
        yield group
