"""Syntax colours of a source, found out only as far down as somebody looks."""

from collections.abc import Iterator, Sequence

Piece = tuple[str, str]
"""The name of a style, and a text."""

_LONGEST = 400_000
"""Characters of a source beyond which it stays plain."""
_LONGEST_LINE = 5_000

_STYLES = (
    ("Token.Keyword", "keyword"),
    ("Token.Operator.Word", "keyword"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Comment", "comment"),
    ("Token.Name.Function", "name"),
    ("Token.Name.Class", "name"),
    ("Token.Name.Decorator", "name"),
)


class Colours:
    """The lines of a source in pieces, each with its style."""

    def __init__(self, lines: Sequence[str]) -> None:
        """Args: lines: of the source, without their ends; not safe to draw."""
        self._lines = lines
        self._done: list[list[Piece]] = []
        self._open: list[Piece] = []
        self._pieces: Iterator[Piece] | None = None
        size = sum(len(line) + 1 for line in lines)
        longest = max((len(line) for line in lines), default=0)
        self._plain = size > _LONGEST or longest > _LONGEST_LINE

    def of(self, at: int) -> Sequence[Piece]:
        """The pieces of a line, by its place from 0 on."""
        if self._plain:
            return [("plain", self._lines[at])]
        if self._pieces is None:
            self._pieces = _tokens("\n".join(self._lines) + "\n")
        while at >= len(self._done):
            found = next(self._pieces, None)
            if found is None:
                return [("plain", self._lines[at])]
            self._take(*found)
        return self._done[at]

    def _take(self, style: str, text: str) -> None:
        first, *others = text.split("\n")
        self._open.append((style, first))
        for other in others:
            self._done.append(self._open)
            self._open = [(style, other)]


def _tokens(source: str) -> Iterator[Piece]:
    """The source in pieces, one after the other; nothing is lost or changed."""
    from rich.syntax import Syntax

    lexer = Syntax("", "python").lexer
    if lexer is None:
        yield "plain", source
        return
    for _, kind, text in lexer.get_tokens_unprocessed(source):
        yield _style(str(kind)), text


def _style(kind: str) -> str:
    return next((style for begin, style in _STYLES if kind.startswith(begin)), "plain")
