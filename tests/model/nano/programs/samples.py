"""Programs of every kind, the same ones every time."""

import random
from collections.abc import Iterator

from model.nano.programs.generate import generate
from model.nano.programs.mix import Mix, Size
from model.nano.programs.program import Generated

SIZES: tuple[Size, ...] = ("short", "medium", "long")


def programs(count: int, seed: int = 0, mix: Mix | None = None) -> Iterator[Generated]:
    """So many programs, of all sizes."""
    rng = random.Random(seed)
    for number in range(count):
        yield generate(rng, mix or Mix(), SIZES[number % len(SIZES)])
