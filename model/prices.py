"""What an answer cost: tokens counted by the server, times prices the user knows."""

from dataclasses import dataclass

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one answer, or of several added up.

    Attributes:
        input: of the prompts, cached ones included.
        cached: of the prompts, those the server did not have to read again.
        output: generated, reasoning included.
        counted: whether the server counted; otherwise these are our own lower bounds.
    """

    input: int = 0
    cached: int = 0
    output: int = 0
    counted: bool = True

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        return TokenUsage(
            self.input + other.input,
            self.cached + other.cached,
            self.output + other.output,
            self.counted and other.counted,
        )


@dataclass(frozen=True, slots=True)
class Prices:
    """What a model's tokens cost, in US dollars per million.

    Attributes:
        input: of a prompt.
        output: generated.
        cached: of a prompt, when the server had them cached; None for the price of the others.
    """

    input: float
    output: float
    cached: float | None = None

    def cost(self, usage: TokenUsage) -> float | None:
        """In US dollars; None when the server did not count and tokens are not free."""
        cached = self.input if self.cached is None else self.cached
        if not (self.input or self.output or cached):
            return 0.0
        if not usage.counted:
            return None
        fresh = max(usage.input - usage.cached, 0)
        return (fresh * self.input + usage.cached * cached + usage.output * self.output) / _MILLION
