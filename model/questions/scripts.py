"""A script as a function, as traces begin at functions."""

import ast
from collections.abc import Iterable

from model.questions.literals import module
from model.trace.writing import NoEntry

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom


def as_function(source: str) -> tuple[str, str]:
    """A script as a function without arguments that does the same, and its call.

    Definitions stay where they are, and so do constants before one of them, which may need them.
    All else becomes the function's, so that its variables are seen in a trace; those that the
    definitions use are declared global.

    Raises:
        NoEntry: it does not parse, or is nested too deeply.
    """
    tree = module(source)
    if tree is None:
        raise NoEntry("the program does not parse")
    name = "script"
    while name in source:
        name += "_"
    above, body = _parted(tree.body)
    shared = sorted(_stored(body) & (_named(above) | _stored(above)))
    inner: list[ast.stmt] = [ast.Global(shared)] if shared else []
    function = ast.parse(f"def {name}():\n    pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = [*inner, *body] or [ast.Pass()]
    whole = ast.Module([*above, function], tree.type_ignores)
    try:
        return ast.unparse(ast.fix_missing_locations(whole)) + "\n", f"{name}()"
    except RecursionError:
        raise NoEntry("the program is nested too deeply") from None


def _parted(statements: list[ast.stmt]) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """What stays at the top level, and what becomes the function's."""
    last = max(
        (n for n, each in enumerate(statements) if isinstance(each, _Definition)), default=-1
    )
    above: list[ast.stmt] = []
    body: list[ast.stmt] = []
    for number, each in enumerate(statements):
        stays = isinstance(each, _Definition) or (number < last and _constant(each))
        (above if stays else body).append(each)
    return above, body


def _constant(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return False
    plain = ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.UnaryOp | ast.Load
    return all(isinstance(each, plain | ast.unaryop) for each in ast.walk(statement.value))


def _stored(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that statements assign, but for those within functions and classes."""
    found: set[str] = set()
    left: list[ast.AST] = list(statements)
    while left:
        node = left.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            left += ast.iter_child_nodes(node)
    return found


def _named(statements: Iterable[ast.stmt]) -> set[str]:
    """All names within statements."""
    nodes = (node for each in statements for node in ast.walk(each))
    return {node.id for node in nodes if isinstance(node, ast.Name)}
