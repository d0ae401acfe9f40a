"""How often what is drawn: what nano is weak at can be drawn more often."""

from dataclasses import dataclass, field, replace
from typing import Literal

Size = Literal["short", "medium", "long"]

BLOCKS = {
    "sum": 8.0, "count": 7.0, "filter": 7.0, "text": 6.0, "find": 6.0, "range": 7.0, "while": 8.0,
    "table": 6.0, "zip": 3.0, "items": 4.0, "branch": 8.0, "straight": 9.0, "nested": 5.0,
    "comprehension": 10.0, "attempt": 8.0, "split": 4.0, "unpack": 4.0, "operations": 7.0,
    "best": 4.0, "seen": 5.0, "slices": 5.0, "truth": 5.0, "index": 4.0, "strings": 6.0,
    "values": 4.0, "keyed": 3.0, "paired": 3.0, "else": 2.5, "place": 3.0, "mean": 1.5,
    "numbered": 2.5, "match": 3.0, "optional": 3.0, "mapped": 3.0, "rows": 4.0, "letters": 2.0,
    "edited": 4.0,
}  # fmt: skip
"""Weight of each kind of block, see `model.nano.programs.blocks`."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights and probabilities of a generator.

    Attributes:
        blocks: weights of the kinds of blocks.
        idioms: share of programs that are a known idiom, varied.
        recursion: share of programs that are recursive.
        endless: share of programs that do not end by themselves.
        mutants: share of programs of which one is mutated too.
        tests: share of programs that are entered through a test too, for one trace of it.
        suites: share of programs that are entered through a test in a file of its own, for one
            trace of it; see `model.nano.programs.suites`.
        helpers: probability of a helper function.
        guards: probability of a check at a function's beginning.
        defaults: probability of a default value, where one may be.
        exits: probability that a loop is left early, or a round cut short.
        documented: probability of a docstring; of a comment it is half of that.
        hints: probability of type hints.
        held: whether the programs are to measure with: recursive and endless ones are of idioms
            that are kept for that.
    """

    blocks: dict[str, float] = field(default_factory=lambda: dict(BLOCKS))
    idioms: float = 0.3
    recursion: float = 0.05
    endless: float = 0.03
    mutants: float = 0.3
    tests: float = 0.4
    suites: float = 0.12
    helpers: float = 0.22
    guards: float = 0.22
    defaults: float = 0.2
    exits: float = 0.22
    documented: float = 0.12
    hints: float = 0.25
    held: bool = False


_HELD = Mix(recursion=0.3, endless=0.35, tests=0.05, suites=0.1, held=True)
"""Of programs to measure with, where recursion and endless loops are to count."""


def mix_of(*, held: bool, recursion: float | None, endless: float | None) -> Mix:
    """The usual mix, or that of programs to measure with, with shares that are asked for.

    Raises:
        ValueError: the shares are more than all.
    """
    mix = _HELD if held else Mix()
    recursion = mix.recursion if recursion is None else recursion
    endless = mix.endless if endless is None else endless
    if recursion + endless > 1:
        raise ValueError(f"{recursion:g} recursive and {endless:g} endless are more than all")
    return replace(mix, recursion=recursion, endless=endless)
