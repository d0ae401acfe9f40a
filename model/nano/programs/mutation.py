"""Programs with one thing wrong, by the usual operators of mutation testing.

Nano ranks repairs, so it has to see that of two programs that look alike one does something else.
"""

import ast
import random
from collections.abc import Iterable, Iterator
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
    "lstrip": "rstrip", "rstrip": "lstrip", "isupper": "islower", "title": "capitalize",
}  # fmt: skip


_Placed = ast.expr | ast.stmt


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
    text = _Text(program.source)
    edits = [edit for node in _nodes(ast.parse(program.source)) for edit in _edits(text, node)]
    rng.shuffle(edits)
    for edit in edits:
        source = text.edited(edit)
        if source != program.source and _parses(source):
            return replace(program, source=source, family=f"~{program.family}")
    return None


class _Text:
    """A source by the places that its tree tells, which are in bytes."""

    def __init__(self, source: str) -> None:
        self._data = source.encode()
        self._lines = [0]
        for line in self._data.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def edited(self, edit: _Edit) -> str:
        return (self._data[: edit.start] + edit.text.encode() + self._data[edit.end :]).decode()

    def start(self, node: _Placed) -> int:
        return self._lines[node.lineno - 1] + node.col_offset

    def end(self, node: _Placed) -> int:
        return self._lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def of(self, node: _Placed) -> str:
        return self._data[self.start(node) : self.end(node)].decode()

    def instead(self, node: _Placed, *texts: str) -> Iterator[_Edit]:
        """Each of these in place of a node."""
        for text in texts:
            yield _Edit(self.start(node), self.end(node), text)

    def between(self, left: _Placed, right: _Placed, signs: Iterable[str]) -> Iterator[_Edit]:
        """Each of these signs in place of the one between two operands."""
        start = self.end(left)
        gap = self._data[start : self.start(right)].decode()
        old = gap.strip("() ")
        start += gap.index(old)
        for sign in signs:
            yield _Edit(start, start + len(old), sign)


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those within f-strings, whose places are not to be relied on before 3.12."""
    yield tree
    if not isinstance(tree, ast.JoinedStr):
        for node in ast.iter_child_nodes(tree):
            yield from _nodes(node)


def _edits(text: _Text, node: ast.AST) -> Iterator[_Edit]:
    yield from _of_operator(text, node)
    match node:
        case ast.Constant(value=bool() | None):
            return
        case ast.Constant(value=int(value)):
            yield from text.instead(node, *(str(new) for new in (value + 1, value - 1) if new >= 0))
        case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=test) as denied):
            yield from text.instead(denied, text.of(test))
        case ast.If(test=test) | ast.While(test=test):
            plain = isinstance(test, ast.Name | ast.Call)
            yield from text.instead(
                test, f"not {text.of(test)}" if plain else f"not ({text.of(test)})"
            )
        case ast.Call():
            yield from _of_call(text, node)
        case ast.Break():
            yield from text.instead(node, "continue")
        case ast.Continue():
            yield from text.instead(node, "break")
        case ast.Return(value=ast.Constant(value=bool(value)) as given):
            yield from text.instead(given, str(not value))
        case ast.Slice(lower=ast.expr() as lower, upper=None):
            yield from text.instead(lower, f"{text.of(lower)} + 1")


def _of_operator(text: _Text, node: ast.AST) -> Iterator[_Edit]:
    match node:
        case ast.Compare(ops=[sign, *_], comparators=[right, *_]):
            yield from text.between(node.left, right, _COMPARISONS[type(sign)])
        case ast.BinOp(left=ast.JoinedStr() | ast.Constant(value=str())):
            return  # of strings there is no other one
        case ast.BinOp(left=left, op=operator, right=right):
            yield from text.between(left, right, _OPERATORS.get(type(operator), ()))
        case ast.AugAssign(target=target, op=operator, value=value):
            signs = (f"{sign}=" for sign in _OPERATORS.get(type(operator), ()))
            yield from text.between(target, value, signs)
        case ast.BoolOp(values=[left, right, *_]):
            yield from text.between(left, right, ["or" if isinstance(node.op, ast.And) else "and"])


def _of_call(text: _Text, node: ast.Call) -> Iterator[_Edit]:
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[_, *_]):
            last = node.args[min(len(node.args), 2) - 1]
            yield from text.instead(last, f"{text.of(last)} - 1", f"{text.of(last)} + 1")
        case ast.Call(func=ast.Name(id=name) as function) if name in _CALLS:
            yield from text.instead(function, _CALLS[name])
        case ast.Call(func=ast.Attribute(attr=name) as function) if name in _METHODS:
            yield _Edit(text.end(function) - len(name), text.end(function), _METHODS[name])
        case ast.Call(func=ast.Name(), args=[first, second]):
            swapped = f"{text.of(second)}, {text.of(first)}"
            yield _Edit(text.start(first), text.end(second), swapped)


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True
