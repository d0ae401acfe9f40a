"""An operator on regular expressions: what a pattern lets through by one character."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from agent.policies.repair.operators.operator import Replacement, Where
from agent.policies.repair.source import TextEdit

if TYPE_CHECKING:
    import libcst as cst

_READERS = {"compile", "match", "fullmatch", "search", "split", "sub", "subn", "findall"}
_READERS |= {"finditer", "Scanner"}
_LONGEST = 2000

Change = tuple[int, int, str, float]
"""Start and end within the pattern, the new text, the weight."""

_QUANTIFIERS = {"*": ("+", "?", "*?", ""), "+": ("*", "+?", ""), "?": ("", "*")}
_KINDS = {"s": "S", "S": "s", "d": "w", "D": "W", "w": "S", "W": "s", "b": "B", "B": "b"}
_PART = re.compile(
    r"(?<=\s)#[^\n]*|(?P<backslashes>\\{2,})|\\(?P<kind>[sSdDwWbB])|\\.|(?P<opens>\(\?[^)]?)"
    r"|\[(?P<members>\^?\]?(?:\\.|[^\]\\])*)\]|(?P<quantifier>[*+?])(?P<lazy>\?)?"
    r"|(?P<anchor>[\^$])|(?P<any>\.)",
    re.DOTALL,
)


class Pattern:
    """A quantifier, a class, an anchor, a dot or an escape of a pattern changed."""

    name: ClassVar[str] = "pattern"
    prior: ClassVar[float] = 0.4

    def propose(self, node: "cst.CSTNode", where: Where) -> Iterator[Replacement]:
        """Only of strings that are raw or handed to `re`, as it is a pattern nowhere else."""
        import libcst as cst

        if not isinstance(node, cst.SimpleString) or "b" in node.prefix:
            return
        if "r" not in node.prefix and not _is_read_as_pattern(node, where):
            return
        start, end = where.file.span(node)
        start += len(node.prefix) + len(node.quote)
        text = where.file.text[start : end - len(node.quote)]
        if len(text) > _LONGEST:
            return
        for first, last, new, weight in changes(text):
            yield Replacement((TextEdit(start + first, start + last, new),), weight)


def changes(pattern: str) -> Iterator[Change]:
    """Every change of one place of a pattern, as its source has it."""
    for found in _PART.finditer(pattern):
        yield from _changes_at(found)
    yield len(pattern), len(pattern), "$", 0.4
    yield 0, 0, "^", 0.3


def _changes_at(found: "re.Match[str]") -> Iterator[Change]:
    start, end = found.span()
    if found["quantifier"] is not None:
        if found["lazy"] is not None:
            yield end - 1, end, "", 0.8
            return
        for place, new in enumerate(_QUANTIFIERS[found["quantifier"]]):
            yield start, end, new, 1.0 if place == 0 else 0.6
    elif found["members"] is not None:
        yield from _class_changes(found["members"], start + 1)
    elif found["anchor"] is not None:
        yield start, end, "", 0.6
        if found["anchor"] == "$":
            yield start, end, r"\Z", 0.5
    elif found["any"] is not None:
        yield start, end, r"\.", 0.9
    elif found["backslashes"] is not None:
        yield start, start, "\\", 0.7
        yield start, start + 1, "", 0.5
    elif found["kind"] is not None:
        yield end - 1, end, _KINDS[found["kind"]], 0.5


def _class_changes(members: str, start: int) -> Iterator[Change]:
    """A class without one of its members, turned round, or with one more."""
    negated = members.startswith("^")
    yield (start, start + 1, "", 0.4) if negated else (start, start, "^", 0.3)
    listed = list(re.finditer(r"\\.|.-[^\]]|.", members[negated:], re.DOTALL))
    for member in listed if len(listed) > 1 else ():
        first, last = (start + negated + place for place in member.span())
        yield first, last, "", 0.8
    for more in ("_", "-", ".", r"\s"):
        if more not in members:
            place = start + len(members)
            yield place, place, more, 0.4


def _is_read_as_pattern(node: "cst.CSTNode", where: Where) -> bool:
    import libcst as cst

    parent = where.parent(node)
    while isinstance(parent, cst.ConcatenatedString):
        parent = where.parent(parent)
    call = where.parent(parent) if isinstance(parent, cst.Arg) else None
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
        return False
    return call.func.attr.value in _READERS and call.args[0] is parent
