"""Operators that add what is missing before a value is used: guards, defaults, handlers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from agent.policies.repair.operators.operator import Hints, Replacement, Where, as_operand
from agent.policies.repair.source import Function, Statement, TextEdit

if TYPE_CHECKING:
    import libcst as cst

_MOST_NAMES = 8


class GuardStatement:
    """``if x is None: return ...`` (or ``continue``, or ``raise``) before a statement."""

    name: ClassVar[str] = "guard"
    prior: ClassVar[float] = 0.5

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """Each likely name, each way of being absent, each way out."""
        import libcst as cst

        function = where.function
        node = where.statement.node
        if function is None or isinstance(node, cst.FunctionDef | cst.ClassDef):
            return
        used = _names(where.statement, where)
        subjects = [name for name in used if name in function.names_at(where.statement.first_line)]
        subjects += [
            name
            for name in function.names_at(where.statement.first_line)
            if name not in subjects and name not in ("self", "cls")
        ]
        for place, subject in enumerate(subjects[:_MOST_NAMES]):
            likely = 1.0 if subject in used else 0.5
            likely /= 1 + 0.1 * place
            for condition, weight in _absences(subject, where.hints):
                for way, chance in _ways_out(function, where):
                    found = where.before(
                        [f"if {condition}:", f"{step(where)}{way}"], likely * weight * chance
                    )
                    if found is not None:
                        yield found


class ConjunctGuard:
    """``and x`` or ``and x is not None`` added to a condition; ``or not x`` as well."""

    name: ClassVar[str] = "guarded condition"
    prior: ClassVar[float] = 0.45

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """The condition made narrower, or wider, by one name."""
        import libcst as cst

        node, function = where.statement.node, where.function
        if not isinstance(node, cst.If | cst.While) or function is None:
            return
        condition = as_operand(where.text(node.test))
        local = function.names_at(where.statement.first_line)
        # Of what is neither bound here nor an attribute of it, the truth is known beforehand.
        used = [name for name in _names(where.statement, where) if name.partition(".")[0] in local]
        names = [name for name in dict.fromkeys([*used, *local]) if name not in ("self", "cls")]
        for place, name in enumerate(names[:_MOST_NAMES]):
            likely = 1 / (1 + 0.15 * place)
            # Of what a condition asks about, that it must be absent too would seldom ever hold.
            absent = 0.1 if name in used else 0.5
            for added, wider, narrower in (
                (f"{name} is not None", 1.0, 1.0),
                (f"{name}", 0.9, 0.9),
                (f"not {name}", 0.5, absent),
                (f"{name} is None", 0.5, absent),
            ):
                yield where.replace(node.test, f"{added} and {condition}", likely * narrower)
                yield where.replace(node.test, f"{condition} or {added}", likely * wider * 0.6)


class DefaultValue:
    """``x`` to ``x or ''``: a value for what may be None or empty."""

    name: ClassVar[str] = "default value"
    prior: ClassVar[float] = 0.35

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """The usual empty values, after ``or``."""
        import libcst as cst

        if not isinstance(node, cst.Name | cst.Attribute | cst.Call | cst.Subscript):
            return
        if not is_value(node, where):
            return
        text = where.text(node)
        for default, weight in (("''", 0.6), ("[]", 0.6), ("{}", 0.5), ("0", 0.5), ("()", 0.4)):
            yield where.replace(node, f"{text} or {default}", weight)


class ExceptionKind:
    """Another exception type in ``except`` and ``raise``, or one more in ``except``."""

    name: ClassVar[str] = "exception type"
    prior: ClassVar[float] = 0.55

    _USUAL = (
        "ValueError",
        "TypeError",
        "KeyError",
        "IndexError",
        "AttributeError",
        "OverflowError",
        "LookupError",
        "Exception",
    )

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """What the failing tests died of first, then what they name, then the usual ones."""
        import libcst as cst

        node = where.statement.node
        if isinstance(node, cst.ExceptHandler) and node.type is not None:
            text = where.text(node.type)
            inside = text.strip("()")
            for name, weight in self._names(where, where.hints.exceptions):
                if name in text:
                    continue
                yield where.replace(node.type, _tuple(inside, name), weight)
                yield where.replace(node.type, name, weight * 0.3)
        elif isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], cst.Raise):
            error = node.body[0].exc
            kind = error.func if isinstance(error, cst.Call) else error
            if kind is not None:
                for name, weight in self._names(where, where.hints.expected):
                    if name != where.text(kind):
                        yield where.replace(kind, name, weight)

    def _names(self, where: Where, hinted: tuple[str, ...]) -> Iterator[tuple[str, float]]:
        yield from ((name, 1.0) for name in hinted)
        yield from ((name, 0.2) for name in self._USUAL if name not in hinted)


class TryStatement:
    """The statement put into a ``try`` that treats the failing tests' exception as no result."""

    name: ClassVar[str] = "handler"
    prior: ClassVar[float] = 0.2

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """Each exception the failing tests died of, each way out."""
        import libcst as cst

        statement, function = where.statement, where.function
        if function is None or not isinstance(statement.node, cst.SimpleStatementLine):
            return
        if not statement.insertable or statement.first_line != statement.last_line:
            return
        kinds = [kind for kind in where.hints.exceptions if kind != "AssertionError"]
        start, end = where.file.line_span(statement.first_line, statement.last_line)
        line = where.file.text[start:end].rstrip("\r\n")
        indent, newline = where.indent, where.newline
        for kind in kinds[:2]:
            for way, chance in _ways_out(function, where):
                lines = [
                    f"{indent}try:",
                    f"{step(where)}{line}",
                    f"{indent}except {kind}:",
                    f"{indent}{step(where)}{way}",
                    "",
                ]
                yield Replacement((TextEdit(start, end, newline.join(lines)),), chance)


