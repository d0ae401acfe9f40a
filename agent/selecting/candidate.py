"""What is known of one attempt's patch, and what a choice among several is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent.selecting.normal import NormalForm

Outcome = Literal["Issue reproduced", "Issue resolved", "Other issues"]
"""How a generated test ends, in the words it prints."""

REPRODUCED: Outcome = "Issue reproduced"
RESOLVED: Outcome = "Issue resolved"
OTHER: Outcome = "Other issues"


@dataclass(frozen=True, slots=True)
class Foretold:
    """What was predicted of a test: the verdict, and the confidence in it from 0 to 1."""

    verdict: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """One attempt.

    Attributes:
        attempt: its number, from 1.
        patch: what it handed in; empty for nothing.
        form: the patch's normal form; None without a patch.
        tokens: it read and wrote.
        lost: tests that passed before and do not with the patch; None where that is not known.
        outcomes: of the generated tests, by their names.
        verdicts: of the tests that were predicted, by their ids.
        resolved: whether it is known to resolve the issue. For research: nothing that chooses looks
            at it, but for the oracle.
    """

    attempt: int
    patch: str = ""
    form: NormalForm | None = None
    tokens: int = 0
    lost: tuple[str, ...] | None = None
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    verdicts: Mapping[str, Foretold] = field(default_factory=dict)
    resolved: bool | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and why.

    Attributes:
        attempt: its number; None where there is no patch to choose.
        reasons: one sentence each, in the order in which they decided.
        ranking: the attempts that have a patch, the chosen one first.
    """

    attempt: int | None
    reasons: tuple[str, ...]
    ranking: tuple[int, ...] = ()


class Strategy(Protocol):
    """A way to choose; a new one is one file here and one line in `agent.selecting.registry`.

    Attributes:
        name: as the user gives it.
        runs_tests: whether it looks at what the patches did when tests ran.
    """

    name: str
    runs_tests: bool

    def informed(self, candidates: Sequence[Candidate]) -> bool:
        """Whether what it goes by is known of any; else it chooses as the majority does."""
        ...

    def choose(self, candidates: Sequence[Candidate]) -> Choice:
        """The best of them. Their order does not matter."""
        ...

    def decided(self, candidates: Sequence[Candidate], left: int) -> bool:
        """Whether the choice falls on the same patch, whatever the attempts still to come bring.

        The same in its normal form: which of those that handed it in is chosen may yet change.

        Args:
            candidates: so far.
            left: attempts still to come.
        """
        ...
