"""Names made others while training, so that copying a name is learnt, and not the names.

In each text some of the words that programs choose freely are exchanged for others, everywhere
alike. Words that mean something to Python stay, and so do those that stand in the program's
strings, whose letters count.
"""

import builtins
import json
import keyword
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

_WORD = re.compile(r"_?[A-Za-z]{2,}")
_MEANT = {
    *keyword.kwlist,
    *keyword.softkwlist,
    *dir(builtins),
    *(name for kind in (str, list, dict, set, tuple, int, float) for name in dir(kind)),
    *("main", "self", "START", "_OF", "_TRACE"),
}


class Renaming:
    """Exchanges words.

    Args:
        tokenizer: the text of the ``tokenizer.json``.
        share: of the texts in which words are exchanged.
    """

    def __init__(self, tokenizer: str, share: float = 0.5) -> None:
        vocabulary: dict[str, int] = json.loads(tokenizer)["model"]["vocab"]
        words = [word for word in vocabulary if _WORD.fullmatch(word) and word not in _MEANT]
        self._share = share
        self._size = max(vocabulary.values()) + 1
        # A word that goes on with an underscore stays one that does.
        self._kinds = [
            _ids(vocabulary, (word for word in words if not word.startswith("_"))),
            _ids(vocabulary, (word for word in words if word.startswith("_"))),
        ]
        self._opening = _ids(vocabulary, (each for each in vocabulary if each[-1] in "'\""))
        self._closing = _ids(vocabulary, (each for each in vocabulary if each[0] in "'\""))

    def renamed(
        self, ids: "NDArray[numpy.int64]", prompt: int, chance: "Generator"
    ) -> "NDArray[numpy.int64]":
        """A text with other names, or the text itself.

        Args:
            ids: of the text.
            prompt: how many of them are its source.
            chance: draws.
        """
        if chance.random() >= self._share:
            return ids
        source = ids[:prompt]
        quoted = numpy.zeros(prompt, numpy.bool_)
        quoted[1:] |= numpy.isin(source[:-1], self._opening)
        quoted[:-1] |= numpy.isin(source[1:], self._closing)
        kept = source[quoted]
        table = numpy.arange(max(self._size, int(ids.max()) + 1))
        for kind in self._kinds:
            present = numpy.intersect1d(source, kind)
            changed = numpy.setdiff1d(present, kept)
            others = numpy.setdiff1d(kind, present)
            if len(changed) and len(others) >= len(changed):
                table[changed] = chance.choice(others, len(changed), replace=False)
        result: NDArray[numpy.int64] = table[ids]
        return result


def _ids(vocabulary: dict[str, int], tokens: Iterable[str]) -> "NDArray[numpy.int64]":
    return numpy.array(sorted(vocabulary[token] for token in tokens), numpy.int64)
