"""Operators on what decides: comparisons, ``and`` and ``or``, negation, truthiness, branches."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from agent.policies.repair.operators.operator import Replacement, Where, as_operand
from agent.policies.repair.source import TextEdit

if TYPE_CHECKING:
    import libcst as cst

# A condition the wrong way round is noticed by whoever runs it, so that one that went unnoticed is
# more often a trick that weak tests let pass: turning round comes after the boundaries.
_COMPARISONS: dict[str, tuple[str, tuple[tuple[str, float], ...]]] = {
    "LessThan": (r"<", (("<=", 1.0), (">", 0.6), (">=", 0.5), ("!=", 0.3))),
    "LessThanEqual": (r"<=", (("<", 1.0), (">=", 0.5), (">", 0.5), ("==", 0.4))),
    "GreaterThan": (r">", ((">=", 1.0), ("<", 0.6), ("<=", 0.5), ("!=", 0.3))),
    "GreaterThanEqual": (r">=", ((">", 1.0), ("<=", 0.5), ("<", 0.5), ("==", 0.4))),
    "Equal": (
        r"==",
        (("!=", 0.4), ("is", 0.5), (">=", 0.6), ("<=", 0.6), ("in", 0.4), (">", 0.3), ("<", 0.3)),
    ),
    "NotEqual": (r"!=", (("==", 0.4), ("is not", 0.5), (">", 0.5), ("<", 0.5), ("not in", 0.4))),
    "Is": (r"\bis\b", (("is not", 0.4), ("==", 0.8))),
    "IsNot": (r"\bis\s+not\b", (("is", 0.4), ("!=", 0.8))),
    "In": (r"\bin\b", (("not in", 0.5), ("==", 0.4))),
    "NotIn": (r"\bnot\s+in\b", (("in", 0.5), ("!=", 0.4))),
}


class ComparisonOperator:
    """``<`` to ``<=``, ``==`` to ``is``, ``in`` to ``not in``, ..."""

    name: ClassVar[str] = "comparison"
    prior: ClassVar[float] = 0.8

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """Another comparison operator in each place of the chain."""
        import libcst as cst

        if not isinstance(node, cst.Comparison):
            return
        left: cst.CSTNode = node.left
        for target in node.comparisons:
            kind = type(target.operator).__name__
            pattern, others = _COMPARISONS.get(kind, ("", ()))
            for new, weight in others:
                found = where.between(left, target.comparator, pattern, new, weight)
                if found is not None:
                    yield found
            left = target.comparator


class BooleanOperator:
    """``and`` to ``or`` and back; an operand left out."""

    name: ClassVar[str] = "boolean"
    prior: ClassVar[float] = 0.7

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """The other operator, or one side alone."""
        import libcst as cst

        if not isinstance(node, cst.BooleanOperation):
            return
        is_and = isinstance(node.operator, cst.And)
        old, new = ("and", "or") if is_and else ("or", "and")
        found = where.between(node.left, node.right, rf"\b{old}\b", new)
        if found is not None:
            yield found
        yield where.replace(node, where.text(node.left), 0.6)
        yield where.replace(node, where.text(node.right), 0.6)


class Negation:
    """``not x`` for ``x`` and back, where a condition is decided."""

    name: ClassVar[str] = "negation"
    prior: ClassVar[float] = 0.45

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """The condition, or one operand of it, turned round."""
        import libcst as cst

        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
            yield where.replace(node, where.text(node.expression))
        elif is_condition(node, where) and not isinstance(node, cst.Comparison):
            yield where.replace(node, f"not {where.operand(node)}", 0.8)


class Truthiness:
    """``x`` to ``x is not None`` and back, ``not x`` to ``x is None`` and back."""

    name: ClassVar[str] = "truthiness"
    prior: ClassVar[float] = 0.95

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """What counts as absent: everything empty, or None alone."""
        import libcst as cst

        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
            if _is_plain(node.expression):
                yield where.replace(node, f"{where.text(node.expression)} is None")
                yield where.replace(node, f"{where.text(node.expression)} is False", 0.3)
        elif isinstance(node, cst.Comparison) and len(node.comparisons) == 1:
            target = node.comparisons[0]
            if where.text(target.comparator) in ("None", "''", '""', "[]", "()", "{}", "0"):
                negative = isinstance(target.operator, cst.Is | cst.Equal)
                subject = where.operand(node.left)
                yield where.replace(node, f"not {subject}" if negative else subject, 0.7)
                if where.text(target.comparator) != "None":
                    sign = "is" if negative else "is not"
                    yield where.replace(node, f"{subject} {sign} None", 0.7)
        elif is_condition(node, where) and _is_plain(node):
            yield where.replace(node, f"{where.text(node)} is not None")
            yield where.replace(node, f"{where.text(node)} is True", 0.2)
        elif (
            isinstance(node, cst.BooleanOperation)
            and isinstance(node.operator, cst.Or)
            and _is_plain(node.left)
        ):
            left, right = where.text(node.left), where.operand(node.right)
            yield where.replace(node, f"{left} if {left} is not None else {right}", 0.8)


class ConditionOrder:
    """Swaps the conditions, or the bodies, of an ``if`` and its ``elif``."""

    name: ClassVar[str] = "condition order"
    prior: ClassVar[float] = 0.45

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """The tests swapped, and the whole branches swapped."""
        import libcst as cst

        node = where.statement.node
        if not isinstance(node, cst.If) or not isinstance(node.orelse, cst.If):
            return
        other = node.orelse
        one, two = where.file.span(node.test), where.file.span(other.test)
        swapped = (
            TextEdit(*one, where.text(other.test)),
            TextEdit(*two, where.text(node.test)),
        )
        yield Replacement(swapped, 0.7)
        body, other_body = _suite_lines(node, where), _suite_lines(other, where)
        if body is not None and other_body is not None:
            text = where.file.text
            bodies = (
                TextEdit(*body, text[slice(*other_body)]),
                TextEdit(*other_body, text[slice(*body)]),
            )
            yield Replacement((*swapped, *bodies))


def _suite_lines(node: "cst.If", where: Where) -> tuple[int, int] | None:
    """The whole lines of a branch, its comments included; None for one on the ``if``'s line."""
    import libcst as cst

    if not isinstance(node.body, cst.IndentedBlock):
        return None
    file = where.file
    head = file.lines(node.test)[1]
    start = file.line_span(head, head)[1]
    last = file.lines(node.body.body[-1])[1]
    last = max(last, file.line_of(file.span(node.body.body[-1])[1] - 1))
    end = file.line_span(last, last)[1]
    return (start, end) if file.text[:end].endswith(("\n", "\r")) else None


