"""An operator on what is handed out: leave it out when it is empty."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from agent.policies.repair.operators.guards import step
from agent.policies.repair.operators.operator import Replacement, Where
from agent.policies.repair.source import TextEdit

if TYPE_CHECKING:
    import libcst as cst

_NAMES = ("rest", "found", "value", "something")


class SkipEmpty:
    """``yield x`` to ``if x: yield x``; the same for ``things.append(x)``."""

    name: ClassVar[str] = "skip empty"
    prior: ClassVar[float] = 0.4

    def propose_statement(self, where: Where) -> Iterator[Replacement]:
        """For a name straight away; for anything else by way of a new one."""
        import libcst as cst

        node = where.statement.node
        function = where.function
        if function is None or not isinstance(node, cst.SimpleStatementLine):
            return
        handed = _handed_out(node)
        if handed is None:
            return
        start, end = where.file.span(node)
        text, subject = where.text(node), where.text(handed)
        indent = where.indent + step(where)
        if isinstance(handed, cst.Name):
            for condition, weight in ((subject, 1.0), (f"{subject} is not None", 0.5)):
                guarded = f"if {condition}:{where.newline}{indent}{text}"
                yield Replacement((TextEdit(start, end, guarded),), weight)
            return
        name = next((each for each in _NAMES if each not in function.bound), None)
        if name is None or "\n" in text:
            return
        first, last = where.file.span(handed)
        again = text[: first - start] + name + text[last - start :]
        lines = (f"{name} = {subject}", f"{where.indent}if {name}:", f"{indent}{again}")
        yield Replacement((TextEdit(start, end, where.newline.join(lines)),), 0.8)


def _handed_out(node: "cst.SimpleStatementLine") -> "cst.BaseExpression | None":
    """What a statement yields, or adds to a collection."""
    import libcst as cst

    if len(node.body) != 1 or not isinstance(node.body[0], cst.Expr):
        return None
    value = node.body[0].value
    if isinstance(value, cst.Yield):
        return value.value if isinstance(value.value, cst.BaseExpression) else None
    if (
        isinstance(value, cst.Call)
        and isinstance(value.func, cst.Attribute)
        and value.func.attr.value in ("append", "add")
        and len(value.args) == 1
        and not value.args[0].star
    ):
        return value.args[0].value
    return None
