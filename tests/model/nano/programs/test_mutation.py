"""Mutants: one thing is other than it was, and what they are is still a program."""

import ast
import random

import pytest

from model.nano.programs.mutation import mutated
from model.nano.programs.program import Generated
from model.nano.programs.scope import Signature
from tests.model.nano.programs.samples import programs


def mutants(source: str) -> set[str]:
    """All that are drawn of a program in many tries."""
    program = Generated(source, Signature("f", ()), "own")
    found = (mutated(random.Random(seed), program) for seed in range(150))
    return {one.source for one in found if one is not None}


def test_a_mutant_is_another_program_of_the_same_entry() -> None:
    rng = random.Random(5)
    for program in programs(150):
        wrong = mutated(rng, program)
        if wrong is not None:
            assert wrong.source != program.source
            assert ast.dump(ast.parse(wrong.source)) != ast.dump(ast.parse(program.source))
            assert (wrong.entry, wrong.family) == (program.entry, f"~{program.family}")
            assert len(wrong.source.splitlines()) == len(program.source.splitlines())


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("return a < b", {"return a <= b", "return a > b", "return a >= b"}),
        ("return a + b", {"return a - b"}),
        ("return a in b", {"return a not in b"}),
        ("return a and b", {"return a or b"}),
        ("return max(a, b)", {"return min(a, b)"}),
        ("return f(a, b)", {"return f(b, a)"}),
        ("return a[b:]", {"return a[b + 1:]"}),
        ("return True", {"return False"}),
        ("return a.upper()", {"return a.lower()"}),
        ("return a + 7", {"return a - 7", "return a + 8", "return a + 6"}),
        ("if not a: return b", {"if a: return b"}),
        ("while a: break", {"while not a: break", "while a: continue"}),
    ],
)
def test_the_operators(line: str, wrong: set[str]) -> None:
    source = f"def f(a, b):\n    {line}\n"
    assert mutants(source) == {f"def f(a, b):\n    {other}\n" for other in wrong}


def test_a_range_is_off_by_one() -> None:
    head = "def f(n):\n    for i in range({}):\n        g(i)\n"
    assert mutants(head.format("1, n")) >= {head.format("1, n - 1"), head.format("1, n + 1")}


def test_what_nothing_can_be_done_to_has_no_mutant() -> None:
    assert mutants("def f(a):\n    return a\n") == set()


def test_letters_of_more_than_a_byte_change_no_places() -> None:
    assert mutants('def f(a):\n    return "éü", a - b\n') == {'def f(a):\n    return "éü", a + b\n'}
