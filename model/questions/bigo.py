"""Reading classes of growth as people, models and data sets write them."""

import re
from dataclasses import dataclass
from fractions import Fraction

from model.questions.growth import (
    ONE,
    Growth,
    Sum,
    TooLarge,
    exponential,
    factorial,
    logarithm,
    power,
    times,
    variable,
)

_LONGEST = 300
_LARGEST = 64
_LETTERS = frozenset("nmkpqlvexywtrcdh")
"""Short words of these are products, as in ``nm``; others are names, as in ``size``."""
_FUNCTIONS = frozenset(("log", "sqrt", "max"))
_NO_NAMES = frozenset(("min", "or", "and", "is", "where", "with"))

_WORDS = {
    "constant": "1",
    "logarithmic": "log n",
    "linear": "n",
    "linearithmic": "n log n",
    "quadratic": "n^2",
    "cubic": "n^3",
    "exponential": "2^n",
    "factorial": "n!",
}
_SIGNS = (
    (r"\\(?:mathcal|mathrm|text|operatorname|mathbf)\s*\{(\w+)\}", r"\1"),
    (r"\\(?:left|right|big|bigl|bigr|[,;!: ])", ""),
    (r"\\(?:cdot|times|ast)|[×·⋅∗]", "*"),
    (r"\\", " "),
    (r"√", " sqrt "),
    (r"²", "^2"),
    (r"³", "^3"),
    (r"\*\*", "^"),
    (r"[{\[]", "("),
    (r"[}\]]", ")"),
    (r"log_?\((?:2|10|e)\)|log_?(?:2|10)|log_e|(?<![a-z])(?:lg|ln)(?![a-z])", " log "),
    (r"[$`]", " "),
)
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[a-z]+(?:_\w+|\d+)?|\S")


class NoGrowth(ValueError):
    """A text is no class of growth that can be read; the message is one line."""


def read_growth(text: str) -> Growth:
    """The class that a text names, as ``O(n*log(n))``, ``O(N log N)``, ``n²`` or ``linear``.

    Raises:
        NoGrowth: it names none.
    """
    if len(text) > _LONGEST:
        raise NoGrowth("it is too long for a class of growth")
    try:
        return Growth.of(_Reader(_tokens(_plain(text))).whole())
    except TooLarge as problem:
        raise NoGrowth(str(problem)) from None
    except (RecursionError, ZeroDivisionError, OverflowError):
        raise NoGrowth("it cannot be read") from None


def _plain(text: str) -> str:
    text = text.strip().strip("$`.").strip().lower()
    text = _WORDS.get(text.removesuffix("time").strip(), text)
    for pattern, instead in _SIGNS:
        text = re.sub(pattern, instead, text)
    text = text.strip()
    inner = re.fullmatch(r"(?:o|θ|theta)\s*(\(.*\))", text)
    return inner[1] if inner else text


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    for token in _TOKEN.findall(text):
        if not token[0].isalpha():
            found.append(token)
            continue
        for part in re.split(r"(log|sqrt)", token):
            found += _letters(part)
    return found


def _letters(word: str) -> list[str]:
    """The variables of a word; ``n2`` is a square, as benchmarks write it."""
    if re.fullmatch(r"[a-z][23]", word):
        return [word[0], "^", word[1]]
    if len(word) <= 3 and set(word) <= _LETTERS:
        return list(word)
    return [word] if word else []


@dataclass(frozen=True, slots=True)
class _Part:
    """A number, or a sum.

    Attributes:
        terms: the sum; 1 for a number.
        number: None for a sum.
    """

    terms: Sum
    number: Fraction | None = None


class _Reader:
    """Reads a sum, by recursive descent."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def whole(self) -> Sum:
        found = self._sum()
        if self._next:
            raise NoGrowth(f"it cannot be read at {self._next!r}")
        return found.terms

    @property
    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str) -> bool:
        taken = self._next == wanted
        self._at += taken
        return taken

    def _sum(self) -> _Part:
        found = self._product()
        while self._next in ("+", "-"):
            plus = self._next == "+"
            self._at += 1
            other = self._product()
            # What is taken away is smaller than what it is taken from.
            terms = found.terms | other.terms if plus else found.terms
            if found.number is not None and other.number is not None:
                number = found.number + (other.number if plus else -other.number)
                found = _Part(ONE, number)
            else:
                found = _Part(terms)
        return found

    def _product(self) -> _Part:
        found = self._power()
        while self._next and self._next not in ("+", "-", ")", ","):
            divided = self._take("/")
            word = self._next.isalpha() and len(self._next) > 1
            # Words that merely follow one another are a sentence, and no product.
            if not divided and not self._take("*") and word and self._next not in _FUNCTIONS:
                raise NoGrowth(f"it cannot be read at {self._next!r}")
            other = self._power()
            if found.number is not None and other.number is not None:
                by = 1 / other.number if divided else other.number
                found = _Part(ONE, found.number * by)
            else:
                by_terms = power(other.terms, Fraction(-1)) if divided else other.terms
                found = _Part(times(found.terms, by_terms))
        return found

    def _power(self) -> _Part:
        base = self._atom()
        if self._take("!"):
            base = base if base.number is not None else _Part(factorial(base.terms))
        if not self._take("^"):
            return base
        exponent = self._power()
        if exponent.number is not None:
            if base.number is not None:
                return _Part(ONE, Fraction(1))
            if abs(exponent.number) > _LARGEST:
                raise NoGrowth("its exponent is too large")
            return _Part(power(base.terms, exponent.number))
        if base.number is not None:
            constant = base.number <= 1
            return _Part(
                ONE if constant else exponential(f"{float(base.number):g}", exponent.terms)
            )
        return _Part(exponential(base.terms, exponent.terms))

    def _atom(self) -> _Part:
        token = self._next
        self._at += 1
        if token == "(":
            found = self._sum()
            self._close()
            return found
        if token == "log":
            raised = self._atom().number if self._take("^") else Fraction(1)
            return _Part(power(logarithm(self._atom().terms), raised or Fraction(1)))
        if token == "sqrt":
            return _Part(power(self._atom().terms, Fraction(1, 2)))
        if token == "max" and self._take("("):
            return self._largest()
        if token[:1].isdigit():
            return _Part(ONE, Fraction(token))
        if not token[:1].isalpha() or token in _NO_NAMES:
            raise NoGrowth(f"it cannot be read at {token!r}" if token else "it ends too early")
        return _Part(variable(token))

    def _largest(self) -> _Part:
        """The largest of several grows like their sum."""
        terms = self._sum().terms
        while self._take(","):
            terms |= self._sum().terms
        self._close()
        return _Part(terms)

    def _close(self) -> None:
        if not self._take(")"):
            raise NoGrowth("a parenthesis is not closed")
