"""The search that brings two traces into step again, from two of their frames on."""

from collections.abc import Mapping, Sequence

from model.trace.compare import called, line_text
from model.trace.frame import thread_of
from model.trace.states import State

Pair = tuple[int | None, int | None]
"""The numbers of two frames that belong together; None where the other has none."""

Key = tuple[object, ...]
_EDITS = 64
"""Frames left out in a row before what is best so far is taken; it bounds the time."""
_AGREED = 3
"""Frames that agree in a row show that the traces are in step again."""


def key_of(state: State, placed: bool) -> Key:
    """What frames that belong together have in common.

    Args:
        state: at a frame.
        placed: whether all frames of both traces have a place; else lines are told by their text.
    """
    frame = state.frame
    line: object = called(frame) or line_text(frame)
    if placed and frame.place:
        line = frame.place.path, frame.place.line
    return frame.kind, line, state.depth, thread_of(frame)


def steps(left: Sequence[Key], right: Sequence[Key], i: int, j: int) -> tuple[list[Pair], bool]:
    """The next pairs from two frames on, up to where the traces are in step again; whether they
    stay what they are, however the left trace goes on.

    This is Myers' search for the fewest frames to leave out, given up early: it takes no more time
    than is in proportion to the frames that it gets ahead.
    """
    ends = len(left), len(right)
    # For each number of frames left out: how far the left trace is gone through, by how many
    # more of its frames than of the other's were.
    reached: list[dict[int, int]] = []
    lasting = True
    for edits in range(_EDITS + 1):
        now: dict[int, int] = {}
        for k in range(-edits, edits + 1, 2):
            start = x = max(_from(reached[-1], k, i - j, ends)) if edits else i
            y = x - k - i + j
            if x < i:
                continue
            while x < len(left) and y < len(right) and left[x] == right[y]:
                x, y = x + 1, y + 1
            now[k] = x
            if x - start >= _AGREED or (x, y) == ends:
                pairs = _path([*reached, now], k, i, j, ends)
                return pairs, lasting and x - start >= _AGREED
            # With more frames this way would have led further.
            lasting = lasting and x < len(left)
        reached.append(now)
    furthest = max(reached[-1], key=lambda k: 2 * reached[-1][k] - k)
    return _path(reached, furthest, i, j, ends), lasting


def _from(reached: Mapping[int, int], k: int, shift: int, ends: tuple[int, int]) -> tuple[int, int]:
    """Where two ways to a point lead: a frame of the right trace left out, or one of the left.

    A way that is not there leads to -1.
    """
    right_out, left_out = reached.get(k + 1, -1), reached.get(k - 1, -2) + 1
    return (
        right_out if right_out - k - shift <= ends[1] else -1,
        left_out if left_out <= ends[0] else -1,
    )


def _path(
    reached: list[dict[int, int]], k: int, i: int, j: int, ends: tuple[int, int]
) -> list[Pair]:
    """The pairs on the way to a point; they are found from its end to its beginning."""
    pairs: list[Pair] = []
    x = reached[-1][k]
    for edits in range(len(reached) - 1, -1, -1):
        ways = _from(reached[edits - 1], k, i - j, ends) if edits else (i, i)
        start = max(ways)
        pairs += [(n, n - k - i + j) for n in range(x - 1, start - 1, -1)]
        if edits and ways[0] == start:
            pairs.append((None, start - k - i + j - 1))
            x, k = start, k + 1
        elif edits:
            pairs.append((start - 1, None))
            x, k = start - 1, k - 1
    return pairs[::-1]
