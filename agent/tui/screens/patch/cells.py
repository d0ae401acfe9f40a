"""Pieces of a line: colours laid over changed words, and the part of it that is in view."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, get_character_cell_size

from agent.replay.patch import Part
from agent.tui.screens.patch.colours import Span

Piece = tuple[str, str]
"""The name of a style, and text that is safe to draw."""


def merged(parts: Sequence[Part], spans: Sequence[Span], line: str, word: str) -> list[Piece]:
    """A line's pieces, each with one style.

    Args:
        parts: of the line, and which of them changed.
        spans: its syntax; none where that is not known.
        line: the style of what did not change.
        word: of what did.
    """
    pieces: list[Piece] = []
    left = list(spans) or [(sum(len(text) for text, _ in parts), "")]
    for text, changed in parts:
        under = word if changed else line
        start = 0
        while start < len(text):
            length, syntax = left[0] if left else (len(text), "")
            took = min(length, len(text) - start)
            pieces.append((f"{under}+{syntax}" if syntax else under, text[start : start + took]))
            start += took
            left[:1] = [(length - took, syntax)] if length > took else []
    return pieces


def window(pieces: Sequence[Piece], left: int, width: int, fill: str) -> list[Piece]:
    """What of a line is in view, filled up to the width.

    Args:
        pieces: the whole line.
        left: cells of it to the left of the view.
        width: cells of the view.
        fill: the style of what is empty.
    """
    seen = list(_cropped(pieces, left, width))
    used = sum(cell_len(text) for _, text in seen)
    return [*seen, (fill, " " * (width - used))] if used < width else seen


def _cropped(pieces: Sequence[Piece], left: int, width: int) -> Iterator[Piece]:
    at = 0  # cells before the piece
    for style, text in pieces:
        if at >= left + width:
            return
        if text.isascii():
            part = text[max(left - at, 0) : max(left + width - at, 0)]
            at += len(text)
        else:
            part, at = _wide(text, at, left, left + width)
        if part:
            yield style, part


def _wide(text: str, at: int, start: int, end: int) -> tuple[str, int]:
    """The characters that lie wholly in view, and the cells up to the piece's end."""
    kept = []
    for character in text:
        size = get_character_cell_size(character)
        if start <= at and at + size <= end:
            kept.append(character)
        elif at < end and at + size > start and size:
            kept.append(" ")  # half of a wide one is in view
        at += size
    return "".join(kept), at
