"""What the failing tests and the issue tell about the edit that is wanted."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from agent.policies.repair.localise import Recorded, words_of
from agent.policies.repair.operators.operator import Hints, is_exception

_MOST_LITERALS = 24


def gather_hints(text: str, failing: Iterable[Recorded], sources: Mapping[str, bytes]) -> Hints:
    """Hints for the operators.

    Args:
        text: the issue's.
        failing: the tests to repair, as recorded.
        sources: test files by path.
    """
    runs = list(failing)
    literals: list[str] = []
    names: list[str] = []
    for run in runs:
        literals += _shown(run)
        path, _, rest = run.test.partition("::")
        for node in _test_nodes(sources.get(path, b""), rest):
            literals += _literals(node)
            names += _exceptions(node)
    died = [run.error[0] for run in runs if run.error is not None]
    return Hints(
        exceptions=tuple(dict.fromkeys(name for name in died if is_exception(name))),
        none=any("None" in run.error[1] for run in runs if run.error and not _asserted(run)),
        types=tuple(dict.fromkeys(name for run in runs for name in _types(run))),
        expected=tuple(dict.fromkeys(names)),
        literals=tuple(dict.fromkeys(literals))[:_MOST_LITERALS],
        words=words_of(text),
    )


_TYPES = {"str", "int", "float", "bytes", "list", "tuple", "dict", "set", "bool"}


def _types(run: Recorded) -> list[str]:
    """The built-in types a type error's message names: what does not fit together."""
    if run.error is None or run.error[0] != "TypeError":
        return []
    return [name for name in re.findall(r"\w+", run.error[1]) if name in _TYPES]


def _shown(run: Recorded) -> Iterator[str]:
    """The values a failed assertion compared, and the parameters in a test's id."""
    message = run.error[1] if run.error is not None and _asserted(run) else ""
    for found in re.findall(_VALUE, message.partition("\n")[0]):
        yield from _literals(ast.parse(found, mode="eval"))
    for part in filter(None, run.test.partition("[")[2].rstrip("]").split("-")):
        yield part if re.fullmatch(_NUMBER, part) else repr(part)


_NUMBER = r"(?:0|[1-9]\d{0,19})"
_VALUE = rf"""'[^'\\\n]{{0,40}}'|"[^"\\\n]{{0,40}}"|\b{_NUMBER}\b"""


def _asserted(run: Recorded) -> bool:
    """Whether the test died of its own assertion, which says what it likes."""
    return run.error is not None and run.error[0] in ("AssertionError", "Failed")


def _test_nodes(source: bytes, rest: str) -> Iterator[ast.AST]:
    """The function a test id ends with."""
    name = rest.partition("[")[0].rpartition("::")[2]
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            yield from node.body


def _literals(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Constant) or isinstance(inner.value, bool):
            continue
        if isinstance(inner.value, str | int) and len(repr(inner.value)) <= 40:
            yield repr(inner.value)


def _exceptions(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and is_exception(inner.id):
            yield inner.id
        elif isinstance(inner, ast.Attribute) and is_exception(inner.attr):
            yield inner.attr
