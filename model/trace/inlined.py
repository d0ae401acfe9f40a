"""Where a recording says less than a model: in statements whose comprehensions are inlined.

From Python 3.12 on a list, set or dict comprehension has no frames of its own; its lines, and the
names that it binds, are those of the function around it. The frames that older Pythons have, and
models write, cannot be made up afterwards: what values an iteration saw is not in the recording.
So of such a statement only its beginning is compared, and what comes of it.
"""

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from model.trace.writing import source_lines, unmarked

_COMPREHENSION = ast.ListComp | ast.SetComp | ast.DictComp


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with an inlined comprehension; of a compound one, its head.

    Attributes:
        lines: their numbers.
        texts: of these lines, without what ends them.
    """

    lines: range
    texts: frozenset[str]


Statements = Mapping[int, Statement]
"""By each of their lines."""


def statements(source: str) -> Statements:
    """The statements of a source that have an inlined comprehension; none where it does not parse.

    Args:
        source: of a file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        found = [*_found(tree)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    texts = [unmarked(text) for text, _ in source_lines(source)]
    made = (Statement(each, frozenset(texts[each.start - 1 : each.stop - 1])) for each in found)
    return {line: each for each in made for line in each.lines}


def _found(tree: ast.Module) -> Iterator[range]:
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            lines = _lines(node)
            if any(isinstance(each, _COMPREHENSION) for each in _own(node)):
                yield lines


def _lines(statement: ast.stmt) -> range:
    body = getattr(statement, "body", None)
    if isinstance(body, list) and body:
        last = max(body[0].lineno - 1, statement.lineno)
    else:
        last = statement.end_lineno or statement.lineno
    return range(statement.lineno, last + 1)


def _own(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement but for those of the statements within it."""
    left = [*ast.iter_child_nodes(statement)]
    while left:
        node = left.pop()
        if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            continue
        yield node
        left += ast.iter_child_nodes(node)
