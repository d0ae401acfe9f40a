"""Replacing whole lines in a text, whatever their line endings: pure functions."""

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_MARK = "\ufeff"  # a byte order mark belongs to the file, not to its first line
_MOST_COMPARED = 2_000_000  # lines compared in search of a near match
_MOST_LINES = 5_000  # lines looked through for one that is similar


@dataclass(frozen=True, slots=True)
class Edited:
    """The new text, and where the new lines are: the index of the first, and how many."""

    text: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The search matches several times; ``lines`` are the first lines of the matches, from 1."""

    lines: list[int]


@dataclass(frozen=True, slots=True)
class NotFound:
    """The search matches nowhere.

    Attributes:
        near: the number of the first line of the nearest place, and its lines, if one is close.
        white_space: it differs in nothing but white space.
        empty: there was nothing to search for.
    """

    near: tuple[int, list[str]] | None = None
    white_space: bool = False
    empty: bool = False


def split_lines(text: str) -> list[tuple[str, str]]:
    """Lines as content and ending: ``\\n``, ``\\r\\n``, ``\\r``, or nothing at the last one."""
    pieces = re.split(r"(\r\n|\n|\r)", text)
    lines = list(zip(pieces[::2], [*pieces[1::2], ""], strict=True))
    return lines if lines[-1][0] else lines[:-1]


def numbered(lines: Sequence[str], first: int) -> str:
    """Lines behind their numbers."""
    return "\n".join(f"{number:6}\t{line}" for number, line in enumerate(lines, start=first))


def replace_lines(text: str, search: str, new: str) -> Edited | Ambiguous | NotFound:
    """Replace the one run of whole lines that equals the search.

    Line endings do not count in matching. A line of the replacement that was there before keeps its
    ending, another takes that of the run's first line; a last line without one stays without. An
    empty search matches an empty text alone.
    """
    mark, text = (_MARK, text[1:]) if text.startswith(_MARK) else ("", text)
    lines = split_lines(text)
    wanted = [content for content, _ in split_lines(search)]
    contents = [content for content, _ in lines]
    if not wanted and lines:
        return NotFound(empty=True)
    places = _places(contents, wanted)
    if len(places) > 1:
        return Ambiguous([place + 1 for place in places])
    if not places:
        return _near(contents, wanted)
    first, last = places[0], places[0] + len(wanted)
    run = lines[first:last]
    fresh = _with_endings([content for content, _ in split_lines(new)], run, lines)
    result = [*lines[:first], *fresh, *lines[last:]]
    return Edited(mark + "".join(c + e for c, e in result), first, len(fresh))


def _places(contents: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Where the wanted lines begin, overlapping matches included."""
    if not wanted:
        return [0] if not contents else []
    length = len(wanted)
    return [
        place
        for place in range(len(contents) - length + 1)
        if contents[place] == wanted[0] and contents[place : place + length] == list(wanted)
    ]


def _with_endings(
    new: Sequence[str], run: Sequence[tuple[str, str]], lines: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """The new lines with endings that fit the place they come to."""
    usual = Counter(ending for _, ending in lines if ending).most_common(1)
    fitting = next((e for _, e in run if e), usual[0][0] if usual else "\n")
    endings = [fitting] * len(new)
    matcher = difflib.SequenceMatcher(None, [c for c, _ in run], list(new), autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            endings[block.b + offset] = run[block.a + offset][1] or fitting
    if endings and run and not run[-1][1]:
        endings[-1] = ""
    return list(zip(new, endings, strict=True))


def _near(contents: Sequence[str], wanted: Sequence[str]) -> NotFound:
    """The place that comes nearest, if one is worth showing."""
    bare = [" ".join(line.split()) for line in contents]
    bare_wanted = [" ".join(line.split()) for line in wanted]
    same = _places(bare, bare_wanted)
    place = same[0] if same else _most_alike(bare, bare_wanted)
    if place is None:
        return NotFound()
    near = (place + 1, list(contents[place : place + len(wanted)]))
    return NotFound(near, white_space=bool(same))


def _most_alike(contents: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Where at least half of the lines are equal; for few lines, where the longest is similar."""
    length = len(wanted)
    if length * len(contents) <= _MOST_COMPARED:
        scores = [
            sum(a == b and bool(a) for a, b in zip(contents[place:], wanted, strict=False))
            for place in range(max(1, len(contents) - length + 1))
        ]
        best = max(range(len(scores)), key=scores.__getitem__)
        if scores[best] * 2 >= length:
            return best
    offset = max(range(length), key=lambda index: len(wanted[index]))
    close = difflib.get_close_matches(wanted[offset], contents[:_MOST_LINES], n=1, cutoff=0.7)
    return max(0, contents.index(close[0]) - offset) if close else None
