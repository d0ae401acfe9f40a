"""A function of the grammar: blocks one after the other, and a return that uses what they made."""

import re

from model.nano.programs import words
from model.nano.programs.blocks import BLOCKS, Part
from model.nano.programs.blocks.choices import guarded
from model.nano.programs.blocks.helping import helped
from model.nano.programs.expressions import condition, integer, integer_of, text_of
from model.nano.programs.mix import Size
from model.nano.programs.scope import Argument, Lines, Scope, Signature, indented

_BLOCKS_OF = {"short": (1, 1, 1, 2), "medium": (1, 2, 2, 3), "long": (2, 3, 3, 4)}
_HINTS = {
    "any": "", "char": "str", "table": "dict", "rows": "list[list[int]]",
    "pairs": "list[tuple[str, int]]",
}  # fmt: skip
"""Types that are written otherwise."""


def function(scope: Scope, size: Size, names: set[str]) -> tuple[Signature, Lines]:
    """A function.

    Args:
        scope: a new one.
        size: of it.
        names: of functions that there are; its own is added.

    Returns:
        How it is called, and its lines.
    """
    body: Lines = []
    returns = ""
    parts: list[Part] = []
    weights = [scope.mix.blocks.get(name, 0) for name in BLOCKS]
    for number in range(scope.rng.choice(_BLOCKS_OF[size])):
        block = BLOCKS[scope.rng.choices([*BLOCKS], weights)[0]]
        if scope.helpers and number == 0:
            block = helped
        before = {*scope.kinds}
        scope.may_return = not scope.unused & before
        part = block(scope)
        parts.append(part)
        # What a loop fills is its result, even where the loop itself has read it.
        scope.unused |= {name for name in scope.kinds.keys() - before if _filled(name, part.lines)}
        body += part.lines
        if part.returns:
            returns = part.returns
            break
    if not returns:
        returns, text = _returned(scope)
        body.append(f"return {text}")
    if scope.arguments and scope.chance(scope.mix.guards):
        body = guarded(scope, returns) + body
    name = _name(scope, parts[-1] if scope.chance(0.7) else parts[0], names)
    signature = Signature(name, tuple(scope.arguments), returns)
    return signature, [header(scope, signature), *indented(_told(scope, signature) + body)]


def helper(scope: Scope, names: set[str]) -> tuple[Signature, Lines]:
    """A function of one or two lines that gives an integer or a string."""
    rng = scope.rng
    if scope.chance(0.7):
        name = scope.need("int")
        if scope.chance(0.3):
            scope.need("int", fresh=1)
        returns, verb = "int", "plain"
        body = [f"return {integer_of(scope, name)}"]
        if scope.chance(0.35):
            body = [f"if {condition(scope, name)}:", f"    return {integer_of(scope, name)}"]
            body += [f"return {integer(scope)}"]
    else:
        name, returns, verb = scope.need("str"), "str", "text"
        body = [f"return {text_of(scope, name)}"]
    waiting = [a.name for a in scope.arguments[1:] if not _read(a.name, body)]
    if waiting:
        body[-1] += f" + {waiting[0]}" if returns == "int" and " if " not in body[-1] else ""
    chosen = rng.choice(words.VERBS[verb]) + "_" + rng.choice(words.NOUNS[returns])
    if scope.chance(0.4):
        chosen = rng.choice(("helper", "adjust", "step", "apply", "fix", "weigh", "double"))
    signature = Signature(_free(chosen, names), tuple(scope.arguments), returns)
    return signature, [header(scope, signature), *indented(body)]


def header(scope: Scope, signature: Signature) -> str:
    """The line with the ``def``; some have type hints."""
    hinted = scope.chance(scope.mix.hints)
    given = ", ".join(_argument(argument, hinted) for argument in signature.arguments)
    hint = _HINTS.get(signature.returns, signature.returns)
    return f"def {signature.name}({given}){f' -> {hint}' if hinted and hint else ''}:"


def _argument(argument: Argument, hinted: bool) -> str:
    if not hinted:
        return argument.name + (f"={argument.default}" if argument.default is not None else "")
    text = f"{argument.name}: {_HINTS.get(argument.kind, argument.kind)}"
    return text + (f" = {argument.default}" if argument.default is not None else "")


