"""What every repair operator is, and what it may ask about the place it is looking at.

An operator looks at one node, or at one statement, and proposes replacements of its text. It knows
nothing of tests or sandboxes. A new operator is one small class, and one line in
`agent.policies.repair.operators.OPERATORS`.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

from agent.policies.repair.source import Function, SourceFile, Statement, TextEdit

if TYPE_CHECKING:
    import libcst as cst


@dataclass(frozen=True, slots=True)
class Replacement:
    """One way to change the program.

    Attributes:
        edits: made together.
        weight: how likely it is among its operator's, 0 to 1.
    """

    edits: tuple[TextEdit, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Hints:
    """What failing tests and the issue's text tell an operator.

    Attributes:
        exceptions: types of exceptions the failing tests died of.
        none: whether one of those messages speaks of None.
        types: types that messages of type errors name.
        expected: types of exceptions the failing tests' sources name.
        literals: constants in the failing tests, as source.
        words: identifiers in the issue's text.
    """

    exceptions: tuple[str, ...] = ()
    none: bool = False
    types: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()


@dataclass(slots=True)
class Where:
    """The place an operator looks at: a statement of a file, and how to edit there."""

    file: SourceFile
    statement: Statement
    hints: Hints = field(default_factory=Hints)

    @property
    def function(self) -> Function | None:
        """The function around it."""
        return self.statement.function

    def text(self, node: "cst.CSTNode") -> str:
        """The node's source, its own parentheses left out."""
        return self.file.code(node)

    def operand(self, node: "cst.CSTNode") -> str:
        """The node's source, fit to stand beside an operator, a dot or a bracket."""
        return as_operand(self.text(node))

    def parent(self, node: "cst.CSTNode") -> "cst.CSTNode | None":
        """The node around it."""
        return self.file.parent(node)

    def replace(self, node: "cst.CSTNode", text: str, weight: float = 1.0) -> Replacement:
        """Other source for a node, in parentheses where the surroundings need them."""
        if self._binds(node):
            text = as_operand(text)
        start, end = self.file.span(node)
        return Replacement((TextEdit(start, end, text),), weight)

    def between(
        self, left: "cst.CSTNode", right: "cst.CSTNode", pattern: str, new: str, weight: float = 1.0
    ) -> Replacement | None:
        """Another operator between two operands; None where ``pattern`` is not between them."""
        start, end = self.file.span(left)[1], self.file.span(right)[0]
        found = re.search(pattern, self.file.text[start:end])
        if found is None:
            return None
        edit = TextEdit(start + found.start(), start + found.end(), new)
        return Replacement((edit,), weight)

    def before(self, lines: Iterable[str], weight: float = 1.0) -> Replacement | None:
        """New lines before the statement, indented as it is; None where nothing can stand."""
        if not self.statement.insertable:
            return None
        start, _ = self.file.line_span(self.statement.first_line, self.statement.first_line)
        text = "".join(f"{self.indent}{line}{self.newline}" for line in lines)
        return Replacement((TextEdit(start, start, text),), weight)

    @property
    def indent(self) -> str:
        """The white space the statement's line begins with."""
        return self.indent_of(self.statement)

    def indent_of(self, statement: Statement) -> str:
        """The white space another statement's line begins with."""
        start, end = self.file.line_span(statement.first_line, statement.first_line)
        line = self.file.text[start:end]
        return line[: len(line) - len(line.lstrip())]

    @property
    def newline(self) -> str:
        """The line end this file uses."""
        return "\r\n" if "\r\n" in self.file.text else "\n"

    def _binds(self, node: "cst.CSTNode") -> bool:
        import libcst as cst

        if getattr(node, "lpar", ()):
            return False
        tight = (
            cst.BaseComp,
            cst.BooleanOperation,
            cst.BinaryOperation,
            cst.UnaryOperation,
            cst.Comparison,
            cst.ComparisonTarget,
            cst.Attribute,
            cst.Await,
            cst.IfExp,
            cst.CompFor,
            cst.CompIf,
        )
        parent = self.parent(node)
        if isinstance(parent, tight):
            return True
        return (
            isinstance(parent, cst.Call | cst.Subscript)
            and getattr(parent, "func", getattr(parent, "value", None)) is node
        )


_LOOSE = (
    ast.BoolOp,
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.IfExp,
    ast.Lambda,
    ast.Await,
    ast.GeneratorExp,
    ast.NamedExpr,
    ast.Starred,
    ast.Yield,
    ast.YieldFrom,
)


def as_operand(source: str) -> str:
    """The source of an expression, in parentheses unless it is a unit already."""
    try:
        node = ast.parse(source.strip(), mode="eval").body
    except SyntaxError:
        return f"({source})"
    if isinstance(node, _LOOSE) or (isinstance(node, ast.Tuple) and not source.startswith("(")):
        return f"({source})"
    return source


def is_exception(name: str) -> bool:
    """Whether a name is that of an exception, as they are usually called."""
    return name.isidentifier() and name.endswith(("Error", "Exception", "Warning", "Exit"))


class Operator(Protocol):
    """Proposes edits of one kind."""

    name: ClassVar[str]
    """As it stands in the trajectory."""

    prior: ClassVar[float]
    """How likely a fault is of this kind, compared with the other operators, 0 to 1."""


class NodeOperator(Operator, Protocol):
    """Looks at single expressions."""

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """The replacements for one expression of the statement."""
        ...


class StatementOperator(Operator, Protocol):
    """Looks at whole statements."""

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """The replacements for the statement."""
        ...
