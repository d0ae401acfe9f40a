"""A function under construction: which names it has, of which types, and which are not used yet.

Blocks ask for a variable of a type and get one that is there, or an argument that is made for
them; so a function has the arguments that it needs, and every one is used.
"""

import random
from dataclasses import dataclass, field

from model.nano.programs import words
from model.nano.programs.mix import Mix
from model.nano.programs.values import value_of, written

Lines = list[str]
"""Lines of source, with their indentation within what they belong to."""

_MOST_ARGUMENTS = 3


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a function.

    Attributes:
        name: of it.
        kind: its type.
        default: its default as source; None where it has none.
    """

    name: str
    kind: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """How a function is called.

    Attributes:
        name: of it.
        arguments: in their order.
        returns: the type of what it gives; empty where that varies.
    """

    name: str
    arguments: tuple[Argument, ...]
    returns: str = ""


@dataclass(slots=True)
class Scope:
    """The names of one function.

    Attributes:
        rng: draws.
        mix: what is drawn how often.
        helpers: functions that it may call.
        kinds: type by name, of what has a value where the next statement stands.
        taken: names that are not to be used again.
        unused: names that have not been read.
        arguments: those made so far.
        may_return: whether a block may end the function; not where a result would be lost.
    """

    rng: random.Random
    mix: Mix
    helpers: tuple[Signature, ...] = ()
    kinds: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    unused: set[str] = field(default_factory=set)
    arguments: list[Argument] = field(default_factory=list)
    may_return: bool = True

    def chance(self, share: float) -> bool:
        """Whether something with this probability happens."""
        return self.rng.random() < share

    def fresh(self, candidates: tuple[str, ...]) -> str:
        """A name that is free: one of the candidates, or one of them with a number."""
        free = [name for name in candidates if name not in self.taken]
        name = self.rng.choice(free) if free else ""
        number = 2
        while not name or name in self.taken:
            name = f"{candidates[0].rstrip('_')}_{number}"
            number += 1
        self.taken.add(name)
        return name

    def first(self, *candidates: str) -> str:
        """The first of these names that is free."""
        free = (name for name in candidates if name not in self.taken)
        return self.fresh((next(free, candidates[0]),))

    def define(self, kind: str, candidates: tuple[str, ...] = ()) -> str:
        """A new local that has a value from here on."""
        name = self.fresh(candidates or words.NAMES[kind])
        self.kinds[name] = kind
        self.unused.add(name)
        return name

    def forget(self, *names: str) -> None:
        """These have no value any more, or may have none; the names stay taken."""
        for name in names:
            self.kinds.pop(name, None)
            self.unused.discard(name)

    def use(self, name: str) -> str:
        """Note that a name is read."""
        self.unused.discard(name)
        return name

    def known(self, kind: str) -> list[str]:
        """The names of this type."""
        return [name for name, known in self.kinds.items() if known == kind]

    def pick(self, kind: str) -> str | None:
        """A name of this type that is there already, rather one that is not used yet."""
        names = self.known(kind)
        waiting = [name for name in names if name in self.unused]
        if waiting and self.chance(0.85):
            return self.use(self.rng.choice(waiting))
        return self.use(self.rng.choice(names)) if names else None

    def need(self, kind: str, *, fresh: float = 0.15) -> str:
        """A name of this type: an argument is made for it where there is none.

        Args:
            kind: the type.
            fresh: the probability of an argument of its own though there is one.
        """
        room = len(self.arguments) < _MOST_ARGUMENTS
        if not self.known(kind) or (room and self.chance(fresh)):
            return self.argument(kind)
        name = self.pick(kind)
        assert name is not None
        return name

    def argument(self, kind: str) -> str:
        """Make an argument, with a default now and then."""
        name = self.fresh(words.NAMES[kind])
        default = None
        last = self.arguments[-1] if self.arguments else None
        forced = last is not None and last.default is not None
        plain = kind in ("int", "bool", "str")
        if forced or (self.arguments and plain and self.chance(self.mix.defaults)):
            default = written(value_of(self.rng, kind)) if plain else "None"
        if default == "None":
            # A default that is no value of the type would have to be asked for first.
            place = next(i for i, a in enumerate(self.arguments) if a.default is not None)
            self.arguments.insert(place, Argument(name, kind))
        else:
            self.arguments.append(Argument(name, kind, default))
        self.kinds[name] = kind
        return name


def indented(lines: Lines) -> Lines:
    """One level further in."""
    return [f"    {line}" if line else line for line in lines]
