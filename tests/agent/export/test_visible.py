"""Characters that would hide in a page."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.export.visible import first_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext ü 漢 😀", "plain\n\ttext ü 漢 😀"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\r\nb\rc", "a\nb\\x0dc"),
        ("\u202eabc", "\\x202eabc"),
        ("\u200f\u200b\ufeff", r"\u200f\u200b\ufeff"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("\x00\x85\x9b", r"\x00\x85\x9b"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_what_hides_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_no_control_character_is_left_and_nothing_else_is_lost(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert not any(unicodedata.category(each) == "Cc" and each not in "\n\t" for each in shown)
    letters = [each for each in text if unicodedata.category(each)[0] in "LNS"]
    assert [each for each in letters if each in shown] == letters


@pytest.mark.parametrize(
    ("text", "line"),
    [("", ""), ("\n\n  a  \n", "a"), ("a\nb", "a …"), ("x" * 200, "x" * 120 + " …")],
)
def test_a_first_line_says_that_there_is_more(text: str, line: str) -> None:
    assert first_line(text) == line
