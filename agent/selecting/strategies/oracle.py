"""The patch that is known to resolve the issue, if any is: no strategy can do better."""

from collections.abc import Sequence

from agent.selecting.candidate import Candidate, Choice
from agent.selecting.voting import NOTHING, best_of, with_patch


class Oracle:
    """For research: it looks at the answer."""

    name = "oracle"
    runs_tests = False

    def informed(self, candidates: Sequence[Candidate]) -> bool:
        """Whether it is known of any how it ended."""
        return any(each.resolved is not None for each in candidates)

    def choose(self, candidates: Sequence[Candidate]) -> Choice:
        """One that resolves the issue, where there is one."""
        usable = with_patch(candidates)
        if not usable:
            return NOTHING
        return best_of(usable, {"known to resolve the issue": lambda each: bool(each.resolved)})

    def decided(self, candidates: Sequence[Candidate], left: int) -> bool:
        """Whether there is one already."""
        return left == 0 or any(each.resolved for each in candidates)
