"""Expressions over predicted locals: names, literals, comparisons, ``and``, ``or``, ``not``.

The values of locals are text that a model wrote. They are read as literals, and what is none, the
``repr`` of some object, is kept as text of which little is known. Nothing is ever run: there are no
calls, no attributes and no arithmetic.
"""

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_LONGEST = 1_000
"""Characters of an expression."""
_LITERAL = 100_000
"""Characters of a value that is read."""

# Any: what is compared is of any type, and a TypeError is expected.
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_ALLOWED = (
    ast.Expression,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.UnaryOp,
    ast.Not,
    ast.USub,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.Compare,
    ast.Is,
    ast.IsNot,
    *_COMPARISONS,
)


class ExpressionProblem(ValueError):
    """An expression is none of those that are understood; the message is one line."""


class NotKnown(ValueError):
    """An expression has no value that could be told; the message is one line.

    Attributes:
        missing: whether that is because a name has no value.
    """

    def __init__(self, message: str, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value of which only the ``repr`` is known, and that is no literal."""

    text: str

    def __repr__(self) -> str:
        return self.text


def parse(text: str) -> ast.expr:
    """An expression, to be evaluated again and again.

    Raises:
        ExpressionProblem: it is none, or has something else than names, literals and comparisons.
    """
    if len(text) > _LONGEST:
        raise ExpressionProblem(f"the expression is longer than {_LONGEST:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionProblem("that is not an expression") from None
    for node in ast.walk(tree):
        unpacks = isinstance(node, ast.Dict) and None in node.keys
        if not isinstance(node, _ALLOWED) or unpacks:
            what = type(node).__name__
            raise ExpressionProblem(f"only names, literals and comparisons, not {what}")
    return tree.body


def evaluate(node: ast.expr, names: Mapping[str, str]) -> object:
    """The value of an expression: a literal's, or an `Opaque`.

    Args:
        node: of `parse`, or of a program; what `parse` refuses has no value that is known.
        names: locals with their ``repr``.

    Raises:
        NotKnown: a name has no value, or what is compared cannot be.
    """
    try:
        return _value(node, names)
    except (TypeError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, NotKnown):
            raise
        raise NotKnown(" ".join(str(error).split())[:200] or "that cannot be compared") from None


def holds(node: ast.expr, names: Mapping[str, str]) -> bool:
    """Whether a condition holds.

    Raises:
        NotKnown: see `evaluate`; or its value is no literal.
    """
    return _truth(evaluate(node, names))


def read(text: str) -> object:
    """The value that a ``repr`` is of, where it is of a literal; else an `Opaque`."""
    if len(text) > _LITERAL:
        return Opaque(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return Opaque(text)


def _value(node: ast.expr, names: Mapping[str, str]) -> object:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            if node.id not in names:
                raise NotKnown(f"{node.id} has no value here", missing=True)
            return read(names[node.id])
        case ast.Tuple() | ast.List() | ast.Set():
            values = [_value(each, names) for each in node.elts]
            kind = {ast.Tuple: tuple, ast.List: list, ast.Set: set}[type(node)]
            return kind(values)
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return {_value(key, names): _value(value, names) for key, value in pairs if key}
        case ast.UnaryOp(op=ast.Not()):
            return not _truth(_value(node.operand, names))
        case ast.UnaryOp(op=ast.USub()):
            value = _value(node.operand, names)
            if isinstance(value, int | float | complex):
                return -value
        case ast.BoolOp():
            return _together(node, names)
        case ast.Compare():
            return _compared(node, names)
    raise NotKnown(f"what {type(node).__name__} gives is not known")


def _together(node: ast.BoolOp, names: Mapping[str, str]) -> object:
    value: object = None
    for each in node.values:
        value = _value(each, names)
        if _truth(value) is isinstance(node.op, ast.Or):
            break
    return value


def _compared(node: ast.Compare, names: Mapping[str, str]) -> bool:
    left = _value(node.left, names)
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = _value(comparator, names)
        if not _compare(op, left, right):
            return False
        left = right
    return True


def _compare(op: ast.cmpop, left: object, right: object) -> bool:
    if isinstance(op, ast.Is | ast.IsNot):
        # Of other values nobody knows whether they are the same object.
        if not any(each is None or isinstance(each, bool) for each in (left, right)):
            raise NotKnown("only None, True and False can be told by `is`")
        return (left is right) is isinstance(op, ast.Is)
    if isinstance(left, Opaque) or isinstance(right, Opaque):
        raise NotKnown(
            f"of {_short(left if isinstance(left, Opaque) else right)} only that is known"
        )
    return bool(_COMPARISONS[type(op)](left, right))


def _truth(value: object) -> bool:
    if isinstance(value, Opaque):
        raise NotKnown(f"whether {_short(value)} is true is not known")
    return bool(value)


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
