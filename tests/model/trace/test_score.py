"""The measures, each on a trace where it alone, or it and what depends on it, goes wrong."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.trace.frame import Frame
from model.trace.reading import read_frames
from model.trace.score import MEASURES, Count, Ending, ending, score, summarise, wilson
from model.trace.states import compress
from model.trace.writing import write_frames
from tests.model.trace.examples import EXAMPLE_CONTEXT, EXAMPLE_TEXT, PROGRAMS, recorded

TRUTH = compress(recorded(EXAMPLE_CONTEXT))[1:]
"""Six frames, four of them with locals."""


def shares(text: str, expected: Ending | None = None) -> dict[str, float]:
    return {name: count.share for name, count in score(read_frames(text), TRUTH, expected).items()}


def wrong(**but: float) -> dict[str, float]:
    """The shares of a right trace, but for these."""
    return {name: but.get(name.replace(" ", "_").replace("@", ""), 1.0) for name in MEASURES}


# One trace


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_really_ran_has_full_marks(name: str) -> None:
    truth = compress(recorded(PROGRAMS[name]))[1:]
    counts = score(read_frames(write_frames(truth)), truth)
    assert list(counts) == list(MEASURES)
    assert all(count.share == 1 for count in counts.values())


@pytest.mark.parametrize(
    ("old", "new", "but"),
    [
        ('"b": "2"', '"b": "3"', {"state_exact_match": 3 / 4, "key_and_value_match": 5 / 6}),
        (
            '"b": "2"',
            '"c": "2"',
            {"state_exact_match": 3 / 4, "key_match": 5 / 6, "key_and_value_match": 5 / 6},
        ),
        ('{"a": "..", "b": "2"}', '{"b": "2", "a": ".."}', {}),
        (
            '{"a": "..", "b": "2"}',
            '{"a": ',
            {
                "state_exact_match": 3 / 4,
                "valid_JSON": 3 / 4,
                "key_match": 3 / 4,
                "key_and_value_match": 3 / 4,
            },
        ),
        ("    b = a + 1\n", "    b = a\n", {"action_exact_match": 5 / 6}),
        ('f(1)\n<|arg_sep|>"2"', 'f(1)\n<|arg_sep|>"3"', {"output_pass1": 0}),
        ('f(1)\n<|arg_sep|>"2"', 'f(1)\n<|arg_sep|>"2.0"', {}),
        ("<|end_of_text|>", "", {"output_pass1": 0, "valid_format": 0}),
        ("<|end_of_text|>", "<|end_of_text|>more", {"valid_format": 0}),
        ('b\n<|arg_sep|>"2"', "b\n<|arg_sep|>2", {"valid_format": 0}),
    ],
)
def test_each_measure_goes_wrong_by_itself(old: str, new: str, but: dict[str, float]) -> None:
    assert EXAMPLE_TEXT.count(old) == 1
    assert shares(EXAMPLE_TEXT.replace(old, new)) == pytest.approx(wrong(**but))


def test_frames_that_are_missing_do_not_match() -> None:
    half = EXAMPLE_TEXT[: EXAMPLE_TEXT.index('<|line_sep|>{"a": ".."}')]
    found = shares(half)
    assert found["action exact match"] == pytest.approx(2 / 6)
    assert found["state exact match"] == found["key match"] == 2 / 4
    assert found["valid JSON"] == 1
    nothing = shares("")
    assert math.isnan(nothing.pop("valid JSON"))
    assert set(nothing.values()) == {0}


def test_the_right_ending_may_be_given() -> None:
    assert shares(EXAMPLE_TEXT, Ending(False, "3"))["output pass@1"] == 0
    assert shares(EXAMPLE_TEXT, Ending(True, "2"))["output pass@1"] == 0


# How an entry point is left


def test_an_entry_point_returns_or_raises() -> None:
    assert ending(recorded(PROGRAMS["recursion"])) == Ending(False, "6")
    assert ending(recorded(PROGRAMS["unwinding"])) == Ending(False, "2")
    raised = ending(recorded(PROGRAMS["escaping"]))
    assert raised is not None
    assert raised.raised
    assert raised.value.startswith("ZeroDivisionError")
    assert ending([]) is None
    assert ending(TRUTH[:2]) is None


@pytest.mark.parametrize(
    ("value", "expected", "same"),
    [
        ("{1, 2}", "{2, 1}", True),
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}", True),
        ('"a"', "'a'", True),
        ("[1, 2]", "(1, 2)", False),
        ("<A object>", "<A object>", True),
        ("<A object>", "<B object>", False),
        ("'\\d'", "'\\\\d'", True),
        ("(" * 9_000, "1", False),
        ("-" * 9_000 + "1", "1", False),
        ("{[]}", "1", False),
        ("__import__('os')", "1", False),
        ("'" + "a" * 20_000 + "'", '"' + "a" * 20_000 + '"', False),
    ],
)
def test_values_are_the_same_as_text_or_as_literals(value: str, expected: str, same: bool) -> None:
    text = write_frames([Frame("return", "x\n", value=value)])
    counts = score(read_frames(text), [Frame("return", "x\n", value=expected)])
    assert counts["output pass@1"] == Count(same, 1)


# Many traces


def test_rates_are_means_of_traces_with_their_intervals() -> None:
    bad = EXAMPLE_TEXT.replace('"b": "2"', '"b": "3"').replace("<|end_of_text|>", "")
    texts = [EXAMPLE_TEXT] * 7 + [bad, bad, ""]
    rates = summarise(score(read_frames(text), TRUTH) for text in texts)
    assert rates["valid format"].share == pytest.approx(0.7)
    assert (rates["valid format"].low, rates["valid format"].high) == pytest.approx(
        (0.39678, 0.89221), abs=1e-5
    )
    states = rates["state exact match"]
    assert states.share == pytest.approx((7 + 2 * 0.75) / 10)
    assert states.frames == Count(34, 40)
    assert rates["valid JSON"].traces == 9
    assert rates["valid JSON"].share == 1


def test_no_traces_say_nothing() -> None:
    for rate in summarise([]).values():
        assert math.isnan(rate.share)
        assert (rate.low, rate.high, rate.traces) == (0, 1, 0)


@given(hits=st.integers(0, 500), misses=st.integers(0, 500))
def test_an_interval_holds_the_share(hits: int, misses: int) -> None:
    trials = hits + misses
    share = hits / trials if trials else 0.0
    low, high = wilson(share, trials)
    assert 0 <= low <= share + 1e-12
    assert share <= high + 1e-12
    assert high <= 1
