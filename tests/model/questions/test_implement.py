"""Problems in each published form, made by hand: how they are read, asked, simulated and judged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.questions.cases import Case, compared, doctests, same_output
from model.questions.checks import Checked, CodeCheck, ScriptCheck, ValueCheck
from model.questions.implement import Implement
from model.questions.question import Asked, BadRow, Way
from tests.model.questions.asking import NothingRuns, answers, frames, questioned
from tests.model.replies import say

HUMANEVAL = {
    "task_id": "HumanEval/900",
    "prompt": (
        "from typing import List\n\n\ndef largest(xs: List[int]) -> int:\n"
        '    """The largest of some numbers.\n    >>> largest([1, 3, 2])\n    3\n'
        '    >>> largest([])\n    Traceback (most recent call last):\n    """\n'
    ),
    "entry_point": "largest",
    "canonical_solution": "    return max(xs)\n",
    "test": "def check(candidate):\n    assert candidate([4, 9]) == 9\n",
}
MBPP = {
    "task_id": 901,
    "text": "Write a function that doubles a number.",
    "code": "def double(n): return 2 * n",
    "test_list": ["assert double(2) == 4", "assert double(0) == 0", "assert double('a') != 'a'"],
    "test_setup_code": "import math",
    "challenge_test_list": [],
}
STDIN = {
    "question_id": "900_A",
    "question_title": "Sum",
    "question_content": "Print the sum of two numbers.",
    "starter_code": "",
    "public_test_cases": json.dumps([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]),
    "private_test_cases": json.dumps([{"input": "4 5\n", "output": "9\n", "testtype": "stdin"}]),
    "metadata": "{}",
}
FUNCTIONAL = {
    "question_id": "901",
    "question_content": "Return the numbers twice over.",
    "starter_code": "class Solution:\n    def twice(self, xs: List[int]) -> List[int]:\n        ",
    "public_test_cases": json.dumps(
        [{"input": "[1, 2]", "output": "[1, 2, 1, 2]", "testtype": "functional"}]
    ),
    "private_test_cases": json.dumps([{"input": "[]", "output": "[]", "testtype": "functional"}]),
    "metadata": json.dumps({"func_name": "twice"}),
}
RECORDS = [HUMANEVAL, MBPP, STDIN, FUNCTIONAL]


def test_humaneval() -> None:
    task = Implement().read(HUMANEVAL)
    assert task.id == "HumanEval/900"
    (example,) = task.problem.examples
    assert (example.check, example.expected) == (ValueCheck("largest([1, 3, 2])", "3"), "3")
    (test,) = task.problem.tests
    assert isinstance(test.check, CodeCheck)
    assert test.check.code.endswith("check(largest)\n")
    assert "def largest(xs" in task.problem.description
    assert task.problem.before == "from typing import List\n\n\n"


def test_mbpp() -> None:
    task = Implement().read(MBPP)
    assert (task.id, task.problem.before) == ("901", "import math\n\n")
    assert [each.check for each in task.problem.tests] == [
        ValueCheck("double(2)", "4"),
        ValueCheck("double(0)", "0"),
        CodeCheck("assert double('a') != 'a'"),
    ]
    assert task.problem.form.startswith("It defines `double`. ")
    sanitized = {
        "task_id": 2,
        "prompt": "Do it.",
        "test_imports": ["import re"],
        "test_list": ["assert f()"],
    }
    assert Implement().read(sanitized).problem.before == "import re\n\n"


def test_livecodebench() -> None:
    script, function = (Implement().read(each).problem for each in (STDIN, FUNCTIONAL))
    assert [each.check for each in script.tests] == [
        ScriptCheck("1 2\n", 1028),
        ScriptCheck("4 5\n", 1028),
    ]
    assert script.examples == script.tests[:1]
    first, second = function.tests
    assert first.check == ValueCheck("Solution().twice([1, 2])", "[1, 2, 1, 2]")
    assert second.loose
    assert "class Solution" in function.form
    packed = {**FUNCTIONAL, "private_test_cases": "eJyTcv0SAAJ2ATo=" * 4}
    sealed = Implement().read(packed).problem
    assert (len(sealed.sealed), len(sealed.tests)) == (1, 1)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {**HUMANEVAL, "entry_point": "1"},
        {**HUMANEVAL, "test": 1},
        {**MBPP, "text": ""},
        {**MBPP, "test_list": []},
        {**MBPP, "test_list": ["assert ("]},
        {**STDIN, "public_test_cases": "[1]"},
        {**STDIN, "private_test_cases": "no"},
        {**STDIN, "metadata": "{"},
        {**FUNCTIONAL, "metadata": '{"func_name": "a b"}'},
        {
            **FUNCTIONAL,
            "public_test_cases": '[{"input": "x", "output": "1", "testtype": "functional"}]',
        },
    ],
)
def test_records_that_are_none(row: dict[str, object]) -> None:
    with pytest.raises(BadRow) as problem:
        Implement().read(row)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.get("task_id", "")))
