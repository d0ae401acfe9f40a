"""A patch as rows of the screen: one column of lines, or the old beside the new."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from agent.replay.patch import ChangedFile, Hunk, Line, Part
from agent.tui.screens.patch.colours import SideColours
from agent.tui.widgets.safetext import shown

_LONGEST = 2000
"""Characters of a line that are drawn; copy and save have it whole."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of one side.

    Attributes:
        line: itself.
        colours: of its side of the hunk.
        at: its place on that side, from 0.
    """

    line: Line
    colours: SideColours
    at: int


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One row.

    Attributes:
        kind: a file's heading, a note about it, a hunk's heading, lines, or nothing.
        file: which file of the patch, from 0.
        hunk: which hunk of the patch, from 0; -1 before a file's first.
        text: of a heading or a note; not safe to draw.
        left: the line; where the old stands beside the new, the old one.
        right: the new one.
    """

    kind: Literal["file", "note", "hunk", "lines", "blank"]
    file: int
    hunk: int = -1
    text: str = ""
    left: Cell | None = None
    right: Cell | None = None


@dataclass(frozen=True, slots=True)
class Hunked:
    """A hunk's lines with their colours: what both ways of showing it are made from."""

    heading: str
    cells: tuple[Cell, ...]


def coloured(file: ChangedFile) -> list[Hunked]:
    """The hunks of a file, colours to be found when they are drawn."""
    return [_coloured(hunk, file.new or file.old) for hunk in file.hunks]


def _coloured(hunk: Hunk, path: str) -> Hunked:
    old: list[str] = []
    new: list[str] = []
    before, after = SideColours(path, old), SideColours(path, new)
    cells = []
    for line in hunk.lines:
        text = "".join(text for text, _ in drawn(line))
        gone = line.kind == "removed"
        cells.append(Cell(line, before if gone else after, len(old if gone else new)))
        if line.kind in ("same", "removed"):
            old.append(text)
        if line.kind in ("same", "added"):
            new.append(text)
    return Hunked(hunk.heading, tuple(cells))


def drawn(line: Line) -> list[Part]:
    """A line's parts, fit to be drawn; a sign where it is cut."""
    parts: list[Part] = []
    room = _LONGEST
    for text, changed in line.parts:
        if room <= 0:
            break
        piece = shown(text[:room].replace("\t", "    ")).replace("\n", " ")
        parts.append((piece + ("…" if len(text) > room else ""), changed))
        room -= len(text)
    return parts


def rows_of(
    files: Sequence[ChangedFile], hunks: Sequence[Sequence[Hunked]], beside: bool
) -> list[DiffRow]:
    """All rows of a patch.

    Args:
        files: of the patch.
        hunks: of each file.
        beside: the old beside the new.
    """
    rows: list[DiffRow] = []
    number = 0
    for at, (file, own) in enumerate(zip(files, hunks, strict=True)):
        if at:
            rows.append(DiffRow("blank", at - 1, number - 1))
        rows.append(DiffRow("file", at, text=file.name or "(no name)"))
        rows += [DiffRow("note", at, text=note) for note in file.notes]
        for hunk in own:
            rows.append(DiffRow("hunk", at, number, hunk.heading))
            pairs = _beside(hunk.cells) if beside else ((cell, None) for cell in hunk.cells)
            rows += [DiffRow("lines", at, number, "", left, right) for left, right in pairs]
            number += 1
    return rows


def _beside(cells: Sequence[Cell]) -> Iterator[tuple[Cell | None, Cell | None]]:
    """Old lines and the new ones that take their place, in pairs."""
    removed: list[Cell] = []
    added: list[Cell] = []
    for cell in cells:
        kind = cell.line.kind
        if kind == "removed" and not added:
            removed.append(cell)
            continue
        if kind == "added":
            added.append(cell)
            continue
        yield from _mated(removed, added)
        removed, added = ([cell], []) if kind == "removed" else ([], [])
        if kind != "removed":
            yield cell, cell
    yield from _mated(removed, added)


def _mated(
    removed: Sequence[Cell], added: Sequence[Cell]
) -> Iterator[tuple[Cell | None, Cell | None]]:
    """What belongs together in one row; the lines between such rows as they come."""
    places = {cell.line.new: at for at, cell in enumerate(added)}
    i = j = 0
    for at, cell in enumerate(removed):
        mate = places.get(cell.line.mate) if cell.line.mate is not None else None
        if mate is not None:
            yield from zip_longest(removed[i:at], added[j:mate])
            yield cell, added[mate]
            i, j = at + 1, mate + 1
    yield from zip_longest(removed[i:], added[j:])
