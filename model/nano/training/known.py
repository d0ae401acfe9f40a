"""What the programs of a training had, so that nano can say of another one that it has more."""

import ast
from collections import Counter
from collections.abc import Iterable

_RARE = 20
"""Programs: what fewer of them have has hardly been learnt."""


def known(sources: Iterable[str], rare: int = _RARE) -> dict[str, list[str]]:
    """The fields of `model.nano.reach.Reach` that are counted.

    Args:
        sources: of the programs.
        rare: what fewer programs have does not count as known.

    Returns:
        ``constructs``: names of classes of `ast`; ``names``: what was called.
    """
    constructs: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for source in sources:
        nodes = list(ast.walk(ast.parse(source)))
        constructs.update({type(node).__name__ for node in nodes})
        own = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
        names.update({_called(node.func) for node in nodes if isinstance(node, ast.Call)} - own)
    return {"constructs": _often(constructs, rare), "names": _often(names, rare)}


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _often(counts: Counter[str], rare: int) -> list[str]:
    return sorted(name for name, count in counts.items() if name and count >= rare)
