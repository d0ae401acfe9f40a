"""A program's lines, found by what a model wrote of them."""

import re

from model.trace.writing import source_lines, unmarked

_COMMENT = re.compile(r"\s#[^'\"]*$")


class Lines:
    """The lines of a program, as frames have them.

    Args:
        source: of the program; the marker of its entry point is left out.
    """

    def __init__(self, source: str) -> None:
        self._lines = [unmarked(text) + "\n" for text, _ in source_lines(source)]
        self._alike: dict[str, list[str]] = {}
        for line in self._lines:
            for key in {line.strip(), _loose(line)}:
                self._alike.setdefault(key, []).append(line)

    def numbered(self, number: int) -> str | None:
        """The line of that number, from 1 on; None where there is none."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else None

    def like(self, text: str) -> str:
        """The line that is meant: with this text, or one that differs in white space or a comment.

        Where no line is like it, it is taken as it is, its first line alone.
        """
        first = next((line for line in text.splitlines() if line.strip()), "")
        meant = unmarked(first) + "\n"
        for key in (meant.strip(), _loose(meant)):
            alike = self._alike.get(key) if key else None
            if alike:
                return meant if meant in alike else alike[0]
        return meant


def _loose(line: str) -> str:
    """A line without white space and without a comment at its end."""
    return "".join(_COMMENT.sub("", line).split())
