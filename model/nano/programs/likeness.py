"""Which programs are nearly the same, so that none of them is learnt from and measured with.

Programs are compared by their shapes: tokens with names and constants taken out, five in a row. Two
are alike when at least four fifths of what either has both have; and what is alike to one of a
group belongs to the group.
"""

import ast
import builtins
import keyword
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

ALIKE = 0.8
_LENGTH = 5
_TOKEN = re.compile(
    r'f?"(?:[^"\\]|\\.)*"|f?\'(?:[^\'\\]|\\.)*\'|\w+|\*\*|//|[<>=!+\-*/%&|^]=|<<|>>|\S'
)
_KEPT = frozenset([*dir(builtins), *keyword.kwlist])

Shape = frozenset[int]
"""The shingles of a program, as numbers."""
_Shape = frozenset[tuple[str, ...]]
"""The same, as they are."""


def tokens(source: str) -> tuple[str, ...]:
    """The tokens of a program with names and constants taken out; comments and docstrings too."""
    plain = ast.unparse(_undocumented(ast.parse(source)))
    found: list[str] = []
    for token in _TOKEN.findall(plain):
        if token[0] in "\"'" or token[:2] in ('f"', "f'"):
            found.append("text")
        elif token[0].isdigit():
            found.append("0")
        elif (token[0].isalpha() or token[0] == "_") and token not in _KEPT:
            found.append(token if found and found[-1] == "." else "name")
        else:
            found.append(token)
    return tuple(found)


def groups(programs: Sequence[Sequence[str]], origins: Sequence[str] = ()) -> list[int]:
    """The number of the group of each program.

    Exact: only programs that share a rare shingle can be alike, and each that does is compared.

    Args:
        programs: the tokens of each, see `tokens`.
        origins: of each, where given: those of one origin belong together, whatever they are like.
    """
    shapes, firsts = _shapes(programs)
    parents = [*range(len(programs))]
    first: dict[str, int] = {}
    for index, origin in enumerate(origins):
        _join(parents, index, first.setdefault(origin, index))
    by_shingle: defaultdict[int, list[int]] = defaultdict(list)
    for index, number in enumerate(firsts):
        if number != index:
            _join(parents, index, number)
            continue
        shape = shapes[index]
        rare = sorted(shape)[: len(shape) - math.ceil(ALIKE * len(shape)) + 1]
        candidates = {other for shingle in rare for other in by_shingle[shingle]}
        for other in sorted(candidates):
            apart = _root(parents, index) != _root(parents, other)
            if apart and likeness(shape, shapes[other]) >= ALIKE:
                _join(parents, index, other)
        for shingle in rare:
            by_shingle[shingle].append(index)
    return [_root(parents, index) for index in range(len(programs))]


def alike(programs: Sequence[Sequence[str]], others: Iterable[Sequence[str]]) -> set[int]:
    """The numbers of those programs that are alike to one of others, of which there may be many.

    Exact, as `groups` is: who is alike to a program shares one of its rarest shingles.

    Args:
        programs: the tokens of each.
        others: likewise; each is looked at once.
    """
    shapes = [frozenset(_shingles(program)) for program in programs]
    often = Counter(shingle for shape in shapes for shingle in shape)
    by_shingle: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, shape in enumerate(shapes):
        ranked = sorted(shape, key=lambda shingle: (often[shingle], shingle))
        for shingle in ranked[: len(shape) - math.ceil(ALIKE * len(shape)) + 1]:
            by_shingle[shingle].append(index)
    found: set[int] = set()
    for other in others:
        shape = frozenset(_shingles(other))
        candidates = {
            index for shingle in shape & by_shingle.keys() for index in by_shingle[shingle]
        }
        found |= {n for n in candidates - found if likeness(shape, shapes[n]) >= ALIKE}
    return found


def likeness(one: Shape | _Shape, two: Shape | _Shape) -> float:
    """What two shapes share, of all they have (Jaccard)."""
    both = len(one & two)
    return both / max(len(one) + len(two) - both, 1)


def _shapes(programs: Sequence[Sequence[str]]) -> tuple[list[Shape], list[int]]:
    """Shapes, their shingles numbered from the rarest on; and the first program of each shape."""
    texts = [frozenset(_shingles(program)) for program in programs]
    often = Counter(shingle for text in texts for shingle in text)
    ranked = sorted(often, key=lambda shingle: (often[shingle], shingle))
    numbers = {shingle: number for number, shingle in enumerate(ranked)}
    shapes = [frozenset(numbers[shingle] for shingle in text) for text in texts]
    first: dict[Shape, int] = {}
    return shapes, [first.setdefault(shape, index) for index, shape in enumerate(shapes)]


def _shingles(program: Sequence[str]) -> list[tuple[str, ...]]:
    count = max(len(program) - _LENGTH + 1, 1)
    return [tuple(program[start : start + _LENGTH]) for start in range(count)]


def _join(parents: list[int], one: int, two: int) -> None:
    first, second = sorted((_root(parents, one), _root(parents, two)))
    parents[second] = first


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _undocumented(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and len(node.body) > 1 and ast.get_docstring(node):
            del node.body[0]
    return tree
