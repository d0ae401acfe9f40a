"""Patches in a normal form: those that say the same in other words have the same one.

Of Python, what the parser keeps of the files after the patch is compared, without docstrings, so
that formatting and comments do not count. All other files are compared as text. The texts are
hostile: they are parsed within limits, and what does not parse is taken as text as well.
"""

import ast
import hashlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.selecting.diffs import DoesNotFit, FileChange, read_changes

Base = Callable[[str], str | None]
"""The text of a file as it is without any patch, by its path; None where there is none."""

_PYTHON = (".py", ".pyi")
_MOST_PARSED = 512 * 1024
"""Characters of a file that is parsed: the parser takes a second and 200 MB for as many."""
_MOST_FILES = 1000
_MOST_TEXT = 4 * 1024**2
"""Of one patch, with the files that it changes; one of more is compared as text."""


@dataclass(frozen=True, slots=True)
class NormalForm:
    """What a patch comes to. Equal ones are patches that say the same.

    Attributes:
        files: a path and what became of it, a digest above all, in order of the paths; files in
            which nothing changes that counts are left out.
        fits: whether the patch fits the base; the text of one that does not is its normal form.
    """

    files: tuple[tuple[str, str], ...]
    fits: bool = True

    @property
    def empty(self) -> bool:
        """Whether the patch changes nothing that counts."""
        return not self.files


def normal_form(patch: str, base: Base) -> NormalForm:
    """The normal form of a patch.

    Args:
        patch: as `sandboxes.repository.diff.take_diff` gives it; whatever it is, nothing is raised.
        base: the files without it.
    """
    try:
        changes = read_changes(patch)
        size = len(patch) + sum(len(base(each.old) or "") for each in changes if each.old)
        if len(changes) > _MOST_FILES or size > _MOST_TEXT:
            raise DoesNotFit("there is too much of it to be parsed")
        files = dict(each for change in changes for each in _after(change, base))
    except DoesNotFit:
        return NormalForm((("", _digest(_as_text(patch))),), fits=False)
    return NormalForm(tuple(sorted(files.items())))


def _after(change: FileChange, base: Base) -> Iterator[tuple[str, str]]:
    """What becomes of the paths that a change names."""
    if change.old and change.old != change.new and not change.copied:
        yield change.old, "gone"
    if not change.new:
        return
    if change.mode and (change.old or change.mode != "100644"):
        yield f"{change.new} (mode)", change.mode
    if change.binary:
        yield change.new, _digest(change.binary.strip())
        return
    before = base(change.old) if change.old else ""
    if before is None:
        raise DoesNotFit(f"there is no {change.old}")
    after = _normal(change.new, change.applied(before))
    if not change.old or change.old != change.new or after != _normal(change.old, before):
        yield change.new, _digest(after)


def _normal(path: str, text: str) -> str:
    """A file as it is compared."""
    if path.endswith(_PYTHON) and (parsed := _as_python(text)) is not None:
        return parsed
    return _as_text(text)


def _as_text(text: str) -> str:
    """Without white space at the ends of lines and of the text."""
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip()


def _as_python(text: str) -> str | None:
    """What the parser keeps of it; None where it is no Python, or too much or too deep."""
    if len(text) > _MOST_PARSED:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.removeprefix("\ufeff"))
        return ast.dump(_Plain().visit(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Plain(ast.NodeTransformer):
    """Takes out what does nothing: docstrings, other bare values, ``pass``, a text's ``u``."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                kept = [each for each in block if not _does_nothing(each)]
                empty = name == "body" and not isinstance(node, ast.Module)
                setattr(node, name, kept or ([ast.Pass()] if empty else []))
        return super().generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        node.kind = None
        return node


def _does_nothing(statement: ast.AST) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Pass)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
