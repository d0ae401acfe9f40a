"""Which removed lines became which added ones, as far as that is seen from their words."""

import difflib
from collections.abc import Sequence

Words = Sequence[str]

ALIKE = 0.35
"""Lines that have less in common are not the same line, changed."""


def alike(removed: Sequence[Words], added: Sequence[Words]) -> list[tuple[int, int]]:
    """The pairs that are most alike taken together, in the order of both; others are in none.

    It takes as long as the words of the one times those of the other. A line of no words is like
    none.
    """
    likeness = _likeness(removed, added)
    # How much the lines from two places on have in common, paired in the best way.
    best = [[0.0] * (len(added) + 1) for _ in range(len(removed) + 1)]
    for i in reversed(range(len(removed))):
        for j in reversed(range(len(added))):
            paired = likeness[i][j] + best[i + 1][j + 1]
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs = []
    i = j = 0
    while i < len(removed) and j < len(added):
        if likeness[i][j] and best[i][j] == likeness[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _likeness(removed: Sequence[Words], added: Sequence[Words]) -> list[list[float]]:
    """How alike each removed line is to each added one: up to 1; 0 where they are two lines."""
    likeness = [[0.0] * len(added) for _ in removed]
    matcher: difflib.SequenceMatcher[str] = difflib.SequenceMatcher(None, autojunk=False)
    for j, new in enumerate(added):
        matcher.set_seq2(new)
        for i, old in enumerate(removed):
            if not old or not new:
                continue
            matcher.set_seq1(old)
            # The first two are bounds of the third, and take much less time.
            bounds = matcher.real_quick_ratio(), matcher.quick_ratio()
            if min(bounds) >= ALIKE and matcher.ratio() >= ALIKE:
                blocks = matcher.get_matching_blocks()
                common = sum(_weight(old[block.a : block.a + block.size]) for block in blocks)
                likeness[i][j] = 2 * common / (_weight(old) + _weight(new))
    return likeness


def _weight(words: Words) -> int:
    """A long name says more than a bracket, and an indent no more than that."""
    return sum(1 if word.isspace() else len(word) for word in words)
