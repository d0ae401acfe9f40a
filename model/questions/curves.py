"""Which class of growth measured points follow: least squares, and how sure that is.

A class ``g`` is laid through the points as ``a + b g(n)`` with ``b`` not negative, so that the
squares of the relative differences are least. The simplest class that fits about as well as the
best one is taken, and those that cannot be told from it are named. A class that fits only where it
does not grow is none of them: that is the constant.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_CLASSES: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("O(1)", lambda n: 0.0),
    ("O(log n)", math.log),
    ("O(n^0.5)", math.sqrt),
    ("O(n)", lambda n: n),
    ("O(n log n)", lambda n: n * math.log(n)),
    ("O(n^1.5)", lambda n: n**1.5),
    ("O(n^2)", lambda n: n**2),
    ("O(n^2 log n)", lambda n: n**2 * math.log(n)),
    ("O(n^3)", lambda n: n**3),
)
"""From the slowest to the fastest. An exponential comes after them, with the base that fits."""

_BASES = 1.2, 4.0
_HALVINGS = 40

LEAST = 4
"""Points, for anything to be said."""
_SIMPLER = 1.5, 0.01
"""A simpler class is taken whose error is at most so many times the least, and so much more."""
_ALIKE = 3.0, 0.02
"""The same for one that cannot be told from it."""
_GROWN = 1e-3
"""The least share of the largest point that has to come of a class's growth."""
_UNEVEN = 1 / 3
"""An error from which on nothing is said. A constant below all points is off by less than 1, and so
with `_ALIKE` no class could be told from it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The class that points follow.

    Attributes:
        growth: its name.
        error: the root of the mean square of the relative differences.
        alike: other classes that fit nearly as well.
    """

    growth: str
    error: float
    alike: tuple[str, ...]


def fit(points: Sequence[tuple[float, float]]) -> Fit | None:
    """The class of points; None where there are too few, or they follow none.

    Args:
        points: sizes, 1 at least, and what was measured at each.
    """
    # The smallest sizes tell of what is done once; the others of growth.
    points = sorted(point for point in points if point[1] > 0)
    points = points[len(points) // 4 :]
    if len(points) < LEAST:
        return None
    errors = [(name, _error(points, growth)) for name, growth in _CLASSES]
    errors.append(_exponential(points))
    least = min(error for _, error in errors)
    taken, error = next(
        (name, error) for name, error in errors if error <= least * _SIMPLER[0] + _SIMPLER[1]
    )
    if error > _UNEVEN:
        return None
    limit = error * _ALIKE[0] + _ALIKE[1]
    alike = tuple(name for name, other in errors if name != taken and other <= limit)
    return Fit(taken, error, alike)


def faster(left: str, right: str) -> bool:
    """Whether one class grows faster than another."""
    names = [name for name, _ in _CLASSES]
    return _place(left, names) > _place(right, names)


def _place(name: str, names: list[str]) -> int:
    return names.index(name) if name in names else len(names)


def _exponential(points: Sequence[tuple[float, float]]) -> tuple[str, float]:
    """The exponential that fits best, and its error; the base is found by cutting a range down."""
    low, high = _BASES

    def error(base: float) -> float:
        return _error(points, lambda n: base**n)

    for _ in range(_HALVINGS):
        third = (high - low) / 3
        # Beyond what a number can hold every error is the same, and the base is too large.
        if error(low + third) <= error(high - third):
            high -= third
        else:
            low += third
    base = (low + high) / 2
    return f"O({2 if abs(base - 2) < 0.02 else base:.3g}^n)", error(base)


def _error(points: Sequence[tuple[float, float]], growth: Callable[[float], float]) -> float:
    """The error of a class, with the best ``a`` and ``b`` for it."""
    try:
        rows = [(1 / y, growth(n) / y) for n, y in points]
        if not all(math.isfinite(value) for row in rows for value in row):
            return math.inf
        a, b = _solved(rows)
        grown = b * max(by for _, by in rows)
        if any(by for _, by in rows) and grown <= _GROWN:
            return math.inf
        squares = [(a * one + b * by - 1) ** 2 for one, by in rows]
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return math.sqrt(math.fsum(squares) / len(squares))


def _solved(rows: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The ``a`` and ``b``, neither negative, for which all ``a x + b y`` are closest to 1."""
    xx, xy, yy, x, y = (
        math.fsum(values)
        for values in zip(*((p * p, p * q, q * q, p, q) for p, q in rows), strict=True)
    )
    determinant = xx * yy - xy * xy
    if determinant > 1e-12 * xx * yy:
        a, b = (x * yy - y * xy) / determinant, (y * xx - x * xy) / determinant
        if a >= 0 and b >= 0:
            return a, b
    alone = (x / xx, 0.0), (0.0, y / yy if yy else 0.0)
    return min(alone, key=lambda ab: _squares(rows, ab))


def _squares(rows: Sequence[tuple[float, float]], ab: tuple[float, float]) -> float:
    return math.fsum((ab[0] * one + ab[1] * by - 1) ** 2 for one, by in rows)
