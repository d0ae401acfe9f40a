"""Values for the arguments of idioms, which would say little of just any value of their type."""

import random
from collections.abc import Callable

from model.nano.programs import words
from model.nano.programs.values import integer, length, string

Draw = Callable[[random.Random], object]

NUMBERS: dict[str, Draw] = {
    "zero": lambda rng: 0,
    "small": lambda rng: rng.randint(0, 4),
    "tiny": lambda rng: rng.randint(0, 5),
    "base": lambda rng: rng.randint(2, 10),
    "positive": lambda rng: rng.randint(1, rng.choice((12, 30, 99))),
    "nat": lambda rng: rng.randint(0, rng.choice((30, 99, 9999))),
    "year": lambda rng: rng.choice((1900, 2000, 2024, rng.randint(1890, 2110))),
}

TEXTS: dict[str, Draw] = {
    "key": lambda rng: rng.choice(words.KEYS),
    "word": lambda rng: rng.choice([word for word in words.STRINGS if len(word) > 1]),
    "char": lambda rng: rng.choice("abcdeltxy -,"),
    "digits": lambda rng: _letters(rng, "0123456789", 1, 6),
    "brackets": lambda rng: _letters(rng, "(())[]a", 0, 6),
    "moves": lambda rng: _letters(rng, "udlr", 0, 5),
    "runs": lambda rng: "".join(rng.choice("abc") * rng.randint(1, 3) for _ in range(_few(rng))),
    "snake": lambda rng: "_".join(rng.sample(words.KEYS, _few(rng) or 1)),
    "camel": lambda rng: "".join(key.title() for key in rng.sample(words.KEYS, 2)),
    "mixed": lambda rng: rng.choice((str(integer(rng)), str(integer(rng)), string(rng), "")),
    "version": lambda rng: ".".join(str(rng.randint(0, 12)) for _ in range(_few(rng) or 2)),
    "file": lambda rng: rng.choice(("main", "a", "notes")) + rng.choice((".py", ".tar.gz", "")),
    "numbers text": lambda rng: rng.choice(",, ").join(_numerals(rng)),
    "pairs text": lambda rng: rng.choice("&,;").join(
        f"{key}={rng.randint(0, 20)}" for key in rng.sample("abcdkxyz", _few(rng))
    ),
}

LISTS: dict[str, Draw] = {
    "few": lambda rng: [rng.randint(-5, 20) for _ in range(rng.randint(0, 4))],
    "sorted": lambda rng: sorted({rng.randint(-9, 40) for _ in range(length(rng))}),
    "rows": lambda rng: _rows(rng, rng.randint(1, 3), rng.randint(1, 3)),
    "square": lambda rng: _rows(rng, *[rng.randint(1, 3)] * 2),
    "pairs": lambda rng: [(rng.choice(words.KEYS), integer(rng)) for _ in range(_few(rng) + 1)],
    "tree": lambda rng: _tree(rng, 2),
}

DRAWS = NUMBERS | TEXTS | LISTS
"""What draws a value, by the name of its kind."""


def _few(rng: random.Random) -> int:
    return rng.randint(0, 3)


def _letters(rng: random.Random, alphabet: str, low: int, high: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(low, high)))


def _numerals(rng: random.Random) -> list[str]:
    return [
        str(integer(rng)) if rng.random() < 0.75 else string(rng) for _ in range(_few(rng) or 1)
    ]


def _rows(rng: random.Random, height: int, width: int) -> list[list[int]]:
    return [[rng.randint(0, 9) for _ in range(width)] for _ in range(height)]


def _tree(rng: random.Random, deep: int) -> list[object]:
    return [
        _tree(rng, deep - 1) if deep and rng.random() < 0.4 else rng.randint(0, 9)
        for _ in range(_few(rng))
    ]
