"""Turning samples into figures, and taking them in interleaved rounds."""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """Samples of one quantity, in its own unit."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> "Summary":
        """The median and the quartiles."""
        if len(samples) < 2:
            return cls(samples[0], samples[0], samples[0], 1)
        low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(median, low, high, len(samples))


async def interleaved(
    names: Sequence[str], rounds: int, sample: Callable[[str], Awaitable[float]], *, warm: int = 0
) -> dict[str, Summary]:
    """Sample everybody once a round, so that a machine that slows down slows everybody down.

    Each round begins with another one, so that nobody always follows the same neighbour.

    Args:
        names: who is sampled.
        rounds: how often each is.
        sample: takes one sample; for a name.
        warm: rounds before, that do not count.
    """
    samples: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-warm, rounds):
        start = number % len(names)
        for name in [*names[start:], *names[:start]]:
            value = await sample(name)
            if number >= 0:
                samples[name].append(value)
    return {name: Summary.of(values) for name, values in samples.items()}
