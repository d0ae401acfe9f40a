"""Replacing lines, against a model that does it the plain way."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from tools.lines import Ambiguous, Edited, NotFound, numbered, replace_lines, split_lines

_contents = st.sampled_from(["", "a", "b", "  a", "\ta", "=======", "é", "\udcff", "\x0b", "\x85"])
_endings = st.sampled_from(["\n", "\r\n", "\r"])
_lists = st.lists(_contents, max_size=6)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    lines = [draw(_contents) + draw(_endings) for _ in range(draw(st.integers(0, 10)))]
    return "".join(lines) + draw(_contents)


def joined(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


@given(_texts())
def test_splitting_loses_nothing(text: str) -> None:
    lines = split_lines(text)
    assert "".join(content + ending for content, ending in lines) == text
    assert all(ending for _, ending in lines[:-1])
    assert not any("\n" in content or "\r" in content for content, _ in lines)


@given(_texts(), _lists, _lists)
def test_it_does_what_the_model_does(text: str, search: list[str], new: list[str]) -> None:
    contents = [content for content, _ in split_lines(text)]
    places = [
        at + 1
        for at in range(len(contents) - len(search) + 1)
        if contents[at : at + len(search)] == search
    ]
    result = replace_lines(text, joined(search), joined(new))
    if not search:
        assert isinstance(result, NotFound if contents else Edited)
    elif len(places) > 1:
        assert result == Ambiguous(places)
    elif not places:
        assert isinstance(result, NotFound)
        assert result.near is None or result.near[1]
    else:
        at = places[0] - 1
        assert isinstance(result, Edited)
        assert (result.first, result.count) == (at, len(new))
        after = [content for content, _ in split_lines(result.text)]
        expected = contents[:at] + new + contents[at + len(search) :]
        if expected and expected[-1] == "" and not result.text.endswith(("\n", "\r")):
            expected.pop()  # an empty last line without an ending is no line
        assert after == expected


@given(_texts(), _lists)
def test_what_is_not_replaced_stays_byte_for_byte(text: str, new: list[str]) -> None:
    lines = split_lines(text)
    for at, (content, _) in enumerate(lines):
        if [each for each, _ in lines].count(content) == 1:
            result = replace_lines(text, content + "\n", joined(new))
            assert isinstance(result, Edited)
            before = "".join(c + e for c, e in lines[:at])
            behind = "".join(c + e for c, e in lines[at + 1 :])
            assert result.text.startswith(before)
            assert result.text.endswith(behind)


@given(_texts())
def test_replacing_lines_by_themselves_changes_nothing(text: str) -> None:
    contents = [content for content, _ in split_lines(text)]
    for at in range(len(contents)):
        for end in range(at + 1, len(contents) + 1):
            same = joined(contents[at:end])
            result = replace_lines(text, same, same)
            if isinstance(result, Edited):
                assert result.text == text


@given(st.lists(_contents, min_size=1, max_size=8, unique=True), _endings, _lists, st.booleans())
def test_new_lines_take_the_files_ending(
    contents: list[str], ending: str, new: list[str], ended: bool
) -> None:
    text = ending.join(contents) + (ending if ended else "")
    assume(ended or (contents[-1] and len(contents) > 1))  # else there is no ending to take
    result = replace_lines(text, contents[0] + "\n", joined(new))
    assert isinstance(result, Edited)
    assert set(re.findall(r"\r\n|\n|\r", result.text)) <= {ending}
    if len(contents) > 1:
        assert result.text.endswith(ending) == ended


def test_a_byte_order_mark_belongs_to_the_file() -> None:
    result = replace_lines("\ufeffa\nb\n", "a\n", "x\n")
    assert isinstance(result, Edited)
    assert result.text == "\ufeffx\nb\n"


def test_the_nearest_place_is_shown() -> None:
    text = "def f():\n    return 1\n\n\ndef g():\n    x = 2\n    return x\n"
    spaces = replace_lines(text, "def g():\n  x = 2\n", "")
    assert spaces == NotFound((5, ["def g():", "    x = 2"]), white_space=True)
    half = replace_lines(text, "def g():\n    x = 3\n    return x\n", "")
    assert half == NotFound((5, ["def g():", "    x = 2", "    return x"]))
    similar = replace_lines(text, "    return xx\n", "")
    assert similar == NotFound((7, ["    return x"]))
    assert replace_lines(text, "nothing like it at all\n", "") == NotFound()


def test_overlapping_matches_are_several() -> None:
    assert replace_lines("a\na\na\n", "a\na\n", "") == Ambiguous([1, 2])


def test_a_long_file_is_searched_in_good_time() -> None:
    text = "".join(f"line {number}\n" for number in range(100_000))
    result = replace_lines(text, "".join(f"line {n}  \n" for n in range(50_000, 50_400)), "")
    assert isinstance(result, NotFound)
    assert result.near is not None
    assert result.near[0] == 50_001
    assert isinstance(replace_lines(text, "zzz\n" * 300, ""), NotFound)


def test_numbers_stand_before_the_lines() -> None:
    assert numbered(["a", ""], 9) == "     9\ta\n    10\t"
