"""Choosing: what each strategy goes by, in which order, and that it says why."""

from dataclasses import replace
from itertools import count, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.selecting.candidate import Candidate
from agent.selecting.normal import NormalForm
from agent.selecting.registry import CHOOSING, STRATEGIES
from agent.selecting.strategies.best import Best, counting_tests
from agent.selecting.strategies.majority import Majority
from agent.selecting.strategies.oracle import Oracle
from agent.selecting.strategies.verdicts import Verdicts
from tests.agent.selecting.candidates import candidate

BEST, MAJORITY, VERDICTS, ORACLE = Best(), Majority(), Verdicts(), Oracle()

CANDIDATES = st.builds(
    candidate,
    attempt=st.just(0),
    patch=st.sampled_from(["", "a", "b", "c"]),
    outcomes=st.text(alphabet="yn?", min_size=3, max_size=3),
    tokens=st.integers(0, 3),
    lost=st.sampled_from([None, (), ("t",), ("t", "u")]),
    verdicts=st.dictionaries(
        st.sampled_from(["t", "u"]),
        st.tuples(st.sampled_from(["pass", "fail", "unsure"]), st.sampled_from([0.6, 0.9])),
    ),
    resolved=st.booleans(),
)


@st.composite
def several(draw: st.DrawFn, most: int = 6) -> list[Candidate]:
    made = draw(st.lists(CANDIDATES, max_size=most))
    return [replace(each, attempt=number) for number, each in zip(count(1), made)]


# Each strategy --------------------------------------------------------------------------------


def test_the_majority_wins_then_the_cheapest_of_it() -> None:
    choice = MAJORITY.choose(
        [candidate(1, "a"), candidate(2, "b", tokens=9), candidate(3, "b", tokens=5)]
    )
    assert choice.attempt == 3
    assert choice.ranking == (3, 2, 1)
    assert choice.reasons == (
        "attempts 2 and 3: the most common patch, of attempts 1, 2 and 3",
        "attempt 3: the fewest tokens, of attempts 2 and 3",
    )


def test_without_a_majority_the_cheapest_wins_and_of_equals_the_first() -> None:
    assert MAJORITY.choose([candidate(1, "a", tokens=9), candidate(2, "b", tokens=5)]).attempt == 2
    choice = MAJORITY.choose([candidate(2, "b"), candidate(1, "b")])
    assert choice.attempt == 1
    assert choice.reasons == ("attempt 1: the first of 2 that are alike in all",)


def test_patches_that_come_to_nothing_are_never_chosen() -> None:
    empty = Candidate(1, "diff", NormalForm(()))
    for strategy in STRATEGIES.values():
        assert strategy.choose([]).attempt is None
        assert strategy.choose([candidate(2, ""), empty]).reasons == ("no attempt has a patch",)
        choice = strategy.choose([empty, candidate(2, ""), candidate(3, "z")])
        assert choice.attempt == 3
        assert choice.reasons[-1] == "attempt 3 is the only one with a patch"


def test_what_passed_before_comes_first() -> None:
    choice = BEST.choose(
        [
            candidate(1, "a", "yyy", lost=("test_old",)),
            candidate(2, "a", "yyy", lost=("test_old",)),
            candidate(3, "b", "ynn"),
        ]
    )
    assert choice.attempt == 3
    assert choice.reasons[1].startswith("attempt 3: fewest tests lost that passed before")


def test_then_the_patch_that_passes_most_even_against_the_majority() -> None:
    choice = BEST.choose(
        [
            candidate(1, "a", "yyn"),
            candidate(2, "a", "yyn"),
            candidate(3, "b", "yyy"),
            candidate(4, "c", "yny"),
        ]
    )
    assert choice.attempt == 3
    assert choice.reasons[:2] == (
        "3 of 3 generated tests count; passed by attempt: 1: 2, 2: 2, 3: 3, 4: 2",
        "attempt 3: most generated tests passed, of attempts 1, 2, 3 and 4",
    )


@pytest.mark.parametrize(
    ("outcomes", "counting"),
    [
        (("yyn", "yyn", "nny"), {0, 1}),  # two tests agree, against one
        (("yyn", "n?y", "yny"), {0, 1, 2}),  # none agree
        (("yyn", "y?n", "yyn"), {0, 2}),  # broken is not the same as not resolved
        (("nnn", "n?n", "nny"), {2}),  # what no patch passes tells nothing apart
        (("yyy", "yyy", "ynn"), {0, 1}),
        (("nnn", "???"), set()),
    ],
)
def test_the_most_frequent_outcomes_say_which_tests_count(
    outcomes: tuple[str, ...], counting: set[int]
) -> None:
    made = [candidate(n, "abc"[n], "".join(test[n] for test in outcomes)) for n in range(3)]
    assert counting_tests(made) == {f"test {n}" for n in counting}


