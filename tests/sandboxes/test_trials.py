"""The trial runner that runs inside: edits are tried hot and fresh, and give the same answers."""

import json
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from tests.sandboxes.pythons import interpreters

CODE = '''\
"""Numbers."""

LIMIT = 10


def passed_through(function):
    def wrapper(*args):
        return function(*args)

    return wrapper


@passed_through
def clamp(value):
    if value < LIMIT:
        return LIMIT
    return value


class Box:
    def __init__(self, value):
        self.value = value

    def doubled(self):
        def twice(number):
            return number + 3

        return twice(self.value)
'''
TESTS = """\
from pathlib import Path

from numbers_here import Box, clamp


def test_above():
    assert clamp(12) == 10


def test_below():
    assert clamp(3) in (3, 10)


def test_type():
    assert isinstance(clamp(10), int)


def test_double():
    assert Box(2).doubled() == 4
"""

Answers = dict[int, dict[str, object]]
Try = Callable[..., Answers]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "numbers_here.py").write_text(CODE)
    (root / "test_numbers.py").write_text(TESTS)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    return root


@pytest.fixture(params=interpreters(), ids=lambda path: Path(path).name)
def try_out(request: pytest.FixtureRequest, tree: Path, tmp_path: Path) -> Try:
    """Tries edits, each ``(old, new)`` in the module, and answers by number from 1."""

    def run(
        *edits: tuple[str, str], hot: bool, failing: str = "test_above", check: bool = False
    ) -> Answers:
        candidates: list[dict[str, object]] = []
        if check:
            candidates.append({"number": 0, "path": "", "edits": [], "hot": hot, "check": True})
        for number, (old, new) in enumerate(edits, start=1):
            start = CODE.index(old)
            made = [[start, start + len(old), new]]
            path = "numbers_here.py"
            candidates.append({"number": number, "path": path, "edits": made, "hot": hot})
        asked = tmp_path / "request.json"
        names = [f"test_numbers.py::{name}" for name in ("test_below", "test_type")]
        asked.write_text(
            json.dumps(
                {
                    "args": ["-q", "-p", "no:cacheprovider", "--tb=no", "test_numbers.py"],
                    "failing": [f"test_numbers.py::{failing}"],
                    "keep": names,
                    "seconds": [20, 2, 2],
                    "memory": 1 << 30,
                    "candidates": candidates,
                }
            )
        )
        runner = tmp_path / "trials.py"
        runner.write_bytes(files("sandboxes.guest").joinpath("trials.py").read_bytes())
        ended = subprocess.run(
            [request.param, str(runner), str(asked)],
            cwd=tree,
            capture_output=True,
            check=True,
            timeout=120,
        )
        answers = [json.loads(line) for line in ended.stdout.splitlines()]
        return {answer["number"]: answer for answer in answers}

    return run


@pytest.mark.parametrize("hot", [True, False], ids=["hot", "fresh"])
def test_the_answers_are_those_of_an_ordinary_run(try_out: Try, tree: Path, hot: bool) -> None:
    answers = try_out(
        ("value < LIMIT", "value > LIMIT"),
        ("value < LIMIT", "value <= LIMIT"),
        ("return LIMIT\n    return value", "return LIMIT\n    return '10'"),
        ("    if value < LIMIT:\n", "    return LIMIT if value > 10 else None\n    if True:\n"),
        ("value < LIMIT", "value <"),
        ("    if value < LIMIT:\n", "    while True:\n        pass\n    if True:\n"),
        ("    if value < LIMIT:\n", "    import os\n    os._exit(0)\n    if True:\n"),
        hot=hot,
        check=True,
    )
    got = {number: (answer["failing"], answer["kept"]) for number, answer in answers.items()}
    assert got == {
        0: ("fail", "pass"),
        1: ("pass", "pass"),
        2: ("fail", None),
        3: ("fail", None),
        4: ("pass", "fail"),
        5: ("error", None),
        6: ("timeout", None),
        7: ("error", None),
    }
    assert answers[0]["bad"] == []
    assert answers[4]["stopped_at"] == "test_numbers.py::test_below"
    assert not any(answer["broke"] for answer in answers.values())
    assert (tree / "numbers_here.py").read_text() == CODE


def test_inner_functions_are_swapped_with_their_outer_ones(try_out: Try) -> None:
    answers = try_out(
        ("return number + 3", "return number + 2"),
        ("return number + 3", "return number * 3"),
        (
            "        def twice(number):\n",
            "        unused = [x for x in ()]\n\n        def twice(number):\n",
        ),
        hot=True,
        failing="test_double",
    )
    assert [answers[n]["failing"] for n in (1, 2, 3)] == ["pass", "fail", "fail"]


def test_what_only_an_import_shows_is_handed_back(try_out: Try) -> None:
    edits = (("LIMIT = 10", "LIMIT = 9"), ("@passed_through\ndef clamp", "def clamp"))
    assert [a["failing"] for a in try_out(*edits, hot=True).values()] == ["fresh", "fresh"]
    assert [a["failing"] for a in try_out(*edits, hot=False).values()] == ["fail", "fail"]


@pytest.mark.parametrize("hot", [True, False], ids=["hot", "fresh"])
def test_a_trial_that_changes_the_tree_ends_the_rest(try_out: Try, hot: bool) -> None:
    vandal = "    open('test_numbers.py', 'w').close()\n    if True:\n"
    answers = try_out(
        ("value < LIMIT", "value > LIMIT"),
        ("    if value < LIMIT:\n", vandal),
        ("value < LIMIT", "value > LIMIT"),
        hot=hot,
    )
    assert [answers[n]["broke"] for n in (1, 2)] == [False, True]
    assert 3 not in answers
