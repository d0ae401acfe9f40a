"""Loops that make one value of many: a sum, a number, the best, a place."""

from model.nano.programs import words
from model.nano.programs.blocks.part import Part, element, left_early, loop
from model.nano.programs.expressions import (
    char_condition,
    condition,
    integer_of,
    small,
    text_condition,
)
from model.nano.programs.scope import Lines, Scope


def summed(scope: Scope) -> Part:
    """The elements of a list are added up, or multiplied."""
    items = scope.need("list[int]")
    total = scope.define("int", words.SUMS)
    item = element(scope, items, "int")
    sign = scope.rng.choice(("+", "+", "+", "+", "-", "*"))
    start = "1" if sign == "*" else scope.rng.choice(("0", "0", "0", small(scope)))
    change = f"{total} {sign}= {integer_of(scope, item) if scope.chance(0.55) else item}"
    if sign == "*":
        change = f"{total} *= {item}"
    body = left_early(scope, item)
    chance = scope.rng.random()
    if chance < 0.4:
        body += [f"if {condition(scope, item)}:", f"    {change}"]
        if scope.chance(0.4):
            other = scope.rng.choice((f"{total} -= {item}", f"{total} += 1", f"{total} -= 1"))
            body += ["else:", f"    {other}"]
    elif chance < 0.5:
        body += [change, f"if {total} > {small(scope, 10, 40)}:", "    break"]
    else:
        body += [change]
    scope.forget(item)
    return Part([f"{total} = {start}", *loop(f"for {item} in {items}:", body)], "sum", "list[int]")


def counted(scope: Scope) -> Part:
    """The elements for which something holds are counted."""
    count = scope.define("int", words.COUNTS)
    kind = scope.rng.choice(("str", "str", "list[int]", "list[str]"))
    items = scope.need(kind)
    if kind == "str":
        item = scope.define("char", words.CHARS)
        test = char_condition(scope, item)
    elif kind == "list[int]":
        item = element(scope, items, "int")
        test = condition(scope, item)
    else:
        item = element(scope, items, "str")
        test = text_condition(scope, item)
    body: Lines = []
    if scope.chance(0.75):
        body += [f"if {test}:", f"    {count} += 1"]
        if scope.chance(0.15):
            body += ["else:", f"    {count} = {scope.rng.choice(('0', f'max({count} - 1, 0)'))}"]
    else:
        body += [f"if not ({test}):" if " " in test else f"if not {test}:"]
        body += ["    continue", f"{count} += 1"]
    scope.forget(item)
    return Part([f"{count} = 0", *loop(f"for {item} in {items}:", body)], "count", kind)


def best(scope: Scope) -> Part:
    """The largest or the smallest element, by hand."""
    sign = scope.rng.choice("<>>")
    if scope.chance(0.4):
        items = scope.need("list[str]")
        top = scope.define("str", ("longest", "best", "result", "choice"))
        item = element(scope, items, "str")
        start, test = '""', f"len({item}) {sign} len({top})"
        if sign == "<":
            test = f"not {top} or {test}"
    else:
        items = scope.need("list[int]")
        top = scope.define("int", words.BEST)
        item = element(scope, items, "int")
        start, test = scope.rng.choice(("0", "-1", "-99")), f"{item} > {top}"
        if sign == "<":
            start, test = scope.rng.choice(("99", "100", "50")), f"{item} < {top}"
    kind = scope.kinds[items]
    scope.forget(item)
    body = [f"if {test}:", f"    {top} = {item}"]
    return Part([f"{top} = {start}", *loop(f"for {item} in {items}:", body)], "best", kind)


