"""Classes of growth: read however they are written, equal however their variables are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.questions.bigo import NoGrowth, read_growth


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("O(1)", "O(1)"),
        ("o(n)", "O(n)"),
        ("O(N)", "O(n)"),
        ("O(nlogn)", "O(n log n)"),
        ("O(n*log(n))", "O(n log n)"),
        ("n log_2 n", "O(n log n)"),
        ("$O(n \\log n)$", "O(n log n)"),
        ("\\mathcal{O}(n^{2})", "O(n^2)"),
        ("O(n**2)", "O(n^2)"),
        ("O(n2)", "O(n^2)"),
        ("O(n²)", "O(n^2)"),
        ("O(n^2 + n log n + 5)", "O(n^2)"),
        ("O(3n/2)", "O(n)"),
        ("O(n(n-1)/2)", "O(n^2)"),
        ("O(m*n)", "O(m n)"),
        ("O(nm)", "O(m n)"),
        ("O(V + E)", "O(m + n)"),
        ("O(max(a, b))", "O(m + n)"),
        ("O(log n)", "O(log n)"),
        ("O(logn**2)", "O(log^2(n))"),
        ("O(log^2 n)", "O(log^2(n))"),
        ("O(log(n^2))", "O(log n)"),
        ("O(log(n*m))", "O(log m + log n)"),
        ("O((n+m)log(n+m))", "O(m log(m + n) + n log(m + n))"),
        ("O(sqrt(n))", "O(n^0.5)"),
        ("O(√n)", "O(n^0.5)"),
        ("O(n^0.5)", "O(n^0.5)"),
        ("O(n sqrt n)", "O(n^1.5)"),
        ("O(2^n)", "O(2^n)"),
        ("O(2**n * n)", "O(n 2^n)"),
        ("O(2^n + n^3)", "O(2^n)"),
        ("O(n!)", "O(n!)"),
        ("O(log log n)", "O(log(log n))"),
        ("O(size * length)", "O(m n)"),
        ("Linear time.", "O(n)"),
        ("Θ(n)", "O(n)"),
        ("O(log(2^n))", "O(n)"),
    ],
)
def test_however_it_is_written(text: str, written: str) -> None:
    growth = read_growth(text)
    assert str(growth) == written
    assert read_growth(str(growth)) == growth


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("O(n + m log m)", "O(a log a + b)"),
        ("O(n*m + k)", "O(k + p*q)"),
        ("O(n^2*m)", "O(n*m^2)"),
        ("O(n log m)", "O(m log n)"),
        ("O(n*m*log(n))", "O(m log m n)"),
    ],
)
def test_names_do_not_matter(left: str, right: str) -> None:
    assert read_growth(left) == read_growth(right)


def test_different_classes() -> None:
    texts = ["1", "log n", "n", "n log n", "n^2", "n^3", "2^n", "3^n", "n!", "n m", "n + m", "n^n"]
    assert len({read_growth(text) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    "text",
    ["", "O()", "O(n", "n +", "I think it is linear in the size", "O(n^9999)", "?", "O(n) or O(m)"],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(NoGrowth):
        read_growth(text)


@given(st.text(alphabet="nmk123log()+-*/^!, O{}\\sqrt", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        growth = read_growth(text)
    except NoGrowth:
        return
    assert str(growth).startswith("O(")


def test_texts_made_to_take_long() -> None:
    for text in ("(" * 5000, "(a+b+c)^60", "+".join("abcdefgh"), "log " * 70, "n^n^n^n^n^n^n"):
        try:
            read_growth(text)
        except NoGrowth:
            continue
