"""Programs that read: how their example input grows, and what is measured then."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.questions.complexity import Complexity, ComplexityTask
from model.questions.question import Answer, Asked, Ran
from model.questions.stdin import NotUnderstood, grown
from model.trace.writing import NoEntry
from tests.model.questions.asking import NothingRuns

ECHO = "import sys\nfor line in sys.stdin:\n    print(line, end='')\n"
GUESTS = Path(__file__).parents[3] / "sandboxes" / "guest"


class RunsHere:
    """Runs the guest that measures in a process of its own; the programs are the tests' own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def run(self, harness: str, given: object, seconds: float) -> Ran:
        request, answer = self._folder / "given.json", self._folder / "answer.json"
        request.write_text(json.dumps(given))
        command = [sys.executable, str(GUESTS / f"{harness}.py"), str(request), str(answer)]
        await asyncio.to_thread(subprocess.run, command, check=True, timeout=seconds)
        return Ran(json.loads(answer.read_text()), False, "")


def read_at(example: str, n: int) -> str:
    """What a program reads at a size."""
    made = grown(ECHO, example)
    program = f"{made.source}\nn = {n}\n{made.call}\n"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return ran.stdout.decode()


@pytest.mark.parametrize(
    ("example", "n", "text"),
    [
        ("7\n", 100, "100\n"),
        ("3\n5 1 3\n", 4, "4\n1 5 4 3\n"),
        ("3 9\n1 3 2\n", 4, "4 9\n4 3 2 1\n"),
        ("3\n1 1 1\n2 2 2\n", 4, "4\n1 1 1 1\n2 2 2 2\n"),
        ("2 x\n1 5 a\n2 7 b\n", 3, "3 x\n1 5 a\n2 7 b\n1 5 a\n"),
        ("4\nabca\n", 6, "6\nabcaab\n"),
        ("abc\n", 4, "abca\n"),
        ("4 4 4\n", 3, "4 4 4\n"),
        ("a bc\n", 3, "a bc a\n"),
    ],
)
def test_what_grows(example: str, n: int, text: str) -> None:
    assert read_at(example, n) == text


@pytest.mark.parametrize(
    "example",
    ["", "\n\n", "3\n1 2\n", "2\n1 2\n3 4\n", "2\n3\n1 2 3\n1\n5\n", "1\n\n2", "x" * 30_000],
)
def test_what_is_not_understood(example: str) -> None:
    with pytest.raises(NotUnderstood):
        grown(ECHO, example)


@settings(deadline=None)
@given(st.text(st.sampled_from("0123 x-\n\"'{}\\"), max_size=40))
def test_any_example_is_understood_or_not(example: str) -> None:
    try:
        made = grown(ECHO, example)
    except NotUnderstood:
        return
    compile(f"{made.source}\nn = 1\n{made.call}\n", "<made>", "exec")


def test_a_program_that_does_not_parse() -> None:
    with pytest.raises(NoEntry):
        grown("def", "1")


SQUARE = """\
from sys import stdin

read = stdin.readline


def pairs(xs):
    for x in xs:
        for y in xs:
            yield x < y


n = int(read())
print(sum(pairs(list(map(int, read().split())))))
"""


@pytest.mark.asyncio
async def test_a_script_is_measured_beside_its_label(tmp_path: Path) -> None:
    row = {
        "solution_id": "1",
        "solution_code": SQUARE,
        "time_complexity_inferred": "O(n**2)",
        "inputs_example": "1\n5\n",  # one value, or one line
        "tests": {"public_tests": [{"input": "3\n5 2 9\n", "output": "3"}]},
    }
    task = Complexity().read(row)
    task = ComplexityTask(
        task.id, task.source, label=task.label, seconds=2.0, examples=task.examples
    )
    mark = await task.mark(Answer("O(n^2)"), RunsHere(tmp_path))
    assert (mark.right, dict(mark.measures)) == (True, {"as measured": True})
    assert mark.shown[0] == "measured as its input grows: how long the lines are"
    assert any(line.startswith("lines run: O(n^2)") for line in mark.shown)


@pytest.mark.asyncio
async def test_an_example_that_is_not_understood_is_said(tmp_path: Path) -> None:
    task = Complexity().one(Asked(ECHO, "", "", ("2\n3\n1 2 3\n1\n5",)))
    mark = await task.mark(Answer("O(n)"), NothingRuns())
    assert mark.right is None
    assert "how its input grows is not understood" in mark.detail
