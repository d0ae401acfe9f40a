"""How much a statement deserves to be edited: its lines' suspicion, and what surrounds it.

A statement is as suspicious as its lines; a head (``if``, ``for``) also nearly as suspicious as
what it leads to, and every statement somewhat suspicious when its function is. What the issue
mentions and what an exception passed through counts more, and the line that raised it most. A
module's own statements run once, before every test, so that their lines alone tell little: they
take a share of the suspicion of those who read the names they bind.
"""

from collections.abc import Iterator, Mapping

from agent.policies.repair.localise import Lines, Suspicion
from agent.policies.repair.source import Function, SourceFile, Statement

Weighed = tuple[float, SourceFile, Statement]

_HEAD = 0.95
_SAME_FUNCTION = 0.5
_MODULE_LEVEL = 0.15
_READ = 0.5
_PASSED_ON = 0.8
_FRAME = 1.3
_CRASH = 2.0
_MENTIONED = 1.5


def weigh(
    files: Mapping[str, SourceFile],
    suspicion: Suspicion,
    imported: Lines,
    words: frozenset[str],
) -> list[Weighed]:
    """The statements worth an edit, the heaviest first.

    Args:
        files: the parsed files, by path.
        suspicion: of their lines.
        imported: the lines that ran before the first test.
        words: identifiers in the issue's text.
    """
    scale = _Scale(suspicion, words)
    inside = [weighed for file in files.values() for weighed in scale.functions(file)]
    readers: dict[str, float] = {}
    for weight, _, statement in inside:
        _spread(readers, statement, weight)
    outside: list[Weighed] = []
    for file in files.values():
        outside += _module_level(file, scale, readers, imported.get(file.path))
    heavy = [weighed for weighed in inside + outside if weighed[0] > 0]
    # Not by position: what is equally heavy stays in the order of the files.
    return sorted(heavy, key=lambda weighed: -weighed[0])


class _Scale:
    """Weighs statements by what tests recorded."""

    def __init__(self, suspicion: Suspicion, words: frozenset[str]) -> None:
        self._suspicion = suspicion
        self._words = words
        self._highest = max(suspicion.scores.values(), default=0.0)

    def functions(self, file: SourceFile) -> Iterator[Weighed]:
        """The statements in functions."""
        statements = [each for each in file.statements if each.function is not None]
        own = {id(each): self.own(file.path, each) for each in statements}
        best: dict[str, float] = {}
        for each in statements:
            assert each.function is not None
            name = each.function.name
            best[name] = max(best.get(name, 0.0), own[id(each)])
        for each in statements:
            assert each.function is not None
            weight = max(own[id(each)], _HEAD * _led_to(file, each, own))
            weight = max(weight, _SAME_FUNCTION * best[each.function.name])
            yield weight * self._mentioned(each.function), file, each

    def own(self, path: str, statement: Statement) -> float:
        """By the statement's own lines."""
        scores, frames = self._suspicion.scores, self._suspicion.frames
        lines = range(statement.first_line, statement.last_line + 1)
        weight = max((scores.get((path, line), 0.0) for line in lines), default=0.0)
        if any((path, line) in self._suspicion.crashes for line in lines):
            # Whoever else runs such a line, here it went wrong; unless it is there to complain.
            if not _complains(statement):
                weight = (weight + self._highest) / 2
            return _CRASH * weight
        return _FRAME * weight if any((path, line) in frames for line in lines) else weight

    def _mentioned(self, function: Function) -> float:
        name = function.name.rpartition(".")[2].lower()
        return _MENTIONED if name in self._words else 1.0


def _module_level(
    file: SourceFile, scale: _Scale, readers: dict[str, float], ran: frozenset[int] | None
) -> list[Weighed]:
    """A file's statements outside functions.

    From the last to the first, as a table may be read by another one further down only.
    """
    own = {id(each): scale.own(file.path, each) for each in file.statements}
    highest = max(own.values(), default=0.0)
    found: list[Weighed] = []
    for statement in reversed(file.statements):
        if statement.function is not None:
            continue
        lines = range(statement.first_line, statement.last_line + 1)
        if ran is not None and ran.isdisjoint(lines):
            continue
        read = max((readers.get(name, 0.0) for name in bound_names(statement)), default=0.0)
        weight = max(own[id(statement)], _READ * read)
        if statement.expressions:
            weight = max(weight, _MODULE_LEVEL * highest)
        _spread(readers, statement, _PASSED_ON * weight / _READ)
        found.append((weight, file, statement))
    found.reverse()
    return found


def bound_names(statement: Statement) -> list[str]:
    """The names a statement gives a value, or changes: ``A``, ``A[...]``, ``A.update(...)``."""
    import libcst as cst

    node = statement.node
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        return [node.name.value]
    if not isinstance(node, cst.SimpleStatementLine):
        return []
    targets: list[cst.CSTNode] = []
    for small in node.body:
        if isinstance(small, cst.Assign):
            targets += [target.target for target in small.targets]
        elif isinstance(small, cst.AnnAssign | cst.AugAssign):
            targets.append(small.target)
        elif isinstance(small, cst.Expr) and isinstance(small.value, cst.Call):
            targets.append(small.value.func)
    names = []
    while targets:
        target = targets.pop()
        if isinstance(target, cst.Name):
            names.append(target.value)
        elif isinstance(target, cst.Attribute | cst.Subscript):
            targets.append(target.value)
        elif isinstance(target, cst.Tuple | cst.List):
            targets += [element.value for element in target.elements]
    return names


def _spread(readers: dict[str, float], statement: Statement, weight: float) -> None:
    """Note for every name a statement reads how heavy its heaviest reader is."""
    import libcst as cst

    for node in statement.expressions:
        if isinstance(node, cst.Name | cst.Attribute):
            name = node.value if isinstance(node, cst.Name) else node.attr.value
            readers[name] = max(readers.get(name, 0.0), weight)


def _led_to(file: SourceFile, statement: Statement, own: dict[int, float]) -> float:
    """The highest weight of the statements directly below a head."""
    import libcst as cst

    simple = cst.SimpleStatementLine | cst.FunctionDef | cst.ClassDef
    if statement.function is None or isinstance(statement.node, simple):
        return 0.0
    first, last = file.lines(statement.node)
    inside = (
        own[id(other)]
        for other in statement.function.statements
        if first < other.first_line <= last
    )
    return max(inside, default=0.0)


def _complains(statement: Statement) -> bool:
    import libcst as cst

    node = statement.node
    return isinstance(node, cst.SimpleStatementLine) and isinstance(
        node.body[0], cst.Raise | cst.Assert
    )
