"""What uses a helper function: for the elements of a list, or for a value or two."""

from model.nano.programs import words
from model.nano.programs.blocks.part import Part, element, loop
from model.nano.programs.expressions import condition, small
from model.nano.programs.scope import Lines, Scope, Signature


def helped(scope: Scope) -> Part:
    """The first helper is called, with elements or with arguments."""
    helper = scope.helpers[0]
    kind = helper.arguments[0].kind
    if scope.chance(0.6):
        return _each(scope, helper, kind)
    first = scope.need(kind)
    call = _call(scope, helper, first)
    gives = "int" if helper.returns == "int" else "str"
    result = scope.define(gives, ("result", "first", "changed", "start", "base", "made"))
    lines = [f"{result} = {call}"]
    if scope.chance(0.5):
        sign = "+=" if gives == "str" else scope.rng.choice(("+=", "-=", "*="))
        lines += [f"{result} {sign} {_call(scope, helper, scope.need(kind, fresh=0.6))}"]
    return Part(lines, "plain", kind)


def _each(scope: Scope, helper: Signature, kind: str) -> Part:
    items = scope.need(f"list[{kind}]")
    item = element(scope, items, kind)
    call = _call(scope, helper, item)
    listed, chance = f"list[{helper.returns}]", scope.rng.random()
    if chance < 0.3:
        scope.forget(item)
        result = scope.define(listed, words.LISTS)
        return Part([f"{result} = [{call} for {item} in {items}]"], "map", f"list[{kind}]")
    if chance < 0.6 and helper.returns == "int":
        total = scope.define("int", words.SUMS)
        body: Lines = [f"{total} += {call}"]
        if scope.chance(0.4):
            value = scope.fresh(("value", "made", "step"))
            body = [
                f"{value} = {call}",
                f"if {value} {scope.rng.choice('<>')} {small(scope, 0, 12)}:",
            ]
            body += [f"    {total} += {value}"]
        scope.forget(item)
        return Part(
            [f"{total} = 0", *loop(f"for {item} in {items}:", body)], "sum", f"list[{kind}]"
        )
    result = scope.define(listed, words.LISTS)
    body = [f"{result}.append({call})"]
    if kind == "int" and scope.chance(0.4):
        body = [f"if {condition(scope, item)}:", f"    {result}.append({call})"]
    scope.forget(item)
    return Part([f"{result} = []", *loop(f"for {item} in {items}:", body)], "map", f"list[{kind}]")


def _call(scope: Scope, helper: Signature, first: str) -> str:
    given = [scope.use(first)]
    for argument in helper.arguments[1:]:
        if argument.default is not None and scope.chance(0.6):
            break
        names = [name for name in scope.known(argument.kind) if name != first]
        if names and scope.chance(0.5):
            given.append(scope.use(scope.rng.choice(names)))
        else:
            given.append(small(scope) if argument.kind == "int" else '"-"')
    return f"{helper.name}({', '.join(given)})"
