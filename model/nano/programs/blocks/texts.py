"""Strings that are built, changed, taken apart and put together."""

from model.nano.programs import words
from model.nano.programs.blocks.part import Part, loop
from model.nano.programs.expressions import char_condition, char_of, small, text_of
from model.nano.programs.scope import Lines, Scope


def built(scope: Scope) -> Part:
    """A string made letter by letter."""
    rng = scope.rng
    text = scope.need("str")
    result = scope.define("str", words.TEXTS)
    char = scope.define("char", words.CHARS)
    change = f"{result} += {char_of(scope, char)}"
    if scope.chance(0.15):
        change = f"{result} = {char} + {result}"
    body: Lines = []
    head = f"for {char} in {text}:"
    chance = rng.random()
    if chance < 0.5:
        body += [f"if {char_condition(scope, char)}:", f"    {change}"]
        if scope.chance(0.6):
            mark = rng.choice("_-*.")
            other = rng.choice((char, char, f'"{mark}"', f"{char}.lower()", f"{char}.upper()"))
            body += ["else:", f"    {result} += {other}"]
    elif chance < 0.62:
        index = scope.fresh(words.INDEXES)
        head = f"for {index}, {char} in enumerate({text}):"
        body += [f"if {index} % 2 == {rng.choice('01')}:", f"    {result} += {char}.upper()"]
        body += ["else:", f"    {result} += {char}"]
    elif chance < 0.75:
        stop = rng.choice((f'{char} == " "', f"{char}.isdigit()", f'{char} in "-_,."'))
        body += [f"if {stop}:", f"    {rng.choice(('break', 'continue'))}", change]
    elif chance < 0.87:
        body += [f"if {char} not in {result}:", f"    {result} += {char}"]
    else:
        body += [change]
    scope.forget(char)
    return Part([f'{result} = ""', *loop(head, body)], "text", "str")


def changed(scope: Scope) -> Part:
    """A few operations on strings, one after the other."""
    text = scope.need("str")
    lines: Lines = []
    name = text
    for _ in range(scope.rng.randint(1, 3)):
        made = text_of(scope, name)
        if lines and scope.chance(0.5):
            lines.append(f"{name} = {made}")
            continue
        name = scope.define(
            "str", ("cleaned", "label", "result", "head", "short", "lowered", "out")
        )
        lines.append(f"{name} = {made}")
    scope.unused.add(name)
    return Part(lines, "text", "str")


def split(scope: Scope) -> Part:
    """A string taken apart, and what is made of its parts."""
    rng = scope.rng
    text = scope.need("str")
    parts = scope.define("list[str]", ("parts", "words", "pieces", "fields", "chunks"))
    by = rng.choice(("", "", '","', '"-"', '"a"', '"_"'))
    lines = [f"{parts} = {text}.split({by})"]
    chance = rng.random()
    part = scope.fresh(("part", "word", "piece", "field"))
    if chance < 0.35:
        result = scope.define("str", ("joined", "result", "initials", "slug"))
        made = rng.choice(
            (f'"-".join({parts})', f'" ".join(reversed({parts}))', f'"".join({parts})',
             f'" ".join({part}.capitalize() for {part} in {parts})', f'"_".join(sorted({parts}))',
             f'"".join({part}[:1].upper() for {part} in {parts})', f'" ".join({parts}[::-1])')
        )  # fmt: skip
        scope.use(parts)
        lines += [f"{result} = {made}"]
    elif chance < 0.6:
        count = scope.define("int", words.COUNTS)
        test = rng.choice(
            (
                f"len({part}) > {small(scope, 1, 4)}",
                f"{part}.isdigit()",
                f"{part}",
                f"{part}[:1].isupper()",
            )
        )
        scope.use(parts)
        lines += [
            f"{count} = 0",
            *loop(f"for {part} in {parts}:", [f"if {test}:", f"    {count} += 1"]),
        ]
    elif chance < 0.75:
        kept = scope.define("list[str]", words.LISTS)
        scope.use(parts)
        lines += [
            f"{kept} = [{part}.{rng.choice(('strip', 'upper', 'title'))}() for {part} in {parts}]"
        ]
    return Part(lines, "text", "str")
