"""Values that are compared without running anything, whatever stands there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.questions.literals import (
    NotLiteral,
    last_function,
    literal,
    parsed,
    same_literal,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.binary()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_a_value_equals_itself(value: object) -> None:
    assert literal(repr(value)) == value
    assert same_literal(repr(value), f" {value!r} ") is True


@given(st.text(max_size=200))
def test_no_text_is_run_or_raises(text: str) -> None:
    assert same_literal(text, "1") in (True, False, None)
    parsed(text)
    last_function(text)


@pytest.mark.parametrize(
    "text",
    [
        "f(1)",
        "__import__('os')",
        "a",
        "1 +",
        "(" * 5000,
        "-" * 50000,
        "[" * 90000,
        "9" * 200_000,
        "",
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_literal(text: str) -> None:
    with pytest.raises(NotLiteral):
        literal(text)
    assert same_literal(text, "[1]") is None


def test_values_are_compared_as_python_does() -> None:
    assert same_literal("'a'", '"a"') is True
    assert same_literal("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}") is True
    assert same_literal("1", "True") is True
    assert same_literal("[1, 2]", "(1, 2)") is False
    assert same_literal("set()", "set()") is True
    assert same_literal("'\\d'", "'\\\\d'") is True


def test_the_last_function() -> None:
    assert (
        last_function("def f(): pass\nx = 1\ndef g(): pass\nclass A:\n    def h(self): pass") == "g"
    )
    assert last_function("x = 1") == last_function("def") == ""
