"""Programs that were written for problems in each published form, run on their tests."""

import base64
import json
import pickle
import zlib
from collections.abc import AsyncIterator

import pytest

from agent.config import Settings
from agent.evaluating.bench import Bench
from model.questions.implement import Implement
from model.questions.question import Answer
from sandboxes.engine import Engine
from tests.model.questions.test_implement import DOUBLE, FUNCTIONAL, HUMANEVAL, MBPP, STDIN

pytestmark = pytest.mark.engine

LARGEST = "def largest(xs: List[int]) -> int:\n    return max(xs)"
TWICE = "class Solution:\n    def twice(self, xs: List[int]):\n        return {0}"


@pytest.fixture
async def bench(engine: Engine) -> AsyncIterator[Bench]:
    async with Bench(Settings(), lambda line: None) as made:
        yield made


@pytest.mark.parametrize(
    ("record", "program", "right"),
    [
        (HUMANEVAL, LARGEST, True),
        (HUMANEVAL, LARGEST.replace("max", "min"), False),
        (HUMANEVAL, "x = 1", False),
        (HUMANEVAL, "import sys\nsys.exit(0)", False),
        (MBPP, DOUBLE, True),
        (MBPP, "def double(n):\n    return n ** 2", False),
        (MBPP, "def double(n:", False),
        (STDIN, "print(sum(map(int, input().split())))", True),
        (STDIN, "a, b = input().split()\nprint(3)", False),
        (STDIN, "if __name__ == '__main__':\n    print(sum(map(int, input().split())))", True),
        (FUNCTIONAL, TWICE.format("xs * 2"), True),
        (FUNCTIONAL, TWICE.format("tuple(chain(xs, xs))"), True),
        (FUNCTIONAL, TWICE.format("xs"), False),
    ],
)
async def test_programs_are_judged_by_their_tests(
    bench: Bench, record: dict[str, object], program: str, right: bool
) -> None:
    mark = await Implement().read(record).mark(Answer(program), bench)
    assert mark.right is right, mark
    assert bool(mark.detail) is not right


async def test_tests_in_a_pickle_decide_as_well(bench: Bench) -> None:
    hidden = json.dumps([{"input": "[3]", "output": "[3, 3]", "testtype": "functional"}])
    packed = base64.b64encode(zlib.compress(pickle.dumps(hidden))).decode()
    task = Implement().read({**FUNCTIONAL, "private_test_cases": packed})
    good, special = TWICE.format("xs * 2"), TWICE.format("xs * 2 if len(xs) > 1 else xs")
    assert (await task.mark(Answer(good), bench)).right is True
    mark = await task.mark(Answer(special), bench)
    assert (mark.right, mark.measures) == (False, {"examples pass": True})
    assert mark.detail == "Solution().twice([3]) == [3, 3]: it does not hold"


async def test_what_was_foreseen_is_laid_beside_what_happened(bench: Bench) -> None:
    task = Implement().read(MBPP)
    for foreseen, told in (
        ({"double(2) == 4": True, "double(0) == 0": None}, True),
        ({"double(2) == 4": False, "double(0) == 0": True}, False),
        ({"double(2) == 4": None}, None),
    ):
        mark = await task.mark(Answer(DOUBLE, facts={"foreseen": foreseen}), bench)
        assert mark.measures.get("simulation right") is told
        assert mark.shown[0] == "holds  double(2) == 4"
