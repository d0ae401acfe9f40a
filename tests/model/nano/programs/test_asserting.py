"""Tests put below a program: whole programs, some of which pass and some of which do not."""

import random

from model.nano.programs.asserting import with_test
from model.nano.programs.program import Generated
from model.nano.programs.scope import Argument, Signature

SOURCE = "def half(n):\n    return n // 2\n"
PROGRAM = Generated(SOURCE, Signature("half", (Argument("n", "int"),)), "own")


def outcome(source: str, name: str) -> bool:
    names: dict[str, object] = {}
    exec(compile(source, "program", "exec"), names)
    test = names[name]
    assert callable(test)
    try:
        test()
    except AssertionError:
        return False
    return True


def test_some_pass_and_some_fail() -> None:
    made = [
        with_test(random.Random(s), PROGRAM, [("half(7)", "3"), ("half(0)", "0")])
        for s in range(80)
    ]
    outcomes = [outcome(*one) for one in made if one is not None]
    assert len(outcomes) == 80
    assert 20 < sum(outcomes) < 75
    assert all(source.startswith(SOURCE) for source, _ in filter(None, made))


def test_values_of_every_kind_can_be_expected() -> None:
    values = ["True", "None", "'it\\'s'", "[1, 2]", "(1, 'a')", "{'a': 1}", "{1, 2}", "-3", "1.5"]
    for value in values:
        source = f"def same():\n    return {value}\n"
        program = Generated(source, Signature("same", ()), "own")
        made = [with_test(random.Random(s), program, [("same()", value)]) for s in range(20)]
        assert {outcome(*one) for one in made if one} >= {True}, value


def test_what_has_no_literal_is_not_tested() -> None:
    assert with_test(random.Random(0), PROGRAM, [("half(7)", "<generator object>")]) is None
