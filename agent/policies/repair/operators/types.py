"""An operator on tests for a type: another type, one more, or one less."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from agent.policies.repair.operators.operator import Replacement, Where

if TYPE_CHECKING:
    import libcst as cst

_USUAL = ("str", "bytes", "int", "float", "list", "tuple", "dict", "set", "bool")


class TypeTest:
    """``isinstance(x, T)`` to ``isinstance(x, (T, str))``, ``... and not isinstance(x, str)``."""

    name: ClassVar[str] = "type test"
    prior: ClassVar[float] = 0.5

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """Types that errors and the issue name first."""
        import libcst as cst

        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Name):
            return
        if node.func.value != "isinstance" or len(node.args) != 2:
            return
        subject, value = where.text(node.args[0].value), node.args[1].value
        # A tuple's own parentheses stay where they are, whatever comes between them.
        inside = where.text(value).rstrip(", ")
        opens, closes = ("", "") if isinstance(value, cst.Tuple) else ("(", ")")
        known = [kind.strip() for kind in inside.split(",")]
        for kind in dict.fromkeys([*where.hints.types, *_USUAL]):
            likely = 1.0 if _is_named(kind, where) else 0.5
            if kind in known:
                rest = ", ".join(other for other in known if other != kind)
                if rest:
                    yield where.replace(value, rest, 0.5 * likely)
                continue
            yield where.replace(value, f"{opens}{inside}, {kind}{closes}", likely)
            narrower = f"{where.text(node)} and not isinstance({subject}, {kind})"
            yield where.replace(node, narrower, 0.8 * likely)
            yield where.replace(value, kind, 0.5 * likely)


_SPOKEN = {"str": "string", "int": "integer", "list": "lists", "tuple": "tuples"}


def _is_named(kind: str, where: Where) -> bool:
    words = where.hints.words
    return kind in where.hints.types or kind in words or _SPOKEN.get(kind, kind) in words
