"""A predicted trace that grows, kept in step with a recorded one.

The debugger learns one frame after the other. What two traces have been brought into step by does
not change with what comes after, but for the last frames: only these are looked at again.
"""

from collections.abc import Sequence

from model.trace.states import State
from model.trace.stepping import Key, Pair, key_of, steps


class Growing:
    """`align_states`, again and again, of a predicted trace with more and more frames.

    Attributes:
        kept: how many pairs, from the first on, are those of the call before.
    """

    kept: int

    def __init__(self, recorded: Sequence[State]) -> None:
        """Args: recorded: the states at all frames of the recorded trace."""
        self._recorded = recorded
        self._all_placed = all(state.frame.place for state in recorded)
        self._begin(placed=False)

    def _begin(self, *, placed: bool) -> None:
        self.kept = 0
        self._placed = placed
        self._predicted: list[State] = []
        self._left: list[Key] = []
        self._right = [key_of(state, placed) for state in self._recorded]
        self._sure: list[Pair] = []  # whatever comes after
        self._i = self._j = 0  # where they end

    def pairs(self, predicted: Sequence[State]) -> list[Pair]:
        """The pairs of both traces.

        Args:
            predicted: the states at all frames of the predicted trace. Where it does not begin with
                the very states of the call before, all of it is gone through again.
        """
        placed = self._all_placed and all(state.frame.place for state in predicted)
        if placed != self._placed or not self._goes_on(predicted):
            self._begin(placed=placed)
        new = predicted[len(self._predicted) :]
        self._predicted += new
        self._left += [key_of(state, placed) for state in new]
        self.kept = len(self._sure)
        return self._aligned()

    def _goes_on(self, predicted: Sequence[State]) -> bool:
        before = self._predicted
        if len(before) > len(predicted):
            return False
        return all(a is b for a, b in zip(before, predicted, strict=False))

    def _aligned(self) -> list[Pair]:
        left, right = self._left, self._right
        pairs = list(self._sure)
        i, j, sure = self._i, self._j, True
        while i < len(left) and j < len(right):
            found, lasting = steps(left, right, i, j)
            pairs += found
            i += sum(one is not None for one, _ in found)
            j += sum(other is not None for _, other in found)
            sure = sure and lasting
            if sure:
                self._sure += found
                self._i, self._j = i, j
        pairs += [(n, None) for n in range(i, len(left))]
        pairs += [(None, n) for n in range(j, len(right))]
        return pairs
