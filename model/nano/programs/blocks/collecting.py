"""Lists that are made, filtered and changed."""

from model.nano.programs import words
from model.nano.programs.blocks.part import Part, element, left_early, loop
from model.nano.programs.expressions import (
    char_condition,
    condition,
    integer_of,
    integers,
    small,
    text_condition,
    text_of,
)
from model.nano.programs.scope import Lines, Scope
from model.nano.programs.values import written


def filtered(scope: Scope) -> Part:
    """Elements are kept, or others made of them, one after the other."""
    kind = scope.rng.choice(("int", "int", "str"))
    items = scope.need(f"list[{kind}]")
    result = scope.define(f"list[{kind}]", words.LISTS)
    item = element(scope, items, kind)
    if kind == "int":
        test = condition(scope, item)
        made = integer_of(scope, item) if scope.chance(0.6) else item
        body = left_early(scope, item)
    else:
        test, body = text_condition(scope, item), []
        made = text_of(scope, item) if scope.chance(0.7) else item
    chance = scope.rng.random()
    if chance < 0.55:
        body += [f"if {test}:", f"    {result}.append({made})"]
        if scope.chance(0.3):
            other = scope.rng.choice((f"{result}.append({item})", f"{result}.insert(0, {item})"))
            body += ["else:", f"    {other}"]
    elif chance < 0.7:
        body += [f"if {test}:", "    continue", f"{result}.append({made})"]
    else:
        body += [f"{result}.append({made})"]
    scope.forget(item)
    lines = [f"{result} = []", *loop(f"for {item} in {items}:", body)]
    return Part(lines, scope.rng.choice(("filter", "map")), f"list[{kind}]")


def comprehended(scope: Scope) -> Part:
    """A list, a dictionary, a set or one value from a comprehension."""
    rng = scope.rng
    kind = rng.choice(("int", "int", "str"))
    items = scope.need(f"list[{kind}]")
    item = element(scope, items, kind)
    test = condition(scope, item) if kind == "int" else text_condition(scope, item)
    made = integer_of(scope, item) if kind == "int" else text_of(scope, item)
    scope.forget(item)
    forms: list[tuple[float, str, tuple[str, ...], str]] = [
        (5, f"list[{kind}]", words.LISTS, f"[{made} for {item} in {items}]"),
        (4, f"list[{kind}]", words.LISTS, f"[{item} for {item} in {items} if {test}]"),
        (3, f"list[{kind}]", words.LISTS, f"[{made} for {item} in {items} if {test}]"),
        (3, "bool", words.FLAGS, f"any({test} for {item} in {items})"),
        (3, "bool", words.FLAGS, f"all({test} for {item} in {items})"),
        (2, "int", words.COUNTS, f"sum(1 for {item} in {items} if {test})"),
    ]
    if kind == "int":
        forms += [(3, "int", words.SUMS, f"sum({made} for {item} in {items})")]
        forms += [(2.5, "set", ("unique", "left_over"), f"{{{made} for {item} in {items}}}")]
        forms += [(2, "table", words.TABLES, f"{{{item}: {made} for {item} in {items}}}")]
        forms += [(1, "int", words.BEST, f"max([{made} for {item} in {items}], default=0)")]
    else:
        lengths = f"{{{item}: len({item}) for {item} in {items}}}"
        forms += [(5, "dict[str, int]", words.TABLES, lengths)]
        forms += [(2, "str", words.TEXTS, f'", ".join({made} for {item} in {items})')]
        forms += [(2, "list[int]", ("lengths", "sizes"), f"[len({item}) for {item} in {items}]")]
    _, gives, names, text = rng.choices(forms, [form[0] for form in forms])[0]
    result = scope.define(gives, names)
    return Part([f"{result} = {text}"], "map", f"list[{kind}]")


def seen(scope: Scope) -> Part:
    """What came before is remembered in a set or a list."""
    kind = scope.rng.choice(("int", "int", "str"))
    items = scope.need(f"list[{kind}]")
    known = scope.fresh(("seen", "known", "visited"))
    item = element(scope, items, kind)
    # A set of strings has an order that no one can tell.
    start, add = ("set()", "add") if kind == "int" and scope.chance(0.6) else ("[]", "append")
    scope.forget(item)
    chance = scope.rng.random()
    if chance < 0.35 and scope.may_return:
        body = [f"if {item} in {known}:", f"    return {scope.rng.choice((item, 'True'))}"]
        body += [f"{known}.{add}({item})"]
        missing = "None" if item in body[1] else "False"
        lines = [f"{known} = {start}", *loop(f"for {item} in {items}:", body), f"return {missing}"]
        return Part(lines, "find", f"list[{kind}]", "any")
    result = scope.define(f"list[{kind}]", ("result", "unique", "output", "repeated"))
    if chance < 0.75:
        body = [f"if {item} not in {known}:", f"    {known}.{add}({item})"]
        body += [f"    {result}.append({item})"]
    else:
        body = [f"if {item} in {known}:", f"    {result}.append({item})"]
        body += [f"{known}.{add}({item})"]
    lines = [f"{known} = {start}", f"{result} = []", *loop(f"for {item} in {items}:", body)]
    return Part(lines, "filter", f"list[{kind}]")


