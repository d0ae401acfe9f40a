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
    return scope.rng.choices((_of_pair, _of_list, _swapped, _sequence), (6, 5, 5, 4))[0](scope)


def _of_pair(scope: Scope) -> Part:
    pair = scope.need("tuple[int, int]")
    a = scope.define("int", ("x", "start", "low", "left"))
    b = scope.define("int", ("y", "end", "high"))
    lines = [f"{a}, {b} = {pair}"]
    if scope.chance(0.5):
        lines += [f"if {a} > {b}:", f"    {a}, {b} = {b}, {a}"]
    return Part(lines, "plain", "tuple[int, int]")


def _of_list(scope: Scope) -> Part:
    items = scope.need("list[int]")
    first = scope.define("int", ("first", "head"))
    rest = scope.define("list[int]", ("rest", "tail"))
    text = scope.rng.choice((f"{first}, *{rest} = {items}", f"*{rest}, {first} = {items}"))
    return Part([f"if not {items}:", "    return None", text], "plain", "list[int]")


def _swapped(scope: Scope) -> Part:
    a, b = scope.need("int"), scope.need("int", fresh=0.9)
    if a == b:
        whole = scope.define("int", ("quotient", "whole", "rows"))
        rest = scope.define("int", ("remainder", "left"))
        return Part([f"{whole}, {rest} = divmod({a}, {small(scope, 2, 7)})"], "plain", "int")
    lines = [f"if {a} < {b}:", f"    {a}, {b} = {b}, {a}"] if scope.chance(0.5) else []
    scope.unused |= {a, b}
    second = scope.rng.choice((f"{a} + {b}", f"{a} - {b}", a))
    return Part([*lines, f"{a}, {b} = {b}, {second}"], "plain", "int")


def _sequence(scope: Scope) -> Part:
    a = scope.define("int", ("a", "previous", "old"))
    b = scope.define("int", ("b", "current", "new"))
    name = scope.fresh(("_", "step"))
    start = scope.rng.choice(("0, 1", "1, 1", "1, 2", "2, 1"))
    lines = [f"{a}, {b} = {start}", f"for {name} in range({scope.rng.randint(2, 4)}):"]
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
