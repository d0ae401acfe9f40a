"""Operators that wrap a value in a call, or take the call away: conversions, normalisations."""

import ast
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from agent.policies.repair.operators.conditions import is_condition
from agent.policies.repair.operators.guards import is_value
from agent.policies.repair.operators.operator import Replacement, Where, is_exception
from agent.policies.repair.source import TextEdit

if TYPE_CHECKING:
    import libcst as cst


class Conversion:
    """``x`` to ``int(x)``, ``list(x)``, ``str(x)``, ...: as siblings do it, or in general."""

    name: ClassVar[str] = "conversion"
    prior: ClassVar[float] = 0.55

    _USUAL = (
        ("str", 0.5),
        ("int", 0.5),
        ("list", 0.5),
        ("tuple", 0.4),
        ("float", 0.3),
        ("bool", 0.3),
        ("abs", 0.3),
        ("set", 0.2),
        ("dict", 0.2),
        ("sorted", 0.3),
        ("len", 0.3),
        ("repr", 0.2),
        ("iter", 0.1),
        ("reversed", 0.1),
    )

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """Calls of one argument that this function makes elsewhere first."""
        import libcst as cst

        kinds = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.BinaryOperation)
        if not isinstance(node, kinds) or not is_value(node, where):
            return
        text = where.text(node)
        if text in ("None", "True", "False") or is_condition(node, where):
            return
        near = _unary_calls(where)
        usual = dict(self._USUAL)
        compared = _compared_with(node, where)
        spoken_of = where.hints.types or not _TYPE_WORDS.isdisjoint(where.hints.words)
        for called in dict.fromkeys([*near, *where.hints.types, *usual]):
            if called.startswith(".") or text.startswith(f"{called}(") or is_exception(called):
                continue
            if compared is not None and called in usual and called != compared:
                continue
            chance = usual.get(called, 0.2) * (1.0 if spoken_of else _NO_SIGN)
            same = near.get(called, ())
            weight = chance + 0.2 if same else 0.8 * chance
            if text in same or called in where.hints.types:
                weight = 1.0
            yield where.replace(node, f"{called}({text})", min(weight, 1.0))


_NO_SIGN = 0.5
"""For conversions where neither an error nor the issue speaks of types."""

_TYPE_WORDS = frozenset(
    name + ending
    for name in (
        *("str", "string", "int", "integer", "float", "list", "tuple", "dict", "bytes", "type"),
        *("iterator", "generator"),
    )
    for ending in ("", "s")
)


def _compared_with(node: "cst.CSTNode", where: Where) -> str | None:
    """The type of the constant a value is compared with: another type would never be equal."""
    import libcst as cst

    parent = where.parent(node)
    comparison = where.parent(parent) if isinstance(parent, cst.ComparisonTarget) else parent
    if not isinstance(comparison, cst.Comparison):
        return None
    for side in (comparison.left, *(each.comparator for each in comparison.comparisons)):
        try:
            value = ast.literal_eval(where.text(side))
        except (ValueError, SyntaxError):
            continue
        return type(value).__name__
    return None


class Normalisation:
    """``x`` to ``x.lower()``, ``x.strip()``, ...; also in every like place of the function."""

    name: ClassVar[str] = "normalisation"
    prior: ClassVar[float] = 0.6

    _METHODS = ("lower", "upper", "strip", "copy", "rstrip", "lstrip", "casefold")

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """Methods without arguments, those that fit a compared constant first."""
        import libcst as cst

        kinds = (cst.Name, cst.Attribute, cst.Call, cst.Subscript)
        if not isinstance(node, kinds) or not is_value(node, where):
            return
        text = where.text(node)
        if text in ("None", "True", "False"):
            return
        near = [name[1:] for name in _unary_calls(where) if name.startswith(".")]
        fitting = self._fitting(node, where)
        for method in dict.fromkeys([*fitting, *near, *self._METHODS]):
            if text.endswith(f".{method}()"):
                continue
            weight = 1.0 if method in fitting else 0.35 if method in near else 0.2
            new = f"{where.operand(node)}.{method}()"
            one = where.replace(node, new, weight)
            everywhere = self._everywhere(node, new, where)
            if len(everywhere) > 1:
                yield Replacement(everywhere, weight * 0.9)
            yield one

    def _fitting(self, node: "cst.CSTNode", where: Where) -> list[str]:
        """``upper`` where the value is compared with a constant in upper case, and the like."""
        import libcst as cst

        target = where.parent(node)
        comparison = where.parent(target) if isinstance(target, cst.ComparisonTarget) else target
        if not isinstance(comparison, cst.Comparison):
            return []
        sides = [comparison.left, *(each.comparator for each in comparison.comparisons)]
        constants = [_string(where.text(side)) for side in sides]
        fitting = []
        for constant in constants:
            if constant is not None and constant != constant.lower():
                fitting.append("upper")
            elif constant is not None and constant != constant.upper():
                fitting.append("lower")
        return fitting

    def _everywhere(self, node: "cst.CSTNode", new: str, where: Where) -> tuple[TextEdit, ...]:
        """The same in each statement of the function that is alike but for its constants."""
        import libcst as cst

        function = where.function
        parent = where.parent(node)
        if function is None or not isinstance(parent, cst.Comparison | cst.ComparisonTarget):
            return ()
        text = where.text(node)
        edits = []
        for statement in function.statements:
            for other in statement.expressions:
                if not isinstance(where.parent(other), type(parent)):
                    continue
                if isinstance(other, type(node)) and where.text(other) == text:
                    edits.append(TextEdit(*where.file.span(other), new))
        return tuple(sorted(set(edits)))


