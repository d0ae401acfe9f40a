"""Texts of somebody else on a screen: cut to its width, and never taken for ours."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from agent.cli.excerpt import first_line, first_sentence, one_line, quoted
from agent.cli.terminal import safe

texts = st.text() | st.text(alphabet="ab \n\t\x1b漢\u202e", max_size=400)


def cells(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)


@given(texts, st.integers(0, 100))
def test_one_line_is_one_and_fits(text: str, width: int) -> None:
    line = one_line(text, width)
    assert "\n" not in line
    assert "\x1b" not in line
    assert cells(line) <= max(width, 1)


@given(texts, st.integers(20, 100))
def test_every_row_of_a_quotation_has_its_bar_and_fits(text: str, width: int) -> None:
    rows, cut = quoted(text, width)
    assert len(rows) <= 13
    assert all(row.startswith("  │ ") for row in rows)
    assert all(cells(row) <= width for row in rows if "lines in all]" not in row)
    whole, _ = quoted(text, width, whole=True)
    assert cut == (len(whole) > 12)
    assert whole[:12] == rows[:12]
    joined = "".join(row.removeprefix("  │ ") for row in whole)
    assert joined == safe(text).expandtabs(4).replace("\n", "")


def test_a_line_of_a_megabyte_is_quoted_as_any_other() -> None:
    rows, cut = quoted("x" * 1_000_000, 80)
    assert len(rows) == 13
    assert cut
    assert len(quoted("x" * 1_000_000, 80, whole=True)[0]) == 13158


def test_beginnings() -> None:
    assert first_line("\n one \n\n two") == "one ..."
    assert first_line("one\n") == "one"
    assert first_sentence("It is\nhere. And there.") == "It is here."
    assert first_sentence("version 1.2") == "version 1.2"