def found(scope: Scope) -> Part:
    """The first element for which something holds, or its index, is returned."""
    kind = scope.rng.choice(("list[int]", "list[int]", "list[str]", "str"))
    items = scope.need(kind)
    numbered = not scope.may_return or scope.chance(0.55)
    index = scope.define("int", words.INDEXES) if numbered else ""
    if kind == "list[int]":
        item = element(scope, items, "int")
        test = condition(scope, item)
        if scope.chance(0.4):
            test = f"{item} == {scope.need('int')}"
    elif kind == "list[str]":
        item = element(scope, items, "str")
        test = text_condition(scope, item)
    else:
        item = scope.define("char", words.CHARS)
        test = char_condition(scope, item)
    head = f"for {index}, {item} in enumerate({items}):" if index else f"for {item} in {items}:"
    given, missing = (index, "-1") if index else (item, "None" if scope.chance(0.7) else '""')
    if kind == "list[int]" and not index:
        missing = scope.rng.choice(("None", "0", "-1"))
    if not index and scope.chance(0.35):
        given, missing = scope.rng.choice((("True", "False"), ("False", "True")))
    lines = [*loop(head, [f"if {test}:", f"    return {given}"]), f"return {missing}"]
    if index and (not scope.may_return or scope.chance(0.25)):
        place = scope.define("int", ("found_at", "place", "result"))
        body = [f"if {test}:", f"    {place} = {index}"]
        body += ["    break"] if scope.chance(0.7) else []
        scope.forget(item, index)
        return Part([f"{place} = -1", *loop(head, body)], "find", kind)
    scope.forget(item, index)
    return Part(lines, "find", kind, "int" if index else "any")


def by_index(scope: Scope) -> Part:
    """A list is looked at by its indexes: neighbours, both ends, every second one."""
    items = scope.need("list[int]")
    count = scope.define("int", words.COUNTS)
    i = scope.define("int", words.INDEXES)
    start, form = scope.rng.choice(
        (
            ("0", (f"range(len({items}) - 1)", f"{items}[{i}] < {items}[{i} + 1]")),
            ("0", (f"range(1, len({items}))", f"{items}[{i}] > {items}[{i} - 1]")),
            ("0", (f"range(1, len({items}))", f"{items}[{i}] == {items}[{i} - 1]")),
            ("0", (f"range(len({items}) // 2)", f"{items}[{i}] != {items}[-{i} - 1]")),
            ("0", (f"range(0, len({items}), 2)", f"{items}[{i}] > {small(scope, 0, 5)}")),
            ("0", (f"range(len({items}))", f"{items}[{i}] == {i}")),
        )
    )
    change = scope.rng.choice(("1", "1", "1", f"{items}[{i}]", i))
    scope.forget(i)
    body = [f"if {form[1]}:", f"    {count} += {change}"]
    if scope.chance(0.2):
        body = [f"{count} += {items}[{i}] * {scope.rng.choice((i, f'({i} + 1)'))}"]
    return Part([f"{count} = {start}", *loop(f"for {i} in {form[0]}:", body)], "count", "list[int]")


def zipped(scope: Scope) -> Part:
    """Two lists are gone through side by side."""
    left_items = scope.need("list[int]")
    right_items = scope.argument("list[int]") if len(scope.arguments) < 3 else left_items
    total = scope.define("int", words.SUMS)
    names = scope.rng.choice((("left", "right"), ("a", "b"), ("x", "y"), ("first", "second")))
    left, right = (scope.first(name, f"{name}_item") for name in names)
    second = right_items if right_items != left_items else f"{left_items}[1:]"
    change = scope.rng.choice(
        (
            f"{left} * {right}",
            f"abs({left} - {right})",
            f"max({left}, {right})",
            f"{left} - {right}",
        )
    )
    body = [f"{total} += {change}"]
    if scope.chance(0.5):
        sign = scope.rng.choice(("<", ">", "==", "!="))
        body = [f"if {left} {sign} {right}:", f"    {total} += {scope.rng.choice(('1', left))}"]
        if scope.chance(0.3):
            body += ["else:", f"    {total} -= {scope.rng.choice(('1', right))}"]
    scope.use(left_items)
    head = f"for {left}, {right} in zip({left_items}, {second}):"
    return Part([f"{total} = 0", *loop(head, body)], "sum", "list[int]")
