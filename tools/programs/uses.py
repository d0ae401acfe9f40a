"""Which names a piece of code uses that it does not define itself."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tools.programs.module import Function, Imported, dotted, imports_in, is_pytest


@dataclass(frozen=True, slots=True)
class Uses:
    """What some code refers to.

    Attributes:
        chains: names with the attributes taken of them, ``("a", "b")`` for ``a.b``, in order; of
            names from outside only.
        attributes: the names of all attributes, of whatever object.
        imports: what the code imports itself.
    """

    chains: dict[tuple[str, ...], None] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    imports: dict[str, Imported] = field(default_factory=dict)


def uses(nodes: Iterable[ast.AST]) -> Uses:
    """What these pieces of code, each on its own, refer to."""
    found = Uses()
    for node in nodes:
        inner = [*_walk(node)]
        imports = dict(imports_in(node))
        found.imports.update(imports)
        own = set(_own_names(node, inner)) - {*imports}
        for each in inner:
            match each:
                case ast.Attribute():
                    found.attributes.add(each.attr)
                    chain = dotted(each)
                case ast.Name(ctx=ast.Load()):
                    chain = (each.id,)
                case _:
                    continue
            if chain and chain[0] not in own:
                found.chains[chain] = None
    return found


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but pytest's decorators, which are not shown; in the order of the text."""
    nodes = [node]
    while nodes:
        each = nodes.pop()
        yield each
        hidden = []
        if isinstance(each, Function | ast.ClassDef):
            hidden = [decorator for decorator in each.decorator_list if is_pytest(decorator)]
        nodes += [child for child in reversed([*ast.iter_child_nodes(each)]) if child not in hidden]


def _own_names(node: ast.AST, inner: Iterable[ast.AST]) -> Iterator[str]:
    """The names that code binds for itself: a function's locals, a comprehension's variables."""
    outer: set[str] = set()
    bound: list[str] = []
    whole = isinstance(node, Function | ast.Lambda)
    for each in inner:
        match each:
            case ast.Global():
                outer.update(each.names)
            case ast.arg():
                bound.append(each.arg)
            case ast.Name(ctx=ast.Store()) if whole:
                bound.append(each.id)
            case ast.ExceptHandler(name=str(name)) if whole:
                bound.append(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if (
                whole and each is not node
            ):
                bound.append(each.name)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                bound += [
                    name.id
                    for generator in each.generators
                    for name in ast.walk(generator.target)
                    if isinstance(name, ast.Name)
                ]
    yield from (name for name in bound if name not in outer)
