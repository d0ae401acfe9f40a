"""Operators on values: arithmetic, constants, slice bounds, indices."""

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from agent.policies.repair.operators.operator import Replacement, Where

if TYPE_CHECKING:
    import libcst as cst

_ARITHMETIC: dict[str, tuple[str, tuple[tuple[str, float], ...]]] = {
    "Add": (r"\+", (("-", 1.0), ("*", 0.3))),
    "Subtract": (r"-", (("+", 1.0), ("//", 0.1))),
    "Multiply": (r"\*", (("/", 0.5), ("+", 0.5), ("//", 0.4), ("**", 0.4))),
    "Divide": (r"/", (("//", 1.0), ("*", 0.6), ("%", 0.3))),
    "FloorDivide": (r"//", (("/", 1.0), ("%", 0.6))),
    "Modulo": (r"%", (("//", 0.8), ("/", 0.3))),
    "Power": (r"\*\*", (("*", 0.8),)),
    "BitAnd": (r"&", (("|", 1.0), ("^", 0.4))),
    "BitOr": (r"\|", (("&", 1.0), ("^", 0.4))),
    "BitXor": (r"\^", (("|", 0.6), ("&", 0.6))),
    "LeftShift": (r"<<", ((">>", 1.0),)),
    "RightShift": (r">>", (("<<", 1.0),)),
}

_AUGMENTED = {
    "AddAssign": ("+=", ("-=", "=")),
    "SubtractAssign": ("-=", ("+=", "=")),
    "MultiplyAssign": ("*=", ("/=", "+=", "//=")),
    "DivideAssign": ("/=", ("//=", "*=")),
    "FloorDivideAssign": ("//=", ("/=", "%=")),
    "ModuloAssign": ("%=", ("//=",)),
    "BitAndAssign": ("&=", ("|=",)),
    "BitOrAssign": ("|=", ("&=",)),
}


class Arithmetic:
    """``+`` to ``-``, ``/`` to ``//``, ...; one operand left out; operands swapped."""

    name: ClassVar[str] = "arithmetic"
    prior: ClassVar[float] = 0.5

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """Another operator, one side alone, or the sides swapped."""
        import libcst as cst

        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
            yield where.replace(node, where.text(node.expression), 0.6)
        if not isinstance(node, cst.BinaryOperation):
            return
        kind = type(node.operator).__name__
        pattern, others = _ARITHMETIC.get(kind, ("", ()))
        for new, weight in others:
            found = where.between(node.left, node.right, pattern, new, weight)
            if found is not None:
                yield found
        yield where.replace(node, where.text(node.left), 0.5)
        yield where.replace(node, where.text(node.right), 0.3)
        if kind in ("Subtract", "Divide", "FloorDivide", "Modulo", "Add"):
            sign = where.file.text[where.file.span(node.left)[1] : where.file.span(node.right)[0]]
            if "(" not in sign and ")" not in sign:
                swapped = f"{where.operand(node.right)}{sign}{where.operand(node.left)}"
                yield where.replace(node, swapped, 0.5)


class AugmentedAssignment:
    """``+=`` to ``-=`` or ``=``, ..."""

    name: ClassVar[str] = "augmented assignment"
    prior: ClassVar[float] = 0.5

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """Another assignment operator."""
        import libcst as cst

        node = where.statement.node
        if not isinstance(node, cst.SimpleStatementLine):
            return
        for small in node.body:
            if isinstance(small, cst.AugAssign):
                old, others = _AUGMENTED.get(type(small.operator).__name__, ("", ()))
                for new in others:
                    pattern = "".join(f"[{character}]" for character in old)
                    found = where.between(small.target, small.value, pattern, new)
                    if found is not None:
                        yield found


class Constant:
    """Numbers off by one, True and False, 0 and None, the empty string, literals of the tests."""

    name: ClassVar[str] = "constant"
    prior: ClassVar[float] = 0.5

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """Other constants of its kind."""
        import libcst as cst

        text = where.text(node)
        if isinstance(node, cst.Integer):
            yield from self._integers(node, text, where)
        elif isinstance(node, cst.Name) and text in ("True", "False", "None"):
            others = {"True": ("False", "None"), "False": ("True", "None"), "None": ("''", "0")}
            for index, new in enumerate(others[text]):
                yield where.replace(node, new, 0.9 if index == 0 and text != "None" else 0.2)
            if text == "None":
                yield where.replace(node, "False", 0.3)
                yield where.replace(node, "[]", 0.2)
        elif isinstance(node, cst.SimpleString) and isinstance(_value(text), str):
            yield from self._strings(node, text, where)

    def _integers(self, node: "cst.CSTNode", text: str, where: Where) -> Iterator[Replacement]:
        value = _value(text)
        if not isinstance(value, int):
            return
        near = [value + 1, value - 1] + [each for each in (0, 1, -1, 2) if each != value]
        for index, new in enumerate(dict.fromkeys(near)):
            yield where.replace(node, str(new), 1.0 if index < 2 else 0.4)
        for literal in where.hints.literals:
            if isinstance(_value(literal), int) and literal != text:
                yield where.replace(node, literal, 0.3)

    def _strings(self, node: "cst.CSTNode", text: str, where: Where) -> Iterator[Replacement]:
        value = _value(text)
        assert isinstance(value, str)
        if value:
            yield where.replace(node, "''", 0.2)
        for new in dict.fromkeys((value.lower(), value.upper(), value.strip(), value.title())):
            if new != value:
                yield where.replace(node, repr(new), 0.25)
        for literal in where.hints.literals:
            other = _value(literal)
            if isinstance(other, str) and other != value and len(other) <= 40:
                alike = other.lower() == value.lower() or len(other) <= 2
                yield where.replace(node, literal, 0.5 if alike else 0.15)


class SliceBounds:
    """Slice and index bounds off by one, left out, added, or counted from the other end."""

    name: ClassVar[str] = "slice bounds"
    prior: ClassVar[float] = 0.5

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """Other bounds of a slice, other positions of an index."""
        import libcst as cst

        if isinstance(node, cst.Subscript) and len(node.slice) == 1:
            inner = node.slice[0].slice
            if isinstance(inner, cst.Slice):
                yield from self._slice(inner, where)
            elif isinstance(inner, cst.Index) and _may_be_position(inner.value):
                index = where.operand(inner.value)
                yield where.replace(inner.value, f"{index} + 1", 0.5)
                yield where.replace(inner.value, f"{index} - 1", 0.5)
                yield where.replace(inner.value, f"-{index}", 0.2)
                yield where.replace(inner.value, f"{index}:{index} + 1", 0.4)

    def _slice(self, node: "cst.Slice", where: Where) -> Iterator[Replacement]:
        for bound in (node.lower, node.upper, node.step):
            if bound is None:
                continue
            text = where.operand(bound)
            yield where.replace(bound, f"{text} + 1", 0.8)
            yield where.replace(bound, f"{text} - 1", 0.8)
            yield where.replace(bound, "", 0.5)
            yield where.replace(bound, f"-{text}", 0.4)
        if node.step is not None:
            return
        lower = where.text(node.lower) if node.lower is not None else ""
        upper = where.text(node.upper) if node.upper is not None else ""
        if not lower:
            yield where.replace(node, f"1:{upper}", 0.6)
        if not upper:
            yield where.replace(node, f"{lower}:-1", 0.6)
        if not lower and not upper:
            yield where.replace(node, "::-1", 0.4)


def _may_be_position(node: "cst.CSTNode") -> bool:
    import libcst as cst

    return not isinstance(node, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString)


def _value(source: str) -> object:
    try:
        value: object = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return None
    return value
