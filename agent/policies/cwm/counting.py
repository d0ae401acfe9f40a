"""Counting and cutting in tokens: by the model's tokenizer, or by guess where there is none."""

from dataclasses import dataclass
from typing import Protocol

from model import wire
from model.tokenizer import Tokenizer

_BYTES_A_TOKEN = 3.0
"""English text has more than four, code three to four; the guess shall rather be too high."""


class Counter(Protocol):
    """Counts and cuts."""

    def count(self, text: str) -> int:
        """The tokens of a text."""
        ...

    def cut_left(self, text: str, most: int) -> str:
        """The end of a text, of so many tokens at most, marked where it was cut."""
        ...

    def cut_right(self, text: str, most: int) -> str:
        """The beginning of a text, of so many tokens at most, marked where it was cut."""
        ...


@dataclass(frozen=True, slots=True)
class ByTokenizer:
    """Exact."""

    tokenizer: Tokenizer

    def count(self, text: str) -> int:
        """The tokens of a text."""
        return len(self.tokenizer.encode(text))

    def cut_left(self, text: str, most: int) -> str:
        """The end of a text."""
        return wire.cut_left(self.tokenizer, text, most)

    def cut_right(self, text: str, most: int) -> str:
        """The beginning of a text."""
        return wire.cut_right(self.tokenizer, text, most)


class ByGuess:
    """By the number of bytes; it learns from what the server counts."""

    def __init__(self) -> None:
        self._ratio = _BYTES_A_TOKEN

    def learn(self, size: int, tokens: int) -> None:
        """Take the server's count of a text's tokens into account.

        Args:
            size: the text's bytes.
            tokens: as counted.
        """
        if tokens > 256:
            # Never far from what is usual: a server may count what we do not see, or see what it
            # does not count.
            self._ratio = min(max(0.95 * size / tokens, 1.5), 4.0)

    def count(self, text: str) -> int:
        """The tokens of a text."""
        return int(_size(text) / self._ratio) + 1

    def cut_left(self, text: str, most: int) -> str:
        """The end of a text."""
        if self.count(text) <= most:
            return text
        keep = self._bytes(most)
        return wire.CUT + (_bytes(text)[-keep:].decode("utf-8", "ignore") if keep else "")

    def cut_right(self, text: str, most: int) -> str:
        """The beginning of a text."""
        if self.count(text) <= most:
            return text
        return _bytes(text)[: self._bytes(most)].decode("utf-8", "ignore") + wire.CUT

    def _bytes(self, tokens: int) -> int:
        return max(int((tokens - 1) * self._ratio) - len(wire.CUT), 0)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(_bytes(text))
