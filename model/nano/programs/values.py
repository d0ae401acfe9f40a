"""Small values for arguments and constants, and how source code writes them."""

import random

from model.nano.programs import words

_CHARS = "abcdexyz"


def written(value: object) -> str:
    """A value as a formatter would leave it: with double quotes."""
    match value:
        case str():
            text = repr(value)
            inner = text[1:-1]
            return text if '"' in inner or "\\" in inner else f'"{inner}"'
        case list():
            return f"[{', '.join(map(written, value))}]"
        case tuple():
            return f"({', '.join(map(written, value))}{',' if len(value) == 1 else ''})"
        case dict():
            return f"{{{', '.join(f'{written(k)}: {written(v)}' for k, v in value.items())}}}"
        case set():
            parts = sorted(map(written, value))
            return f"{{{', '.join(parts)}}}" if parts else "set()"
        case _:
            return repr(value)


def integer(rng: random.Random) -> int:
    """Mostly -20 to 99, now and then up to 999."""
    chance = rng.random()
    if chance < 0.12:
        return rng.choice((0, 1, -1, 2))
    if chance < 0.6:
        return rng.randint(0, 12)
    if chance < 0.78:
        return rng.randint(-20, 20)
    if chance < 0.96:
        return rng.randint(10, 99)
    return rng.randint(100, 999)


def string(rng: random.Random) -> str:
    """Mostly up to eight characters: a word, a few letters, two words, a number."""
    chance = rng.random()
    if chance < 0.04:
        return ""
    if chance < 0.5:
        return rng.choice(words.STRINGS)
    if chance < 0.72:
        alphabet = "".join(rng.sample(_CHARS, rng.randint(2, 4)))
        return "".join(rng.choice(alphabet) for _ in range(rng.randint(1, 7)))
    if chance < 0.84:
        pair = rng.choice(words.STRINGS) + rng.choice((" ", " ", "-", ",", "_"))
        return (pair + rng.choice(words.STRINGS))[:15]
    if chance < 0.85:
        return rng.choice(("it's", "a\tb", "x\ny", 'say "hi"', "don't", "é", "ok.\n"))
    if chance < 0.92:
        return "".join(rng.choice("abAB12 ") for _ in range(rng.randint(1, 8)))
    return rng.choice(words.STRINGS).title()


def value_of(rng: random.Random, kind: str) -> object:
    """A value of a type.

    Args:
        rng: draws it.
        kind: the type, one of `words.NAMES`.

    Raises:
        ValueError: there is no such type.
    """
    match kind:
        case "int":
            return integer(rng)
        case "bool":
            return rng.random() < 0.5
        case "str":
            return string(rng)
        case "list[int]":
            return _integers(rng)
        case "list[str]":
            return [_word(rng) for _ in range(length(rng))]
        case "tuple[int, int]":
            return (rng.randint(-9, 20), rng.randint(-9, 20))
        case "dict[str, int]":
            keys = rng.sample(words.KEYS, min(length(rng), 4))
            return {key: integer(rng) for key in keys}
        case "set[int]":
            return {rng.randint(0, 12) for _ in range(length(rng))}
        case _:
            raise ValueError(f"no values of type {kind}")


def length(rng: random.Random) -> int:
    """Of a list: up to six, mostly two to four."""
    return rng.choices(range(7), (4, 12, 22, 26, 20, 10, 6))[0]


def _integers(rng: random.Random) -> list[int]:
    count = length(rng)
    if rng.random() < 0.3:  # a few that come again
        few = [integer(rng) for _ in range(2)]
        return [rng.choice(few) for _ in range(count)]
    found = [integer(rng) if rng.random() < 0.3 else rng.randint(-9, 20) for _ in range(count)]
    return sorted(found) if rng.random() < 0.2 else found


def _word(rng: random.Random) -> str:
    return string(rng) if rng.random() < 0.2 else rng.choice(words.STRINGS)
