"""One Python file, parsed: what it defines, what it imports, and which lines belong together."""

import ast
import io
import tokenize
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = Function | ast.ClassDef

_ENCODINGS = {"utf-8", "utf-8-sig", "ascii", "us-ascii", "iso-8859-1", "latin-1", "cp1252"}
"""Those that are decoded; some of Python's others take long on hostile text."""


class Unreadable(ValueError):
    """A file is no Python that can be read; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import binds a name to.

    Attributes:
        module: as it is written, without leading dots; may be empty.
        level: how many leading dots it has.
        name: what is taken from the module; None for the module itself.
    """

    module: str
    level: int
    name: str | None


@dataclass(frozen=True, slots=True)
class Module:
    """A file of the repository.

    Attributes:
        path: relative to the repository.
        lines: of its text, without their ends.
        definitions: by name, the statements at the top level that define it or change it.
        imports: by the name they bind.
        submodules: by the first part of them, the names in ``import a.b``.
        typing_only: the names bound for type checkers only.
        stars: modules all of whose names are imported.
        future: whether annotations are not evaluated.
        spans: of each definition the first line, the last one, and the name; in order.
    """

    path: str
    lines: tuple[str, ...] = ()
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, Imported] = field(default_factory=dict)
    submodules: dict[str, set[str]] = field(default_factory=dict)
    typing_only: set[str] = field(default_factory=set)
    stars: list[Imported] = field(default_factory=list)
    future: bool = False
    spans: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def is_package(self) -> bool:
        """Whether relative imports begin in the file's own folder."""
        return self.path.rpartition("/")[2] == "__init__.py"

    def scope(self, name: str) -> Scope | None:
        """The function or class of that qualified name; the last one where there are several."""
        found: Scope | None = None
        first, *rest = name.split(".")
        inner: Iterable[ast.stmt] = self.definitions.get(first, ())
        for part in (first, *rest):
            found = next((each for each in reversed([*_scopes(inner)]) if each.name == part), None)
            if found is None:
                return None
            inner = found.body
        return found

    def enclosing(self, line: int) -> str | None:
        """The qualified name of the innermost function, class or constant with that line.

        A function within a function counts as part of the outer one.
        """
        at = bisect_right(self.spans, line, key=lambda span: span[0]) - 1
        if at < 0 or line > self.spans[at][1]:
            return None
        name = self.spans[at][2]
        return _innermost(name, self.definitions[name], line)


def read_module(path: str, data: bytes) -> Module:
    """Parse a file; nothing of it is run.

    Args:
        path: of the file, relative to the repository.
        data: its content.

    Raises:
        Unreadable: it is no Python, or not in an encoding that is usual.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if encoding not in _ENCODINGS:
            raise Unreadable("its encoding is not a usual one")
        text = data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        where = f" (line {error.lineno})" if error.lineno else ""
        raise Unreadable(f"it does not parse{where}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("it does not parse") from None
    module = Module(path, tuple(text.split("\n")), future=_has_future(tree))
    for statement in tree.body:
        _index(module, statement)
    _index_changes(module, tree)
    return module


def imports_in(node: ast.AST) -> Iterator[tuple[str, Imported]]:
    """What the import statements within a node bind."""
    for each in ast.walk(node):
        if isinstance(each, ast.Import | ast.ImportFrom):
            yield from _bindings(each)


def function_lines(function: Function) -> set[int]:
    """The lines of a function that say what it does.

    A long docstring does nothing, nor do pytest's decorators when the function is called directly.
    """
    lines = set(range(_first_line(function), _last_line(function) + 1))
    for decorator in function.decorator_list:
        if is_pytest(decorator):
            lines -= {*range(decorator.lineno, (decorator.end_lineno or 0) + 1)}
    return lines - _docstring_lines(function)


def class_lines(class_: ast.ClassDef) -> set[int]:
    """The lines of a class without those of its methods, and without those between."""
    lines = set(range(_first_line(class_), _last_line(class_) + 1))
    if _first_line(class_.body[0]) > class_.lineno:
        lines = set(range(_first_line(class_), _first_line(class_.body[0])))
        lines.update(*(statement_lines(each) for each in class_.body if not _is_function(each)))
    for decorator in class_.decorator_list:
        if is_pytest(decorator):
            lines -= {*range(decorator.lineno, (decorator.end_lineno or 0) + 1)}
    return lines - _docstring_lines(class_)


def _is_function(statement: ast.stmt) -> bool:
    return isinstance(statement, Function)


def statement_lines(statement: ast.stmt) -> set[int]:
    """All lines of a statement, decorators included."""
    return set(range(_first_line(statement), _last_line(statement) + 1))


def is_pytest(decorator: ast.expr) -> bool:
    """Whether a decorator is a mark or a fixture's."""
    names = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
    if names[:1] == ("pytest",):
        return True
    return names[:1] == ("mark",) or names == ("fixture",)


