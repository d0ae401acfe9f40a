"""Budgets: what they let through, what they cut short, and what they refuse."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.answer import Completion, Finish
from model.budget import Budget, BudgetSpent
from model.prices import TokenUsage


def answer(
    read: int, written: int, cost: float | None = None, finish: Finish = "stop"
) -> Completion:
    usage = TokenUsage(read, 0, written)
    return Completion("", None, finish, None, (), "", usage, cost, 0.0, 0)


def test_without_a_limit_nothing_is_refused() -> None:
    budget = Budget()
    budget.spend(answer(10**9, 10**9, 10.0**9), shortened=False)
    assert budget.room(100) == 100
    assert not budget.limited
    assert not budget.ended


def test_cached_and_written_tokens_count() -> None:
    budget = Budget(tokens=100)
    budget.spend(answer(60, 39), shortened=False)
    assert budget.room(50) == 50  # whole answers or none
    budget.spend(answer(1, 0), shortened=False)
    with pytest.raises(BudgetSpent, match="the limit of 100 tokens is used up"):
        budget.room(50)
    assert budget.ended


def test_the_last_answer_is_cut_where_some_will_do() -> None:
    budget = Budget(tokens=100, some_will_do=True)
    budget.spend(answer(60, 10), shortened=False)
    assert budget.room(50) == 30
    budget.spend(answer(0, 30, finish="length"), shortened=True)
    assert "100 tokens" in budget.ended
    with pytest.raises(BudgetSpent) as spent:
        budget.room(1)
    assert spent.value.some_will_do


def test_a_cost_that_nobody_knows_costs_nothing() -> None:
    budget = Budget(cost=0.5)
    budget.spend(answer(10**6, 10**6), shortened=False)
    assert budget.room(1) == 1
    budget.spend(answer(1, 1, 0.5), shortened=False)
    with pytest.raises(BudgetSpent, match=r"the cost limit of 0\.5 US dollars"):
        budget.room(1)


@settings(deadline=None)
@given(st.integers(1, 500), st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50))))
def test_one_prompt_at_most_goes_beyond_the_limit(limit: int, asked: list[tuple[int, int]]) -> None:
    budget = Budget(tokens=limit, some_will_do=True)
    spent = 0
    for read, wanted in asked:
        try:
            room = budget.room(wanted)
        except BudgetSpent:
            assert spent >= limit
            return
        assert spent + room <= limit
        budget.spend(answer(read, room), shortened=room < wanted)
        spent += read + room
    assert spent <= limit + 50