def test_where_no_test_counts_the_majority_of_what_loses_nothing_decides() -> None:
    choice = BEST.choose(
        [candidate(1, "a", "n"), candidate(2, "b", "?"), candidate(3, "a", "n")]
        + [candidate(n, "c", "?", lost=("t",)) for n in (4, 5, 6)]
    )
    assert choice.attempt == 1
    assert "none counts" in choice.reasons[0]
    bare = BEST.choose([candidate(1, "a"), candidate(2, "b"), candidate(3, "b", lost=None)])
    assert bare.attempt == 2
    assert bare.reasons[0].startswith("no generated test shows the issue")
    assert bare.reasons[1] == "not known what is lost to the patch of attempt 3"


def test_ties_of_tests_go_to_the_majority_then_to_the_fewest_tokens() -> None:
    made = [candidate(1, "a", "y", tokens=1), candidate(2, "b", "y", tokens=5)]
    assert BEST.choose(made).attempt == 1
    assert BEST.choose([*made, candidate(3, "b", "y", tokens=4)]).attempt == 3


def test_verdicts_choose_what_is_expected_to_pass() -> None:
    choice = VERDICTS.choose(
        [
            candidate(1, "a", verdicts={"t": ("fail", 0.9), "u": ("pass", 0.9)}),
            candidate(2, "b", verdicts={"t": ("pass", 0.7), "u": ("unsure", 0.9)}),
            candidate(3, "a", verdicts={"t": ("endless", 0.6)}),
        ]
    )
    assert choice.attempt == 2
    assert choice.reasons[0].endswith("1: 0.50, 2: 0.60, 3: 0.45")
    assert choice.reasons[1].startswith("attempt 2: the best predictions")


def test_without_verdicts_the_majority_decides_and_that_is_said() -> None:
    choice = VERDICTS.choose([candidate(1, "a"), candidate(2, "b"), candidate(3, "b")])
    assert choice.attempt == 2
    assert choice.reasons[0] == "no test was predicted, so that the majority decides"


def test_the_oracle_takes_what_is_known_to_resolve_it() -> None:
    made = [candidate(1, "a"), candidate(2, "a"), candidate(3, "b", resolved=True)]
    assert ORACLE.choose(made).attempt == 3
    assert "oracle" not in CHOOSING


# All of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STRATEGIES)
@given(made=several(most=4))
def test_the_order_of_the_attempts_does_not_matter(name: str, made: list[Candidate]) -> None:
    choices = {STRATEGIES[name].choose(each) for each in permutations(made)}
    assert len(choices) == 1
    (choice,) = choices
    assert choice.reasons
    usable = {each.attempt for each in made if each.form is not None}
    assert set(choice.ranking) == usable
    assert choice.attempt == (choice.ranking[0] if usable else None)


@pytest.mark.parametrize("name", CHOOSING)
@given(made=several())
def test_nothing_that_chooses_knows_the_answer(name: str, made: list[Candidate]) -> None:
    blind = [replace(each, resolved=None) for each in made]
    assert STRATEGIES[name].choose(made) == STRATEGIES[name].choose(blind)


@pytest.mark.parametrize("name", ["best", "majority"])
@given(made=several(), to_come=several(most=2))
def test_what_is_decided_stays_so(
    name: str, made: list[Candidate], to_come: list[Candidate]
) -> None:
    strategy = STRATEGIES[name]
    if not strategy.decided(made, len(to_come)):
        return
    more = [replace(each, attempt=each.attempt + len(made)) for each in to_come]
    assert _form(strategy.choose(made).attempt, made) == _form(
        strategy.choose([*made, *more]).attempt, [*made, *more]
    )


def _form(attempt: int | None, made: list[Candidate]) -> NormalForm | None:
    return next((each.form for each in made if each.attempt == attempt), None)


def test_what_can_be_decided_early_is() -> None:
    same = [candidate(n, "a", "yy") for n in (1, 2, 3)]
    for strategy in (BEST, MAJORITY):
        assert strategy.decided(same, 2)
        assert not strategy.decided(same, 3)
        assert not strategy.decided([], 1)
        assert strategy.decided([], 0)
    assert not BEST.decided([candidate(n, "a", "yn") for n in (1, 2, 3)], 1)
    assert not BEST.decided([candidate(n, "a", "y", lost=("t",)) for n in (1, 2, 3)], 1)
    assert not BEST.decided([candidate(n, "a", "y", lost=None) for n in (1, 2, 3)], 1)
    assert not VERDICTS.decided(same, 1)
    assert ORACLE.decided([candidate(1, resolved=True)], 9)
    assert not ORACLE.decided(same, 1)


@pytest.mark.parametrize(("lead", "left"), product(range(1, 4), range(4)))
def test_a_majority_is_decided_once_nothing_can_draw_level(lead: int, left: int) -> None:
    made = [candidate(n, "a") for n in range(lead + 1)] + [candidate(9, "b")]
    assert MAJORITY.decided(made, left) == (left == 0 or lead > left)
