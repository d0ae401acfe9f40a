"""Expressions over predicted locals: what they are, what is known of them, what they never do."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.debugger.expressions import (
    ExpressionProblem,
    NotKnown,
    Opaque,
    evaluate,
    holds,
    parse,
    read,
)

LOCALS = {
    "n": "3",
    "name": "'Ada'",
    "items": "[1, 2, 3]",
    "none": "None",
    "thing": "<Thing object>",
    "nested": "{'a': [1, (2, 3)]}",
    "self": "Point(x=1)",
    "__import__": "1",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n", 3),
        ("n == 3", True),
        ("1 < n <= 3", True),
        ("1 < n < 3", False),
        ("n != 3 or name == 'Ada'", True),
        ("not n", False),
        ("-n < 0", True),
        ("2 in items and 9 not in items", True),
        ("items == [1, 2, n]", True),
        ("nested == {'a': [1, (2, 3)]}", True),
        ("(n, name)", (3, "Ada")),
        ("{n, 3}", {3}),
        ("none is None", True),
        ("thing is None", False),
        ("thing is not None", True),
        ("n is not True", True),
        ("n == 3 or thing == 1", True),
        ("'d' in name", True),
    ],
)
def test_what_an_expression_gives(text: str, value: object) -> None:
    assert evaluate(parse(text), LOCALS) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("missing == 1", "missing has no value"),
        ("thing == 1", "<Thing object>"),
        ("thing", "is true is not known"),
        ("self == 1", "Point(x=1)"),
        ("n < name", "not supported"),
        ("{items}", "unhashable"),
        ("3 in n", "not iterable"),
        ("n is 3", "None, True and False"),
    ],
)
def test_what_cannot_be_told_is_said(text: str, words: str) -> None:
    with pytest.raises(NotKnown) as caught:
        holds(parse(text), LOCALS)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.missing == ("no value" in words)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n =",
        "n = 3",
        "__import__('os').system('true')",
        "print(n)",
        "n.real",
        "items[0]",
        "n + 1",
        "9 ** 9 ** 9 ** 9",
        "[x for x in items]",
        "lambda: 1",
        "f'{n}'",
        "(n := 4)",
        "n if n else 1",
        "await n",
        "{**nested}",
        "[*items]",
        "n\nn",
        "(" * 500,
        "x" * 1001,
        "\0",
    ],
)
def test_what_is_no_such_expression_is_refused_before_anything_is_looked_at(text: str) -> None:
    with pytest.raises(ExpressionProblem) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_an_expression_as_deep_as_it_may_be() -> None:
    assert evaluate(parse("not " * 24 + "n"), LOCALS) is True
    with suppress(NotKnown, ExpressionProblem):
        assert evaluate(parse("-" * 999 + "1"), LOCALS) == -1


@given(st.text() | st.text("n()[]{}.,=<>!'\"# andorotis-+*0"))
def test_no_text_does_anything_else_than_be_refused(text: str) -> None:
    with suppress(ExpressionProblem, NotKnown):
        evaluate(parse(text), LOCALS)


@given(st.text())
def test_any_value_that_a_model_writes_can_be_looked_at(text: str) -> None:
    value = read(text)
    assert not isinstance(value, Opaque) or repr(value) == text
    for expression in ("n", "n == 1", "n < 2", "n in [1]", "not n", "n is None"):
        with suppress(NotKnown):
            evaluate(parse(expression), {"n": text})


@pytest.mark.parametrize("text", ["[" * 10_000, "(" * 90_000, "9" * 20_000, "'" + "x" * 200_000])
def test_monstrous_values_are_kept_as_text(text: str) -> None:
    assert read(text) == Opaque(text)
