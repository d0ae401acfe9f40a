"""How programs scale: curves laid through points, and answers beside labels and measurements."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.questions.bigo import read_growth
from model.questions.complexity import Complexity, ComplexityTask
from model.questions.curves import faster, fit
from model.questions.measured import Measured, Point
from model.questions.question import Answer, Asked, BadRow, Way
from tests.model.questions.asking import NothingRuns, answers
from tests.model.replies import say

CURVES: dict[str, Callable[[float], float]] = {
    "O(1)": lambda n: 5,
    "O(log n)": lambda n: 3 + 2 * math.log2(n),
    "O(n^0.5)": lambda n: 1 + 4 * math.sqrt(n),
    "O(n)": lambda n: 7 + 3 * n,
    "O(n log n)": lambda n: 2 + n * math.log2(n),
    "O(n^2)": lambda n: 2 + 3 * n + n * n,
    "O(n^3)": lambda n: 1 + n**3,
}
SIZES = [2**k for k in range(1, 16)]


@pytest.mark.parametrize("name", CURVES)
def test_exact_points_tell_their_class(name: str) -> None:
    found = fit([(n, CURVES[name](n)) for n in SIZES])
    assert found is not None
    assert found.growth == name
    assert found.error < 0.02


def test_exponential_growth() -> None:
    found = fit([(n, 3 + 2**n) for n in range(2, 22, 2)])
    assert found is not None
    assert (found.growth, found.alike) == ("O(2^n)", ())


@pytest.mark.parametrize("name", ["O(n)", "O(n^2)", "O(n^3)"])
def test_points_with_noise_name_what_cannot_be_told_apart(name: str) -> None:
    chance = random.Random(1)
    found = fit([(n, CURVES[name](n) * chance.uniform(0.85, 1.15)) for n in SIZES])
    assert found is not None
    assert name in (found.growth, *found.alike)
    assert len(found.alike) < 6


def test_too_few_points_say_nothing() -> None:
    assert fit([]) is fit([(1, 1), (2, 2), (4, 4)]) is None
    assert fit([(n, 0) for n in SIZES]) is None


def test_a_constant_is_no_class_that_does_not_grow() -> None:
    for points in ([(n, 7) for n in SIZES], [(n, 700 - n / 10**6) for n in SIZES]):
        found = fit(points)
        assert found is not None
        assert (found.growth, found.alike) == ("O(1)", ())


def test_points_that_follow_no_class_say_nothing() -> None:
    uneven = [(n, n * (1, 40, 3, 200)[at % 4]) for at, n in enumerate(SIZES)]
    assert fit(uneven) is None
    said = Measured((), fit(uneven), None, "largest").shown()
    assert "lines run: too few or too uneven points to say how it grows" in said


@given(st.lists(st.tuples(st.integers(1, 10**6), st.floats(0, 1e9)), max_size=30))
def test_any_points_can_be_looked_at(points: list[tuple[float, float]]) -> None:
    found = fit(points)
    assert found is None or found.error >= 0


def test_names_of_curves_are_classes_in_their_order() -> None:
    names = [*CURVES, "O(2^n)"]
    assert len({read_growth(name) for name in names}) == len(names)
    assert faster("O(n^2)", "O(n)")
    assert not faster("O(n)", "O(n)")


def measured(lines: str, seconds: str, scale: float) -> Measured:
    points = [
        Point(n=n, lines=round(CURVES[lines](n)), seconds=scale * CURVES[seconds](n)) for n in SIZES
    ]
    by_lines = fit([(each.n, each.lines) for each in points])
    return Measured(tuple(points), by_lines, fit([(each.n, each.seconds) for each in points]), "")


def test_time_is_believed_where_lines_do_not_tell() -> None:
    for found, growth in (
        (measured("O(n)", "O(n^2)", 1e-8), "O(n^2)"),
        (measured("O(n)", "O(n^2)", 1e-14), "O(n)"),
        (measured("O(n^2)", "O(n)", 1e-3), "O(n^2)"),
    ):
        assert found.fit is not None
        assert found.fit.growth == growth
        assert any("lines run: " in line for line in found.shown())
    assert Measured((), None, None, "raised", "TypeError: no").shown()[1].endswith("TypeError: no")


def test_records() -> None:
    row = {
        "problem_id": "1_A",
        "problem_name": "Sum",
        "solution_id": "7",
        "description": "Sum up.",
        "solution_code": "print(sum(map(int, input().split())))",
        "dataclass_code": "",
        "inputs_example": "1 2",
        "time_complexity_inferred": "o(nlogn)",
        "time_curve_coefficient": 0.1,
    }
    task = Complexity().read(row)
    assert (task.id, str(task.label)) == ("1_A/7", "O(n log n)")
    plain = Complexity().read({"id": 1, "code": "x", "complexity": "O(N)", "call": "f(n)"})
    assert (plain.id, plain.call, str(plain.label)) == ("1", "f(n)", "O(n)")
    for bad in ({**row, "time_complexity_inferred": "?"}, {"code": "x"}, {}):
        with pytest.raises(BadRow):
            Complexity().read(bad)
    with pytest.raises(BadRow):
        Complexity().one(Asked("x", "f("))


TASK = ComplexityTask("a", "def f(n): pass", "", read_growth("O(n m)"))


@pytest.mark.parametrize(
    ("said", "text", "right"),
    [
        ("<answer>O(a*b)</answer>", "O(m n)", True),
        ("<answer>$O(n \\cdot m)$</answer>", "O(m n)", True),
        ("It is quadratic.\n<answer>O(n^2)</answer>", "O(n^2)", False),
        ("<answer>it depends on many things</answer>", "", None),
    ],
)
async def test_answers(said: str, text: str, right: bool | None) -> None:
    (answer,) = await answers(TASK, Way("reasoning"), say(said))
    assert answer.text == text
    if right is not None:
        mark = await TASK.mark(answer, NothingRuns())
        assert (mark.right, mark.detail) == (right, "" if right else "it is O(m n)")


async def test_without_label_or_call_nobody_can_tell() -> None:
    mark = await ComplexityTask("a", "x").mark(Answer("O(n)"), NothingRuns())
    assert mark.right is None
