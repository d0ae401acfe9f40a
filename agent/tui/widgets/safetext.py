"""Texts of somebody else, made fit to be drawn: no markup, nothing that steers a terminal."""

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells, set_cell_size

from agent.cli.terminal import safe

_TAB = 4


def shown(text: str) -> str:
    """The text as it may be drawn; new lines stay.

    Control characters and direction overrides become visible, tabs blanks, half characters signs.
    """
    text = safe(text)
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text.expandtabs(_TAB) if "\t" in text else text


def one_line(text: str, width: int) -> str:
    """The first line that says something, no wider than so many cells; a sign where it is cut."""
    if width <= 0:
        return ""
    line, more = _first_line(text, 4 * width)
    line = shown(line)
    if cell_len(line) > width or more:
        return set_cell_size(line, min(cell_len(line), width - 1)).rstrip() + "…"
    return line


def cut(line: str, width: int) -> str:
    """One line of a text, no wider than so many cells; a sign where it is cut."""
    if width <= 0:
        return ""
    short = shown(line[: 4 * width])
    if len(line) > 4 * width or cell_len(short) > width:
        return set_cell_size(short, width - 1) + "…"
    return short


def wrapped(text: str, width: int) -> Iterator[str]:
    """The text's lines, broken where they are wider than so many cells."""
    width = max(width, 2)
    for line in shown(text).split("\n"):
        if line.isascii():
            yield from (line[at : at + width] for at in range(0, max(len(line), 1), width))
        else:
            yield from chop_cells(line, width) or [""]


def filled(text: str, width: int) -> Iterator[str]:
    """The text's lines, broken between words where they are wider than so many cells."""
    width = max(width, 2)
    for line in shown(text).split("\n"):
        row = ""
        for word in line.split(" "):
            longer = f"{row} {word}" if row else word
            if cell_len(longer) <= width:
                row = longer
                continue
            if row:
                yield row
            *whole, row = wrapped(word, width)
            yield from whole
        yield row


def line_count(text: str) -> int:
    """How many lines a text has; a last empty one is none."""
    return text.count("\n") + (not text.endswith("\n")) if text else 0


def _first_line(text: str, most: int) -> tuple[str, bool]:
    """The first line with something on it, and whether anything follows."""
    text = text.strip() if len(text) <= 4096 else text[: 2 * most + 4096].strip() + " "
    line, _, rest = text.partition("\n")
    return line[:most], bool(rest) or len(line) > most
