"""What is generated: a program, how it is called, and what is known of it."""

from dataclasses import dataclass

from model.nano.programs.scope import Signature


@dataclass(frozen=True, slots=True)
class Generated:
    """A program.

    Attributes:
        source: one or more functions.
        entry: the one to call.
        family: where it is from: ``grammar``, or the name of an idiom; with ``~`` before it where
            it was mutated.
    """

    source: str
    entry: Signature
    family: str