def is_value(node: "cst.CSTNode", where: Where) -> bool:
    """Whether the node is read for its value, and is not merely part of a longer name or call."""
    import libcst as cst

    parent = where.parent(node)
    if isinstance(parent, cst.Call | cst.Attribute):
        return False
    if isinstance(parent, cst.Subscript):
        return parent.value is not node
    if isinstance(parent, cst.AssignTarget | cst.Del | cst.Decorator | cst.Param | cst.NameItem):
        return False
    if isinstance(parent, cst.AnnAssign | cst.AugAssign | cst.For | cst.CompFor | cst.NamedExpr):
        return parent.target is not node
    if isinstance(parent, cst.Arg):
        return parent.keyword is not node and where.parent(parent) is not None
    if isinstance(parent, cst.Element | cst.StarredElement):
        return is_value(where.parent(parent) or parent, where)
    return not isinstance(parent, cst.Expr | cst.ImportAlias | cst.AsName)


def _names(statement: Statement, where: Where) -> list[str]:
    """The names, and the attributes of names, a statement reads, each once."""
    import libcst as cst

    found = []
    for node in statement.expressions:
        if isinstance(node, cst.Name) and is_variable(node, where):
            found.append(node.value)
        elif (
            isinstance(node, cst.Attribute)
            and isinstance(node.value, cst.Name)
            and not isinstance(where.parent(node), cst.Call)
        ):
            found.append(where.text(node))
    return list(dict.fromkeys(name for name in found if name not in ("self", "cls")))


def is_variable(node: "cst.Name", where: Where) -> bool:
    """Whether a name stands for a variable: no keyword, no attribute, no constant."""
    import libcst as cst

    parent = where.parent(node)
    if isinstance(parent, cst.Attribute) and parent.attr is node:
        return False
    if isinstance(parent, cst.Arg) and parent.keyword is node:
        return False
    return node.value not in ("True", "False", "None")


_OUT_OF_RANGE = {"IndexError", "KeyError", "StopIteration"}


def _absences(subject: str, hints: Hints) -> tuple[tuple[str, float], ...]:
    """How a value may be absent, by what the failing tests died of."""
    died = set(hints.exceptions) - {"AssertionError", "Failed"}
    none = 1.0 if hints.none or not died else 0.5
    short = 1.0 if died & _OUT_OF_RANGE else 0.4 if died else 0.6
    return (
        (f"{subject} is None", none),
        (f"not {subject}", 0.9),
        (f"len({subject}) < 2", short),
        (f"{subject}", 0.15),
        (f"{subject} is not None", 0.15),
    )


def _ways_out(function: Function, where: Where) -> list[tuple[str, float]]:
    """How the function may end early here: as it does elsewhere first, then the usual ways."""
    import libcst as cst

    ways: dict[str, float] = {}
    known = set(function.names_at(where.statement.first_line))
    for statement in function.statements:
        node = statement.node
        if isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], cst.Return):
            value = node.body[0].value
            text = f"return {where.text(value)}" if value is not None else "return"
            names = {each.value for each in statement.expressions if isinstance(each, cst.Name)}
            local = names & set(function.bound)
            if len(text) <= 60 and local <= known:
                ways.setdefault(text, 1.0)
    latest = function.names_at(where.statement.first_line)[:1]
    for name in latest:
        ways.setdefault(f"return {name}", 0.6)
    if _in_loop(where):
        ways["continue"] = 1.0
        ways["break"] = 0.4
    for way, weight in (("return None", 0.7), ("return False", 0.5), ("return True", 0.3)):
        ways.setdefault(way, weight)
    return list(ways.items())


def _in_loop(where: Where) -> bool:
    import libcst as cst

    node: cst.CSTNode | None = where.statement.node
    while node is not None and not isinstance(node, cst.FunctionDef | cst.ClassDef):
        node = where.parent(node)
        if isinstance(node, cst.For | cst.While):
            return True
    return False


def step(where: Where) -> str:
    """One level of indentation, as this file does it."""
    step = where.file.module.default_indent
    return step or "    "


def _tuple(inside: str, name: str) -> str:
    return f"({inside.rstrip(', ')}, {name})"
