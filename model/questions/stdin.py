"""Standard input that grows: from an example of it, to what a program reads at any size.

What is understood: one whole number; a number that says how many values the next line has, or how
many lines follow; a line of values, or a word, alone. Anything else is not, and that is said.
"""

import json
import re
from dataclasses import dataclass

from model.questions.scripts import as_function

_WHOLE = re.compile(r"[+-]?\d{1,18}")
_LONGEST = 20_000
"""Characters of an example."""

_FEED = """\
import io as _io, sys as _sys
_raw = _io.BytesIO()
_sys.stdin = _io.TextIOWrapper(_raw)


def _values(values, n):
    if len(values) > 1 and sorted(values) == list(range(1, len(values) + 1)):
        return range(n, 0, -1)
    low, high = min(values), max(values)
    return [low + i * 7919 % (high - low + 1) for i in range(n)]


def _feed(lines):
    _raw.write("".join(line + "\\n" for line in lines).encode())
    _raw.seek(0)
    return []


"""
"""What stands above the program: its standard input is filled before it is measured."""


class NotUnderstood(ValueError):
    """An example of which nobody can tell how it grows; the message is one line."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A script that reads growing input, as a program and a call that can be measured.

    Attributes:
        source: of the program.
        call: an expression in which ``n`` is the size.
        shape: what grows, in words.
    """

    source: str
    call: str
    shape: str


def grown(source: str, example: str) -> Grown:
    """A script with an example of its input, to be run at growing sizes.

    Args:
        source: of the script.
        example: what it reads.

    Raises:
        NotUnderstood: nobody can tell how the example grows.
        NoEntry: the script cannot be made a function.
    """
    if len(example) > _LONGEST:
        raise NotUnderstood("the example is too long")
    lines = [line.split() for line in example.strip().splitlines()]
    if not lines or not all(lines):
        raise NotUnderstood("the example is empty, or has empty lines")
    written, shape = _shape(lines)
    function, call = as_function(source)
    return Grown(_FEED + function, f"{call[:-1]}*_feed({written}))", shape)


def _shape(lines: list[list[str]]) -> tuple[str, str]:
    """The lines for a size ``n``, as an expression, and what grows, in words."""
    first, rest = lines[0], lines[1:]
    if not rest:
        return f"[{_line(first)}]", "the number" if _one_number(first) else "the only line"
    counts = {k: int(token) for k, token in enumerate(first) if _WHOLE.fullmatch(token)}
    words = all(len(each) == 1 and not _one_number(each) for each in rest)
    long = [k for k, count in counts.items() if all(_long(each, words) == count for each in rest)]
    many = [k for k, count in counts.items() if count == len(rest)]
    if len(long) + len(many) != 1:
        raise NotUnderstood("no number, or more than one, may say how much follows the first line")
    head = _sized(first, (long or many)[0])
    if long:
        following = ", ".join(map(_line, rest))
        return f"[{head}, {following}]", "how long the lines are"
    rows = [" ".join(each) for each in rest]
    return f"[{head}, *({rows!r}[i % {len(rows)}] for i in range(n))]", "how many lines there are"


def _long(tokens: list[str], words: bool) -> int:
    return len(tokens[0]) if words else len(tokens)


def _one_number(tokens: list[str]) -> bool:
    return len(tokens) == 1 and _WHOLE.fullmatch(tokens[0]) is not None


def _sized(tokens: list[str], which: int) -> str:
    """A line in which one number is the size."""
    parts = ["str(n)" if k == which else json.dumps(each) for k, each in enumerate(tokens)]
    return f"' '.join([{', '.join(parts)}])"


def _line(tokens: list[str]) -> str:
    """A line with so many values, or letters; or the size, where it is one number."""
    if _one_number(tokens):
        return "str(n)"
    if all(_WHOLE.fullmatch(each) for each in tokens):
        return f"' '.join(map(str, _values({[int(each) for each in tokens]!r}, n)))"
    if len(tokens) == 1:
        word = json.dumps(tokens[0])
        return f"({word} * (n // {len(tokens[0])} + 1))[:n]"
    return f"' '.join({tokens!r}[i % {len(tokens)}] for i in range(n))"