class Unwrap:
    """``f(x)`` to ``x``, ``x.f()`` to ``x``."""

    name: ClassVar[str] = "unwrap"
    prior: ClassVar[float] = 0.55

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """The argument, or the object, without the call."""
        import libcst as cst

        if not isinstance(node, cst.Call) or isinstance(where.parent(node), cst.Expr):
            # A call for its effect, without the call, does nothing: that is to leave it out.
            return
        if len(node.args) == 1 and not node.args[0].star:
            yield where.replace(node, where.text(node.args[0].value))
        if isinstance(node.func, cst.Attribute):
            yield where.replace(node, where.text(node.func.value), 0.6)


class Symmetry:
    """Both sides of a comparison through the same call: ``a < b.key()`` to ``a.key() < b.key()``.

    The side without the call may be another attribute or variable, as it is the shape that tells.
    """

    name: ClassVar[str] = "symmetry"
    prior: ClassVar[float] = 0.5

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """The called side's call applied to what may stand on the other."""
        import libcst as cst

        if not isinstance(node, cst.Comparison) or len(node.comparisons) != 1:
            return
        left, right = node.left, node.comparisons[0].comparator
        for plain, called in ((left, right), (right, left)):
            if not isinstance(called, cst.Call):
                continue
            for subject, weight in self._subjects(plain, where):
                if isinstance(called.func, cst.Attribute) and not called.args:
                    yield where.replace(plain, f"{subject}.{called.func.attr.value}()", weight)
                elif isinstance(called.func, cst.Name) and len(called.args) == 1:
                    yield where.replace(plain, f"{called.func.value}({subject})", weight)

    def _subjects(self, plain: "cst.CSTNode", where: Where) -> Iterator[tuple[str, float]]:
        import libcst as cst

        function = where.function
        yield where.operand(plain), 1.0
        if function is None:
            return
        seen = [where.text(plain)]
        for statement in reversed(function.statements):
            if statement.first_line > where.statement.first_line:
                continue
            for other in statement.expressions:
                text = where.text(other)
                if isinstance(other, cst.Name | cst.Attribute) and text not in seen:
                    seen.append(text)
                    yield text, 0.7
            if len(seen) > 16:
                return


def _unary_calls(where: Where) -> dict[str, tuple[str, ...]]:
    """``f`` (or ``.method``) -> what it is applied to, for calls of one value in this function."""
    import libcst as cst

    function = where.function
    if function is None:
        return {}
    found: dict[str, list[str]] = {}
    for statement in function.statements:
        for node in statement.expressions:
            if not isinstance(node, cst.Call):
                continue
            if isinstance(node.func, cst.Name) and len(node.args) == 1 and not node.args[0].star:
                found.setdefault(node.func.value, []).append(where.text(node.args[0].value))
            elif isinstance(node.func, cst.Attribute) and not node.args:
                subject = where.text(node.func.value)
                found.setdefault(f".{node.func.attr.value}", []).append(subject)
    order = Counter({name: len(subjects) for name, subjects in found.items()})
    return {name: tuple(found[name]) for name, _ in order.most_common(8)}


def _string(source: str) -> str | None:
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, str) else None
