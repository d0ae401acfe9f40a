"""Problems to write a program for, in the forms of HumanEval, MBPP and LiveCodeBench."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from model.questions.cases import Case, compared, doctests
from model.questions.checks import CodeCheck, ScriptCheck, ValueCheck
from model.questions.literals import called, module, parsed
from model.questions.pickled import Pickled, pickles
from model.questions.question import BadRow, Row
from model.questions.rows import checked, row_id

_JUDGE = """\
import bisect, collections, copy, functools, heapq, itertools, math, operator, random, re, string
from collections import *
from functools import *
from heapq import *
from itertools import *
from typing import *

"""
"""What programs of contests find imported."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be written, and what it is tried on.

    Attributes:
        description: in words.
        form: how the program is to look, in words.
        before: source that comes before the program.
        examples: that the model is told of.
        tests: that decide; the examples where there are none.
        sealed: more tests, in a pickle.
        function: that tests in JSON call, as an expression; empty where they are scripts.
    """

    description: str
    form: str
    before: str = ""
    examples: tuple[Case, ...] = ()
    tests: tuple[Case, ...] = ()
    sealed: tuple[Pickled, ...] = ()
    function: str = ""


class _HumanEval(BaseModel):
    prompt: str
    entry_point: str
    test: str


class _Mbpp(BaseModel):
    text: str = ""
    prompt: str = ""
    test_list: list[str]
    test_setup_code: str = ""
    test_imports: list[str] = []


class _LiveCodeBench(BaseModel):
    question_content: str
    starter_code: str = ""
    public_test_cases: str
    private_test_cases: str = "[]"
    metadata: str = "{}"


class ContestTest(BaseModel):
    """A test of LiveCodeBench.

    Attributes:
        input: what the script reads; or the arguments, in JSON, one a line.
        output: what it prints; or what is returned, in JSON.
        testtype: which of the two.
    """

    input: str
    output: str
    testtype: Literal["stdin", "functional"] = "stdin"


_TESTS = TypeAdapter(list[ContestTest])


def problem(row: Row) -> tuple[str, Problem]:
    """The id and the problem of a record; its form is told by its fields.

    Raises:
        BadRow: it has none of the forms, or something in it is wrong.
    """
    if "entry_point" in row and "test" in row:
        return row_id(row, "task_id"), _humaneval(checked(_HumanEval, row))
    if "test_list" in row:
        return row_id(row, "task_id"), _mbpp(checked(_Mbpp, row))
    if "public_test_cases" in row:
        return row_id(row, "question_id"), _contest(checked(_LiveCodeBench, row), row)
    raise BadRow("it is no record of HumanEval, MBPP or LiveCodeBench")


def described(description: str, examples: tuple[str, ...]) -> Problem:
    """A problem in words, with comparisons that are to hold.

    Raises:
        BadRow: one of them is no comparison.
    """
    if not description.strip():
        raise BadRow("nothing is described")
    cases = tuple(map(_compared, examples))
    return Problem(description.strip(), _told(cases), examples=cases, tests=cases)


def contest_tests(text: str, function: str) -> list[Case]:
    """The tests in a text of JSON.

    Raises:
        BadRow: they are none.
    """
    try:
        return [_contest_case(each, function) for each in _TESTS.validate_json(text)]
    except ValidationError:
        raise BadRow("the tests are not in LiveCodeBench's form") from None
    except (ValueError, RecursionError):
        raise BadRow("a test is not in JSON") from None


def _humaneval(given: _HumanEval) -> Problem:
    if not given.entry_point.isidentifier():
        raise BadRow("entry_point: it is no name")
    test = f"{given.test}\ncheck({given.entry_point})\n"
    return Problem(
        description=f"Complete the function `{given.entry_point}`:\n\n{given.prompt}",
        form="The function is written out whole, with its head and all that it needs.",
        before=_above(given.prompt, given.entry_point),
        examples=tuple(doctests(given.prompt)),
        tests=(Case(CodeCheck(test)),),
    )


def _above(prompt: str, function: str) -> str:
    """What stands above a function that has its head and its docstring only: imports, helpers."""
    tree = module(prompt)
    body = tree.body if tree is not None else []
    lines = [each.lineno for each in body if getattr(each, "name", "") == function]
    return "".join(prompt.splitlines(keepends=True)[: lines[-1] - 1]) if lines else ""


def _mbpp(given: _Mbpp) -> Problem:
    description = given.text or given.prompt
    if not description.strip():
        raise BadRow("neither text nor prompt says what is wanted")
    if not given.test_list:
        raise BadRow("test_list: it is empty")
    cases = tuple(map(_compared, given.test_list))
    before = "\n".join([*given.test_imports, given.test_setup_code]).strip()
    return Problem(
        description=description.strip(),
        form=_told(cases),
        before=f"{before}\n\n" if before else "",
        examples=cases,
        tests=cases,
    )


def _contest(given: _LiveCodeBench, row: Row) -> Problem:
    starter = given.starter_code.strip()
    function = _function(given.metadata, starter)
    public = contest_tests(given.public_test_cases, function)
    sealed = tuple(each for each in pickles(row) if each.name == "private_test_cases")
    private = [] if sealed else contest_tests(given.private_test_cases, function)
    form = "It reads from standard input and prints to standard output."
    if starter:
        form = f"It begins like this:\n\n{starter}"
    return Problem(
        description=given.question_content.strip(),
        form=form,
        before=_JUDGE,
        examples=tuple(public),
        tests=(*public, *private),
        sealed=sealed,
        function=function,
    )


def _function(metadata: str, starter: str) -> str:
    """What calls the function that is asked for; empty where a script is."""
    try:
        read = json.loads(metadata)
    except (ValueError, RecursionError):
        raise BadRow("metadata: it is not JSON") from None
    name = read.get("func_name") if isinstance(read, Mapping) else None
    if not name:
        return ""
    if not isinstance(name, str) or not name.isidentifier():
        raise BadRow("metadata: func_name is no name")
    return f"Solution().{name}" if "class Solution" in starter else name


def _contest_case(test: ContestTest, function: str) -> Case:
    if test.testtype == "stdin" or not function:
        # White space may make it longer than it should be; more than that is wrong in any case.
        most = 2 * len(test.output.encode("utf-8", "replace")) + 1024
        return Case(ScriptCheck(test.input, most), test.output)
    values = [json.loads(line) for line in test.input.splitlines() if line.strip()]
    expected = repr(json.loads(test.output))
    call = f"{function}({', '.join(map(repr, values))})"
    return Case(ValueCheck(call, expected), expected, loose=True)


def _compared(text: str) -> Case:
    try:
        return compared(text)
    except ValueError:
        raise BadRow(f"it does not parse: {' '.join(text.split())[:100]}") from None


def _told(cases: tuple[Case, ...]) -> str:
    """What holds of the program, in words."""
    if not cases:
        return "Names are chosen so that they say what is meant."
    checks = [each.check for each in cases]
    nodes = [parsed(each.call) for each in checks if isinstance(each, ValueCheck)]
    names = {name for node in nodes if node is not None and (name := called(node))}
    first = f"It defines `{names.pop()}`. " if len(names) == 1 else ""
    lines = "\n".join(each.shown for each in cases)
    return f"{first}Then this holds:\n\n{lines}"
