"""Operators on names: a wrong variable, attribute, argument order, or a sibling function."""

import difflib
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from agent.policies.repair.operators.guards import is_variable
from agent.policies.repair.operators.operator import Replacement, Where
from agent.policies.repair.source import Function, TextEdit

if TYPE_CHECKING:
    import libcst as cst

_MOST_OTHERS = 10


class WrongName:
    """Another variable in scope; a variable for an attribute of ``self`` and back."""

    name: ClassVar[str] = "name"
    prior: ClassVar[float] = 0.4

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """The names bound here, the most recent and the most alike first."""
        import libcst as cst

        function = where.function
        if function is None or not isinstance(node, cst.Name) or not is_variable(node, where):
            return
        names = function.names_at(where.statement.first_line)
        if node.value in ("self", "cls"):
            return
        # A name bound only later is itself the likely mistake; a name never bound is a global.
        if node.value not in names and node.value not in function.names_at(function.last_line + 1):
            return
        receiver = isinstance(where.parent(node), cst.Attribute)
        others = [
            name
            for name in names
            if name != node.value and (receiver or name not in ("self", "cls"))
        ]
        for name, weight in _by_likeness(node.value, others):
            yield where.replace(node, name, weight)
        for owner in _owners(function):
            if node.value in where.file.attributes.get(owner, ()):
                yield where.replace(node, f"self.{node.value}", 0.6)


class WrongAttribute:
    """Another attribute of ``self``; the parameter of the same name instead of the attribute."""

    name: ClassVar[str] = "attribute"
    prior: ClassVar[float] = 0.4

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """The attributes seen in the class, the most alike first."""
        import libcst as cst

        function = where.function
        if function is None or not isinstance(node, cst.Attribute):
            return
        if not isinstance(node.value, cst.Name) or node.value.value not in ("self", "cls"):
            return
        attribute = node.attr.value
        for owner in _owners(function):
            others = [name for name in where.file.attributes.get(owner, ()) if name != attribute]
            for name, weight in _by_likeness(attribute, others):
                yield where.replace(node, f"{node.value.value}.{name}", weight)
        if attribute in function.names_at(where.statement.first_line):
            yield where.replace(node, attribute, 0.6)


class SwapArguments:
    """Two neighbouring positional arguments swapped; an argument left out."""

    name: ClassVar[str] = "arguments"
    prior: ClassVar[float] = 0.45

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """Neighbours swapped, and each argument dropped."""
        import libcst as cst

        if not isinstance(node, cst.Call):
            return
        plain = [arg for arg in node.args if arg.keyword is None and not arg.star]
        for one, two in itertools.pairwise(plain):
            yield Replacement(
                (
                    TextEdit(*where.file.span(one.value), where.text(two.value)),
                    TextEdit(*where.file.span(two.value), where.text(one.value)),
                )
            )
        for place, argument in enumerate(node.args):
            kept = [where.text(arg).rstrip(", ") for arg in node.args if arg is not argument]
            if len(node.args) > 1 or argument.keyword is not None:
                text = f"{where.text(node.func)}({', '.join(kept)})"
                yield where.replace(node, text, 0.3 if place else 0.15)


class PassOn:
    """A parameter of the function passed on, by its own name, to a call that lacks it."""

    name: ClassVar[str] = "pass on"
    prior: ClassVar[float] = 0.3

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """Each parameter that the call does not mention, as a keyword, then as a position."""
        import libcst as cst

        function = where.function
        if not isinstance(node, cst.Call) or function is None:
            return
        text = where.text(node)
        if not text.endswith(")"):
            return
        inside = text[:-1].rstrip().rstrip(",")
        joint = "" if not node.args else ", "
        for name in function.parameters:
            if name in ("self", "cls") or name in text:
                continue
            yield where.replace(node, f"{inside}{joint}{name}={name})", 0.8)
            yield where.replace(node, f"{inside}{joint}{name})", 0.4)


class SiblingFunction:
    """A call of another function of the same file, or method of the same class."""

    name: ClassVar[str] = "sibling function"
    prior: ClassVar[float] = 0.35

    _PAIRS = (
        ("min", "max"),
        ("any", "all"),
        ("floor", "ceil"),
        ("startswith", "endswith"),
        ("lstrip", "rstrip"),
        ("strip", "rstrip"),
        ("strip", "lstrip"),
        ("find", "rfind"),
        ("index", "rindex"),
        ("split", "rsplit"),
        ("partition", "rpartition"),
        ("append", "extend"),
        ("append", "add"),
        ("update", "setdefault"),
        ("get", "pop"),
        ("upper", "lower"),
        ("keys", "values"),
        ("values", "items"),
        ("match", "search"),
        ("match", "fullmatch"),
        ("search", "fullmatch"),
        ("round", "int"),
        ("str", "repr"),
        ("list", "tuple"),
        ("sorted", "list"),
        ("set", "list"),
        ("isdigit", "isdecimal"),
        ("remove", "discard"),
        ("union", "intersection"),
        ("read", "readline"),
        ("encode", "decode"),
    )

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """The usual opposites first, then siblings that take as many arguments."""
        import libcst as cst

        if not isinstance(node, cst.Call):
            return
        called = node.func
        name_node = called.attr if isinstance(called, cst.Attribute) else called
        if not isinstance(name_node, cst.Name):
            return
        name = name_node.value
        for one, two in self._PAIRS:
            if name in (one, two):
                yield where.replace(name_node, two if name == one else one)
        siblings = [
            each
            for each in where.file.functions
            if bool(each.owner) == isinstance(called, cst.Attribute) and each.outer is None
        ]
        if not any(_last(each) == name for each in siblings):
            return
        same = [_last(each) for each in siblings if _takes(each, len(node.args))]
        others = [other for other in dict.fromkeys(same) if other != name]
        for other, weight in _by_likeness(name, others):
            if not other.startswith("__"):
                yield where.replace(name_node, other, weight * 0.8)


def _last(function: Function) -> str:
    return function.name.rpartition(".")[2]


def _takes(function: Function, count: int) -> bool:
    own = [name for name in function.parameters if name not in ("self", "cls")]
    return len(own) >= count


def _owners(function: Function) -> list[str]:
    """The class whose method this is, or is in."""
    inner: Function | None = function
    while inner is not None and not inner.owner:
        inner = inner.outer
    return [inner.owner] if inner is not None else []


def _by_likeness(name: str, others: list[str]) -> list[tuple[str, float]]:
    """Each other name with a weight: similar names first, then in the order given."""
    weighed = []
    for place, other in enumerate(others):
        alike = difflib.SequenceMatcher(None, name, other).ratio()
        weighed.append((other, round((0.5 + 0.5 * alike) / (1 + 0.1 * place), 4)))
    weighed.sort(key=lambda pair: -pair[1])
    return weighed[:_MOST_OTHERS]
