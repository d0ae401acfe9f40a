"""What a predictor is: from a program to the frames of its execution, without running it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from model.trace.frame import Frame, Kind
from model.trace.reading import Problem
from model.trace.writing import mark, wrapper

MOST_TOKENS = 16_384
"""Of a whole trace; CRUXEval's take 500 on average."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program whose execution is to be predicted.

    Attributes:
        source: what the model is shown, the entry point marked.
        begun: the frames its trace begins with, as the model writes them; they are given, not
            predicted.
    """

    source: str
    begun: tuple[Frame, ...]

    @classmethod
    def of_call(cls, source: str, call: str) -> "Program":
        """A call, made by a function that is added to the source.

        Raises:
            NoEntry: the call is not one expression.
        """
        marked, first = wrapper(source, call)
        return cls(marked, (first,))

    @classmethod
    def of_function(cls, source: str, entry: str | int, begun: Sequence[Frame] = ()) -> "Program":
        """A function of the source, a test for example.

        Args:
            source: with the function.
            entry: its name or its line; see `model.trace.writing.mark`.
            begun: its call, where the arguments are known.

        Raises:
            NoEntry: there is no such function.
        """
        return cls(mark(source, entry), tuple(begun))


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a prediction took.

    Attributes:
        reused: of the prompt, those the server had cached.
        computed: of the prompt, those it read.
        written: generated.
    """

    reused: int = 0
    computed: int = 0
    written: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            self.reused + other.reused,
            self.computed + other.computed,
            self.written + other.written,
        )


@dataclass(frozen=True, slots=True)
class Prediction:
    """One predicted trace.

    Attributes:
        frames: those of `Program.begun`, and what the model wrote after them; as it wrote them.
        ended: the model wrote that the entry point's scope was left.
        problems: what in its text is not as it should be.
        logprobs: by frame, the mean log-probability of the tokens of each; None for those that were
            given, and where the server gives none.
        text: what the model wrote; the places of the problems are in it.
        tokens: what it took.
        cut: it ended because it took the most tokens that it may.
        doubt: why nothing is to be concluded from it, one sentence without its full stop; empty
            where nothing speaks against it.
        doubts: the same of each frame alone; no entries where no frame is doubted.
    """

    frames: tuple[Frame, ...]
    ended: bool
    problems: tuple[Problem, ...]
    logprobs: tuple[float | None, ...]
    text: str
    tokens: Tokens
    cut: bool = False
    doubt: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """The frame that comes next.

    Attributes:
        frame: as the model wrote it; None where the trace is over, or what it wrote is no frame.
        ended: the trace is over.
        problems: what in its text is not as it should be.
        logprob: the mean of its tokens; None where the server gives none.
        tokens: what it took.
        doubt: why nothing is to be concluded from it, one sentence without its full stop; empty
            where nothing speaks against it.
    """

    frame: Frame | None
    ended: bool
    problems: tuple[Problem, ...] = ()
    logprob: float | None = None
    tokens: Tokens = Tokens()
    doubt: str = ""


class Predictor(Protocol):
    """Predicts with one model. The beginning of what it asks stays the same for a program, so that
    a server's prefix cache is hit."""

    name: str
    model: str
    """Which one."""

    async def traces(
        self, program: Program, *, samples: int = 1, seed: int = 0, most: int = MOST_TOKENS
    ) -> list[Prediction]:
        """Whole traces.

        Args:
            program: whose.
            samples: how many, 1 at least; one is drawn greedily, several with the predictor's
                temperature.
            seed: of the first; each further one has its own.
            most: tokens a trace may take; one that takes more is not ended.

        Raises:
            ModelError: the model does not answer.
        """
        ...

    async def step(
        self, program: Program, frames: Sequence[Frame], kind: Kind | None = None
    ) -> Step:
        """The frame after these, drawn greedily.

        That the trace is over is said by the model, not concluded from its last return: a generator
        returns when it yields.

        Args:
            program: whose.
            frames: so far, those of `Program.begun` first; as the model writes them.
            kind: of the frame, where it is to be forced: a return right after a call steps over
                the body, a line goes into it.

        Raises:
            ModelError: the model does not answer.
        """
        ...

    async def value(self, program: Program) -> Step:
        """What the program returns, at once and without its trace: the frame of that return.

        Args:
            program: with the frame of its call in `Program.begun`.

        Raises:
            ModelError: the model does not answer.
        """
        ...