def dotted(node: ast.AST) -> tuple[str, ...]:
    """The parts of ``a.b.c``; none for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()


def _index(module: Module, statement: ast.stmt) -> None:
    """Enter what a top-level statement binds."""
    match statement:
        case ast.Import() | ast.ImportFrom():
            _index_import(module, statement)
        case ast.If() if dotted(statement.test)[-1:] == ("TYPE_CHECKING",):
            bound = dict(imports_in(statement))
            module.imports.update(bound)
            module.typing_only.update(bound)
        case _:
            names = _bound(statement)
            for name in names:
                module.definitions.setdefault(name, []).append(statement)
            if names:
                span = _first_line(statement), _last_line(statement), next(iter(names))
                module.spans.append(span)


def _index_changes(module: Module, tree: ast.Module) -> None:
    """Enter the statements that change what others define."""
    known = {(name, id(each)) for name, found in module.definitions.items() for each in found}
    for statement in tree.body:
        for name in sorted(_changed(statement)):
            if name in module.definitions and (name, id(statement)) not in known:
                module.definitions[name].append(statement)
                module.spans.append((_first_line(statement), _last_line(statement), name))
    module.spans.sort()


def _index_import(module: Module, statement: ast.Import | ast.ImportFrom) -> None:
    if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
        module.stars.append(Imported(statement.module or "", statement.level, None))
        return
    module.imports.update(_bindings(statement))
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            top, dot, _ = alias.name.partition(".")
            if dot and not alias.asname:
                module.submodules.setdefault(top, set()).add(alias.name)


def _bindings(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Imported]]:
    for alias in statement.names:
        if isinstance(statement, ast.ImportFrom):
            imported = Imported(statement.module or "", statement.level, alias.name)
            yield alias.asname or alias.name, imported
        elif alias.asname:
            yield alias.asname, Imported(alias.name, 0, None)
        else:
            top = alias.name.partition(".")[0]
            yield top, Imported(top, 0, None)


def _bound(statement: ast.stmt) -> dict[str, None]:
    """The names that a top-level statement defines, in order."""
    if isinstance(statement, Scope):
        return {statement.name: None}
    names: dict[str, None] = {}
    for node in _outside_scopes(statement):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names[node.name] = None
            case ast.Name(ctx=ast.Store()):
                names[node.id] = None
            case ast.Import() | ast.ImportFrom() if node is not statement:
                names.update(dict.fromkeys(name for name, _ in _bindings(node)))
    return names


def _changed(statement: ast.stmt) -> set[str]:
    """The names of what a top-level statement changes: ``a[0] = 1``, ``a.b = 1``, ``a.add(1)``."""
    names: set[str] = set()
    for node in () if isinstance(statement, Scope) else _outside_scopes(statement):
        match node:
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
                names.update(_root(node))
            case ast.Expr(value=ast.Call(func=ast.Attribute() as called)):
                names.update(_root(called))
    return names


def _root(node: ast.AST) -> tuple[str, ...]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return (node.id,) if isinstance(node, ast.Name) else ()


def _outside_scopes(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement, without what is inside functions and classes."""
    nodes: list[ast.AST] = [statement]
    while nodes:
        node = nodes.pop()
        yield node
        if not isinstance(node, Scope | ast.Lambda):
            nodes.extend(reversed([*ast.iter_child_nodes(node)]))


def _scopes(statements: Iterable[ast.stmt]) -> Iterator[Scope]:
    for statement in statements:
        for node in _outside_scopes(statement):
            if isinstance(node, Scope):
                yield node


def _innermost(name: str, statements: Iterable[ast.stmt], line: int) -> str:
    for scope in _scopes(statements):
        if _first_line(scope) <= line <= _last_line(scope):
            if isinstance(scope, ast.ClassDef):
                inner = _innermost("", scope.body, line)
                return f"{scope.name}.{inner}" if inner else scope.name
            return scope.name
    return name


def _has_future(tree: ast.Module) -> bool:
    return any(
        isinstance(each, ast.ImportFrom)
        and each.module == "__future__"
        and any(alias.name == "annotations" for alias in each.names)
        for each in tree.body
    )


def _docstring_lines(scope: Scope) -> set[int]:
    """The lines of a docstring over several lines, where the body goes on after it; and what is
    between the two."""
    first, *rest = scope.body
    text = first.value if isinstance(first, ast.Expr) else None
    if not (isinstance(text, ast.Constant) and isinstance(text.value, str) and rest):
        return set()
    begin, end = first.lineno, _last_line(first)
    if begin == end or begin <= scope.lineno or _first_line(rest[0]) <= end:
        return set()
    return set(range(begin, _first_line(rest[0])))


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, Scope) else []
    return min([node.lineno, *(each.lineno for each in decorators)])


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno
