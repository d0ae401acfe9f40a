"""Rows in exactly the layouts in which the benchmarks are published, with contents of our own."""

import base64
import json
import pickle
import zlib
from pathlib import Path

import pytest

from model.questions.complexity import Complexity
from model.questions.halts import Halts
from model.questions.implement import Implement
from model.questions.input import Input
from model.questions.output import Output
from model.questions.question import BadRow
from model.questions.registry import QUESTIONS
from model.questions.rows import read_tasks

CRUXEVAL = {"code": "def f(a, b):\n    return a + b", "input": "1, (2)", "output": "3", "id": "s_0"}
MBPP = {
    "text": "Write a function to add two numbers.",
    "code": "def add(a, b):\r\n  return a + b",
    "task_id": 11,
    "test_setup_code": "",
    "test_list": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"],
    "challenge_test_list": [],
}
SANITIZED = {
    "source_file": "Some file.ipynb",
    "task_id": 12,
    "prompt": "Write a function to take the root of a number.",
    "code": "import math\ndef root(a):\n    return math.sqrt(a)",
    "test_imports": ["import math"],
    "test_list": ["assert math.isclose(root(4), 2)", "assert root(9) == 3"],
}
TESTS = [{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]
LIVECODEBENCH = {
    "question_title": "A. Sum",
    "question_content": "Print the sum of two numbers.",
    "platform": "codeforces",
    "question_id": "1_A",
    "contest_id": "1",
    "contest_date": "2024-01-01T00:00:00",
    "starter_code": "",
    "difficulty": "easy",
    "public_test_cases": json.dumps(TESTS),
    "private_test_cases": base64.b64encode(
        zlib.compress(pickle.dumps(json.dumps(TESTS * 3)))
    ).decode(),
    "metadata": "{}",
}
BIGOBENCH = {
    "problem_name": "1_A. Sum",
    "problem_id": "17",
    "solution_id": "17_3",
    "description": "Sum up.\n\nInput\n\n2\n1 2\n",
    "solution_code": "n = int(input())\nprint(sum(map(int, input().split())))",
    "dataclass_code": "@dataclass\nclass Input:\n    n: int\n",
    "inputs_example": "2\n1 2\n",
    "time_complexity_inferred": "O(n)",
    "time_curve_coefficient": 3.2e-06,
    "tests": {"public_tests": [{"input": "2\n1 2\n", "output": "3"}], "private_tests": []},
    "problem_time_curve_coefficient_list": [3.2e-06, 1.0e-05],
}
HALTEVAL_PRO = {
    "project": "sum",
    "repo": "https://example.org/sum",
    "commit": "0" * 40,
    "file": "sum.c",
    "line": 3,
    "function": "sum",
}


def test_cruxeval() -> None:
    task = Output().read(CRUXEVAL)
    assert (task.id, task.call, task.expected) == ("s_0", "f(1, (2))", "3")
    assert Input().read(CRUXEVAL).id == "s_0"


def test_mbpp_and_its_sanitized_form() -> None:
    full, sanitized = (Implement().read(each) for each in (MBPP, SANITIZED))
    assert (full.id, sanitized.id) == ("11", "12")
    assert len(full.problem.tests) == len(sanitized.problem.tests) == 2
    assert sanitized.problem.before == "import math\n\n"
    assert "the root of a number" in sanitized.problem.description


def test_livecodebench_with_its_private_tests_in_a_pickle() -> None:
    task = Implement().read(LIVECODEBENCH)
    (sealed,) = task.problem.sealed
    assert (task.id, sealed.name, sealed.packed) == ("1_A", "private_test_cases", True)
    assert len(task.problem.examples) == 1
    older = Implement().read({**LIVECODEBENCH, "private_test_cases": json.dumps(TESTS * 3)})
    assert not older.problem.sealed
    assert len(older.problem.tests) == 4


def test_bigobench_s_test_set_for_time() -> None:
    task = Complexity().read(BIGOBENCH)
    assert (task.id, str(task.label)) == ("17/17_3", "O(n)")
    space = {each.replace("time", "space"): value for each, value in BIGOBENCH.items()}
    with pytest.raises(BadRow, match="time_complexity_inferred"):
        Complexity().read(space)


def test_records_without_a_program_are_said_to_have_none() -> None:
    with pytest.raises(BadRow, match="no program"):
        Halts().read(HALTEVAL_PRO)


@pytest.mark.parametrize(
    ("question", "rows", "name"),
    [
        ("output", [CRUXEVAL], "cruxeval.jsonl"),
        ("implement", [MBPP], "mbpp.jsonl"),
        ("implement", [SANITIZED], "sanitized-mbpp.json"),
        ("implement", [LIVECODEBENCH], "test6.jsonl"),
        ("complexity", [BIGOBENCH], "time_complexity_test_set.jsonl"),
    ],
)
def test_files_as_they_are_published(
    question: str, rows: list[dict[str, object]], name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    lines = "".join(json.dumps(each) + "\n" for each in rows)
    path.write_text(json.dumps(rows, indent=2) if name.endswith(".json") else lines)
    tasks, skipped = read_tasks(path, QUESTIONS[question])
    assert (len(tasks), skipped) == (1, [])