class ConstantCondition:
    """A condition that always, or never, holds."""

    name: ClassVar[str] = "constant condition"
    prior: ClassVar[float] = 0.15

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """``if True`` and ``if False``."""
        import libcst as cst

        node = where.statement.node
        if isinstance(node, cst.If):
            yield where.replace(node.test, "True")
            yield where.replace(node.test, "False")


class TypeGuard:
    """``x == ""`` to ``isinstance(x, str) and x == ""``: ask for the type before comparing."""

    name: ClassVar[str] = "type guard"
    prior: ClassVar[float] = 0.5

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """The comparison made only for values of the constant's type."""
        import libcst as cst

        if not isinstance(node, cst.Comparison) or len(node.comparisons) != 1:
            return
        constant = node.comparisons[0].comparator
        kinds = {
            cst.SimpleString: "str",
            cst.Integer: "int",
            cst.Float: "float",
            cst.List: "list",
            cst.Dict: "dict",
            cst.Tuple: "tuple",
        }
        kind = kinds.get(type(constant))
        if kind is None:
            return
        subject = where.text(node.left)
        if isinstance(node.comparisons[0].operator, cst.NotEqual | cst.NotIn):
            new = f"not isinstance({subject}, {kind}) or {where.text(node)}"
        else:
            new = f"isinstance({subject}, {kind}) and {where.text(node)}"
        yield where.replace(node, new)


class BorrowedCondition:
    """A condition of the same function joined to this one with ``and`` or ``or``."""

    name: ClassVar[str] = "borrowed condition"
    prior: ClassVar[float] = 0.25

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """Each other condition, straight and turned round."""
        import libcst as cst

        node, function = where.statement.node, where.function
        if not isinstance(node, cst.If | cst.While) or function is None:
            return
        mine = where.text(node.test)
        # What leads here holds already: joined to this condition it says nothing, or too much.
        seen = {mine, *_led_by(node, where)}
        for statement in function.statements:
            other = statement.node
            if not isinstance(other, cst.If | cst.While) or other is node:
                continue
            text = where.text(other.test)
            if text in seen or len(text) > 80:
                continue
            seen.add(text)
            for joined in (text, f"not {as_operand(text)}"):
                yield where.replace(node.test, f"{as_operand(mine)} and {as_operand(joined)}")
                yield where.replace(node.test, f"{as_operand(mine)} or {as_operand(joined)}", 0.6)


def _led_by(node: "cst.CSTNode", where: Where) -> set[str]:
    """The conditions of what a statement stands in."""
    import libcst as cst

    found = set()
    parent = where.parent(node)
    while parent is not None and not isinstance(parent, cst.FunctionDef):
        if isinstance(parent, cst.If | cst.While):
            found.add(where.text(parent.test))
        parent = where.parent(parent)
    return found


def is_condition(node: "cst.CSTNode", where: Where) -> bool:
    """Whether the node's truth decides something."""
    import libcst as cst

    parent = where.parent(node)
    if isinstance(parent, cst.If | cst.While | cst.IfExp | cst.Assert | cst.CompIf):
        return parent.test is node
    if isinstance(parent, cst.BooleanOperation):
        return parent.left is node or is_condition(parent, where)
    return isinstance(parent, cst.UnaryOperation) and isinstance(parent.operator, cst.Not)


_ASKS = re.compile(r"(is|has|can|should)[_a-z]*|callable|bool|any|all|(starts|ends)with|exists")


def _is_plain(node: "cst.CSTNode") -> bool:
    """Whether a value may be absent in several ways; what a question answers may not."""
    import libcst as cst

    if isinstance(node, cst.Call):
        function = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
        if isinstance(function, cst.Name) and _ASKS.fullmatch(function.value):
            return False
    return isinstance(node, cst.Name | cst.Attribute | cst.Subscript | cst.Call)
