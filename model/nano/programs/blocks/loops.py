"""Loops over numbers, loops with a condition, loops in loops."""

from model.nano.programs import words
from model.nano.programs.blocks.part import Part, element, left_early, loop
from model.nano.programs.expressions import char_condition, condition, integer_of, small
from model.nano.programs.scope import Lines, Scope


def ranged(scope: Scope) -> Part:
    """A loop over a range, with a sum, a product, a string or a list."""
    rng = scope.rng
    bound = scope.need("int") if scope.chance(0.75) else small(scope, 2, 6)
    start = (
        f"{bound} % {small(scope, 4, 8)}" if not bound.isdigit() and scope.chance(0.3) else bound
    )
    heads = [
        f"range({start})", f"range({start})", f"range(1, {start} + 1)", f"range({start}, 0, -1)",
        f"range(0, {start}, {small(scope, 2, 3)})", f"range({small(scope, 1, 3)}, {start})",
        f"range({start} - {small(scope, 2, 5)}, {start})",
    ]  # fmt: skip
    kind = rng.choice(("int", "int", "int", "list[int]", "str"))
    names = {"int": words.SUMS, "list[int]": words.LISTS, "str": words.TEXTS}[kind]
    result = scope.define(kind, names)
    i = scope.define("int", words.INDEXES)
    if kind == "int":
        sign = rng.choice(("+", "+", "+", "-", "*"))
        first = "1" if sign == "*" else rng.choice(("0", "0", small(scope)))
        made = integer_of(scope, i) if sign != "*" and scope.chance(0.6) else i
        change = f"{result} {sign}= {made}"
        if scope.chance(0.1):
            change = f"{result} = {result} * {small(scope, 2, 3)} + {i}"
    elif kind == "list[int]":
        first, change = "[]", f"{result}.append({integer_of(scope, i)})"
    else:
        first = '""'
        piece = rng.choice((f"str({i})", '"*"', f'"ab"[{i} % 2]'))
        change = f"{result} += {piece}"
    body = left_early(scope, i)
    if scope.chance(0.35):
        body += [f"if {condition(scope, i)}:", f"    {change}"]
        if kind == "int" and scope.chance(0.3):
            body += ["else:", f"    {result} -= 1"]
    else:
        body += [change]
    scope.forget(i)
    lines = [f"{result} = {first}", *loop(f"for {i} in {rng.choice(heads)}:", body)]
    return Part(lines, "loop", "int")


def repeated(scope: Scope) -> Part:
    """A loop with a condition: digits, halving, two ends, counting down, a stack."""
    forms = (_digits, _halving, _growing, _two_ends, _countdown, _drained, _forever, _stripped)
    return scope.rng.choices(forms, (3, 2, 3, 2, 3, 2, 1.5, 1.5))[0](scope)


def _digits(scope: Scope) -> Part:
    n = scope.need("int")
    total = scope.define("int", (*words.SUMS, "digits", "reversed_n"))
    base = scope.rng.choice(("10", "10", "10", "2", "3"))
    change = scope.rng.choice(
        (f"{total} += {n} % {base}", f"{total} = {total} * {base} + {n} % {base}", f"{total} += 1")
    )
    lines = [f"{total} = 0", f"while {n} > 0:", f"    {change}", f"    {n} //= {base}"]
    if scope.chance(0.3):
        digit = scope.fresh(("digit", "rest", "last"))
        change = f"    {total} += {digit}"
        if scope.chance(0.5):
            change = f"    if {digit} % 2:\n        {total} += {digit}"
        lines = [f"{total} = 0", f"while {n}:", f"    {digit} = {n} % {base}"]
        lines += [*change.split("\n"), f"    {n} //= {base}"]
        if scope.chance(0.8):  # else a negative number never ends
            lines.insert(0, f"{n} = abs({n})")
    return Part(lines, "loop", "int")


def _halving(scope: Scope) -> Part:
    n = scope.need("int")
    steps = scope.define("int", words.STEPS)
    lines = [f"{steps} = 0", f"while {n} > 1:"]
    if scope.chance(0.4):
        lines += [f"    if {n} % 2 == 0:", f"        {n} //= 2", "    else:"]
        lines += [f"        {n} {scope.rng.choice(('-= 1', '= 3 * ' + n + ' + 1', '-= 3'))}"]
    else:
        lines += [f"    {n} {scope.rng.choice(('//= 2', '//= 3', '-= 2', '-= 3', '//= 4'))}"]
    return Part([*lines, f"    {steps} += 1"], "loop", "int")