def operated(scope: Scope) -> Part:
    """A few operations on a copy of a list, or on the list itself."""
    rng = scope.rng
    kind = rng.choice(("int", "int", "str"))
    items = scope.need(f"list[{kind}]")
    result = scope.define(f"list[{kind}]", ("result", "copy", "queue", "stack", "ordered", "out"))
    start = rng.choice((f"list({items})", f"{items}[:]", f"sorted({items})", f"{items}.copy()"))
    value = scope.pick("int") if kind == "int" else scope.pick("str")
    value = value or (small(scope, 0, 20) if kind == "int" else written(rng.choice(words.STRINGS)))
    steps: list[Lines] = [
        [f"{result}.append({value})"], [f"{result}.insert(0, {value})"], [f"{result}.reverse()"],
        [f"{result}.sort()"], [f"{result}.extend([{value}, {value}])"], [f"{result} += [{value}]"],
        [f"{result}.insert({small(scope, 1, 3)}, {value})"],
        [f"if {result}:", f"    {result}.pop()"], [f"if {result}:", f"    {result}.pop(0)"],
        [f"if {value} in {result}:", f"    {result}.remove({value})"],
        [f"if len({result}) > {small(scope, 1, 4)}:", f"    {result}.pop({rng.randint(0, 1)})"],
        [f"del {result}[:{small(scope, 1, 2)}]"], [f"{result}.sort(reverse=True)"],
        [f"if {result}:", f"    {result}[0] = {value}"], [f"{result} = {result} * 2"],
        [f"while len({result}) > {small(scope, 1, 3)}:", f"    {result}.pop()"],
        [f"{result} = {result}[1:] + {result}[:1]"],
    ]  # fmt: skip
    if kind == "int":
        last = scope.fresh(("last", "top", "taken"))
        steps += [
            [f"if {result}:", f"    {last} = {result}.pop()", f"    {result}.insert(0, {last})"]
        ]
    lines = [f"{result} = {start}"]
    for step in rng.sample(steps, rng.randint(1, 3)):
        lines += step
    return Part(lines, "plain", f"list[{kind}]")


def sliced(scope: Scope) -> Part:
    """Parts of a list or a string, some with negative bounds or steps."""
    rng = scope.rng
    if scope.chance(0.35):
        items = scope.need("str")
        half = scope.define("str", ("head", "half", "start", "tail", "rest"))
        k = scope.pick("int") if scope.chance(0.3) else None
        k = k or small(scope, 1, 4)
        text = rng.choice(
            (f"{items}[:{k}]", f"{items}[{k}:]", f"{items}[-{k}:]", f"{items}[:-{k}]",
             f"{items}[::-1]", f"{items}[::2]", f"{items}[1::2]", f"{items}[{k}::-1]")
        )  # fmt: skip
        return Part([f"{half} = {text}"], "text", "str")
    if scope.chance(0.4):
        made = integers(scope)
        result = scope.define("list[int]", ("part", "rest", "chosen", "ordered", "tail"))
        return Part([f"{result} = {made}"], "filter", "list[int]")
    items = scope.need("list[int]")
    middle = scope.fresh(("middle", "mid", "half"))
    left, right = (
        scope.define("list[int]", ("left", "first", "low")),
        scope.define("list[int]", ("right", "rest", "high")),
    )
    lines = [f"{middle} = len({items}) // {rng.choice('223')}"]
    lines += [f"{left} = {items}[:{middle}]", f"{right} = {items}[{middle}:]"]
    if scope.chance(0.4):
        total = scope.define("int", ("difference", "gap", "balance"))
        lines += [f"{total} = sum({scope.use(left)}) - sum({scope.use(right)})"]
    return Part(lines, "plain", "list[int]")


def letters(scope: Scope) -> Part:
    """The characters of a string for which something holds."""
    text = scope.need("str")
    char = scope.define("char", words.CHARS)
    test = char_condition(scope, char)
    scope.forget(char)
    result = scope.define("list[str]", ("letters", "chars", "found", "kept"))
    return Part([f"{result} = [{char} for {char} in {text} if {test}]"], "filter", "str")
