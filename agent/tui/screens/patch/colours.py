"""Syntax colours for lines of a hunk, found when a line is first drawn, and kept.

A hunk is read in stretches, so that what spans some lines is known as what it is and a file of
100,000 new lines costs no more than what is looked at.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer  # type: ignore[import-untyped]  # it has no stubs

Span = tuple[int, str]
"""So many characters, and the name of their style; empty for none."""

_STRETCH = 100
"""Lines read at once."""
_LONGEST = 400
"""Characters of a line that is read; a longer one is data, whatever the file's name says."""

_NAMES = (
    ("Comment", "comment"),
    ("Literal.String", "string"),
    ("Literal.Number", "number"),
    ("Keyword.Constant", "constant"),
    ("Name.Builtin.Pseudo", "constant"),
    ("Operator.Word", "keyword"),
    ("Keyword", "keyword"),
    ("Name.Function", "name"),
    ("Name.Class", "name"),
    ("Name.Decorator", "name"),
    ("Name.Tag", "keyword"),
    ("Name.Attribute", "name"),
)
"""Kinds of tokens by how the name of their type begins, and our styles for them."""


class SideColours:
    """Colours of one side of a hunk."""

    def __init__(self, path: str, lines: Sequence[str]) -> None:
        """Args: path: of the file; its name tells the language. lines: fit to be drawn."""
        self._path = path
        self._lines = lines
        self._found: dict[int, list[tuple[Span, ...]]] = {}

    def of(self, at: int) -> tuple[Span, ...]:
        """The spans of a line; together they are as long as it, or there are none."""
        stretch, place = divmod(at, _STRETCH)
        if stretch not in self._found:
            first = stretch * _STRETCH
            self._found[stretch] = _read(self._path, self._lines[first : first + _STRETCH])
        return self._found[stretch][place]


def _read(path: str, lines: Sequence[str]) -> list[tuple[Span, ...]]:
    none: list[tuple[Span, ...]] = [()] * len(lines)
    lexer = _lexer(path)
    if lexer is None:
        return none
    short = [line if len(line) <= _LONGEST else "" for line in lines]
    rows: list[list[Span]] = [[]]
    for kind, text in lexer.get_tokens("\n".join(short)):
        style = _style(str(kind).removeprefix("Token."))
        for number, piece in enumerate(text.split("\n")):
            if number:
                rows.append([])
            if piece:
                rows[-1].append((len(piece), style))
    whole = [sum(length for length, _ in row) for row in rows[: len(lines)]]
    if whole != [len(line) for line in short]:
        return none  # the lexer changed the text: what it says is of other places
    return [tuple(row) for row in rows[: len(lines)]]


def _lexer(path: str) -> "Lexer | None":
    from pygments.lexers import get_lexer_for_filename  # type: ignore[import-untyped]  # no stubs
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]  # no stubs

    try:
        return get_lexer_for_filename(path.rpartition("/")[2], stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _style(kind: str) -> str:
    return next((style for prefix, style in _NAMES if kind.startswith(prefix)), "")