def _growing(scope: Scope) -> Part:
    limit = scope.need("int")
    value = scope.define("int", ("value", "current", "power", "total", "size", "x"))
    change = scope.rng.choice(
        (f"{value} *= 2", f"{value} += {small(scope, 2, 9)}", f"{value} = {value} * 2 + 1",
         f"{value} *= 3", f"{value} += {value} // 2 + 1")
    )  # fmt: skip
    lines = [f"{value} = {small(scope, 1, 3)}"]
    if scope.chance(0.5):
        steps = scope.define("int", words.STEPS)
        body = [change, f"{steps} += 1"]
        lines += [f"{steps} = 0"]
    else:
        body = [change]
    sign = scope.rng.choice(("<", "<", "<="))
    return Part([*lines, *loop(f"while {value} {sign} {limit}:", body)], "loop", "int")


def _two_ends(scope: Scope) -> Part:
    kind = scope.rng.choice(("str", "list[int]")) if scope.may_return else "list[int]"
    items = scope.need(kind)
    ends = scope.rng.choice((("left", "right"), ("low", "high"), ("start", "end"), ("i", "j")))
    left, right = (scope.first(end, f"{end}_index") for end in ends)
    lines = [f"{left}, {right} = 0, len({items}) - 1"]
    if scope.chance(0.4):
        lines = [f"{left} = 0", f"{right} = len({items}) - 1"]
    moved = [f"{left} += 1", f"{right} -= 1"]
    if kind == "str" or (scope.may_return and scope.chance(0.5)):
        body = [f"if {items}[{left}] != {items}[{right}]:", "    return False", *moved]
        end = ["return True"]
        return Part([*lines, *loop(f"while {left} < {right}:", body), *end], "check", kind, "bool")
    total = scope.define("int", words.SUMS)
    body = [f"{total} += {items}[{left}] * {items}[{right}]", *moved]
    return Part([*lines, f"{total} = 0", *loop(f"while {left} < {right}:", body)], "sum", kind)


def _countdown(scope: Scope) -> Part:
    n = scope.need("int")
    kind = scope.rng.choice(("int", "list[int]"))
    result = scope.define(kind, words.SUMS if kind == "int" else words.LISTS)
    step = small(scope, 1, 4)
    body = [f"{result} += {n}" if kind == "int" else f"{result}.append({n})", f"{n} -= {step}"]
    if scope.chance(scope.mix.exits * 1.5):
        test = f"{result} > {small(scope, 10, 30)}" if kind == "int" else f"len({result}) == 3"
        body = [body[0], f"if {test}:", "    break", body[1]]
    first = "0" if kind == "int" else "[]"
    return Part([f"{result} = {first}", *loop(f"while {n} > 0:", body)], "loop", "int")


def _drained(scope: Scope) -> Part:
    items = scope.need("list[int]")
    total = scope.define("int", words.SUMS)
    queue = scope.fresh(("queue", "stack", "pending", "rest"))
    item = scope.define("int", ("item", "value", "current", "top", "head"))
    taken = f"{queue}.pop({scope.rng.choice(('', '', '0'))})"
    body: Lines = [f"{item} = {taken}", *left_early(scope, item)]
    if scope.chance(0.4):
        body += [f"if {condition(scope, item)}:", f"    {total} += {item}"]
    else:
        body += [f"{total} {scope.rng.choice(('+=', '+=', '-='))} {integer_of(scope, item)}"]
    scope.forget(item)
    test = scope.rng.choice((queue, queue, f"len({queue}) > 1"))
    lines = [f"{queue} = list({items})", f"{total} = 0", *loop(f"while {test}:", body)]
    return Part(lines, "loop", "list[int]")


def _forever(scope: Scope) -> Part:
    n = scope.need("int")
    steps = scope.define("int", words.STEPS)
    change = scope.rng.choice((f"{n} -= {small(scope, 2, 7)}", f"{n} //= 2"))
    lines = [f"{steps} = 0", "while True:"]
    lines += [f"    if {n} <= {small(scope, 0, 3)}:", "        break", f"    {change}"]
    return Part([*lines, f"    {steps} += 1"], "loop", "int")


