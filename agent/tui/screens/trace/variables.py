"""What is known at a frame as a tree: the open scopes, their variables, and what these consist of.

Values are text that a model or a program wrote. They are taken apart as Python would read them, and
never evaluated.
"""

import ast
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agent.tui.screens.trace.tracks import Point, Tracks, open_scopes
from model.trace.compare import agrees

Path = tuple[str, ...]
"""Where a node is: the depth of its scope, the name of the variable, then the parts' names."""

_LONGEST = 50_000
"""Characters of a value that is taken apart."""
_MOST_PARTS = 1_000
"""Parts of one value that are shown."""

SAME, NEW, CHANGED, GONE, SET = " ", "+", "*", "-", "="


@dataclass(frozen=True, slots=True)
class Node:
    """A row of the tree. Texts are not safe to draw yet.

    Attributes:
        path: where it is.
        name: of the variable or the part; of a scope, its function and line.
        text: its value; empty of a scope.
        sign: what happened to it: `NEW`, `CHANGED`, `GONE`, `SET` or `SAME`.
        was: its value before, where it is another one now.
        real: what was recorded where that is different; None where it is not, or nobody knows.
        differs: whether the recorded one is another, or missing.
        inner: whether it can be unfolded.
        open: whether it is.
        scope: whether it is a scope.
    """

    path: Path
    name: str
    text: str = ""
    sign: str = SAME
    was: str | None = None
    real: str | None = None
    differs: bool = False
    inner: bool = False
    open: bool = False
    scope: bool = False

    @property
    def depth(self) -> int:
        """How far to the right it stands."""
        return len(self.path) - 1


def tree(tracks: Tracks, at: int, toggled: frozenset[Path]) -> list[Node]:
    """The rows for a pair of frames.

    Args:
        tracks: both traces.
        at: the number of the pair.
        toggled: what the reader has unfolded or folded; at first the innermost scope is unfolded
            and everything else is not.
    """
    if not 0 <= at < len(tracks.pairs):
        return []
    pair = tracks.pairs[at]
    points = tracks.predicted if pair.predicted is not None else tracks.recorded
    number = pair.predicted if pair.predicted is not None else pair.recorded
    assert number is not None
    nodes: list[Node] = []
    for place, scope in enumerate(open_scopes(points, number)):
        point = points[scope]
        path = (str(point.depth),)
        opened = (place == 0) != (path in toggled)
        where = f"line {point.line}" if point.line is not None else "no line has its text"
        nodes.append(
            Node(path, f"{point.function or '?'}  {where}", inner=True, open=opened, scope=True)
        )
        if opened:
            other = place == 0 and pair.predicted is not None
            real = tracks.compared(at)[1] if other else None
            nodes += _variables(point, real, path, toggled)
    return nodes


def _variables(
    point: Point, real: Point | None, above: Path, toggled: frozenset[Path]
) -> list[Node]:
    """The variables of one scope, what it returns or raises first."""
    nodes: list[Node] = []
    if point.value is not None:
        # In brackets it is no identifier: no variable can have the path.
        name = "(raises)" if point.kind == "exception" else "(returns)"
        other = real.value if real is not None and real.kind == point.kind else None
        nodes += _rows(_Value(name, point.value, None, other), NEW, above, toggled)
    # After a line has run its locals are those before it: they were compared there.
    compared = real.locals if real is not None and point.kind in ("call", "line") else None
    for name, text in point.locals.items():
        was = point.before.get(name)
        found = compared.get(name) if compared is not None else None
        value = _Value(name, text, was if was != text else None, found)
        missing = compared is not None and found is None
        nodes += _rows(value, _sign(point, name, text), above, toggled, missing=missing)
    gone = ((name, text) for name, text in point.before.items() if name not in point.locals)
    nodes += [Node((*above, name), name, text, GONE) for name, text in gone]
    unknown = ((name, text) for name, text in (compared or {}).items() if name not in point.locals)
    nodes += [Node((*above, name), name, real=text, differs=True) for name, text in unknown]
    return nodes


def _sign(point: Point, name: str, text: str) -> str:
    if point.moment is not None and name in point.moment.edits:
        return SET
    was = point.before.get(name)
    if was is None:
        return NEW if point.before or point.kind == "call" else SAME
    return CHANGED if was != text else SAME


@dataclass(frozen=True, slots=True)
class _Value:
    """A value, what it was before, and what was recorded; None for not known or no other."""

    name: str
    text: str
    was: str | None
    real: str | None


def _rows(
    value: _Value, sign: str, above: Path, toggled: frozenset[Path], *, missing: bool = False
) -> list[Node]:
    path = (*above, value.name)
    differs = missing or (value.real is not None and not agrees(value.text, value.real))
    inner = consists_of_parts(value.text)
    opened = inner and path in toggled
    node = Node(
        path=path,
        name=value.name,
        text=value.text,
        sign=sign,
        was=value.was,
        real=value.real if differs else None,
        differs=differs,
        inner=inner,
        open=opened,
    )
    nodes = [node]
    if opened:
        before = dict(parts(value.was)) if value.was else {}
        real = dict(parts(value.real)) if value.real else {}
        for name, text in parts(value.text):
            was = before.get(name)
            mark = SAME if value.was is None else NEW if was is None else SAME
            mark = CHANGED if was not in (None, text) else mark
            part = _Value(name, text, was if was != text else None, real.get(name))
            nodes += _rows(part, mark, path, toggled)
    return nodes


def consists_of_parts(text: str) -> bool:
    """Whether a value can be unfolded, as far as its first and last signs tell."""
    return len(text) > 2 and text[-1] in ")]}" and ("(" in text or text[0] in "[{")


def parts(text: str) -> Sequence[tuple[str, str]]:
    """What a value consists of, each with its name: items by place or key, fields by name."""
    if len(text) > _LONGEST:
        return ()
    source = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            inner = _inner(ast.parse(source, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    written = _Written(source)
    seen: Counter[str] = Counter()
    named = []
    for key, part in inner[:_MOST_PARTS]:
        name = key if isinstance(key, str) else f"[{written.text(key)}]"
        seen[name] += 1
        # Every part has a path of its own.
        named.append((name if seen[name] == 1 else f"{name} ({seen[name]})", written.text(part)))
    return named


def _inner(node: ast.expr) -> Sequence[tuple[str | ast.expr, ast.expr]]:
    match node:
        case ast.List() | ast.Tuple() | ast.Set():
            return [(f"[{n}]", part) for n, part in enumerate(node.elts)]
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return [(key, part) for key, part in pairs if key is not None]
        case ast.Call(
            args=[ast.List() | ast.Tuple() | ast.Set() | ast.Dict() as only], keywords=[]
        ):
            return _inner(only)  # deque([...]), frozenset({...}), Counter({...})
        case ast.Call():
            places = [(f"[{n}]", part) for n, part in enumerate(node.args)]
            return [*places, *((each.arg or "**", each.value) for each in node.keywords)]
    return ()


_CONTAINERS = (ast.List, ast.Tuple, ast.Set, ast.Dict)


class _Written:
    """The text of parts of an expression; `ast` counts bytes."""

    def __init__(self, source: str) -> None:
        self._lines = source.encode("utf-8", "replace").split(b"\n")

    def text(self, node: ast.expr) -> str:
        """As it is written."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        lines = self._lines[first : last + 1]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"\n".join(lines).decode("utf-8", "replace")
