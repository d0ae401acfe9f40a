"""Texts of somebody else, made fit to be drawn."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agent.tui.widgets.safetext import cut, filled, line_count, one_line, shown, wrapped
from tests.agent.tui.samples import HOSTILE

TEXTS = st.text(max_size=200)
WIDTHS = st.integers(1, 60)


@given(text=TEXTS)
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    made = shown(text)
    made.encode()  # no half characters
    assert all(unicodedata.category(sign) != "Cc" for sign in made if sign != "\n")
    assert not set(made) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")


@given(text=TEXTS, width=WIDTHS)
def test_one_line_fits(text: str, width: int) -> None:
    for line in (one_line(text, width), cut(text.partition("\n")[0], width)):
        assert cell_len(line) <= width
        assert "\n" not in line


@given(text=TEXTS, width=st.integers(2, 60))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    rows = list(wrapped(text, width))
    assert all(cell_len(row) <= width for row in rows)
    assert "".join(rows) == shown(text).replace("\n", "")


@given(text=TEXTS, width=st.integers(2, 60))
def test_filled_lines_fit_and_lose_blanks_alone(text: str, width: int) -> None:
    rows = list(filled(text, width))
    assert all(cell_len(row) <= width for row in rows)
    assert "".join(rows).replace(" ", "") == shown(text).replace("\n", "").replace(" ", "")


@given(text=TEXTS)
def test_lines_are_counted_as_they_are_shown(text: str) -> None:
    lines = text.removesuffix("\n").split("\n") if text else []
    assert line_count(text) == len(lines)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("short", "short"),
        ("\n\n  first\nsecond", "first…"),
        ("one two three", "one two th…"),
        ("", ""),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\tb", "a   b"),
    ],
)
def test_a_line_says_that_there_is_more(text: str, line: str) -> None:
    assert one_line(text, 11) == line


def test_a_very_long_line_is_cut_without_being_looked_through() -> None:
    assert one_line("x" * 50_000_000, 5) == "xxxx…"
    assert len(list(wrapped(HOSTILE, 100))) > 10_000
