"""What is met now and then: keys of sorting, pairs, ``else`` of a loop, None, tables of tables."""

from model.nano.programs import words
from model.nano.programs.blocks.part import Part, element, loop
from model.nano.programs.expressions import condition, integer_of, small, text_condition
from model.nano.programs.scope import Lines, Scope
from model.nano.programs.values import written


def keyed(scope: Scope) -> Part:
    """Sorted, or the largest, by a key."""
    rng = scope.rng
    kind = rng.choice(("int", "str", "table"))
    if kind == "table":
        table = scope.need("dict[str, int]")
        by = rng.choice((f"{table}.get", f"lambda key: {table}[key]", f"lambda key: -{table}[key]"))
        name = scope.define("list[str]", ("ranking", "ordered", "names_by_value"))
        return Part([f"{name} = sorted({table}, key={by})"], "filter", "dict[str, int]")
    items = scope.need(f"list[{kind}]")
    item = rng.choice(("x", "item", "n") if kind == "int" else ("w", "word", "s"))
    if item in scope.taken:
        item = "each"
    keys = ("abs", f"lambda {item}: -{item}", f"lambda {item}: {item} % {small(scope, 2, 5)}")
    if kind == "str":
        keys = ("len", f"lambda {item}: {item}[-1:]", f"lambda {item}: (len({item}), {item})")
    key = rng.choice(keys)
    if scope.chance(0.35):
        empty = "0" if kind == "int" else '""'
        top = scope.define(kind, ("best", "top", "chosen", "winner"))
        call = f"{rng.choice(('max', 'min'))}({items}, key={key}, default={empty})"
        return Part([f"{top} = {call}"], "best", f"list[{kind}]")
    more = rng.choice(("", "", ", reverse=True"))
    name = scope.define(f"list[{kind}]", ("ordered", "ranked", "result"))
    return Part([f"{name} = sorted({items}, key={key}{more})"], "filter", f"list[{kind}]")


def paired(scope: Scope) -> Part:
    """A list of pairs is gone through."""
    rng = scope.rng
    pairs = scope.need("pairs")
    name, amount = scope.first("name", "key"), scope.first("amount", "value", "number")
    test = condition(scope, amount)
    head = f"for {name}, {amount} in {pairs}:"
    if scope.chance(0.4):
        table = scope.define("table", words.TABLES)
        body = [f"{table}[{name}] = {table}.get({name}, 0) + {amount}"]
        if scope.chance(0.5):
            body = [f"if {test}:", *(f"    {line}" for line in body)]
        return Part([f"{table} = {{}}", *loop(head, body)], "table", "pairs")
    if scope.chance(0.5):
        kept = scope.define("list[str]", words.LISTS)
        made = rng.choice((name, f"{name}.upper()", f'f"{{{name}}}={{{amount}}}"'))
        body = [f"if {test}:", f"    {kept}.append({made})"]
        return Part([f"{kept} = []", *loop(head, body)], "filter", "pairs")
    total = scope.define("int", words.SUMS)
    change = rng.choice((amount, f"len({name})", f"{amount} * {small(scope, 2, 4)}"))
    body = [
        f"if {name} == {written(rng.choice(words.KEYS))} or {test}:",
        f"    {total} += {change}",
    ]
    return Part([f"{total} = 0", *loop(head, body)], "sum", "pairs")


def loop_else(scope: Scope) -> Part:
    """A loop that looks for something, with an else for when it is not there."""
    kind = scope.rng.choice(("int", "str"))
    items = scope.need(f"list[{kind}]")
    item = element(scope, items, kind)
    test = condition(scope, item) if kind == "int" else text_condition(scope, item)
    scope.forget(item)
    result = scope.define(kind, ("result", "found", "chosen", "hit"))
    missing = scope.rng.choice(("0", "-1") if kind == "int" else ('""', '"none"'))
    lines = [f"for {item} in {items}:", f"    if {test}:", f"        {result} = {item}"]
    lines += ["        break", "else:", f"    {result} = {missing}"]
    return Part(lines, "find", f"list[{kind}]")


def placed(scope: Scope) -> Part:
    """The place of a piece of text, and what is before or after it."""
    text = scope.need("str")
    by = scope.rng.choice(('" "', '"-"', '","', '"a"', '"e"', '"o"'))
    place = scope.fresh(("index", "position", "at", "cut"))
    rest = scope.define("str", ("rest", "head", "tail", "result"))
    chance = scope.rng.random()
    if chance < 0.4:
        middle = scope.rng.choice((f"{text}[:{place}]", f"{text}[{place} + 1 :]"))
        lines = [f"{place} = {text}.{scope.rng.choice(('find', 'find', 'rfind'))}({by})"]
        missing = scope.rng.choice((text, '""'))
        lines += [f"if {place} == -1:", f"    {rest} = {missing}"]
        return Part([*lines, "else:", f"    {rest} = {middle}"], "text", "str")
    if chance < 0.7:
        other = scope.define("str", ("first", "before", "left"))
        return Part([f"{other}, _, {rest} = {text}.partition({by})"], "text", "str")
    count = scope.define("int", ("count", "times", "n"))
    lines = [f"{count} = {text}.count({by})"]
    lines += [f'{rest} = {text}.replace({by}, {scope.use(count)} * "+")']
    return Part(lines, "text", "str")


def averaged(scope: Scope) -> Part:
    """A mean, as a fraction or rounded."""
    values = scope.need("list[int]")
    mean = scope.define("any", ("mean", "average", "ratio"))
    text = scope.rng.choice(
        (f"sum({values}) / len({values})", f"sum({values}) // len({values})",
         f"round(sum({values}) / len({values}), 1)", f"round(sum({values}) / len({values}))")
    )  # fmt: skip
    if scope.chance(0.6):
        lines = [f"if {values}:", f"    {mean} = {text}", "else:", f"    {mean} = 0"]
        return Part(lines, "plain", "list[int]")
    return Part([f"{mean} = {text} if {values} else 0"], "plain", "list[int]")


