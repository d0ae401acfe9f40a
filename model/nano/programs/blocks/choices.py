"""Branches, exceptions and truth values."""

from model.nano.programs import words
from model.nano.programs.blocks.part import Part
from model.nano.programs.expressions import condition, integer, integer_of, small, text_condition
from model.nano.programs.scope import Lines, Scope
from model.nano.programs.values import written


def branched(scope: Scope) -> Part:
    """An if with an else, or several: a class is returned, or a value set."""
    rng = scope.rng
    if scope.chance(0.45):
        return _classified(scope)
    kind = rng.choice(("int", "int", "int", "str"))
    name = scope.need(kind)
    test = condition(scope, name) if kind == "int" else text_condition(scope, name)
    result = scope.fresh(("result", "bonus", "price", "fee", "points", "cost", "rate"))
    lines = [f"if {test}:", f"    {result} = {_amount(scope, name, kind)}"]
    if scope.chance(0.35):
        other = condition(scope, name) if kind == "int" else text_condition(scope, name)
        lines += [f"elif {other}:", f"    {result} = {_amount(scope, name, kind)}"]
    lines += ["else:", f"    {result} = {_amount(scope, name, kind)}"]
    scope.kinds[result] = "int"
    scope.unused.add(result)
    if scope.chance(0.3):
        start = small(scope, 0, 20)
        change = f"{result} {rng.choice(('+=', '-=', '*='))} {small(scope, 2, 9)}"
        lines = [f"{result} = {start}", f"if {test}:", f"    {change}"]
        if scope.chance(0.5):
            lines += [f"if {condition(scope)}:", f"    {result} += {small(scope)}"]
    return Part(lines, "branch", kind)


def _amount(scope: Scope, name: str, kind: str) -> str:
    if kind == "int" and scope.chance(0.7):
        return integer_of(scope, name)
    return f"len({name})" if kind == "str" and scope.chance(0.4) else small(scope, 0, 30)


def _classified(scope: Scope) -> Part:
    rng = scope.rng
    name = scope.need("int")
    low = rng.randint(0, 10)
    high = low + rng.randint(1, 40)
    names = rng.choice(words.OUTCOMES)
    sign = rng.choice(("<", "<="))
    if scope.may_return and scope.chance(0.6):
        lines = [f"if {name} {sign} {low}:", f'    return "{names[0]}"']
        lines += [f"{rng.choice(('if', 'elif'))} {name} {sign} {high}:", f'    return "{names[1]}"']
        ending = [f'return "{names[2]}"']
        if lines[2].startswith("elif") or scope.chance(0.2):
            ending = ["else:", f'    return "{names[2]}"']
        if rng.random() < 0.3:
            lines.insert(0, f"if {name} == {high + rng.randint(1, 20)}:")
            lines.insert(1, f'    return "{rng.choice(words.STRINGS)}"')
        return Part([*lines, *ending], "branch", "int", "str")
    label = scope.define("str", ("label", "grade", "kind", "level_name", "result", "status"))
    lines = [f"if {name} {sign} {low}:", f'    {label} = "{names[0]}"']
    lines += [f"elif {name} {sign} {high}:", f'    {label} = "{names[1]}"']
    return Part([*lines, "else:", f'    {label} = "{names[2]}"'], "branch", "int")


def attempted(scope: Scope) -> Part:
    """Something that may raise, and what is done then; or it is let out."""
    rng = scope.rng
    work, error, about = _risk(scope)
    result = scope.define("any", ("result", "value", "found", "answer", "out"))
    if scope.chance(0.3):
        return Part([f"{result} = {work}"], "safe", about)
    caught = rng.choice((error, error, error, "Exception", f"({error}, TypeError)"))
    if scope.chance(0.12):
        caught = rng.choice(("KeyError", "ValueError", "IndexError"))  # perhaps another one
    fallback = rng.choice(("None", "0", "-1", '"error"', '""'))
    lines = ["try:", f"    {result} = {work}"]
    if scope.chance(0.2) and not scope.taken & {"error"}:
        named = scope.fresh(("error", "err"))
        lines += [f"except {caught} as {named}:", f"    {result} = str({named})"]
        if scope.chance(0.3):
            lines[-1] = f"    {result} = type({named}).__name__"
    else:
        lines += [f"except {caught}:", f"    {result} = {fallback}"]
    if scope.chance(0.2):
        lines += ["else:", f"    {result} = [{result}]"]
    if scope.chance(0.25):
        count = scope.define("int", ("attempts", "calls", "tries"))
        return Part([f"{count} = 0", *lines, "finally:", f"    {count} += 1"], "safe", about)
    return Part(lines, "safe", about)


