"""Tests of a program, to enter it through: some pass and some do not."""

import ast
import random
from collections.abc import Sequence

from model.nano.programs.program import Generated
from model.nano.programs.values import written


def with_test(
    rng: random.Random, program: Generated, known: Sequence[tuple[str, str]]
) -> tuple[str, str] | None:
    """The program's source with a test below it, and the test's name.

    Args:
        rng: draws how it is written, and whether it expects the wrong thing.
        program: the one to test.
        known: calls with the `repr` of what they give, one at least.

    Returns:
        None where what the calls give is no literal.
    """
    name = f"test_{program.entry.name}"
    if rng.random() < 0.3:
        name += rng.choice(("_works", "_simple", "_returns", "_edge", "_small", "_basic"))
    body: list[str] = []
    for call, value in known[: rng.choice((1, 1, 2))]:
        try:
            expected = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return None
        if rng.random() < 0.3:
            expected = unlike(rng, expected)
        body += assertion(rng, call, expected)
    lines = "".join(f"    {line}\n" for line in body)
    return f"{program.source}\n\ndef {name}():\n{lines}", name


def assertion(rng: random.Random, call: str, expected: object) -> list[str]:
    """The lines that say what a call is to give.

    Args:
        rng: draws how.
        call: the expression.
        expected: what it is to give, a literal's value.
    """
    chance = rng.random()
    if isinstance(expected, bool) or expected is None:
        if expected is None:
            return [f"assert {call} is None"]
        if chance < 0.5:
            return [f"assert {call}" if expected else f"assert not {call}"]
        return [f"assert {call} is {expected}"]
    if chance < 0.65:
        return [f"assert {call} == {written(expected)}"]
    name = rng.choice(("result", "actual", "got"))
    if chance < 0.85:
        return [f"{name} = {call}", f"assert {name} == {written(expected)}"]
    return [f"expected = {written(expected)}", f"assert {call} == expected"]


def unlike(rng: random.Random, value: object) -> object:
    """Another value of the type, near to this one; now and then it is the same."""
    match value:
        case bool():
            return not value
        case int():
            return value + rng.choice((1, -1, 2, -value))
        case str():
            return rng.choice((value + "s", value[:-1], value[::-1], value.upper()))
        case list():
            return rng.choice((value[:-1], value[::-1], [*value, 0], []))
        case tuple():
            return value[::-1]
        case dict():
            return dict([*value.items()][1:])
        case None:
            return 0
        case _:
            return value
