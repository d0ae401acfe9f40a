"""What a question is: tasks that are read from rows, put to a model, and marked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from model.predict.predictor import Predictor, Tokens
from model.questions.speaking import Speaker

Mode = Literal["direct", "reasoning", "trace", "step"]
"""The answer at once; after thinking; out of a predicted trace; by stepping over the call."""

NO_TOKENS = Tokens()

Row = Mapping[str, object]
"""One record of a data set, as its JSON has it."""


class BadRow(ValueError):
    """A record is not what the question takes; the message is one line."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks of one program.

    Attributes:
        source: of the program; for a program that is to be written, its description.
        call: an expression on it; may be empty.
        output: the value that it is to have; may be empty.
        examples: of what is to hold, as comparisons: ``f(1) == 2``.
    """

    source: str
    call: str = ""
    output: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """A model, and the two ways to ask it.

    Attributes:
        speaker: in words.
        predictor: for traces.
    """

    speaker: Speaker
    predictor: Predictor


@dataclass(frozen=True, slots=True)
class Way:
    """How a task is put to a model.

    Attributes:
        mode: see `Mode`.
        samples: answers, 1 at least; one is drawn greedily.
        seed: of the first.
        most: tokens that an answer or a trace may take.
    """

    mode: Mode
    samples: int = 1
    seed: int = 0
    most: int = 16_384


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        text: the answer itself, in the form that the question has; empty where there is none.
        problem: why there is none, in one line; empty where there is one.
        tokens: what it took.
        facts: more of it, for the record: values of JSON.
    """

    text: str
    problem: str = ""
    tokens: Tokens = NO_TOKENS
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of an answer.

    Attributes:
        right: whether it is; None where nobody can tell.
        detail: why, in one line; it may hold words of the model's and of the program's.
        measures: what else is counted, by name; None for what this answer does not count for.
        shown: lines for people who asked this one question; may be empty.
    """

    right: bool | None
    detail: str = ""
    measures: Mapping[str, bool | None] = field(default_factory=dict)
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a program in a sandbox.

    Attributes:
        answer: what it answered, a value of JSON; None where it came to no answer.
        timed_out: whether its time was up.
        output: the end of what it printed.
    """

    answer: object
    timed_out: bool = False
    output: str = ""


class Runner(Protocol):
    """Runs Python in a sandbox. What runs there may be hostile."""

    async def run(self, harness: str, given: object, seconds: float) -> Ran:
        """Run one of the programs that stand ready inside sandboxes.

        Args:
            harness: its name: ``check``, ``measure`` or ``unpickle``.
            given: what it is given, a value of JSON.
            seconds: of wall time that it may take in all.
        """
        ...


class Task(Protocol):
    """One thing to be asked."""

    @property
    def id(self) -> str:
        """Within its data set."""
        ...

    async def answers(self, model: Model, way: Way, runner: Runner) -> list[Answer]:
        """Ask the model; as many answers as samples.

        Args:
            model: whom to ask.
            way: how.
            runner: for what has to run before anything can be asked.

        Raises:
            ModelError: the model does not answer.
        """
        ...

    async def mark(self, answer: Answer, runner: Runner) -> Mark:
        """Mark an answer that has a text."""
        ...


class Question(Protocol):
    """A kind of task.

    Attributes:
        name: as the user gives it.
        about: what is asked, in a few words.
        modes: those that apply, the default first.
        votes: whether the most frequent of several answers is an answer of its own.
        runs: whether marking an answer means to run something.
    """

    name: str
    about: str
    modes: tuple[Mode, ...]
    votes: bool
    runs: bool

    def read(self, row: Row) -> Task:
        """A task from a record in the form in which a benchmark publishes it.

        Raises:
            BadRow: it is none.
        """
        ...

    def one(self, asked: Asked) -> Task:
        """A task from what somebody asks.

        Raises:
            BadRow: something is missing or wrong; the message says what.
        """
        ...
