"""A Python file as the repair policy sees it: statements with their expressions, and text edits.

LibCST tells where every node stands; an edit replaces exactly that stretch of text, so that nothing
else of the file changes. Offsets are characters of the decoded text.
"""

import ast
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst
    from libcst.metadata import CodeRange


@dataclass(frozen=True, slots=True, order=True)
class TextEdit:
    """Replaces the characters from ``start`` up to ``end`` with ``text``."""

    start: int
    end: int
    text: str


def apply_edits(text: str, edits: Sequence[TextEdit]) -> str:
    """The text with all edits made; they must not overlap."""
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


@dataclass(slots=True, eq=False)
class Function:
    """A function and what its body can name.

    Attributes:
        node: its definition.
        name: qualified within the file, as ``Class.method``.
        owner: the class it is directly in, or empty.
        outer: the function around it.
        first_line: of its ``def``.
        body_line: of its first statement.
        last_line: of its body.
        parameters: their names, in order, ``self`` and ``cls`` included.
        bound: name -> line of its first binding, parameters first.
        statements: those directly or deeper in its body, not of inner functions.
    """

    node: "cst.FunctionDef"
    name: str
    owner: str
    outer: "Function | None"
    first_line: int
    body_line: int
    last_line: int
    parameters: list[str]
    bound: dict[str, int] = field(default_factory=dict)
    statements: list["Statement"] = field(default_factory=list)

    def names_at(self, line: int) -> list[str]:
        """What is bound before ``line``, latest first, then what outer functions bind."""
        mine = [name for name, bound in self.bound.items() if bound < line]
        mine.reverse()
        if self.outer is not None:
            mine += [name for name in self.outer.names_at(line) if name not in mine]
        return mine


@dataclass(slots=True, eq=False)
class Statement:
    """A statement, or the head of a compound one (its ``if``, ``for``, ``except`` ... line).

    Attributes:
        node: a `SimpleStatementLine`, a compound statement, or an `ExceptHandler`.
        function: what it is in; None at module and class level.
        owner: the class whose body it is directly in, or empty.
        first_line: where it starts.
        last_line: where it, or its head, ends.
        expressions: every expression in it or its head, outer ones first.
        block: the statements of the same suite, itself included.
        insertable: whether another statement can be put before it.
    """

    node: "cst.CSTNode"
    function: Function | None
    owner: str
    first_line: int
    last_line: int
    expressions: list["cst.CSTNode"] = field(default_factory=list)
    block: list["Statement"] = field(default_factory=list)
    insertable: bool = True


class Unreadable(Exception):
    """A file is not Python this host can parse, or not text."""


class SourceFile:
    """One parsed file.

    Attributes:
        path: relative to the repository.
        text: decoded, line ends untouched.
        statements: in order.
        functions: in order.
        attributes: class name -> attributes of ``self`` seen in it.
        tree: the same as `ast`, for questions LibCST makes hard.
    """

    def __init__(self, path: str, data: bytes) -> None:
        """Parse.

        Raises:
            Unreadable: it is no UTF-8 or no valid Python.
        """
        import libcst as cst
        from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

        self.path = path
        try:
            self.text = data.decode("utf-8")
            wrapper = MetadataWrapper(cst.parse_module(self.text), unsafe_skip_copy=True)
            self.tree = ast.parse(self.text)
        except (ValueError, SyntaxError, RecursionError, cst.ParserSyntaxError) as error:
            raise Unreadable(f"{path}: {error}") from error
        self._ranges = wrapper.resolve(PositionProvider)
        self._parents = wrapper.resolve(ParentNodeProvider)
        self._starts = _line_starts(self.text)
        self.module = wrapper.module
        self.statements: list[Statement] = []
        self.functions: list[Function] = []
        self.attributes: dict[str, list[str]] = {}
        _Builder(self).block(self.module.body, None, "", "")

    def span(self, node: "cst.CSTNode") -> tuple[int, int]:
        """Where the node's text starts and ends, its own parentheses left out."""
        found = self._range(node)
        start = self._starts[found.start.line - 1] + found.start.column
        return start, self._starts[found.end.line - 1] + found.end.column

    def code(self, node: "cst.CSTNode") -> str:
        """The node's text as it stands."""
        start, end = self.span(node)
        return self.text[start:end]

    def lines(self, node: "cst.CSTNode") -> tuple[int, int]:
        """Its first and last line, counted from 1."""
        found = self._range(node)
        return found.start.line, found.end.line

    def line_of(self, offset: int) -> int:
        """The line a character is on, counted from 1."""
        return bisect_right(self._starts, offset)

    def line_span(self, first: int, last: int) -> tuple[int, int]:
        """The characters of whole lines, the last line end included."""
        end = self._starts[last] if last < len(self._starts) else len(self.text)
        return self._starts[first - 1], end

    def parent(self, node: "cst.CSTNode") -> "cst.CSTNode | None":
        """The node around it."""
        return self._parents.get(node)

    def _range(self, node: "cst.CSTNode") -> "CodeRange":
        return self._ranges[node]


def _line_starts(text: str) -> list[int]:
    """Offsets of line starts, with LibCST's idea of a line end: \\n, \\r\\n or \\r."""
    starts = [0]
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\r" and text[position : position + 1] == "\n":
            position += 1
        if character in "\r\n":
            starts.append(position)
    return starts


