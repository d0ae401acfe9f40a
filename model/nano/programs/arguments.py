"""Calls of a program with arguments that reach its branches, as far as one can tell unrun."""

import ast
import random

from model.nano.programs.program import Generated
from model.nano.programs.special import DRAWS
from model.nano.programs.values import value_of, written


def calls(rng: random.Random, program: Generated, count: int) -> list[str]:
    """So many different calls of the entry; fewer where there are no more.

    Arguments are drawn by type, and now and then from the constants of the source and what is next
    to them, for those are what branches compare with.
    """
    numbers, texts = _constants(program.source)
    found: dict[str, None] = {}
    for _ in range(count * 3):
        given: list[str] = []
        before: list[object] = []
        for argument in program.entry.arguments:
            if argument.default is not None and rng.random() < 0.5:
                break
            drawn = _related(rng, argument.kind, before)
            if drawn is None:
                drawn = _argument(rng, argument.kind, numbers, texts)
            before.append(drawn)
            value = written(drawn)
            named = argument.default is not None and rng.random() < 0.3
            given.append(f"{argument.name}={value}" if named else value)
            if named:
                break
        found[f"{program.entry.name}({', '.join(given)})"] = None
        if len(found) >= count:
            break
    return [*found]


def _related(rng: random.Random, kind: str, before: list[object]) -> object:
    """A key, an element or an index of an argument before this one; mostly none."""
    for other in before:
        if kind in ("str", "key") and isinstance(other, dict) and other and rng.random() < 0.5:
            return rng.choice([*other])
        if kind == "int" and isinstance(other, list | str) and other and rng.random() < 0.4:
            inside = [part for part in other if type(part) is int]
            if inside and rng.random() < 0.6:
                return rng.choice(inside)
            return rng.randint(-len(other) - 1, len(other))
    return None


def _argument(rng: random.Random, kind: str, numbers: list[int], texts: list[str]) -> object:
    if kind == "int" and numbers and rng.random() < 0.35:
        return rng.choice(numbers) + rng.choice((-1, 0, 0, 1))
    value = DRAWS[kind](rng) if kind in DRAWS else value_of(rng, kind)
    if isinstance(value, str) and kind == "str" and texts and rng.random() < 0.4:
        text = rng.choice(texts)
        place = rng.randint(0, len(value))
        joined = rng.choice(
            (text, value[:place] + text + value[place:], text + value, value + text)
        )
        return joined[:15]
    if isinstance(value, list) and value and rng.random() < 0.25:
        pool: list[int] | list[str] = numbers if kind == "list[int]" else texts
        if pool and kind in ("list[int]", "list[str]"):
            value[rng.randrange(len(value))] = rng.choice(pool)
    if (
        isinstance(value, dict)
        and value
        and texts
        and rng.random() < 0.4
        and kind == "dict[str, int]"
    ):
        value[rng.choice(texts)] = rng.randint(0, 20)
    return value


def _constants(source: str) -> tuple[list[int], list[str]]:
    numbers: list[int] = []
    texts: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant):
            if type(node.value) is int and abs(node.value) < 1000:
                numbers.append(node.value)
            elif isinstance(node.value, str) and 0 < len(node.value) <= 8:
                texts.append(node.value)
    return numbers, texts
