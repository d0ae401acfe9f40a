"""A table that a module fills at import: which of its entries an edit is in, and which matter.

One statement may hold hundreds of entries, all as suspicious as the statement. The failing tests
tell them apart: an entry that shares a value with them is likelier to be the wrong one.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from agent.policies.repair.operators.operator import Hints
from agent.policies.repair.source import SourceFile, Statement, TextEdit

_FEWEST = 4
_SHORTEST_WORD = 3


@dataclass(frozen=True, slots=True)
class Table:
    """The entries of the largest collection of a statement.

    Attributes:
        starts: where each begins, in characters of the file.
        ends: where each ends.
        related: whether each shares a value with the failing tests or a word with the issue.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    related: tuple[bool, ...]

    @classmethod
    def find(cls, file: SourceFile, statement: Statement, hints: Hints) -> "Table | None":
        """The table of a statement outside functions; None where there is none to speak of."""
        import libcst as cst

        if statement.function is not None:
            return None
        collections = [
            node.elements
            for node in statement.expressions
            if isinstance(node, cst.List | cst.Tuple | cst.Dict | cst.Set)
        ]
        elements = max(collections, key=len, default=())
        if len(elements) < _FEWEST:
            return None
        spans = [file.span(element) for element in elements]
        wanted = _words(" ".join(hints.literals)) | hints.words
        return cls(
            tuple(start for start, _ in spans),
            tuple(end for _, end in spans),
            tuple(not wanted.isdisjoint(_words(file.text[slice(*span)])) for span in spans),
        )

    def entry(self, edits: Sequence[TextEdit]) -> int:
        """The entry that holds the edits, from 0; -1 when none does."""
        place = bisect_right(self.starts, edits[0].start) - 1
        return place if place >= 0 and edits[-1].end <= self.ends[place] else -1

    def relevance(self, entry: int) -> float:
        """How likely an edit there is compared with one of a statement of its own, 0 to 1."""
        if entry >= 0 and self.related[entry]:
            return 1.0
        return 1 / (1 + len(self.starts) / 4)


def _words(text: str) -> frozenset[str]:
    """Runs of letters and digits, in lower case; numbers of any length, words that say enough."""
    found = re.findall(r"[^\W\d_]+|\d+", text.lower())
    return frozenset(word for word in found if word.isdigit() or len(word) >= _SHORTEST_WORD)