def _stripped(scope: Scope) -> Part:
    text = scope.need("str")
    rest = scope.define("str", ("rest", "result", "left", "short"))
    letter = scope.rng.choice("abex0")
    test, change = scope.rng.choice(
        (
            (f'{rest}.startswith("{letter}")', f"{rest} = {rest}[1:]"),
            (
                f'"{letter}{letter}" in {rest}',
                f'{rest} = {rest}.replace("{letter}{letter}", "{letter}")',
            ),
            (f"len({rest}) > {small(scope, 2, 4)}", f"{rest} = {rest}[1:-1]"),
            (f"len({rest}) < {small(scope, 4, 8)}", f'{rest} = "{letter}" + {rest}'),
            (f"{rest} and {rest}[-1].isdigit()", f"{rest} = {rest}[:-1]"),
        )
    )
    return Part([f"{rest} = {text}", f"while {test}:", f"    {change}"], "text", "str")


def nested(scope: Scope) -> Part:
    """A loop in a loop: pairs, grids, the letters of words."""
    forms = (_pairs, _grid, _letters, _filled)
    return scope.rng.choices(forms, (3, 3, 3, 1.5))[0](scope)


def _pairs(scope: Scope) -> Part:
    items = scope.need("list[int]")
    count = scope.define("int", words.COUNTS)
    i, j = scope.first("i", "first"), scope.first("j", "second")
    a, b = f"{items}[{i}]", f"{items}[{j}]"
    target = scope.need("int", fresh=0.5) if scope.chance(0.4) else small(scope, 1, 12)
    test = scope.rng.choice(
        (f"{a} + {b} == {target}", f"{a} == {b}", f"{a} > {b}", f"abs({a} - {b}) < {target}")
    )
    if target not in test and not target.isdigit():
        test = f"{a} + {b} == {target}"
    ending = f"{count} += 1"
    inner = loop(f"for {j} in range({i} + 1, len({items})):", [f"if {test}:", f"    {ending}"])
    if scope.chance(0.3):
        inner = loop(
            f"for {j} in range({i} + 1, len({items})):",
            [f"if {test}:", f"    {count} += 1", "    break"],
        )
    lines = [f"{count} = 0", *loop(f"for {i} in range(len({items})):", inner)]
    return Part(lines, "count", "list[int]")


def _grid(scope: Scope) -> Part:
    rows = scope.need("int")
    total = scope.define("int", words.SUMS)
    i, j = scope.fresh(("i", "row")), scope.fresh(("j", "col"))
    bound = f"{rows} % {small(scope, 3, 5)}"
    change = scope.rng.choice((f"{i} * {j}", f"{i} + {j}", "1", f"{i} - {j}", j))
    body = [f"{total} += {change}"]
    if scope.chance(0.4):
        body = [f"if {scope.rng.choice((f'{i} == {j}', f'({i} + {j}) % 2', f'{j} > {i}'))}:"]
        body += [f"    {scope.rng.choice(('continue', 'break'))}", f"{total} += {change}"]
    reach = scope.rng.choice((f"range({i} + 1)", "range(2)", "range(3)", f"range({i})"))
    inner = loop(f"for {j} in {reach}:", body)
    return Part([f"{total} = 0", *loop(f"for {i} in range({bound}):", inner)], "loop", "int")


def _letters(scope: Scope) -> Part:
    items = scope.need("list[str]")
    count = scope.define("int", words.COUNTS)
    word = element(scope, items, "str")
    char = scope.define("char", words.CHARS)
    test = char_condition(scope, char)
    scope.forget(word, char)
    body = [f"if {test}:", f"    {count} += 1"]
    if scope.chance(0.35):
        body += ["    break"]
    inner = loop(f"for {char} in {word}:", body)
    return Part([f"{count} = 0", *loop(f"for {word} in {items}:", inner)], "count", "list[str]")


def _filled(scope: Scope) -> Part:
    n = scope.need("int")
    rows = scope.define("rows", ("rows", "grid", "result", "table"))
    i, j = scope.fresh(("i", "y")), scope.fresh(("j", "x"))
    row = scope.fresh(("row", "line"))
    cell = scope.rng.choice((f"{i} * {j}", f"{i} + {j}", f"{j} - {i}", f"int({i} == {j})"))
    inner = [f"{row} = []", f"for {j} in range({small(scope, 2, 3)}):"]
    inner += [f"    {row}.append({cell})", f"{rows}.append({row})"]
    return Part([f"{rows} = []", *loop(f"for {i} in range({n} % 4):", inner)], "loop", "int")
