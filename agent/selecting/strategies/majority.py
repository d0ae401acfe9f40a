"""The patch that most attempts came to."""

from collections.abc import Sequence

from agent.selecting.candidate import Candidate, Choice
from agent.selecting.voting import NOTHING, best_of, leader, with_patch


class Majority:
    """Runs nothing, predicts nothing: patches in normal form are counted."""

    name = "majority"
    runs_tests = False

    def informed(self, candidates: Sequence[Candidate]) -> bool:
        """Always: patches are all it needs."""
        return True

    def choose(self, candidates: Sequence[Candidate]) -> Choice:
        """The most common patch; of those the cheapest."""
        usable = with_patch(candidates)
        return best_of(usable, {}) if usable else NOTHING

    def decided(self, candidates: Sequence[Candidate], left: int) -> bool:
        """Whether the others cannot outvote it any more."""
        return left == 0 or leader(candidates, left) is not None
