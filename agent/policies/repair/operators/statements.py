"""Operators on whole statements: leave one out, swap two, copy one from nearby."""

from collections.abc import Iterator
from typing import ClassVar

from agent.policies.repair.operators.operator import Replacement, Where
from agent.policies.repair.source import Statement, TextEdit


class DeleteStatement:
    """The statement replaced with ``pass``, or left out."""

    name: ClassVar[str] = "delete statement"
    prior: ClassVar[float] = 0.2

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """Without it, its lines included."""
        import libcst as cst

        statement = where.statement
        if not isinstance(statement.node, cst.SimpleStatementLine) or where.function is None:
            return
        if not statement.insertable:
            return
        start, end = where.file.line_span(statement.first_line, statement.last_line)
        text = "" if len(statement.block) > 1 else f"{where.indent}pass{where.newline}"
        yield Replacement((TextEdit(start, end, text),))


class SwapStatements:
    """Two neighbouring statements in the other order."""

    name: ClassVar[str] = "swap statements"
    prior: ClassVar[float] = 0.35

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """With the next one of the same suite."""
        import libcst as cst

        block, statement = where.statement.block, where.statement
        if where.function is None or statement not in block or not statement.insertable:
            return
        place = block.index(statement)
        if place + 1 >= len(block):
            return
        one, two = _whole(statement, where), _whole(block[place + 1], where)
        text = where.file.text
        first, second = text[one[0] : one[1]], text[two[0] : two[1]]
        ends = (cst.Return, cst.Raise, cst.Continue, cst.Break)
        node = block[place + 1].node
        if isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], ends):
            return
        if first.endswith(("\n", "\r")) and second.endswith(("\n", "\r")):
            between = text[one[1] : two[0]]
            yield Replacement((TextEdit(one[0], two[1], f"{second}{between}{first}"),))


class CopyStatement:
    """A simple statement of the same function repeated before this one."""

    name: ClassVar[str] = "copy statement"
    prior: ClassVar[float] = 0.3

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """Assignments and calls of the function, nearest first."""
        import libcst as cst

        function, statement = where.function, where.statement
        if function is None or not statement.insertable:
            return
        wanted = (cst.Assign, cst.AugAssign, cst.Expr, cst.Return, cst.Continue, cst.Break)
        known = set(function.names_at(statement.first_line))
        others = sorted(
            function.statements, key=lambda other: abs(other.first_line - statement.first_line)
        )
        seen = set()
        for other in others:
            node = other.node
            if other is statement or not isinstance(node, cst.SimpleStatementLine):
                continue
            if len(node.body) != 1 or not isinstance(node.body[0], wanted):
                continue
            text = where.text(node)
            if text in seen or "\n" in text or not _reads_known(other, known, function.bound):
                continue
            seen.add(text)
            weight = 1 / (1 + 0.1 * len(seen))
            ends = isinstance(node.body[0], cst.Return | cst.Continue | cst.Break)
            found = where.before([text], weight * (0.3 if ends else 1.0))
            if found is not None:
                yield found


def _whole(statement: Statement, where: Where) -> tuple[int, int]:
    """A statement's lines, those of its suites included."""
    first, last = where.file.lines(statement.node)
    start, end = where.file.span(statement.node)
    last = max(last, where.file.line_of(max(start, end - 1)))
    return where.file.line_span(first, last)


def _reads_known(other: Statement, known: set[str], bound: dict[str, int]) -> bool:
    """Whether the local names a statement reads are bound where it would be copied to."""
    import libcst as cst

    node = other.node
    written: set[int] = set()
    if isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], cst.Assign):
        written = {id(target.target) for target in node.body[0].targets}
    names = {
        each.value
        for each in other.expressions
        if isinstance(each, cst.Name) and id(each) not in written
    }
    return all(name in known for name in names if name in bound)
