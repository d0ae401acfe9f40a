"""One program after the other, of the grammar or of an idiom; nothing is run here."""

import ast
import random

from model.nano.programs import idioms
from model.nano.programs.functions import function, helper
from model.nano.programs.mix import Mix, Size
from model.nano.programs.program import Generated
from model.nano.programs.scope import Lines, Scope, Signature

_MOST_LINES = 25
_MOST_WIDTH = 96


def generate(rng: random.Random, mix: Mix, size: Size) -> Generated:
    """A program.

    Args:
        rng: what is drawn; the same state gives the same program.
        mix: how often what is drawn.
        size: about how long it is.
    """
    chance = rng.random()
    kept = "kept " if mix.held else ""
    if chance < mix.endless:
        return idioms.drawn(rng, mix, f"{kept}endless")
    if chance < mix.endless + mix.recursion:
        return idioms.drawn(rng, mix, f"{kept}recursive")
    if chance < mix.endless + mix.recursion + mix.idioms:
        return idioms.drawn(rng, mix, "known")
    while True:
        program = _composed(rng, mix, size)
        if is_sound(program.source):
            return program


def is_sound(source: str) -> bool:
    """Whether it parses, is not too long, and has no name that is never read."""
    lines = source.splitlines()
    if len(lines) > _MOST_LINES + 3 or max(map(len, lines), default=999) > _MOST_WIDTH:
        return False
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return False
    if any(_says_nothing(node) for node in ast.walk(tree)):
        return False
    return all(_all_read(node) for node in tree.body if isinstance(node, ast.FunctionDef))


def _composed(rng: random.Random, mix: Mix, size: Size) -> Generated:
    names: set[str] = set()
    helpers: list[Signature] = []
    lines: Lines = []
    if rng.random() < mix.helpers:
        for _ in range(rng.choice((1, 1, 1, 1, 2))):
            signature, made = helper(Scope(rng, mix), names)
            helpers.append(signature)
            lines += [*made, "", ""]
    scope = Scope(rng, mix, tuple(helpers))
    scope.taken |= names
    signature, made = function(scope, size, names)
    text = "\n".join(made)
    if any(f"{helper_.name}(" not in text for helper_ in helpers):
        lines = []
        if any(f"{helper_.name}(" in text for helper_ in helpers):
            return Generated("", signature, "grammar")  # one of two is missing: drawn anew
    return Generated("\n".join([*lines, text]) + "\n", signature, "grammar")


def _says_nothing(node: ast.AST) -> bool:
    """Whether something is compared with itself, taken from itself or assigned to itself."""
    match node:
        case ast.Compare(left=left, comparators=[right, *_]) if type(right) is not ast.Subscript:
            return ast.dump(left) == ast.dump(right)
        case ast.BinOp(left=left, op=ast.Sub() | ast.FloorDiv() | ast.Mod(), right=right):
            return ast.dump(left) == ast.dump(right)
        case ast.For(target=ast.Name(id=name), iter=ast.Name(id=many)):
            return any(_is_member(inner, name, many) for inner in node.body)
        case ast.comprehension(target=ast.Name(id=name), iter=ast.Name(id=many)):
            return any(_is_member(test, name, many) for test in node.ifs)
        case ast.Call(func=ast.Name(id="max" | "min"), args=[left, right]):
            return ast.dump(left) == ast.dump(right)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=other)):
            return name == other
        case _:
            return False


def _is_member(tree: ast.AST, name: str, many: str) -> bool:
    """Whether it is asked if one of many is one of them."""
    return any(
        isinstance(node, ast.Compare)
        and isinstance(node.ops[0], ast.In | ast.NotIn)
        and isinstance(node.left, ast.Name)
        and isinstance(node.comparators[0], ast.Name)
        and (node.left.id, node.comparators[0].id) == (name, many)
        for node in ast.walk(tree)
    )


def _all_read(function: ast.FunctionDef) -> bool:
    stored: set[str] = set()
    read: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Name(ctx=ast.Store()):
                stored.add(node.id)
            case ast.Name():
                read.add(node.id)
            case ast.AugAssign(target=ast.Name(id=name)):
                stored.add(name)
            case ast.arg():
                stored.add(node.arg)
    return stored - read <= {"_", "step"}
