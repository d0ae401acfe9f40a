"""Real programs, measured at growing sizes in a real sandbox."""

from collections.abc import AsyncIterator

import pytest

from agent.config import Settings
from agent.evaluating.bench import Bench
from model.questions.complexity import ComplexityTask
from model.questions.measured import measure
from model.questions.question import Answer
from sandboxes.engine import Engine

pytestmark = pytest.mark.engine

QUICK = 4.0
"""Seconds of a measurement."""

SOURCE = """\
def linear(xs):
    total = 0
    for x in xs:
        total += x
    return total


def halving(n):
    steps = 0
    while n > 1:
        n //= 2
        steps += 1
    return steps


def pairs(xs):
    found = 0
    for x in xs:
        for y in xs:
            found += x < y
    return found


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def shaky(n):
    if n > 3:
        raise ValueError("too large")
    return n


def gone(n):
    import os

    os._exit(0)
"""


@pytest.fixture
async def bench(engine: Engine) -> AsyncIterator[Bench]:
    async with Bench(Settings(), lambda line: None) as made:
        yield made


@pytest.mark.parametrize(
    ("call", "growth"),
    [
        ("halving(n)", "O(log n)"),
        ("linear(list(range(n)))", "O(n)"),
        ("linear(xs=[i for i in range(n)])", "O(n)"),
        ("pairs(range(n))", "O(n^2)"),
    ],
)
async def test_lines_are_counted(bench: Bench, call: str, growth: str) -> None:
    found = await measure(bench, SOURCE, call, QUICK)
    assert found.lines is not None
    assert found.lines.growth == growth
    # The loop's head runs once more than its body; arguments do not count.
    if call.startswith("linear"):
        assert found.points[0].n == 2
        assert found.points[0].lines == 7


async def test_what_grows_fast_is_measured_in_between(bench: Bench) -> None:
    found = await measure(bench, SOURCE, "fib(n)", QUICK)
    assert len(found.points) >= 8
    assert found.lines is not None
    # Each number is the sum of the two before it: their quotient is the golden ratio.
    assert found.lines.growth == "O(1.62^n)"
    assert found.end == "time"
    mark = await ComplexityTask("", SOURCE, "fib(n)", seconds=QUICK).mark(Answer("O(2^n)"), bench)
    assert mark.right is True


async def test_programs_that_cannot_be_measured(bench: Bench) -> None:
    for call, end, error in (
        ("shaky(n)", "raised", "ValueError: too large"),
        ("gone(n)", "died", ""),
        ("missing(n)", "raised", "NameError: name 'missing' is not defined"),
    ):
        found = await measure(bench, SOURCE, call, QUICK)
        assert (found.end, found.error, found.fit) == (end, error, None)
    broken = await measure(bench, "def f(:", "f(n)", QUICK)
    assert broken.error.startswith("SyntaxError")


async def test_the_measurement_beside_the_answer(bench: Bench) -> None:
    task = ComplexityTask("", SOURCE, "pairs(range(n))", seconds=QUICK)
    right = await task.mark(Answer("O(n^2)"), bench)
    assert (right.right, right.measures) == (True, {"as measured": True})
    assert right.detail.startswith("it grows like O(n^2)")
    assert right.shown[0].split() == ["n", "lines", "seconds"]
    assert (await task.mark(Answer("O(n)"), bench)).right is False
    unknown = await ComplexityTask("", SOURCE, "gone(n)").mark(Answer("O(1)"), bench)
    assert unknown.right is None
