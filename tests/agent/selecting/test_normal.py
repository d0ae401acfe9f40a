"""Normal forms: what only looks different is the same, what does something else is not."""

import ast
import bisect
import heapq
import inspect
import keyword
import random
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.selecting.normal import NormalForm, normal_form
from tests.agent.selecting.gitpatches import git_patch

SOURCES = [inspect.getsource(each) for each in (bisect, heapq, keyword, textwrap)]
RANDOM = st.randoms(use_true_random=False)


def form_of(before: str, after: str, name: str = "x.py") -> NormalForm:
    """Of the patch between two texts of one file."""
    return normal_form(git_patch({name: before}, {name: after}), {name: before}.get)


# What does not count --------------------------------------------------------------------------


def reformatted(source: str, chance: random.Random) -> str:
    """Written anew by the compiler: other white space, quotes and brackets, no comments."""
    return ast.unparse(ast.parse(source)) + "\n"


def commented(source: str, chance: random.Random) -> str:
    """Comments and empty lines before some statements."""
    lines = source.splitlines()
    for node in _statements(source):
        if chance.random() < 0.3 and not isinstance(node, ast.Expr):
            at = node.lineno - 1
            lines[at] = f"{' ' * node.col_offset}# {chance.random()}\n\n{lines[at]}"
    return "\n".join(lines) + "\n"


