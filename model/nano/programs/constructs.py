"""Which constructs a program has; what is measured of nano is told by them."""

import ast
from collections.abc import Iterator

_METHODS = {
    "append": "list method", "insert": "list method", "extend": "list method",
    "remove": "list method", "reverse": "list method", "sort": "list method", "pop": "pop",
    "get": "dict method", "items": "dict items", "values": "dict method", "keys": "dict method",
    "setdefault": "dict method", "split": "split", "join": "join", "add": "set method",
}  # fmt: skip
_STRINGS = frozenset(
    [
        "upper", "lower", "strip", "lstrip", "rstrip", "replace", "title", "capitalize", "find",
        "swapcase", "startswith", "endswith", "isdigit", "isalpha", "isupper", "islower", "zfill",
        "isspace", "isalnum", "istitle", "rjust", "ljust", "center", "partition", "count",
    ]
)  # fmt: skip
_FUNCTIONS = {
    "sorted": "sorted", "reversed": "reversed", "len": "len", "sum": "sum", "min": "min or max",
    "max": "min or max", "any": "any or all", "all": "any or all", "enumerate": "enumerate",
    "zip": "zip", "divmod": "divmod", "abs": "abs", "set": "set", "int": "conversion",
    "str": "conversion", "list": "conversion", "tuple": "conversion", "ord": "characters",
    "chr": "characters",
}  # fmt: skip
_LOOPS = (ast.For, ast.While)
_COMPREHENSIONS = {
    ast.ListComp: "list comprehension",
    ast.DictComp: "dict comprehension",
    ast.SetComp: "set comprehension",
    ast.GeneratorExp: "generator",
}

NAMES = frozenset(
    [
        *_METHODS.values(), *_FUNCTIONS.values(), *_COMPREHENSIONS.values(), "string method",
        "straight line", "branch", "else if", "for", "for range", "while", "nested loop", "break",
        "continue", "return in loop", "helper call", "recursion", "slice", "negative step",
        "floor division", "modulo", "augmented assignment", "default argument",
        "conditional expression", "unpacking", "f-string", "chained comparison", "truthiness",
        "boolean operator", "raise", "try", "finally", "assert", "comprehension", "membership",
    ]
)  # fmt: skip
"""All of them."""


def constructs(source: str) -> frozenset[str]:
    """The names of what a program's source has, of `NAMES`."""
    tree = ast.parse(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found = {name for node in ast.walk(tree) for name in _of(node)}
    for name, function in functions.items():
        called = {
            node.func.id
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if name in called:
            found.add("recursion")
        if called & functions.keys() - {name}:
            found.add("helper call")
    if not found & {"branch", "for", "while", "try", "comprehension"}:
        found.add("straight line")
    return frozenset(found)


def _of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.If():
            yield "branch"
            if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
                yield "else if"
            yield from _truth(node.test)
        case ast.For() | ast.While():
            yield from _loop(node)
        case ast.Call():
            yield from _call(node)
        case ast.Slice():
            yield "slice"
            if isinstance(node.step, ast.UnaryOp):
                yield "negative step"
        case ast.BinOp() | ast.AugAssign():
            if isinstance(node, ast.AugAssign):
                yield "augmented assignment"
            if isinstance(node.op, ast.FloorDiv):
                yield "floor division"
            if isinstance(node.op, ast.Mod):
                yield "modulo"
        case ast.arguments(defaults=[_, *_]):
            yield "default argument"
        case ast.IfExp():
            yield "conditional expression"
            yield from _truth(node.test)
        case ast.Assign(targets=[ast.Tuple() | ast.List()]):
            yield "unpacking"
        case ast.JoinedStr():
            yield "f-string"
        case ast.Compare():
            if len(node.ops) > 1:
                yield "chained comparison"
            if any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
                yield "membership"
        case ast.BoolOp():
            yield "boolean operator"
        case ast.Raise():
            yield "raise"
        case ast.Try():
            yield "try"
            if node.finalbody:
                yield "finally"
        case ast.Assert():
            yield "assert"
        case ast.ListComp() | ast.DictComp() | ast.SetComp() | ast.GeneratorExp():
            yield "comprehension"
            yield _COMPREHENSIONS[type(node)]


def _truth(test: ast.expr) -> Iterator[str]:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    if isinstance(test, ast.Name | ast.Subscript | ast.BinOp):
        yield "truthiness"


def _loop(node: ast.For | ast.While) -> Iterator[str]:
    yield "while" if isinstance(node, ast.While) else "for"
    if isinstance(node, ast.While):
        yield from _truth(node.test)
    elif _is_range(node.iter):
        yield "for range"
    for inner in (found for statement in node.body for found in ast.walk(statement)):
        match inner:
            case ast.For() | ast.While():
                yield "nested loop"
            case ast.Break():
                yield "break"
            case ast.Continue():
                yield "continue"
            case ast.Return():
                yield "return in loop"


def _is_range(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="range")):
            return True
        case _:
            return False


def _call(node: ast.Call) -> Iterator[str]:
    match node.func:
        case ast.Attribute(attr=name):
            if name in _METHODS:
                yield _METHODS[name]
            if name in _STRINGS:
                yield "string method"
        case ast.Name(id=name):
            if name in _FUNCTIONS:
                yield _FUNCTIONS[name]
