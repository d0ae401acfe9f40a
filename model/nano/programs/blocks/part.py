"""What a block is: some statements of a function that belong together."""

from collections.abc import Callable
from dataclasses import dataclass

from model.nano.programs import words
from model.nano.programs.expressions import condition
from model.nano.programs.scope import Lines, Scope, indented


@dataclass(frozen=True, slots=True)
class Part:
    """Some statements.

    Attributes:
        lines: of source.
        verb: what the function may be called for it, see `words.VERBS`.
        returns: the type that it returns, where it ends the function; else empty.
        about: the type of what it works on, for the function's name.
    """

    lines: Lines
    verb: str
    about: str
    returns: str = ""


Block = Callable[[Scope], Part]


def element(scope: Scope, container: str, kind: str) -> str:
    """The loop variable for the elements of what is called so."""
    fitting = words.ELEMENTS.get(container)
    names = (fitting,) if fitting and fitting not in scope.taken else ()
    return scope.define(kind, (*names, *(() if names else ("item", "value", "x", "each"))))


def left_early(scope: Scope, name: str) -> Lines:
    """What ends a loop, or a round of it, when an integer is so and so; mostly nothing."""
    if not scope.chance(scope.mix.exits):
        return []
    return [f"if {condition(scope, name)}:", f"    {scope.rng.choice(('break', 'continue'))}"]


def loop(head: str, body: Lines) -> Lines:
    """A statement with a body."""
    return [head, *indented(body)]