def documented(source: str, chance: random.Random) -> str:
    """Other docstrings, or none, or some where there were none."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and chance.random() < 0.5:
            if ast.get_docstring(node) is not None:
                del node.body[0]
            if chance.random() < 0.5 or not node.body:
                node.body.insert(0, ast.Expr(ast.Constant(f"Words {chance.random()}.")))
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


# What does ------------------------------------------------------------------------------------


def other_constant(node: ast.Constant) -> ast.Constant:
    return ast.Constant(f"not {node.value!r}")


def other_operator(node: ast.BinOp) -> ast.BinOp:
    other = ast.Add() if not isinstance(node.op, ast.Add) else ast.Sub()
    return ast.BinOp(node.left, other, node.right)


def other_comparison(node: ast.Compare) -> ast.Compare:
    other = ast.Is() if not isinstance(node.ops[0], ast.Is) else ast.Lt()
    return ast.Compare(node.left, [other, *node.ops[1:]], node.comparators)


def other_name(node: ast.Name) -> ast.Name:
    return ast.Name(f"{node.id}_", node.ctx)


CHANGES: dict[type[ast.AST], Callable] = {
    ast.Constant: other_constant,
    ast.BinOp: other_operator,
    ast.Compare: other_comparison,
    ast.Name: other_name,
}


class Changed(ast.NodeTransformer):
    """Changes one node, and nothing that does nothing anyway."""

    def __init__(self, at: int) -> None:
        self.left = at

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit(self, node: ast.AST) -> ast.AST:
        change = CHANGES.get(type(node))
        if change is not None:
            self.left -= 1
            if self.left == -1:
                return change(node)
        return super().visit(node)


def _statements(source: str) -> list[ast.stmt]:
    """Those that begin a line of their own."""
    lines = source.splitlines()
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt))
    alone = {}
    for node in found:
        decorated = getattr(node, "decorator_list", [])
        if not lines[node.lineno - 1][: node.col_offset].strip() and not decorated:
            alone[node.lineno] = node
    return [alone[line] for line in sorted(alone, reverse=True)]


REPAIRED = "\n\ndef repaired(value):\n    return value + 1\n"


@settings(max_examples=10, deadline=None)
@given(
    source=st.sampled_from(SOURCES),
    ways=st.lists(st.sampled_from([reformatted, commented, documented]), min_size=1, max_size=3),
    chance=RANDOM,
)
def test_words_and_looks_do_not_count(source: str, ways: list, chance: random.Random) -> None:
    other = source + REPAIRED
    for way in ways:
        other = way(other, chance)
    assert form_of(source, other) == form_of(source, source + REPAIRED)
    assert form_of(source, source + REPAIRED).files


@settings(max_examples=10, deadline=None)
@given(source=st.sampled_from(SOURCES), at=st.integers(0, 60))
def test_what_is_done_counts(source: str, at: int) -> None:
    changer = Changed(at)
    tree = ast.fix_missing_locations(changer.visit(ast.parse(source)))
    if changer.left >= 0:  # there are not so many
        return
    form = form_of(source, ast.unparse(tree) + "\n")
    assert form.files, "a change of what is done was lost"
    assert form.fits


def test_a_change_of_words_alone_comes_to_nothing() -> None:
    form = form_of('def f():\n    """Doc."""\n', "def f():\n    # a comment\n    pass\n")
    assert form.empty
    assert form == NormalForm(())


@pytest.mark.parametrize("source", ["x = (1\n", "x = 1 +\n  y\n", "print 'x'\n", "x = 1 2\n"])
def test_what_does_not_parse_is_text_without_white_space_at_its_ends(source: str) -> None:
    assert form_of("a\n", source) == form_of("a\n", source.replace("\n", "  \n") + "\n\n")
    assert form_of("a\n", source) != form_of("a\n", f"# x\n{source}")


def test_other_files_are_text() -> None:
    assert form_of("a\n", "b\n# x\n", "x.md") != form_of("a\n", "b\n", "x.md")
    assert form_of("a\n", "b  \r\n", "x.md") == form_of("a\n", "b\n", "x.md")


def test_files_count_by_their_paths_and_modes() -> None:
    before = {"a.py": "x = 1\n", "b.py": "y = 1\n" * 9}
    one = normal_form(git_patch(before, {**before, "c.py": "z = 1\n"}), before.get)
    other = normal_form(git_patch(before, {**before, "d.py": "z = 1\n"}), before.get)
    moved = normal_form(git_patch(before, {"a.py": "x = 1\n", "e.py": "y = 1\n" * 9}), before.get)
    gone = normal_form(git_patch(before, {"a.py": "x = 1\n"}), before.get)
    assert len({one, other, moved, gone}) == 4
    assert [path for path, _ in moved.files] == ["b.py", "e.py"]
    assert gone.files == (("b.py", "gone"),)
    mode = "diff --git a/a.py b/a.py\nold mode 100644\nnew mode 100755\n"
    assert normal_form(mode, before.get).files == (("a.py (mode)", "100755"),)


def test_a_patch_that_does_not_fit_is_its_own_text() -> None:
    patch = git_patch({"x.py": "x = 1\n"}, {"x.py": "x = 2\n"})
    for base in ({}, {"x.py": "y = 1\n"}):
        form = normal_form(patch, base.get)
        assert not form.fits
        assert form == normal_form(patch.replace("\n", " \n"), base.get)
    assert normal_form("nonsense", {}.get) != normal_form("other nonsense", {}.get)


HOSTILE = {
    "brackets": "(" * 5000 + ")" * 5000,
    "signs": "x = " + "-" * 20_000 + "1",
    "sum": "x = " + "+".join("1" for _ in range(20_000)),
    "number": "x = 0x" + "f" * 20_000,
    "nesting": "".join(" " * n + "if x:\n" for n in range(150)) + " " * 150 + "y\n",
    "size": "x = 1 # " + "y" * 1_000_000,
    "spaces": "x = (" + " " * 1_000_000 + "1",
    "mark": "\ufeffx = 1",
    "escapes": "x = '\\d' is '\\w'",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_hostile_sources_are_survived(source: str) -> None:
    form = form_of("a = 1\n", source + "\n")
    assert form.files
    assert form == form_of("a = 1\n", source + "\n")


def test_a_patch_of_too_much_is_its_own_text() -> None:
    base = {f"{n}.py": "x = 1\n" * 20_000 for n in range(50)}
    change = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"
    few, all_of_them = [*base][:5], [*base]
    assert normal_form("".join(map(change.format, few)), base.get).fits
    assert not normal_form("".join(map(change.format, all_of_them)), base.get).fits


@given(patch=st.text(max_size=300))
def test_whatever_the_patch_is_it_has_a_form(patch: str) -> None:
    assert hash(normal_form(patch, {}.get)) == hash(normal_form(patch, {}.get))
