"""Classes of growth, as ``O(n log n)``: simplified, compared, written.

Two are the same if they differ in the names of variables alone. Constant factors do not count, in
exponents neither, nor do terms that others outgrow: ``O(3n^2 + n)`` is ``O(n^2)``.
`model.questions.bigo` reads them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from math import inf
from typing import Literal

MOST_TERMS = 64
_MOST_NAMES = 5
_NAMES = "nmklp"


@dataclass(frozen=True, slots=True)
class Factor:
    """What a term is a product of.

    Attributes:
        kind: a variable; the logarithm or the factorial of a sum; a base to the power of a sum.
        name: of the variable; of the base, where that is a number.
        of: the sum.
        base: where that is no number.
    """

    kind: Literal["var", "log", "exp", "fact"]
    name: str = ""
    of: "Sum" = frozenset()
    base: "Sum" = frozenset()


Term = frozenset[tuple[Factor, Fraction]]
"""A product of factors, each with its power; empty for 1."""

Sum = frozenset[Term]

ONE: Sum = frozenset({frozenset()})


class TooLarge(ValueError):
    """A class of growth has more terms or variables than we look at."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A class of growth.

    Attributes:
        terms: its sum, simplified, in names of our own.
    """

    terms: Sum

    @classmethod
    def of(cls, terms: Sum) -> "Growth":
        """The class of a sum.

        Raises:
            TooLarge: it has too many terms or variables.
        """
        return cls(_renamed(reduced(terms)))

    @property
    def exponential(self) -> bool:
        """Whether it is a number to the power of one variable, alone."""
        (term, *others) = self.terms
        if others or len(term) != 1:
            return False
        ((factor, by),) = term
        return factor.kind == "exp" and by == 1 and factor.of == variable(_NAMES[0])

    def __str__(self) -> str:
        return f"O({_written(self.terms)})"


def variable(name: str) -> Sum:
    """A variable."""
    return _single(Factor("var", name))


def times(left: Sum, right: Sum) -> Sum:
    """The product of two sums.

    Raises:
        TooLarge: it has too many terms.
    """
    if len(left) * len(right) > MOST_TERMS:
        raise TooLarge("it has too many terms")
    return frozenset(_product([*one, *other]) for one in left for other in right)


def power(base: Sum, exponent: Fraction) -> Sum:
    """A sum to the power of a number; roots of sums are those of their terms, which grow alike.

    Raises:
        TooLarge: it has too many terms.
    """
    whole = exponent.denominator == 1 and exponent > 1
    if len(base) > 1 and whole:
        found = base
        for _ in range(min(int(exponent), MOST_TERMS) - 1):
            found = times(found, base)
        return found
    return frozenset(_product([(each, by * exponent) for each, by in term]) for term in base)


def exponential(base: Sum | str, exponent: Sum) -> Sum:
    """A number, or a sum, to the power of a sum."""
    if isinstance(base, str):
        return _single(Factor("exp", base, reduced(exponent)))
    return _single(Factor("exp", "", reduced(exponent), reduced(base)))


def factorial(of: Sum) -> Sum:
    """The factorial of a sum."""
    return _single(Factor("fact", "", reduced(of)))


def logarithm(of: Sum) -> Sum:
    """The logarithm of a sum: of a product, that of each factor; of a power, of its base."""
    of = reduced(of)
    if len(of) > 1:
        return _single(Factor("log", "", of))
    (term,) = of
    found: set[Term] = set()
    for factor, _ in term:
        if factor.kind == "exp":
            scale = logarithm(factor.base) if factor.base else ONE
            found |= times(factor.of, scale)
        else:
            found |= _single(Factor("log", "", _single(factor)))
    return frozenset(found) or ONE


def reduced(terms: Sum) -> Sum:
    """A sum without the terms that others outgrow."""
    kept = [
        each
        for each in terms
        if not any(other != each and _outgrown(each, other) for other in terms)
    ]
    return frozenset(kept) or ONE


def _single(factor: Factor) -> Sum:
    return frozenset({frozenset({(factor, Fraction(1))})})


def _product(factors: Iterable[tuple[Factor, Fraction]]) -> Term:
    powers: dict[Factor, Fraction] = {}
    for factor, by in factors:
        powers[factor] = powers.get(factor, Fraction(0)) + by
    return frozenset((factor, by) for factor, by in powers.items() if by)


def _outgrown(term: Term, other: Term) -> bool:
    """Whether a term grows no faster than another in any variable."""
    mine, theirs = dict(term), dict(other)
    plain = {each for each in (*mine, *theirs) if _rank(each) is not None}
    if any(mine.get(each, 0) > theirs.get(each, 0) for each in mine if each not in plain):
        return False
    if any(theirs.get(each, 0) < mine.get(each, 0) for each in theirs if each not in plain):
        return False
    names = {rank[0] for each in plain if (rank := _rank(each)) is not None}
    return all(_order(mine, name) <= _order(theirs, name) for name in names)


def _rank(factor: Factor) -> tuple[str, int] | None:
    """The one variable of a factor that is it, or its logarithm, and which."""
    if factor.kind == "var":
        return factor.name, 0
    if factor.kind == "log" and len(factor.of) == 1:
        (term,) = factor.of
        if len(term) == 1:
            ((inner, _),) = term
            return (inner.name, 1) if inner.kind == "var" else None
    return None


def _order(term: dict[Factor, Fraction], name: str) -> tuple[float, float]:
    """How fast a term grows in a variable: the power of it, then that of its logarithm."""
    powers = {_rank(factor): float(by) for factor, by in term.items()}
    outer = any(factor.kind in ("exp", "fact") and name in _names(factor.of) for factor in term)
    return (inf if outer else powers.get((name, 0), 0.0)), powers.get((name, 1), 0.0)


def _names(terms: Sum) -> set[str]:
    return {name for term in terms for factor, _ in term for name in _factor_names(factor)}


def _factor_names(factor: Factor) -> Iterator[str]:
    if factor.kind == "var":
        yield factor.name
    yield from _names(factor.of)
    yield from _names(factor.base)


def _renamed(terms: Sum) -> Sum:
    """In names of our own, so that equal classes are equal: of all ways to name, one."""
    names = sorted(_names(terms))
    if len(names) > _MOST_NAMES:
        raise TooLarge("it has too many variables")
    ways = (dict(zip(names, order, strict=True)) for order in permutations(_NAMES[: len(names)]))
    return min((_named(terms, way) for way in ways), key=_written)


def _named(terms: Sum, names: dict[str, str]) -> Sum:
    return frozenset(
        frozenset((_named_factor(factor, names), by) for factor, by in term) for term in terms
    )


def _named_factor(factor: Factor, names: dict[str, str]) -> Factor:
    name = names[factor.name] if factor.kind == "var" else factor.name
    return Factor(factor.kind, name, _named(factor.of, names), _named(factor.base, names))


def _written(terms: Sum) -> str:
    return " + ".join(sorted(map(_written_term, terms), key=lambda text: (-len(text), text)))


def _written_term(term: Term) -> str:
    factors = sorted(_written_factor(factor, by) for factor, by in term)
    # Names first, then what is made of them.
    factors.sort(key=lambda text: not text[:1].isalpha() or text.startswith("log"))
    return " ".join(factors) or "1"


def _written_factor(factor: Factor, by: Fraction) -> str:
    raised = "" if by == 1 else f"^{float(by):g}"
    match factor.kind:
        case "var":
            return f"{factor.name}{raised}"
        case "log":
            inner = _written(factor.of)
            return (
                f"log {inner}{raised}"
                if len(inner) == 1 and not raised
                else (f"log{raised}({inner})")
            )
        case "fact":
            inner = _written(factor.of)
            return f"{inner if len(inner) == 1 else f'({inner})'}!{raised}"
        case "exp":
            base, inner = factor.name or f"({_written(factor.base)})", _written(factor.of)
            return f"{base}^{inner if len(inner) == 1 else f'({inner})'}{raised}"
