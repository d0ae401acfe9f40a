"""The table of results: shares and intervals of answers that were marked by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.questions.results import (
    Given,
    Measure,
    Result,
    best_foreseen,
    chance,
    majority,
    merit,
    table,
)


def result(id_: str, *answers: tuple[str, bool | None], **measures: bool | None) -> Result:
    given = (Given(text=text, right=right, measures=measures) for text, right in answers)
    return Result(id=id_, answers=tuple(given))


def by_name(measures: list[Measure]) -> dict[str, Measure]:
    return {each.name: each for each in measures}


def test_single_answers() -> None:
    results = [result(str(n), ("1", n < 8)) for n in range(10)]
    found = by_name(table([*results, result("no", ("", False)), result("who", ("2", None))]))
    assert [*found] == ["pass@1", "answered"]
    right = found["pass@1"]
    assert (right.share, right.tasks) == (8 / 11, 11)
    # Wilson's interval for 8 of 11, worked out by hand.
    assert (right.low, right.high) == (
        pytest.approx(0.4344, abs=1e-3),
        pytest.approx(0.9025, abs=1e-3),
    )
    assert found["answered"].share == pytest.approx(11 / 12)


def test_several_answers() -> None:
    results = [
        result("a", ("1", True), ("1", True), ("2", False)),
        result("b", ("1", False), ("2", True), ("1", False)),
        result("c", ("", False), ("", False), ("3", True)),
        result("d", ("", False), ("", False), ("", False)),
    ]
    found = by_name(table(results, samples=3, votes=True))
    assert found["pass@1"].share == pytest.approx((2 / 3 + 1 / 3 + 1 / 3 + 0) / 4)
    assert found["pass@3"].share == pytest.approx(3 / 4)
    assert found["majority"].share == pytest.approx(2 / 4)
    assert found["answered"].share == pytest.approx((1 + 1 + 1 / 3 + 0) / 4)
    assert "majority" not in by_name(table(results, samples=3))


def simulated(text: str, right: bool, foreseen: object) -> Given:
    return Given(text=text, right=right, facts={"foreseen": foreseen})


def test_the_answer_of_which_most_is_foreseen() -> None:
    first = simulated("1", False, {"a": True, "b": False})
    second = simulated("2", True, {"a": True, "b": None})
    third = simulated("3", False, {"a": True, "b": None})
    nothing = Given(text="", right=False)
    plain = Given(text="4", right=True)
    results = [
        Result(id="a", answers=(first, second, third)),
        Result(id="b", answers=(nothing, plain, first)),
        Result(id="c", answers=(nothing, nothing, nothing)),
        Result(id="d", answers=(simulated("5", True, True), simulated("6", False, False))),
    ]
    assert [merit(each.facts) for each in (first, second, plain)] == [0, 1, None]
    assert [best_foreseen(each) for each in results] == [True, True, False, True]
    assert by_name(table(results, samples=3))["best foreseen"].share == pytest.approx(3 / 4)
    assert "best foreseen" not in by_name(table(results[2:3], samples=3))


def test_other_measures_count_where_they_apply() -> None:
    results = [
        result("a", ("1", True), foreseen=True),
        result("b", ("1", True), foreseen=None),
        result("c", ("1", True), foreseen=False),
    ]
    found = by_name(table(results))["foreseen"]
    assert (found.share, found.tasks) == (0.5, 2)


def test_nothing_at_all() -> None:
    (right, answered) = table([])
    assert math.isnan(right.share)
    assert (right.low, right.high, right.tasks, answered.tasks) == (0.0, 1.0, 0, 0)
    assert majority(Result(id="a", answers=())) is None


@given(st.integers(1, 30), st.data())
def test_the_chance_that_one_of_k_is_right(drawn: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, drawn))
    assert chance(drawn, right, 1) == pytest.approx(right / drawn)
    chances = [chance(drawn, right, k) for k in range(1, drawn + 1)]
    assert chances == sorted(chances)
    assert chances[-1] == (1.0 if right else 0.0)


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.booleans()), max_size=4)))
def test_any_results_make_a_table(rows: list[list[tuple[str, bool | None]]]) -> None:
    results = [result(str(number), *answers) for number, answers in enumerate(rows)]
    for each in table(results, samples=4, votes=True):
        assert (
            math.isnan(each.share)
            or 0 <= each.low <= each.share + 1e-9 <= each.high + 2e-9 <= 1 + 2e-9
        )
    for each in results:
        assert Result.model_validate_json(each.model_dump_json()) == each
