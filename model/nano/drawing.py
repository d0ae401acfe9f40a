"""From logits to a token: the likeliest, or one drawn by chance; and how likely it was."""

import numpy as np
from numpy.typing import NDArray

from model.answer import Sampling


class Draw:
    """Draws the tokens of one answer.

    Args:
        sampling: how. The same seed draws the same tokens; without one, nobody can tell which.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._temperature = sampling.temperature
        self._top_p = sampling.top_p
        self._logprobs = sampling.logprobs
        self._chance = np.random.default_rng(sampling.seed)

    def __call__(self, logits: NDArray[np.float32]) -> tuple[int, float]:
        """A token, and the natural logarithm of its probability; 0 where that is not wanted.

        The probability is the model's own, at a temperature of 1, however the token was drawn.
        """
        best = int(logits.argmax())
        if self._temperature == 0 and not self._logprobs:
            return best, 0.0
        below = logits - logits[best]
        drawn = best if self._temperature == 0 else self._drawn(below)
        return drawn, float(below[drawn]) - float(np.log(np.exp(below).sum()))

    def _drawn(self, below: NDArray[np.float32]) -> int:
        """One of the likeliest tokens that together have the probability ``top_p``.

        Args:
            below: how far each logit is from the largest.
        """
        weights = np.exp(below.astype(np.float64) / self._temperature)
        order = np.argsort(-weights, kind="stable")
        sums = np.cumsum(weights[order])
        kept = int(np.searchsorted(sums, self._top_p * sums[-1])) + 1
        kept = min(kept, len(order))
        at = int(np.searchsorted(sums[:kept], self._chance.random() * sums[kept - 1], "right"))
        return int(order[min(at, kept - 1)])
