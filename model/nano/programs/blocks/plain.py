"""Straight lines: intermediate values, unpacking, swapping, tuples."""

from model.nano.programs import words
from model.nano.programs.blocks.part import Part
from model.nano.programs.expressions import condition, integer, small
from model.nano.programs.scope import Lines, Scope

_LOCALS = ("half", "double", "rest", "base", "extra", "bonus", "margin", "delta", "product", "diff",
           "share", "tax", "shifted", "scaled", "partial")  # fmt: skip


def straight(scope: Scope) -> Part:
    """Values made of values."""
    if not scope.known("int") or scope.chance(0.3):
        scope.need("int")
    lines: Lines = []
    for _ in range(scope.rng.randint(1, 3)):
        waiting = [name for name in scope.unused if scope.kinds.get(name) == "int"]
        if waiting and scope.chance(0.3):
            name = scope.rng.choice(waiting)
            sign = scope.rng.choice(("+=", "-=", "*=", "%=", "//="))
            by = small(scope, 2, 9) if sign in ("%=", "//=") else integer(scope, 0)
            lines.append(f"{name} {sign} {by}")
            scope.unused.add(name)
            continue
        text = integer(scope)
        lines.append(f"{scope.define('int', _LOCALS)} = {text}")
    if scope.chance(0.2):
        test = condition(scope)
        lines.append(f"{scope.define('bool', ('is_big', 'matched', 'flag', 'fits'))} = {test}")
    return Part(lines, "plain", "int")


def unpacked(scope: Scope) -> Part:
    """Several names at once."""
    rng = scope.rng
    chance = rng.random()
    if chance < 0.3:
        pair = scope.need("tuple[int, int]")
        a, b = (
            scope.define("int", ("x", "start", "low", "left")),
            scope.define("int", ("y", "end", "high")),
        )
        lines = [f"{a}, {b} = {pair}"]
        if scope.chance(0.5):
            lines += [f"if {a} > {b}:", f"    {a}, {b} = {b}, {a}"]
        return Part(lines, "plain", "tuple[int, int]")
    if chance < 0.55:
        items = scope.need("list[int]")
        first, rest = (
            scope.define("int", ("first", "head")),
            scope.define("list[int]", ("rest", "tail")),
        )
        text = rng.choice((f"{first}, *{rest} = {items}", f"*{rest}, {first} = {items}"))
        return Part([f"if not {items}:", "    return None", text], "plain", "list[int]")
    if chance < 0.8:
        a, b = scope.need("int"), scope.need("int", fresh=0.9)
        if a == b:
            b = small(scope, 2, 7)
            q, r = (
                scope.define("int", ("quotient", "whole", "rows")),
                scope.define("int", ("remainder", "left")),
            )
            return Part([f"{q}, {r} = divmod({a}, {b})"], "plain", "int")
        lines = [f"if {a} < {b}:", f"    {a}, {b} = {b}, {a}"] if scope.chance(0.5) else []
        scope.unused |= {a, b}
        return Part(
            [*lines, f"{a}, {b} = {b}, {rng.choice((f'{a} + {b}', f'{a} - {b}', a))}"],
            "plain",
            "int",
        )
    count = rng.randint(2, 4)
    a, b = (
        scope.define("int", ("a", "previous", "old")),
        scope.define("int", ("b", "current", "new")),
    )
    name = scope.fresh(("_", "step"))
    lines = [
        f"{a}, {b} = {rng.choice(('0, 1', '1, 1', '1, 2', '2, 1'))}",
        f"for {name} in range({count}):",
    ]
    return Part([*lines, f"    {a}, {b} = {b}, {a} + {b}"], "plain", "int")


def joined(scope: Scope) -> Part:
    """Values put into a tuple, a list or a dictionary."""
    rng = scope.rng
    a, b = integer(scope), integer(scope, 0)
    chance = rng.random()
    if chance < 0.4:
        name = scope.define("list[int]", ("values", "steps", "sizes", "options"))
        return Part([f"{name} = [{a}, {b}, {small(scope)}]"], "plain", "int")
    if chance < 0.7:
        name = scope.define("tuple[int, int]", ("pair", "bounds", "point"))
        return Part([f"{name} = ({a}, {b})"], "plain", "int")
    name = scope.define("dict[str, int]", ("result", "report", "info", "table"))
    one, two = rng.sample(words.KEYS, 2)
    lines = [f'{name} = {{"{one}": {a}, "{two}": {b}}}']
    if scope.chance(0.5):
        lines += [f'{name}["{rng.choice(words.KEYS)}"] = {small(scope)}']
    return Part(lines, "plain", "int")