def numbered(scope: Scope) -> Part:
    """Elements with their numbers."""
    rng = scope.rng
    items = scope.need("list[str]")
    number, item = scope.fresh(("number", "i", "position")), element(scope, items, "str")
    scope.forget(item)
    start = rng.choice(("", ", 1", ", start=1"))
    head = f"for {number}, {item} in enumerate({items}{start}):"
    if scope.chance(0.5):
        lines_ = scope.define("list[str]", ("lines", "result", "rows", "output"))
        made = rng.choice(
            (f'f"{{{number}}}. {{{item}}}"', f'f"{{{number}}}:{{{item}}}"', f"{item} * {number}")
        )
        return Part(
            [f"{lines_} = []", *loop(head, [f"{lines_}.append({made})"])], "text", "list[str]"
        )
    table = scope.define("table", ("places", "index", "positions", "lookup"))
    body = [f"{table}[{item}] = {number}"]
    if scope.chance(0.5):
        body = [f"if {item} not in {table}:", f"    {table}[{item}] = {number}"]
    return Part([f"{table} = {{}}", *loop(head, body)], "table", "list[str]")


def matched(scope: Scope) -> Part:
    """Two lists as a table, or what one has and the other has not."""
    rng = scope.rng
    if scope.chance(0.4):
        names, values = scope.need("list[str]"), scope.need("list[int]")
        table = scope.define("table", ("table", "result", "lookup", "paired"))
        return Part([f"{table} = dict(zip({names}, {values}))"], "table", "list[str]")
    kind = rng.choice(("int", "str"))
    one, two = scope.need(f"list[{kind}]"), scope.need(f"list[{kind}]", fresh=1)
    if one == two:
        two = "[1, 2, 3]" if kind == "int" else '["a", "b"]'
    item = element(scope, one, kind)
    scope.forget(item)
    result = scope.define(f"list[{kind}]", ("missing", "shared", "result", "common"))
    sign = rng.choice(("in", "not in"))
    text = f"[{item} for {item} in {one} if {item} {sign} {two}]"
    if scope.chance(0.3):
        lines = [f"{result} = []", f"for {item} in {rng.choice((one, f'reversed({one})'))}:"]
        lines += [f"    if {item} {sign} {two}:", f"        {result}.append({item})"]
        return Part(lines, "filter", f"list[{kind}]")
    return Part([f"{result} = {text}"], "filter", f"list[{kind}]")


def optional(scope: Scope) -> Part:
    """None until something is there."""
    items = scope.need("list[int]")
    best = scope.define("any", ("best", "last", "previous", "top"))
    item = element(scope, items, "int")
    scope.forget(item)
    sign = scope.rng.choice(("<", ">", ">="))
    lines = [f"{best} = None", f"for {item} in {items}:"]
    lines += [f"    if {best} is None or {item} {sign} {best}:", f"        {best} = {item}"]
    if scope.chance(0.4):
        lines += [f"if {best} is None:", f"    {best} = {scope.rng.choice(('0', '-1'))}"]
    return Part(lines, "best", "list[int]")


def mapped(scope: Scope) -> Part:
    """Numbers to text and back."""
    rng = scope.rng
    if scope.chance(0.5):
        items = scope.need("list[int]")
        text = scope.define("str", ("joined", "text", "line", "code"))
        by = rng.choice(('","', '"-"', '""', '" "'))
        made = rng.choice((f"{by}.join(map(str, {items}))", f"{by}.join(str(x) for x in {items})"))
        return Part([f"{text} = {made}"], "text", "list[int]")
    number = scope.need("int")
    digits = scope.define("list[int]", ("digits", "figures"))
    lines = [f"{digits} = [int(d) for d in str(abs({number}))]"]
    if scope.chance(0.5):
        total = scope.define("int", words.SUMS)
        made = rng.choice((f"sum({digits})", f"max({digits})", f"{digits}[0] - {digits}[-1]"))
        scope.use(digits)
        lines += [f"{total} = {made}"]
    return Part(lines, "plain", "int")


def gridded(scope: Scope) -> Part:
    """A table of rows."""
    rng = scope.rng
    rows = scope.need("rows")
    row, cell = scope.first("row", "line"), scope.first("cell", "value", "x")
    chance = rng.random()
    if chance < 0.3:
        sums = scope.define("list[int]", ("sums", "totals", "result"))
        made = rng.choice((f"sum({row})", f"max({row})", f"{row}[0]", f"len({row})", f"{row}[-1]"))
        return Part([f"{sums} = [{made} for {row} in {rows}]"], "map", "rows")
    total = scope.define("int", words.SUMS)
    scope.kinds[cell] = "int"
    body: Lines = [f"{total} += {integer_of(scope, cell) if scope.chance(0.4) else cell}"]
    if scope.chance(0.5):
        body = [f"if {condition(scope, cell)}:", f"    {body[0]}"]
    scope.forget(cell)
    if chance < 0.8:
        inner = loop(f"for {cell} in {row}:", body)
        return Part([f"{total} = 0", *loop(f"for {row} in {rows}:", inner)], "sum", "rows")
    i = scope.first("i", "k")
    lines = [f"{total} = 0", f"for {i} in range(len({rows})):"]
    return Part(
        [*lines, f"    {total} += {rows}[{i}][{rng.choice(('0', '-1'))}] * {i}"], "sum", "rows"
    )
