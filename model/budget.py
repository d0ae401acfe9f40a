"""What a command's questions to a model may take in all, tokens or money."""

from dataclasses import dataclass

from model.answer import Completion
from model.errors import ModelError


class BudgetSpent(ModelError):
    """Nothing more is asked: the user's limit is reached.

    Attributes:
        some_will_do: see `Budget`.
    """

    def __init__(self, message: str, hint: str = "", *, some_will_do: bool = False) -> None:
        super().__init__(message, hint)
        self.some_will_do = some_will_do


@dataclass
class Budget:
    """A limit for the answers of one client, and what they took so far.

    The prompt that reaches the limit is read to its end, and answers that have begun are taken.

    Attributes:
        tokens: read and written, cached ones included; None for no limit.
        cost: US dollars, as far as the costs are known; None for no limit.
        some_will_do: whether fewer answers than were asked for, and the last of them cut short, are
            worth having. Where they are not, an answer that has begun is never cut.
        ended: which limit kept something from being asked or written; empty where none did.
    """

    tokens: int | None = None
    cost: float | None = None
    some_will_do: bool = False
    ended: str = ""
    _tokens: int = 0
    _cost: float = 0.0

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all."""
        return self.tokens is not None or self.cost is not None

    def room(self, most: int) -> int:
        """Tokens that the next answer may have.

        Args:
            most: that it would have without a limit.

        Raises:
            BudgetSpent: there is nothing left for it.
        """
        if self.tokens is not None and self._tokens >= self.tokens:
            self._end(f"the limit of {self.tokens:,} tokens is used up")
        if self.cost is not None and self._cost >= self.cost:
            self._end(f"the cost limit of {self.cost:g} US dollars is reached")
        if self.tokens is None or not self.some_will_do:
            return most
        return min(most, self.tokens - self._tokens)

    def spend(self, answer: Completion, *, shortened: bool) -> None:
        """Count an answer.

        Args:
            answer: as it came.
            shortened: it had fewer tokens than it would have had without a limit.
        """
        self._tokens += answer.usage.input + answer.usage.output
        self._cost += answer.cost or 0.0
        if shortened and answer.finish == "length":
            self.ended = f"the limit of {self.tokens:,} tokens is used up"

    def _end(self, message: str) -> None:
        self.ended = message
        raise BudgetSpent(message, some_will_do=self.some_will_do)
