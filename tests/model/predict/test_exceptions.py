"""Whether an exception leaves a function: held against programs that ran."""

import pytest

from model.predict.exceptions import exception_name, leaving
from model.predict.verdict import judge
from model.trace.frame import Frame
from tests.model.predict.running import ran

HELPERS = """\
import contextlib
import io
import unittest

import pytest


def boom(error=ValueError):
    raise error("on purpose")


def numbers():
    yield 1
    yield 2


class Swallowing:
    def __enter__(self):
        return self

    def __exit__(self, *args):
        return True


"""

BODIES = {
    "returns": "x = 1\nreturn x",
    "falls-off": "x = 1",
    "asserts": "x = 1\nassert x == 1\nassert x != 2, 'no'",
    "fails": "x = 1\nassert x == 2",
    "fails-with-words": "assert False, 'expected a ValueError'",
    "fails-over-lines": "x = 1\nassert (\n    x\n    == 2\n), 'no'",
    "fails-within": "def check(x):\n    assert x\ncheck(1)\ncheck(0)",
    "pytest-fails": "pytest.fail('no')",
    "raises": "boom()",
    "raises-here": "raise KeyError('x')",
    "exits": "raise SystemExit(1)",
    "divides": "return 1 // 0",
    "caught": "try:\n    boom()\nexcept ValueError:\n    pass",
    "caught-with-name": """\
try:
    boom()
except ValueError as error:
    x = str(error)
assert x""",
    "caught-on-one-line": "try: boom()\nexcept ValueError: pass",
    "caught-by-all": "try: boom()\nexcept: pass",
    "caught-by-base": """\
try: boom(ZeroDivisionError)
except (KeyError, ArithmeticError): pass""",
    "caught-by-second": """\
try:
    boom()
except KeyError:
    x = 1
except ValueError:
    x = 2""",
    "not-caught": "try:\n    boom()\nexcept KeyError:\n    x = 1",
    "not-caught-on-one-line": "try: boom()\nexcept KeyError: pass",
    "not-caught-by-two": """\
try:
    boom()
except KeyError:
    x = 1
except OSError:
    x = 2""",
    "not-caught-finally": """\
try:
    boom()
except KeyError:
    x = 1
finally:
    y = 2""",
    "again": "try:\n    boom()\nexcept ValueError:\n    raise",
    "another": """\
try:
    boom()
except ValueError as error:
    raise KeyError from error""",
    "fails-in-clause": """\
try:
    boom()
except ValueError as error:
    assert str(error) == 'x'""",
    "else": "try:\n    x = 1\nexcept ValueError:\n    x = 2\nelse:\n    x = 3",
    "finally": "try:\n    boom()\nfinally:\n    x = 1\n    y = 2",
    "finally-caught": """\
try:
    try:
        boom()
    finally:
        x = 1
except ValueError:
    x = 2""",
    "finally-returns": "try:\n    boom()\nfinally:\n    return",
    "finally-with": """\
try:
    boom()
finally:
    with io.StringIO() as out:
        out.write('')
    x = 1""",
    "nothing-finally": "try:\n    x = 1\nfinally:\n    x = 2",
    "pytest-raises": "with pytest.raises(ValueError):\n    boom()",
    "pytest-raises-then": """\
with pytest.raises(ValueError) as info:
    boom()
assert info.value""",
    "pytest-raises-twice": """\
for _ in range(2):
    with pytest.raises(ValueError):
        boom()""",
    "pytest-raises-none": "with pytest.raises(ValueError):\n    x = 1",
    "pytest-raises-other": "with pytest.raises(KeyError):\n    boom()",
    "suppressed": "with contextlib.suppress(ValueError):\n    boom()\nx = 1",
    "suppressed-return": "with contextlib.suppress(ValueError):\n    return boom()",
    "not-suppressed": "with contextlib.suppress(KeyError):\n    boom()",
    "with": "with io.StringIO() as out:\n    boom()",
    "with-in-try": """\
try:
    with io.StringIO() as out:
        boom()
except ValueError:
    x = 1""",
    "with-in-two": """\
with io.StringIO() as a:
    with io.StringIO() as b:
        boom()""",
    "swallowed": "with Swallowing():\n    boom()",
    "swallowed-then": "with Swallowing():\n    boom()\nx = 1\ny = 2",
    "unittest": "unittest.TestCase().assertEqual(1, 2)",
    "unittest-raises": """\
case = unittest.TestCase()
with case.assertRaises(ValueError):
    boom()""",
    "loop": """\
total = 0
for n in numbers():
    total += n
assert total == 3""",
    "loop-at-the-end": "for n in numbers():\n    x = n",
    "comprehension": "xs = [n for n in numbers()]\nys = list(numbers())",
    "next": "x = next(numbers())\ny = next(iter([]), None)",
    "exhausted": "next(iter([]))",
    "yield-from": """\
def all_of():
    yield from numbers()
assert list(all_of()) == [1, 2]""",
    "loop-of-tries": """\
for n in [1, 2]:
    try:
        boom()
    except ValueError:
        continue""",
    "recursion": """\
def f(n):
    return 1 if n == 0 else n * f(n - 1)
assert f(4) == 24""",
    "recursion-raises": "def f(n):\n    return 1 // n + f(n - 1)\nf(3)",
    "recursion-caught": """\
def f(n):
    try:
        return 1 // n + f(n - 1)
    except ValueError:
        return 0
f(2)""",
    "pytest-raises-other-finally": """\
try:
    with pytest.raises(KeyError):
        boom()
finally:
    x = 1
    y = 2""",
    "pytest-raises-base": "with pytest.raises(Exception):\n    boom()",
    "pytest-raises-own": """\
class Odd(ValueError): pass
with pytest.raises(ValueError):
    boom(Odd)""",
    "pytest-raises-own-then": """\
class Odd(ValueError): pass
with pytest.raises(ValueError):
    boom(Odd)
x = 1""",
    "pytest-raises-own-not": """\
class Odd(Exception): pass
with pytest.raises(ValueError):
    boom(Odd)""",
    "pytest-warns": """\
import warnings
with pytest.warns(UserWarning):
    warnings.warn('x')""",
    "iterator": """\
class Once:
    def __iter__(self):
        return self
    def __next__(self):
        raise StopIteration
for x in Once():
    pass""",
    "with-loop": "for n in [1, 2]:\n    with Swallowing():\n        boom()",
    "with-two-swallowed": """\
with Swallowing():
    with io.StringIO() as b:
        boom()
x = 1""",
}
"""What a test does; it passes, fails or raises."""


