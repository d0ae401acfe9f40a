"""Gathering the source that matters, most relevant first, until there is no more room.

Relevance is nearness: what was asked for comes first, then what that uses, then what those use. Of
a class its head, its constants and the methods that Python calls by itself come with it; any other
method when something that was gathered takes an attribute of its name, for what the objects are is
not known.
"""

import ast
import builtins
import heapq
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count as numbers

from tools.programs.module import Imported, Module
from tools.programs.resolve import Definition, Found, Resolver
from tools.programs.units import Unit, is_special, unit_of
from tools.programs.uses import Uses, uses

MOST_UNITS = 400
_MOST_SAID = 30
_MAKING = ("__init__", "__new__", "__post_init__", "__init_subclass__", "__call__")
"""Special methods that are likelier to be called than the others."""

Count = Callable[[str], int]
"""How many tokens a text has."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that gathered code uses, bound by an import or defined beside it.

    Attributes:
        name: as the code has it.
        found: what of the repository it means; None for what is not of the repository.
        imported: the import that binds it; None where it is defined in the same file.
    """

    name: str
    found: Found | None
    imported: Imported | None


@dataclass(slots=True)
class Gathering:
    """What has been gathered so far.

    Attributes:
        units: by key, in the order they were taken in.
        references: by file and name.
        left_out: what was not taken in and why, one line each.
        tokens: of the units, about.
    """

    units: dict[str, Unit] = field(default_factory=dict)
    references: dict[str, dict[str, Reference]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    tokens: int = 0

    def has(self, found: Found | None) -> bool:
        """Whether a definition is among them."""
        return isinstance(found, Definition) and found.key in self.units

    def shows(self, node: ast.AST) -> bool:
        """Whether a function or a class is among them, on its own or within another one."""
        return any(node is each for unit in self.units.values() for each in _parts(unit))

    def ambiguous(self) -> dict[str, list[str]]:
        """The names that several files define, and the files; or one, and Python another."""
        files: dict[str, list[str]] = {}
        for unit in self.units.values():
            if "." not in unit.name:
                files.setdefault(unit.name, []).append(unit.module.path)
        several = len({unit.module.path for unit in self.units.values()}) > 1
        for name in files:
            if several and hasattr(builtins, name):
                files[name].append("Python itself")
        return {name: paths for name, paths in files.items() if len(paths) > 1}

    def said(self) -> tuple[str, ...]:
        """What was left out, the most important of it; and which names are ambiguous."""
        more = len(self.left_out) - _MOST_SAID
        rest = [f"and {more} more"] if more > 0 else []
        twice = [
            f"the name {name} is defined in {', '.join(paths[:3])}: only the imports tell which"
            for name, paths in [*self.ambiguous().items()][:_MOST_SAID]
        ]
        return (*self.left_out[:_MOST_SAID], *rest, *twice)


def _parts(unit: Unit) -> Iterator[ast.AST]:
    """All that a piece shows."""
    for code in unit.code:
        yield from ast.walk(code)


class Gatherer:
    """Takes pieces in until there is no more room.

    Args:
        resolver: finds what names mean.
        room: tokens for all pieces together.
        count: how many tokens a text has.
    """

    def __init__(self, resolver: Resolver, room: int, count: Count) -> None:
        self.gathering = Gathering()
        self._resolver = resolver
        self._room = room
        self._count = count
        self._heap: list[tuple[int, int, Unit]] = []
        self._number = numbers()
        self._seen: set[str] = set()
        self._attributes: set[str] = set()
        self._pending: dict[str, list[Unit]] = {}

    def ask(self, definition: Definition, rank: int, methods: Collection[str] = ()) -> None:
        """Put a definition on the list.

        Args:
            definition: itself.
            rank: how far from what was asked for; the lower the sooner.
            methods: of a class, those that are asked for with it.
        """
        self._attributes.update(methods)
        if definition.key not in self._seen:
            self._push(unit_of(definition), rank)

    async def run(self) -> Gathering:
        """Take in what is on the list, and what that uses, as far as there is room."""
        while self._heap and len(self.gathering.units) < MOST_UNITS:
            rank, _, unit = heapq.heappop(self._heap)
            if why := self._refusal(unit):
                self.gathering.left_out.append(f"{unit.key}: {why}")
                continue
            used = uses(unit.code)
            self._take(unit, used, rank)
            await self.follow(unit.module, used, rank + 1)
        if self._heap:
            self.gathering.left_out.append(f"what comes after {MOST_UNITS} definitions")
        return self.gathering

    async def follow(self, module: Module, used: Uses, rank: int) -> None:
        """Put what some code of a module uses on the list."""
        for chain in used.chains:
            found = await self._resolver.chain(module, chain, used.imports)
            self._refer(module, chain[0], await self._head(module, chain, found), used.imports)
            if isinstance(found, Definition):
                self.ask(found, rank)
        self._attributes |= used.attributes
        for name in sorted(used.attributes & {*self._pending}):
            for method in self._pending.pop(name):
                self._push(method, rank)

    def _push(self, unit: Unit, rank: int) -> None:
        if unit.key not in self._seen:
            self._seen.add(unit.key)
            heapq.heappush(self._heap, (rank, next(self._number), unit))

    def _refusal(self, unit: Unit) -> str:
        """Why a piece cannot be taken in; empty if it can."""
        tokens = self._count(unit.text)
        if self.gathering.tokens + tokens > self._room:
            return f"no room for its {tokens} tokens"
        self.gathering.tokens += tokens
        return ""

    def _take(self, unit: Unit, used: Uses, rank: int) -> None:
        self.gathering.units[unit.key] = unit
        in_head = {chain[0] for chain in used.chains}
        for name, method in unit.methods:
            if is_special(name) or name in self._attributes or name in in_head:
                self._push(method, rank + 2 * (is_special(name) and name not in _MAKING))
            else:
                self._pending.setdefault(name, []).append(method)

    async def _head(
        self, module: Module, chain: tuple[str, ...], found: Found | None
    ) -> Found | None:
        """What the first name of a chain means."""
        return found if len(chain) == 1 else await self._resolver.name(module, chain[0])

    def _refer(
        self, module: Module, name: str, found: Found | None, inner: Mapping[str, Imported]
    ) -> None:
        if name in inner or (found is None and name not in module.imports):
            return
        imported = None if name in module.definitions else module.imports.get(name)
        known = self.gathering.references.setdefault(module.path, {})
        known.setdefault(name, Reference(name, found, imported))
