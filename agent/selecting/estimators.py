"""How well a way to choose does with k attempts, estimated from n that were made.

Every number is the mean over all sets of k that could have been drawn from the n: by formula where
there is one, else by going through all sets, or through as many drawn by chance where there are too
many. So it is unbiased, and k may be smaller than n. The interval comes from drawing the issues
anew (bootstrap, the 2.5th and the 97.5th percentile).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from agent.selecting.candidate import Candidate, Strategy

_MOST_SETS = 500
"""That are gone through for one issue; of more, so many are drawn."""
_REDRAWN = 2000
"""Times that the issues are drawn anew."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share of issues.

    Attributes:
        value: from 0 to 1.
        low, high: its 95 % interval over issues.
        issues: that it is the mean of.
        exact: whether all sets of attempts were gone through, of every issue.
    """

    value: float
    low: float
    high: float
    issues: int
    exact: bool = True


def pass_at_k(attempts: int, resolved: int, k: int) -> float:
    """How likely one of k attempts resolves the issue, drawn from those made without repetition.

    Args:
        attempts: made.
        resolved: of them, those that did.
        k: drawn; no more than were made.

    Raises:
        ValueError: the numbers do not fit together.
    """
    if not 0 <= resolved <= attempts or not 1 <= k <= attempts:
        raise ValueError(f"{k} of {attempts} attempts, {resolved} of them resolved: impossible")
    return 1 - comb(attempts - resolved, k) / comb(attempts, k)


def chosen_at_k(
    strategy: Strategy, candidates: Sequence[Candidate], k: int, seed: int = 0
) -> tuple[float, bool]:
    """How likely the one chosen of k attempts resolves the issue.

    Args:
        strategy: chooses.
        candidates: all that were made, with their outcomes known.
        k: drawn; no more than were made.
        seed: of the sets drawn where there are too many.

    Returns:
        The share of sets, and whether all were gone through.

    Raises:
        ValueError: there are not so many.
    """
    if not 1 <= k <= len(candidates):
        raise ValueError(f"{k} of {len(candidates)} attempts: impossible")
    if not any(each.resolved for each in candidates):
        return 0.0, True
    exact = comb(len(candidates), k) <= _MOST_SETS
    sets = combinations(candidates, k) if exact else _drawn(candidates, k, seed)
    hits = total = 0
    for drawn in sets:
        chosen = strategy.choose(drawn).attempt
        hits += any(each.resolved for each in drawn if each.attempt == chosen)
        total += 1
    return hits / total, exact


def _drawn(candidates: Sequence[Candidate], k: int, seed: int) -> Iterator[tuple[Candidate, ...]]:
    chance = random.Random(seed)
    for _ in range(_MOST_SETS):
        yield tuple(chance.sample(candidates, k))


def over_issues(
    issues: Sequence[Sequence[Candidate]], k: int, strategy: Strategy | None = None, seed: int = 0
) -> Estimate:
    """The mean over issues; those with fewer than k attempts are left out.

    Args:
        issues: the attempts at each.
        k: attempts.
        strategy: chooses one of them; None for pass@k, where any of them counts.
        seed: of all that is drawn.

    Raises:
        ValueError: no issue has so many attempts.
    """
    usable = [each for each in issues if len(each) >= k]
    if not usable:
        raise ValueError(f"no issue has {k} attempts")
    if strategy is None:
        counts = [(len(each), sum(bool(one.resolved) for one in each)) for each in usable]
        return estimate([pass_at_k(made, resolved, k) for made, resolved in counts], seed)
    found = [chosen_at_k(strategy, each, k, seed) for each in usable]
    exact = all(whole for _, whole in found)
    return estimate([value for value, _ in found], seed, exact=exact)


def estimate(values: Sequence[float], seed: int = 0, *, exact: bool = True) -> Estimate:
    """The mean of one value an issue, and how far it can be trusted."""
    chance = random.Random(seed)
    size = len(values)
    means = sorted(sum(chance.choices(values, k=size)) / size for _ in range(_REDRAWN))
    low, high = means[int(0.025 * _REDRAWN)], means[int(0.975 * _REDRAWN)]
    return Estimate(sum(values) / size, low, high, size, exact)
