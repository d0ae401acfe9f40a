"""Dictionaries: counting into them, grouping, going through their items."""

from model.nano.programs import words
from model.nano.programs.blocks.part import Part, element, loop
from model.nano.programs.expressions import condition, small
from model.nano.programs.scope import Lines, Scope
from model.nano.programs.values import written


def tallied(scope: Scope) -> Part:
    """Elements are counted, added up or grouped by a key."""
    rng = scope.rng
    kind = rng.choice(("str", "list[str]", "list[int]"))
    items = scope.need(kind)
    table = scope.define("table", words.TABLES)
    if kind == "str":
        item = scope.fresh(words.CHARS)
        keys = [item, item, item, f"{item}.lower()", f"{item}.isupper()"]
    elif kind == "list[str]":
        item = element(scope, items, "str")
        keys = [item, item, f"len({item})", f"{item}[:1]"]
    else:
        item = element(scope, items, "int")
        keys = [item, item, f"{item} % {small(scope, 2, 4)}", f"{item} // 10", f"{item} > 0"]
    key = rng.choice(keys)
    amount = rng.choice(("1", "1", "1", f"len({item})" if kind == "list[str]" else "1"))
    scope.forget(item)
    chance = rng.random()
    body: Lines = []
    if chance < 0.4:
        body = [f"{table}[{key}] = {table}.get({key}, 0) + {amount}"]
    elif chance < 0.8:
        if key != item:
            named = scope.fresh(("key", "kind", "group"))
            body, key = [f"{named} = {key}"], named
        if chance < 0.65:
            body += [f"if {key} in {table}:", f"    {table}[{key}] += {amount}"]
            body += ["else:", f"    {table}[{key}] = {amount}"]
        else:
            body += [f"if {key} not in {table}:", f"    {table}[{key}] = 0"]
            body += [f"{table}[{key}] += {amount}"]
    else:
        group = scope.fresh(("key", "group", "bucket")) if key != item else ""
        if group:
            body = [f"{group} = {key}", f"{table}.setdefault({group}, []).append({item})"]
        else:
            index = scope.fresh(words.INDEXES)
            body = [f"{table}[{item}] = {index}"]
            head = f"for {index}, {item} in enumerate({items}):"
            return Part([f"{table} = {{}}", *loop(head, body)], "table", kind)
    lines = [f"{table} = {{}}", *loop(f"for {item} in {items}:", body)]
    if chance < 0.8 and scope.chance(0.3):
        lines += _summary(scope, table)
    return Part(lines, "table", kind)


def _summary(scope: Scope, table: str) -> Lines:
    scope.use(table)
    scope.forget(table)
    result = scope.define("any", ("most", "best", "result", "common"))
    form = scope.rng.choice(
        (f"max({table}.values(), default=0)", f"sorted({table})", f"len({table})",
         f"sorted({table}.items())", f"list({table}.values())")
    )  # fmt: skip
    return [f"{result} = {form}"]


def edited(scope: Scope) -> Part:
    """A copy of a dictionary, and what is put into it or taken out."""
    rng = scope.rng
    table = scope.need("dict[str, int]")
    result = scope.define("table", ("result", "copy", "updated", "merged"))
    key = scope.pick("str") if scope.chance(0.5) else None
    key = key or written(rng.choice(words.KEYS))
    amount = scope.pick("int") if scope.chance(0.5) else None
    amount = amount or small(scope, 0, 20)
    steps: list[Lines] = [
        [f"{result}[{key}] = {amount}"], [f"{result}.pop({key}, None)"],
        [f"{result}.update({{{key}: {amount}}})"], [f"{result}.setdefault({key}, {amount})"],
        [f"if {key} in {result}:", f"    del {result}[{key}]"],
        [f"{result}[{key}] = {result}.get({key}, 0) + {amount}"],
        [f"if {key} not in {result}:", f"    {result}[{key}] = len({result})"],
        [f"for name in list({result}):", f"    if {result}[name] > {amount}:",
         f"        del {result}[name]"],
    ]  # fmt: skip
    start = rng.choice((f"dict({table})", f"{table}.copy()", f"{{**{table}}}"))
    lines = [f"{result} = {start}"]
    for step in rng.sample(steps, rng.randint(1, 3)):
        lines += step
    return Part(lines, "table", "dict[str, int]")


def by_items(scope: Scope) -> Part:
    """A dictionary is gone through, looked into or changed."""
    rng = scope.rng
    table = scope.need("dict[str, int]")
    chance = rng.random()
    key, value = (
        scope.fresh(("key", "name", "label")),
        scope.define("int", ("value", "amount", "v")),
    )
    head = f"for {key}, {value} in {table}.items():"
    test = condition(scope, value)
    scope.forget(value)
    if chance < 0.3:
        total = scope.define("int", words.SUMS)
        more = f"{value} * {small(scope, 2, 3)}"
        change = f"{total} += {rng.choice((value, value, f'len({key})', more))}"
        body = [
            f"if {rng.choice((test, f'{key} != {written(rng.choice(words.KEYS))}'))}:",
            f"    {change}",
        ]
        return Part([f"{total} = 0", *loop(head, body)], "sum", "dict[str, int]")
    if chance < 0.5:
        names = scope.define("list[str]", ("names", "found", "result", "keys"))
        body = [f"if {test}:", f"    {names}.append({key})"]
        return Part([f"{names} = []", *loop(head, body)], "filter", "dict[str, int]")
    if chance < 0.65:
        best, top = scope.define("any", ("best", "winner")), scope.fresh(("highest", "top"))
        body = [f"if {value} > {top}:", f"    {best}, {top} = {key}, {value}"]
        return Part([f"{best}, {top} = None, 0", *loop(head, body)], "best", "dict[str, int]")
    if chance < 0.85:
        made = scope.define("table", ("result", "swapped", "scaled", "updated"))
        text = rng.choice(
            (f"{{{value}: {key} for {key}, {value} in {table}.items()}}",
             f"{{{key}: {value} * 2 for {key}, {value} in {table}.items()}}",
             f"{{{key}: {value} for {key}, {value} in {table}.items() if {test}}}",
             f"{{{key}.upper(): {value} for {key}, {value} in {table}.items()}}",
             f"dict(sorted({table}.items()))")
        )  # fmt: skip
        return Part([f"{made} = {text}"], "map", "dict[str, int]")
    wanted = scope.need("str", fresh=0.6)
    result = scope.define("int", ("found", "amount", "price", "result"))
    lines = [f"if {wanted} in {table}:", f"    {result} = {table}[{wanted}]", "else:"]
    lines += [f"    {result} = {rng.choice(('0', '-1', f'len({table})'))}"]
    return Part(lines, "find", "dict[str, int]")
