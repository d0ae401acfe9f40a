"""How far nano is to be believed: what is foreign to it, and what it guessed."""

from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.nano.reach import Reach, calibrated, lowest_frame

KNOWN = Reach(
    context=1024,
    sure=0.5,
    constructs=frozenset(
        {"FunctionDef", "arguments", "arg", "Return", "Name", "Load", "Store", "Call", "Constant"}
        | {"Assign", "For", "BinOp", "Add", "Attribute", "Expr"}
    ),
    names=frozenset({"len", "append"}),
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return len(a)", ""),
        ("b = a + 1\n    return g(b)", ""),
        ("for i in a:\n        a.append(i)", ""),
        ("h = a\n    return h(2)", ""),
        ("return a(2)", ""),
        ("return a[0]", "line 7: Subscript is nothing that the model was trained on"),
        ("with a:\n        return 1", "line 7: With is nothing"),
        ("return open(a)", "line 7: open() is nothing"),
        ("return a.frobnicate()", "line 7: frobnicate() is nothing"),
        ("return loads(a)", "line 7: loads() is nothing"),
    ],
)
def test_what_is_foreign(body: str, said: str) -> None:
    source = f"from json import loads\n\ndef g(b):\n    return b\n\ndef f(a):\n    {body}\n"
    found = KNOWN.beyond(source)
    assert found.startswith(said)
    assert bool(found) == bool(said)
    assert not Reach(context=1024).beyond(source)


def test_what_no_trace_goes_through_does_not_matter() -> None:
    assert not KNOWN.beyond("X = [open('a')]\nwith X:\n    pass\n\ndef f(a):\n    return a\n")


@pytest.mark.parametrize("source", ["def f(:", "\0", "(" * 5_000])
def test_no_python_is_foreign(source: str) -> None:
    assert KNOWN.beyond(source) == "the source is no Python that can be read"


def test_a_guessed_frame_is_a_doubt() -> None:
    assert not KNOWN.doubt(log(0.5))
    assert not KNOWN.doubt(None)
    assert KNOWN.doubt(log(0.25)) == (
        "the model is not sure: it gives one frame a probability of 0.25, "
        "and is believed from 0.50 on"
    )


def test_a_frame_is_as_likely_as_its_tokens_together() -> None:
    ids = [1, 2, 9, 3, 4, 9, 5]
    halves = [-0.1, -0.2, -0.3, -0.5, -0.4, -0.0, -0.8]
    assert lowest_frame(ids, halves, 9) == pytest.approx(-0.9)
    assert lowest_frame(ids, None, 9) is None
    assert lowest_frame([], [], 9) is None


def test_the_threshold_is_the_least_that_will_do() -> None:
    found = [(0.9, True), (0.8, True), (0.7, False), (0.6, True), (0.5, True), (0.4, False)]
    assert calibrated(found, 0.8) == 0.5
    assert calibrated(found, 1.0) == 0.8
    assert calibrated(found, 0.1) == 0.4
    assert calibrated([(0.9, False)], 0.8) == 1.0
    assert calibrated([], 0.8) == 1.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans())), st.floats(0.01, 1))
def test_those_that_are_believed_are_right_as_often_as_wanted(
    found: list[tuple[float, bool]], right: float
) -> None:
    threshold = calibrated(found, right)
    believed = [was_right for probability, was_right in found if probability >= threshold]
    if believed and threshold < 1:
        assert sum(believed) >= right * len(believed) - 1e-9