def _risk(scope: Scope) -> tuple[str, str, str]:
    """What may raise, what it raises, and what it is about."""
    chance = scope.rng.random()
    if chance < 0.25:
        items = scope.need(scope.rng.choice(("list[int]", "list[str]")))
        index = scope.need("int", fresh=0.6)
        return f"{items}[{index}]", "IndexError", scope.kinds[items]
    if chance < 0.45:
        table = scope.need("dict[str, int]")
        key = scope.need("str", fresh=0.6) if scope.chance(0.6) else f'"{scope.rng.choice("abcx")}"'
        return f"{table}[{key}]", "KeyError", "dict[str, int]"
    if chance < 0.7:
        top, bottom = scope.need("int"), scope.need("int", fresh=0.8)
        sign = scope.rng.choice(("//", "//", "%"))
        if top == bottom:
            top = small(scope, 10, 99)
        less = f"({bottom} - {small(scope, 1, 5)})" if scope.chance(0.3) else bottom
        return f"{top} {sign} {less}", "ZeroDivisionError", "int"
    if chance < 0.9:
        text = scope.need("str")
        return f"int({text})", "ValueError", "str"
    items = scope.need("list[int]")
    wanted = scope.need("int", fresh=0.5)
    return f"{items}.index({wanted})", "ValueError", "list[int]"


def truthy(scope: Scope) -> Part:
    """Values taken as true or false: empty things, ``or`` and ``and``."""
    rng = scope.rng
    kind = rng.choice(("list[int]", "str", "dict[str, int]", "int", "list[str]"))
    name = scope.need(kind)
    other = integer(scope, 0)
    if kind in ("int", "str") and scope.chance(0.6):
        default = small(scope, 1, 20) if kind == "int" else written(rng.choice(words.STRINGS))
        chosen = scope.define(kind, ("chosen", "used", "picked", "actual"))
        text = rng.choice(
            (
                f"{name} or {default}",
                f"{name} and {default}",
                f"{default} if not {name} else {name}",
            )
        )
        return Part([f"{chosen} = {text}"], "plain", kind)
    result = scope.define("int", ("result", "size", "total", "weight"))
    full = f"len({name})" if kind != "int" else f"{name} * 2"
    if scope.chance(0.5):
        lines = [f"if {name}:" if scope.chance(0.6) else f"if not {name}:"]
        lines += [f"    {result} = {full}", "else:", f"    {result} = {other}"]
        return Part(lines, "plain", kind)
    flag = scope.define("bool", ("empty", "missing", "ready", "has_items"))
    lines = [f"{flag} = {rng.choice((f'bool({name})', f'not {name}'))}"]
    return Part([*lines, f"{result} = {other} if {scope.use(flag)} else {full}"], "plain", kind)


def guarded(scope: Scope, returns: str) -> Lines:
    """A check at the beginning of a function: it returns, raises, or mends an argument.

    Args:
        scope: of the function.
        returns: the type that it returns.
    """
    rng = scope.rng
    name = rng.choice([argument.name for argument in scope.arguments])
    kind = scope.kinds[name]
    message = rng.choice(words.MESSAGES)
    empty = {"int": ("0", "0", "-1"), "str": ('""', '"none"'), "table": ("{}",), "bool": ("False",)}
    given = rng.choice(("None", *empty.get(returns, ("[]",) if returns[:4] == "list" else ())))
    if kind == "int":
        test = rng.choice(
            (f"{name} < 0", f"{name} == 0", f"{name} > {small(scope, 20, 60)}", f"not {name}")
        )
        mended = f"{name} = {rng.choice((f'abs({name})', f'max({name}, 0)', f'{name} % 10'))}"
    elif kind == "bool":
        return []
    else:
        test = rng.choice((f"not {name}", f"not {name}", f"len({name}) < {small(scope, 1, 3)}"))
        mended = ""
    if mended and scope.chance(0.25):
        return [f"if {test}:", f"    {mended}"]
    if scope.chance(0.1):
        tested = f"{name} >= 0" if kind == "int" else name
        return [f'assert {tested}, "{message}"']
    if scope.chance(0.45):
        error = rng.choice(("ValueError", "ValueError", "TypeError", "KeyError", "IndexError"))
        return [f"if {test}:", f'    raise {error}("{message}")']
    return [f"if {test}:", f"    return {given}"]