class _Builder:
    """Walks a module and fills in its file's statements and functions."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def block(
        self,
        nodes: "Sequence[cst.CSTNode]",
        function: Function | None,
        owner: str,
        prefix: str,
    ) -> None:
        block: list[Statement] = []
        for node in nodes:
            statement = self._statement(node, function, owner, block)
            block.append(statement)
            self._inside(node, statement, prefix)

    def _statement(
        self,
        node: "cst.CSTNode",
        function: Function | None,
        owner: str,
        block: list[Statement],
        insertable: bool = True,
    ) -> Statement:
        first, last = self._file.lines(node)
        expressions = list(_head_expressions(node))
        if hasattr(node, "body") and not _is_simple(node):
            last = max([first, *(self._file.lines(each)[1] for each in expressions)])
        statement = Statement(node, function, owner, first, last, expressions, block, insertable)
        self._file.statements.append(statement)
        if function is not None:
            function.statements.append(statement)
            _bind(function, statement)
        self._attributes(statement)
        return statement

    def _inside(self, node: "cst.CSTNode", statement: Statement, prefix: str) -> None:
        import libcst as cst

        function, owner = statement.function, statement.owner
        if isinstance(node, cst.FunctionDef):
            inner = self._function(node, function, owner, prefix)
            self.block(_suite(node.body), inner, "", f"{inner.name}.")
            return
        if isinstance(node, cst.ClassDef):
            name = node.name.value
            self.block(_suite(node.body), None, name, f"{prefix}{name}.")
            return
        body = getattr(node, "body", None)
        if isinstance(body, cst.BaseSuite):
            self.block(_suite(body), function, owner, prefix)
        for handler in getattr(node, "handlers", ()):
            head = self._statement(handler, function, owner, [], insertable=False)
            self._inside(handler, head, prefix)
        for part in (getattr(node, "orelse", None), getattr(node, "finalbody", None)):
            if isinstance(part, cst.If):
                head = self._statement(part, function, owner, [], insertable=False)
                self._inside(part, head, prefix)
            elif part is not None:
                self.block(_suite(part.body), function, owner, prefix)

    def _function(
        self, node: "cst.FunctionDef", outer: Function | None, owner: str, prefix: str
    ) -> Function:
        import libcst as cst

        first, last = self._file.lines(node)
        statements = _suite(node.body)
        body = self._file.lines(statements[0])[0] if statements else first
        listed = node.params
        parameters = [
            each.name.value
            for each in (*listed.posonly_params, *listed.params, *listed.kwonly_params)
        ]
        stars = [listed.star_arg, listed.star_kwarg]
        parameters += [each.name.value for each in stars if isinstance(each, cst.Param)]
        function = Function(
            node, prefix + node.name.value, owner, outer, first, body, last, parameters
        )
        function.bound = dict.fromkeys(parameters, first)
        self._file.functions.append(function)
        return function

    def _attributes(self, statement: Statement) -> None:
        import libcst as cst

        function = statement.function
        while function is not None and not function.owner:
            function = function.outer
        if function is None:
            return
        seen = self._file.attributes.setdefault(function.owner, [])
        for node in statement.expressions:
            if (
                isinstance(node, cst.Attribute)
                and isinstance(node.value, cst.Name)
                and node.value.value in ("self", "cls")
                and node.attr.value not in seen
            ):
                seen.append(node.attr.value)


def _suite(body: object) -> "Sequence[cst.CSTNode]":
    import libcst as cst

    if isinstance(body, cst.IndentedBlock):
        return body.body
    # ``if x: return y`` has its statements on the same line; they are left alone.
    return ()


def _is_simple(node: "cst.CSTNode") -> bool:
    import libcst as cst

    return isinstance(node, cst.SimpleStatementLine)


def _head_expressions(node: "cst.CSTNode") -> "Iterator[cst.CSTNode]":
    """Every expression of a statement, without inner statements, annotations and docstrings."""
    import libcst as cst

    if isinstance(node, cst.SimpleStatementLine) and _is_docstring(node):
        return
    closed = (cst.BaseSuite, cst.Else, cst.Finally, cst.ExceptHandler, cst.If, cst.Annotation)
    waiting: list[cst.CSTNode] = list(reversed(node.children))
    kept = (cst.BaseExpression, cst.Arg, cst.SubscriptElement, cst.Slice)
    while waiting:
        child = waiting.pop()
        if isinstance(child, closed):
            continue
        if isinstance(child, kept):
            yield child
        waiting.extend(reversed(child.children))


def _is_docstring(node: "cst.SimpleStatementLine") -> bool:
    import libcst as cst

    first = node.body[0]
    return isinstance(first, cst.Expr) and isinstance(
        first.value, cst.SimpleString | cst.ConcatenatedString
    )


def _bind(function: Function, statement: Statement) -> None:
    """Record the names a statement binds, roughly: assignments, loops, ``with``, ``except``."""
    import libcst as cst

    node = statement.node
    targets: list[cst.CSTNode] = []
    if isinstance(node, cst.SimpleStatementLine):
        for small in node.body:
            if isinstance(small, cst.Assign):
                targets += [target.target for target in small.targets]
            elif isinstance(small, cst.AnnAssign | cst.AugAssign):
                targets.append(small.target)
    elif isinstance(node, cst.For):
        targets.append(node.target)
    elif isinstance(node, cst.With):
        targets += [item.asname.name for item in node.items if item.asname is not None]
    elif isinstance(node, cst.ExceptHandler) and node.name is not None:
        targets.append(node.name.name)
    elif isinstance(node, cst.FunctionDef | cst.ClassDef):
        targets.append(node.name)
    while targets:
        target = targets.pop()
        if isinstance(target, cst.Name):
            function.bound.setdefault(target.value, statement.first_line)
        elif isinstance(target, cst.Tuple | cst.List):
            targets += [element.value for element in target.elements]
