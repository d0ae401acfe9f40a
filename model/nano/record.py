"""One example of nano's data: a program and its recorded trace."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from model.trace.writing import context


class Record(BaseModel):
    """A line of a data set.

    Attributes:
        id: of the example; the same for the same seed.
        program: of the program it is from; calls of a program, and its mutants, share it.
        source: what the model is shown, the entry point marked.
        begun: the frame the trace begins with, as the model writes it; it is given.
        trace: the frames after it, as the model writes them, with the mark of the end if it ended.
        frames: how many those are.
        ended: whether the entry point was left.
        halts: whether it is left in the end, where the trace was cut off before; None where nobody
            looked.
        constructs: what the program has, of `model.nano.programs.constructs.NAMES`, and what
            happened in it: ``exception``, ``escaping exception``, ``cut``.
        family: where the program is from; ``~`` before it where it was mutated.
        call: the expression traced, or the name of the test.
        form: how the program is entered: by a ``call`` of it, at a ``test`` below it, or by a call
            of a test as it is put together of a repository's files, a ``suite``.
        size: as it was asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    program: str
    source: str
    begun: str
    trace: str
    frames: int
    ended: bool
    constructs: tuple[str, ...]
    family: str
    call: str
    form: Literal["call", "test", "suite"]
    size: Literal["short", "medium", "long"]
    halts: bool | None = None

    @property
    def prompt(self) -> str:
        """What comes before the trace, but for the token that begins every text."""
        return context(self.source) + self.begun
