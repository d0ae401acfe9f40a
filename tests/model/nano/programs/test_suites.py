"""Tests in a file of their own: sections that run as one source, some pass and some do not."""

import ast
import random
import re

from model.nano.programs.arguments import calls
from model.nano.programs.program import Generated
from model.nano.programs.scope import Argument, Signature
from model.nano.programs.suites import MOST_ASSERTS, with_suite
from tests.model.nano.programs.samples import programs

SOURCE = "def one():\n    return 1\n\n\ndef longest(words, least=0):\n    return max(words)\n"
ARGUMENTS = (Argument("words", "list[str]"), Argument("least", "int", "0"))
PROGRAM = Generated(SOURCE, Signature("longest", ARGUMENTS), "own")
KNOWN = [
    (f'longest(["{low}", "{high}"])', repr(high))
    for low, high in (("a", "b"), ("fig", "kiwi"), ("x", "y"), ("é", "ü"), ("up", "us"))
]


def drawn(count: int, fails: float = 0.5) -> list[tuple[str, str]]:
    """So many, each of another seed."""
    made = [with_suite(random.Random(seed), PROGRAM, KNOWN, fails) for seed in range(count)]
    return [one for one in made if one is not None]


def passes(source: str, call: str) -> bool:
    names: dict[str, object] = {}
    exec(compile(source, "program", "exec"), names)
    try:
        eval(call, names)
    except AssertionError:
        return False
    return True


def test_half_of_those_that_expect_a_wrong_thing_now_and_then_pass() -> None:
    made = drawn(200)
    assert len(made) == 200
    assert 70 < sum(passes(*one) for one in made) < 130


def test_whether_one_fails_is_as_asked() -> None:
    assert all(passes(*one) for one in drawn(60, 0.0))
    # One letter reversed or put in capitals may be the same again.
    assert sum(passes(*one) for one in drawn(60, 1.0)) < 25


def test_there_is_a_section_for_the_program_and_one_for_its_test() -> None:
    for source, _ in drawn(60):
        heads = re.findall(r"^# (.*)$", source, re.MULTILINE)
        assert len(heads) == 2
        path, test_path = heads
        assert source.startswith(f"# {path}\ndef one():\n")
        module = path.rpartition("/")[2]
        assert test_path.rpartition("/")[2] == f"test_{module}"
        assert f"\n\n# {test_path}\n" in source
        # Pieces are one empty line apart, as `tools.programs` writes them.
        assert "\n\n\n" not in source
        assert source.endswith("\n")
        assert not source.endswith("\n\n")


def test_a_test_has_a_few_assertions_and_stands_alone_or_in_a_class() -> None:
    asserts, classes, seconds, constants = set(), 0, 0, 0
    for source, call in drawn(200):
        tree = ast.parse(source)
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        tests = [node for node in nodes if node.name.startswith("test_")]
        called = [test for test in tests if f"{test.name}()" in call]
        assert any(call.endswith(f"{test.name}()") for test in called)
        asserts |= {sum(isinstance(line, ast.Assert) for line in test.body) for test in called}
        classes += call.startswith("Test")
        seconds += len(tests) == 2
        constants += "\nWORDS = [" in source
    assert asserts == set(range(1, MOST_ASSERTS + 1))
    assert classes > 5
    assert seconds > 10
    assert constants > 10


def test_a_constant_stands_for_an_argument() -> None:
    with_constant = [one for one in drawn(200, 0.0) if "\nWORDS = [" in one[0]]
    assert all(
        "longest(WORDS)" in source and passes(source, call) for source, call in with_constant
    )


def test_what_has_no_literal_is_not_tested() -> None:
    assert with_suite(random.Random(0), PROGRAM, [("longest(1)", "<object object>")], 0.0) is None


def test_any_program_can_be_tested() -> None:
    rng = random.Random(5)
    for program in programs(90, seed=5):
        known = [(call, "None") for call in calls(rng, program, 4)]
        made = with_suite(rng, program, known, 0.0)
        assert made is not None
        ast.parse(made[0])
        ast.parse(made[1], mode="eval")