def program(body: str) -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{HELPERS}def main():\n{lines}"


@pytest.mark.filterwarnings("ignore:'return' in a 'finally'")
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_really_happens_is_what_is_said(body: str) -> None:
    prediction, left = ran(program(body))
    failed = isinstance(left, AssertionError | pytest.fail.Exception)
    truth = "pass" if left is None else "fail" if failed else "error"
    judged = judge([prediction])
    assert (judged.verdict, judged.votes[truth]) == (truth, 1), (judged, left)
    assert judged.decided_by is not None
    assert judged.at is not None
    assert prediction.frames[judged.at] == judged.decided_by
    assert judged.decided_by.kind == ("return" if truth == "pass" else "exception")


def test_the_frame_that_decides_is_where_it_was_raised() -> None:
    judged = judge([ran(program("x = 1\n" + BODIES["fails-within"]))[0]])
    assert judged.decided_by == Frame("exception", "        assert x\n", value="AssertionError()")
    assert "`assert x`" in judged.reason


def test_a_subtest_that_fails_fails_the_test() -> None:
    frames = [
        Frame("call", "def main():\n", {}),
        Frame("line", "    with case.subTest(n=1):\n", {}),
        Frame("line", "        assert 1 == 2\n", {}),
        Frame("exception", "        assert 1 == 2\n", value="AssertionError()"),
        Frame("line", "    with case.subTest(n=1):\n", {}),
        Frame("line", "    x = 1\n", {}),
        Frame("return", "    x = 1\n", value="None"),
    ]
    found = leaving(frames)
    assert (found.how, found.at) == ("raised", 3)


def test_a_clause_of_unknown_classes_is_unclear() -> None:
    frames = [
        Frame("line", "    try: f()\n", {}),
        Frame("exception", "    try: f()\n", value="mine.Broken('x')"),
        Frame("line", "    except Base: pass\n", {}),
        Frame("return", "    except Base: pass\n", value="None"),
    ]
    assert leaving(frames).how == "unclear"


def test_a_model_that_leaves_out_the_last_return() -> None:
    frames = [
        Frame("line", "    f()\n", {}),
        Frame("exception", "    f()\n", value="ValueError()"),
    ]
    found = leaving(frames)
    assert (found.how, found.at) == ("raised", 1)


@pytest.mark.parametrize(
    ("value", "source", "name"),
    [
        ("ValueError('x')", "f()", "ValueError"),
        ("ValueError: x", "f()", "ValueError"),
        ("ValueError", "f()", "ValueError"),
        ("json.decoder.JSONDecodeError('KeyError')", "f()", "JSONDecodeError"),
        ("<class 'ValueError'>", "f()", "ValueError"),
        ("(<class 'a.OddProblemError'>, OddProblemError(), <traceback>)", "f()", "OddProblemError"),
        ("<ExceptionInfo AssertionError('x') tblen=2>", "f()", "AssertionError"),
        ("Failed: DID NOT RAISE <class 'ValueError'>", "f()", "Failed"),
        ("<Failed instance>", "f()", "Failed"),
        ("Odd()", "f()", "Odd"),
        ("Odd[int]('x')", "f()", "Odd"),
        ("assert 1 == 2", "    assert a == b", "AssertionError"),
        ("None", "    assert a == b", "AssertionError"),
        ("'no'", "    raise errors.Odd('no')", "Odd"),
        (None, "    raise Odd", "Odd"),
        ("no", "    pytest.fail('no')", "Failed"),
        ("later", "    pytest.skip('later')", "Skipped"),
        ("DID NOT RAISE <class 'ValueError'>", "    with pytest.raises(ValueError):", "Failed"),
        ("'no'", "    f()", ""),
        ("", "", ""),
        ("\x00((((", "raise", ""),
    ],
)
def test_names_are_made_out_of_any_form(value: str | None, source: str, name: str) -> None:
    assert exception_name(Frame("exception", source + "\n", value=value)) == name
