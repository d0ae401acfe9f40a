"""What a program that was written is tried on, and whether it passes."""

import ast
import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from model.questions.checks import Check, Checked, CodeCheck, ScriptCheck, ValueCheck
from model.questions.literals import NotLiteral, literal, module, parsed, unparsed

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is to hold.

    Attributes:
        check: what is run for it.
        expected: the value of the call, or what the script is to print; empty for statements, which
            are to come to their end.
        loose: whether tuples count as lists, as in cases that were written in JSON.
    """

    check: Check
    expected: str = ""
    loose: bool = False

    @property
    def shown(self) -> str:
        """It, in a line."""
        match self.check:
            case ValueCheck(call):
                text = f"{call} == {self.expected}"
            case CodeCheck(code):
                text = code
            case ScriptCheck(stdin):
                text = f"{stdin!r} -> {self.expected!r}"
        line = " ".join(text.split())
        return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"

    def passed(self, found: Checked) -> bool:
        """Whether that is what was to come of it."""
        if found.end != "done":
            return False
        if isinstance(self.check, ScriptCheck):
            return same_output(found.stdout, self.expected)
        return bool(found.equal) or (self.loose and _same_json(found.value, self.expected))


def compared(text: str) -> Case:
    """A case from a comparison: ``f(1) == 2``, or ``assert f(1) == 2``.

    What compares otherwise, or more, is statements.

    Raises:
        ValueError: it does not parse.
    """
    text = text.strip()
    node = parsed(text.removeprefix("assert "))
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
        call, expected = unparsed(node.left), unparsed(node.comparators[0])
        if call and expected and isinstance(node.left, ast.Call):
            return Case(ValueCheck(call, expected), expected)
    if node is not None and not text.startswith("assert "):
        text = f"assert {text}"
    if module(text) is None:
        raise ValueError("it does not parse")
    return Case(CodeCheck(text))


def doctests(text: str) -> list[Case]:
    """The examples of a docstring: calls after ``>>>``, each with the line below it."""
    lines = [line.strip() for line in text.splitlines()]
    found = []
    for line, after in pairwise(lines):
        call = line.removeprefix(">>>").strip() if line.startswith(">>>") else ""
        node, value = parsed(call), parsed(after)
        if isinstance(node, ast.Call) and value is not None and not after.startswith(">>>"):
            found.append(Case(ValueCheck(unparsed(node), unparsed(value)), unparsed(value)))
    return found


def same_output(printed: str, expected: str) -> bool:
    """Whether a script printed what it should, but for white space and how numbers are written."""
    left, right = printed.split("\n"), expected.split("\n")
    if [line.split() for line in left if line.strip()] == [
        line.split() for line in right if line.strip()
    ]:
        return True
    words, others = printed.split(), expected.split()
    return len(words) == len(others) and all(map(_same_word, words, others))


def _same_word(left: str, right: str) -> bool:
    if left == right:
        return True
    try:
        return Decimal(left) == Decimal(right)
    except InvalidOperation:
        return False


def _same_json(value: str, expected: str) -> bool:
    try:
        return bool(json.loads(json.dumps(literal(value))) == literal(expected))
    except (NotLiteral, TypeError, ValueError, RecursionError):
        return False