def _returned(scope: Scope) -> tuple[str, str]:
    """The type and the text of what is returned: whatever was made and not used."""
    rng = scope.rng
    waiting = [name for name in scope.kinds if name in scope.unused]
    kinds = [scope.kinds[name] for name in waiting]
    if not waiting:
        if scope.known("int") and scope.chance(0.8):
            return "int", integer(scope)
        name = rng.choice([*scope.kinds] or ["None"])
        return scope.kinds.get(name, "any"), name
    if len(waiting) == 1:
        return _one(scope, waiting[0], kinds[0])
    if {*kinds} == {"int"} and scope.chance(0.7):
        sign = rng.choice(("+", "+", "-", "*"))
        text = f" {sign} ".join(waiting)
        if len(waiting) == 2 and scope.chance(0.2):
            text = f"{rng.choice(('max', 'min'))}({', '.join(waiting)})"
        return "int", text
    if {*kinds} == {"str"} and scope.chance(0.7):
        return "str", " + ".join(waiting)
    if len({*kinds}) == 1 and kinds[0].startswith("list") and scope.chance(0.5):
        return kinds[0], " + ".join(waiting)
    if {*kinds} == {"int", "str"} and scope.chance(0.4):
        return "str", 'f"' + rng.choice((" ", ":", "-", "=")).join(
            f"{{{n}}}" for n in waiting
        ) + '"'
    return "tuple", ", ".join(waiting)


def _one(scope: Scope, name: str, kind: str) -> tuple[str, str]:
    chance = scope.rng.random()
    if chance < 0.7:
        return kind, name
    if kind == "int":
        return (
            ("int", integer_of(scope, name)) if chance < 0.9 else ("bool", condition(scope, name))
        )
    if kind == "str":
        return ("str", text_of(scope, name)) if chance < 0.93 else ("int", f"len({name})")
    if kind == "list[int]":
        forms = (
            f"sum({name})", f"len({name})", f"sorted({name})", f"{name}[::-1]", f"tuple({name})",
            f"{name} or None", f"{name}[-1] if {name} else 0",
        )  # fmt: skip
        return "any", scope.rng.choice(forms)
    if kind == "list[str]":
        joined = f'"{scope.rng.choice((" ", "-", ",", ""))}".join({name})'
        return "any", scope.rng.choice(
            (joined, joined, f"len({name})", f"sorted({name})", f"{name}[:2]")
        )
    if kind == "bool":
        return "any", scope.rng.choice(
            (f"not {name}", f'"yes" if {name} else "no"', f"int({name})")
        )
    return kind, name


def _name(scope: Scope, part: Part, names: set[str]) -> str:
    if scope.chance(0.1):
        return _free(scope.rng.choice(words.PLAIN_NAMES), names)
    verbs = words.VERBS[part.verb]
    name = f"{scope.rng.choice(verbs)}_{scope.rng.choice(words.NOUNS[part.about])}"
    while name in scope.taken or name in names:
        name = f"{scope.rng.choice(verbs)}_{scope.rng.choice(words.NOUNS[part.about])}"
        if scope.chance(0.1):
            name = _free(name, names | scope.taken)
    return _free(name, names)


def _free(name: str, names: set[str]) -> str:
    chosen, number = name, 2
    while chosen in names:
        chosen, number = f"{name}_{number}", number + 1
    names.add(chosen)
    return chosen


def _told(scope: Scope, signature: Signature) -> Lines:
    """A docstring, or a comment; mostly neither."""
    said = signature.name.replace("_", " ").capitalize()
    if scope.chance(scope.mix.documented):
        ending = scope.rng.choice((".", "", " of the given input.", ", as asked."))
        return [f'"""{said}{ending}"""']
    if scope.chance(scope.mix.documented / 2):
        return [f"# {said}"]
    return []


def _filled(name: str, lines: Lines) -> bool:
    pattern = re.compile(rf"\s+({name} (\+|-|\*|//)?= |{name}\.\w+\(|{name}\[)")
    return any(pattern.match(line) for line in lines)


def _read(name: str, body: Lines) -> bool:
    return any(re.search(rf"\b{name}\b", line) for line in body)
