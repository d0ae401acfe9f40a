"""Texts of somebody else cut to what a screen has room for, and safe to print."""

import unicodedata
from collections.abc import Iterator
from itertools import islice

from agent.cli.terminal import safe

_ROWS = 12
"""Shown of a long text before the user asks for the rest."""
_BAR = "  │ "
_LEAST_COLUMNS = 20


def one_line(text: str, width: int) -> str:
    """A text in one line, no wider than so many columns."""
    text = safe(text[: max(width, 0) + 1]).replace("\t", " ").replace("\n", " ")
    fits = _fitting(text, width)
    return text if fits == text else f"{_fitting(text, width - 1)}…"


def first_line(text: str) -> str:
    """The first line that says something, and a sign that there are more; not safe yet."""
    first, _, rest = text.strip().partition("\n")
    return f"{first.rstrip()} ..." if rest.strip() else first


def first_sentence(text: str) -> str:
    """The first sentence of a text in prose; not safe yet."""
    words = " ".join(text.split())
    end = words.find(". ")
    return words[: end + 1] if end > 0 else words


def quoted(text: str, width: int, *, whole: bool = False) -> tuple[list[str], bool]:
    """A text behind a bar on every row of the screen, so that it cannot pass for words of ours.

    Args:
        text: of any length.
        width: columns of the screen.
        whole: not only its beginning.

    Returns:
        The rows, and whether anything was left out.
    """
    room = max(width, _LEAST_COLUMNS) - len(_BAR)
    lines = safe(text).expandtabs(4).split("\n")
    every = (f"{_BAR}{row}" for line in lines for row in _rows(line, room))
    shown = list(islice(every, None if whole else _ROWS))
    cut = next(every, None) is not None
    if cut:
        shown.append(f"{_BAR}[... and more; {len(lines)} lines in all]")
    return shown, cut


def _rows(line: str, width: int) -> Iterator[str]:
    """A line as a terminal would break it."""
    start = used = 0
    for place, sign in enumerate(line):
        cells = _cells(sign)
        if used + cells > width:
            yield line[start:place]
            start, used = place, 0
        used += cells
    yield line[start:]


def _cells(sign: str) -> int:
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _fitting(text: str, width: int) -> str:
    """As much of the beginning as there is room for."""
    return next(_rows(text, max(width, 0)))