async def test_what_is_asked(record: dict[str, object]) -> None:
    task = Implement().read(record)
    async with questioned(say("<answer>\n```python\nx = 1\n```\n</answer>")) as (server, model):
        (answer,) = await task.answers(model, Way("reasoning"), NothingRuns())
    assert answer.text == "x = 1"
    asked = server.asked[0].json["messages"][-1]["content"]
    assert task.problem.description in asked
    # Tests that decide are not told, unless they are examples.
    for case in task.problem.tests:
        assert (case.shown in asked) is (case in task.problem.examples and record is MBPP)


DOUBLE = "def double(n):\n    return n * 2"


async def test_a_program_is_simulated_before_it_is_run() -> None:
    def trace(value: str) -> str:
        return frames({"event": "return", "source": "    return double(2)", "value": value})

    task = Implement().read(MBPP)
    said = say(f"<answer>{DOUBLE}</answer>")
    script = said, say(trace("4")), say("I cannot tell.")
    (answer,) = await answers(task, Way("trace"), *script)
    assert answer.facts == {"foreseen": {"double(2) == 4": True, "double(0) == 0": None}}
    (answer,) = await answers(task, Way("trace"), said, say(trace("5")), say(trace("0")))
    assert answer.facts == {"foreseen": {"double(2) == 4": False, "double(0) == 0": True}}
    (answer,) = await answers(task, Way("trace"), say(""))
    assert (answer.text, answer.facts) == ("", {})


def test_comparisons() -> None:
    assert compared("f(1) == 2") == compared("assert f(1)  ==  2")
    assert compared("f(1)").check == CodeCheck("assert f(1)")
    assert compared("assert abs(f(1) - 2) < 1").check == CodeCheck("assert abs(f(1) - 2) < 1")
    assert compared("x = f(1)\nassert x").check == CodeCheck("x = f(1)\nassert x")
    with pytest.raises(ValueError, match="does not parse"):
        compared("f(1) ==")
    with pytest.raises(BadRow):
        Implement().one(Asked("Do it.", examples=("f(1) ==",)))
    with pytest.raises(BadRow):
        Implement().one(Asked("  "))


def test_examples_in_docstrings() -> None:
    text = ">>> f(1)\n2\n>>> f(2)\n>>> x = 3\n3\n  >>> g('a')\n  'b'\n>>> f(3)"
    assert [each.shown for each in doctests(text)] == ["f(1) == 2", "g('a') == 'b'"]


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("3\n", "3", True),
        ("1  2 \n\n", "1 2\n", True),
        ("0.50", "0.5", True),
        ("1\n2", "1 2", True),
        ("3", "4", False),
        ("3 3", "3", False),
        ("nan", "NaN", False),
        ("", "", True),
    ],
)
def test_what_scripts_print(printed: str, expected: str, same: bool) -> None:
    assert same_output(printed, expected) is same


def test_what_passes() -> None:
    done = Checked(end="done", equal=False, value="(1, (2, 3))")
    check = ValueCheck("f()", "[1, [2, 3]]")
    assert Case(check, "[1, [2, 3]]", loose=True).passed(done)
    assert not Case(check, "[1, [2, 3]]").passed(done)
    assert not Case(check, "[1, 2]", loose=True).passed(done)
    assert not Case(CodeCheck("x")).passed(Checked(end="raised"))


@given(st.dictionaries(st.sampled_from([*HUMANEVAL, *MBPP, *STDIN]), st.text() | st.integers()))
def test_any_record_is_a_task_or_a_bad_one(row: dict[str, object]) -> None:
    try:
        task = Implement().read(row)
    except BadRow:
        return
    assert task.problem.description
