"""Programs with one thing wrong, by the usual operators of mutation testing.

Nano ranks repairs, so it has to see that of two programs that look alike one does something else.
"""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from model.nano.programs.program import Generated

_COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">", ">="),
    ast.LtE: ("<", ">="),
    ast.Gt: (">=", "<", "<="),
    ast.GtE: (">", "<="),
    ast.Eq: ("!=", ">=", "<="),
    ast.NotEq: ("==",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
}
_OPERATORS: dict[type[ast.operator], tuple[str, ...]] = {
    ast.Add: ("-",),
    ast.Sub: ("+",),
    ast.Mult: ("+",),
    ast.FloorDiv: ("%", "-"),
    ast.Mod: ("//",),
}
_CALLS = {"max": "min", "min": "max", "any": "all", "all": "any"}
_METHODS = {
    "upper": "lower", "lower": "upper", "startswith": "endswith", "endswith": "startswith",
    "lstrip": "rstrip", "append": "extend", "isupper": "islower", "title": "capitalize",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Edit:
    """One piece of the source, by its places in bytes, and what stands there instead."""

    start: int
    end: int
    text: str


def mutated(rng: random.Random, program: Generated) -> Generated | None:
    """The program with one change; None where nothing can be changed.

    Args:
        rng: draws the change.
        program: the one to change.
    """
    edits = [*_edits(program.source)]
    rng.shuffle(edits)
    for edit in edits:
        data = program.source.encode()
        source = (data[: edit.start] + edit.text.encode() + data[edit.end :]).decode()
        if source != program.source and _parses(source):
            return replace(program, source=source, family=f"~{program.family}")
    return None


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _edits(source: str) -> Iterator[_Edit]:
    lines = [0]
    for line in source.encode().splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    data = source.encode()

    def start(node: ast.expr | ast.stmt) -> int:
        return lines[node.lineno - 1] + node.col_offset

    def end(node: ast.expr | ast.stmt) -> int:
        return lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def text(node: ast.expr) -> str:
        return data[start(node) : end(node)].decode()

    def between(
        left: ast.expr, right: ast.expr, old: str, news: tuple[str, ...]
    ) -> Iterator[_Edit]:
        place = data.find(old.encode(), end(left), start(right))
        if place >= 0:
            for new in news:
                yield _Edit(place, place + len(old), new)

    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(ops=[operator, *_], comparators=[right, *_]):
                old = _sign(data[end(node.left) : start(right)].decode())
                yield from between(node.left, right, old, _COMPARISONS[type(operator)])
            case ast.BinOp(left=left, op=operator_, right=right):
                if not isinstance(left, ast.Constant | ast.JoinedStr) or type(left.value) is int:  # type: ignore[union-attr]
                    old = _sign(data[end(left) : start(right)].decode())
                    yield from between(left, right, old, _OPERATORS.get(type(operator_), ()))
            case ast.AugAssign(target=target, op=operator_, value=value):
                news = tuple(f"{new}=" for new in _OPERATORS.get(type(operator_), ()))
                old = _sign(data[end(target) : start(value)].decode())
                yield from between(target, value, old, news)
            case ast.BoolOp(values=[left, right, *_]):
                old = "and" if isinstance(node.op, ast.And) else "or"
                yield from between(left, right, old, ("or" if old == "and" else "and",))
            case ast.Constant(value=bool() | None):
                pass
            case ast.Constant(value=int(value)):
                for new in (value + 1, value - 1):
                    if new >= 0:
                        yield _Edit(start(node), end(node), str(new))
            case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=test) as denied):
                yield _Edit(start(denied), end(denied), text(test))
            case ast.If(test=test) | ast.While(test=test):
                plain = isinstance(test, ast.Name | ast.Call)
                yield _Edit(
                    start(test), end(test), f"not {text(test)}" if plain else f"not ({text(test)})"
                )
            case ast.Call(func=ast.Name(id="range"), args=[_, *_]):
                last = node.args[min(len(node.args), 2) - 1]
                yield _Edit(start(last), end(last), f"{text(last)} - 1")
                yield _Edit(start(last), end(last), f"{text(last)} + 1")
            case ast.Call(func=ast.Name(id=name) as function) if name in _CALLS:
                yield _Edit(start(function), end(function), _CALLS[name])
            case ast.Call(func=ast.Attribute(attr=name) as function) if name in _METHODS:
                yield _Edit(end(function) - len(name), end(function), _METHODS[name])
            case ast.Call(func=ast.Name(), args=[first, second]):
                yield _Edit(start(first), end(second), f"{text(second)}, {text(first)}")
            case ast.Break():
                yield _Edit(start(node), end(node), "continue")
            case ast.Continue():
                yield _Edit(start(node), end(node), "break")
            case ast.Return(value=ast.Constant(value=bool(value)) as given):
                yield _Edit(start(given), end(given), str(not value))
            case ast.Slice(lower=ast.expr() as lower, upper=None):
                yield _Edit(start(lower), end(lower), f"{text(lower)} + 1")


def _sign(between: str) -> str:
    """The operator in what stands between two operands."""
    return between.strip("() ")
