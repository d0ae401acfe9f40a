"""Expressions of a wanted type, from the names that a function has.

What may raise (an index, a division by a name) is left to the blocks that are about it.
"""

import re

from model.nano.programs import words
from model.nano.programs.scope import Scope
from model.nano.programs.values import string, written

Forms = list[tuple[float, str]]
"""What may be written, each with its weight."""

_SEPARATORS = (" ", "-", ", ", "_", "/", "", ":", "+")


def small(scope: Scope, low: int = 1, high: int = 10) -> str:
    """A small constant as source."""
    return str(scope.rng.randint(low, high))


def integer_atom(scope: Scope) -> str:
    """A name, a constant, or something short about another value."""
    rng = scope.rng
    if scope.unused & {*scope.known("int")} and scope.chance(0.75):
        return scope.pick("int") or "0"
    chance = rng.random()
    if chance < 0.55 and scope.known("int"):
        return scope.pick("int") or "0"
    if chance < 0.8:
        sized = [
            name
            for kind in ("list[int]", "list[str]", "str", "dict[str, int]")
            for name in scope.known(kind)
        ]
        if sized:
            return f"len({scope.use(rng.choice(sized))})"
    return small(scope)


def integer(scope: Scope, deep: int = 1) -> str:
    """An expression that gives an integer."""
    rng = scope.rng
    if deep <= 0 or scope.chance(0.15):
        return integer_atom(scope)
    helper = called(scope, "int")
    if helper and scope.chance(0.5):
        return helper
    a, b, k = integer_atom(scope), integer_atom(scope), small(scope, 2, 9)
    forms: Forms = [
        (8, f"{a} + {b}"), (6, f"{a} - {b}"), (5, f"{a} * {k}"), (3, f"{a} * {b}"),
        (3, f"{a} // {k}"), (3, f"{a} % {k}"), (4, f"{a} * {k} + {b}"), (2, f"({a} + {b}) * {k}"),
        (2, f"({a} - {b}) // {k}"), (2, f"({a} + {b}) % {k}"), (1, f"-{a}"),
        (1, f"abs({a} - {b})"), (1, f"max({a}, {b})"), (1, f"min({a}, {b})"), (1, f"{a}**2"),
        (1, f"{a} - {b} * {k}"), (1, f"-{a} // {k}"), (1, f"{k} - {a}"),
        (1, f"{a} if {a} > {b} else {k}"), (0.5, f"divmod({a}, {k})[{rng.randint(0, 1)}]"),
        (0.6, f"{a} & {k}"), (0.4, f"{a} << 1"), (0.4, f"{a} ^ {b}"), (0.3, f"int({a} > {b})"),
    ]  # fmt: skip
    integers = scope.known("list[int]")
    if integers:
        name = rng.choice(integers)
        forms += [(4, f"sum({name})"), (1, f"sum({name}) + {a}"), (1.5, f"{name}.count({a})")]
        forms += [(1, f"max({name}, default=0)"), (1, f"sum({name}[:{small(scope, 1, 3)}])")]
    table = scope.known("dict[str, int]")
    if table:
        name, key = rng.choice(table), written(rng.choice(words.KEYS))
        forms += [(3, f"{name}.get({key}, {small(scope, 0, 5)})"), (2, f"sum({name}.values())")]
    text = scope.known("str")
    if text:
        forms += [(1.5, f'{rng.choice(text)}.count("{rng.choice("aeiolnt")}")')]
    return _drawn(scope, forms)


def condition(scope: Scope, name: str | None = None) -> str:
    """A test; of one integer where a name is given."""
    rng = scope.rng
    a = scope.use(name) if name else integer_atom(scope)
    k = small(scope, 0, 12)
    other = integer_atom(scope) if scope.chance(0.4) else k
    if other == a:
        other = k
    forms: Forms = [
        (6, f"{a} > {other}"), (5, f"{a} < {other}"), (3, f"{a} >= {other}"),
        (3, f"{a} <= {other}"), (3, f"{a} == {other}"), (2, f"{a} != {other}"),
        (4, f"{a} % {small(scope, 2, 5)} == {rng.choice('0001')}"), (1.5, f"{a} % 2"),
        (2, f"{small(scope, 0, 5)} < {a} <= {small(scope, 6, 20)}"),
        (1, f"{a} in ({small(scope)}, {small(scope)}, {small(scope)})"),
        (1, f"not {a} % {small(scope, 2, 4)}"),
        (1, f"{a} > {k} and {a} % 2 == {rng.choice('01')}"),
        (1, f"{a} < {small(scope, 0, 4)} or {a} > {small(scope, 5, 15)}"),
        (0.5, f"not {a}"), (0.7, f"{a} < 0"),
    ]  # fmt: skip
    integers = scope.known("list[int]")
    if integers and scope.chance(0.25):
        named = rng.choice(integers)
        forms += [(3, f"{a} in {named}"), (2, f"{a} not in {named}")]
    if name is None:
        for kind in ("list[int]", "list[str]", "str"):
            for known in scope.known(kind):
                forms += [(1, f"len({known}) > {small(scope, 1, 4)}"), (0.6, f"not {known}")]
        forms += [(5, known) for known in scope.known("bool") if known in scope.unused]
    return _drawn(scope, forms)


def text_condition(scope: Scope, name: str) -> str:
    """A test of a string."""
    rng = scope.rng
    scope.use(name)
    word = written(rng.choice(("a", "b", "e", "th", "x", "ab", "re")))
    forms: Forms = [
        (3, f"len({name}) > {small(scope, 1, 5)}"), (2, f"{name}.startswith({word})"),
        (2, f"{name}.endswith({word})"), (3, f"{word} in {name}"), (1, f"{name}.isdigit()"),
        (1, f"{name}.islower()"), (1.5, f"{name} == {name}[::-1]"), (1, f"not {name}"),
        (1, f"len({name}) % 2 == 0"), (1, f"{name}[0] == {name}[-1]"), (1, f"{name}.istitle()"),
        (1, f'{name} > "{rng.choice("cdghm")}"'),
    ]  # fmt: skip
    texts = [other for other in scope.known("str") if other != name]
    if texts:
        other = rng.choice(texts)
        forms += [(4, f"{name} == {other}"), (2, f"{other} in {name}"), (2, f"{name} != {other}")]
    found = _drawn(scope, forms)
    if "[0]" in found:
        found = f"{name} and {found}"
    return found


def char_condition(scope: Scope, name: str) -> str:
    """A test of one character."""
    rng = scope.rng
    scope.use(name)
    letters = "".join(sorted(rng.sample("abcdeilnorstx", rng.randint(2, 4))))
    forms: Forms = [
        (5, f'{name} in "aeiou"'), (3, f'{name} not in "aeiou"'), (2, f'{name} in "{letters}"'),
        (3, f"{name}.isupper()"), (3, f"{name}.isdigit()"), (3, f"{name}.isalpha()"),
        (2, f'{name} == " "'), (2, f'{name} != "{rng.choice("aelo -,")}"'),
        (2, f'{name} == "{rng.choice("abelon")}"'), (1, f'{name}.lower() in "aeiou"'),
        (1, f'{name} > "{rng.choice("cdghm")}"'), (1, f'"a" <= {name} <= "m"'),
        (1, f"{name}.isspace()"), (1, f"not {name}.isalnum()"),
    ]  # fmt: skip
    texts = [other for other in scope.known("str") if other != name]
    if texts:
        other = rng.choice(texts)
        forms += [(2, f"{name} in {other}"), (2, f"{name} not in {other}")]
    return _drawn(scope, forms)


def text_of(scope: Scope, name: str) -> str:
    """A string made of a string."""
    rng = scope.rng
    scope.use(name)
    a, b = rng.sample("abeilnorst", 2)
    k = small(scope, 1, 4)
    forms: Forms = [
        (3, f"{name}.upper()"), (2, f"{name}.lower()"), (2, f"{name}.title()"),
        (3, f"{name}.strip()"), (3, f"{name}[::-1]"), (2, f"{name}[:{k}]"), (2, f"{name}[{k}:]"),
        (1, f"{name}[-{k}:]"), (1, f"{name}[::2]"), (1, f"{name} * 2"), (1, f"{name}[1:-1]"),
        (2, f'{name}.replace("{a}", "{b}")'), (1, f'{name}.replace(" ", "_")'),
        (1, f"{name}.capitalize()"), (1, f"{name}.swapcase()"), (1, f'{name}.rjust({k}, "0")'),
        (2, f'{name} + "{rng.choice(("s", "!", "?", ".", "ing", "_1"))}"'),
        (2, f'f"<{{{name}}}>"'), (1, f'f"{{{name}}}:{{len({name})}}"'), (1, f'f"{{{name}!r}}"'),
        (1, f'"-".join({name})'), (1, f"{name}.zfill({small(scope, 2, 6)})"),
        (1, f'{name}.strip("{a}")'), (1, f'"".join(sorted({name}))'), (0.7, f'{name}.lstrip("0a")'),
        (0.7, f'{name}.rstrip("{b}.")'), (0.5, f'{name}.center({small(scope, 4, 9)}, "*")'),
        (0.5, f'{name}.removeprefix("{a}")'), (0.7, f'f"{{{name}:>{small(scope, 3, 8)}}}"'),
        (0.5, f'{name}.ljust({small(scope, 3, 8)}, ".")'), (0.7, f'"".join(reversed({name}))'),
        (0.5, f'{name}.split("{a}")[0]'), (0.5, f'{name}.expandtabs(2)'),
    ]  # fmt: skip
    texts = [other for other in scope.known("str") if other != name]
    if texts:
        other = rng.choice(texts)
        forms += [(4, f"{name} + {other}"), (2, f"{other} + {name}")]
        forms += [(2, f'f"{{{other}}}{rng.choice(_SEPARATORS)}{{{name}}}"')]
    numbers = scope.known("int")
    if numbers:
        number = rng.choice(numbers)
        forms += [
            (1.5, f'f"{{{name}}}={{{number}}}"'),
            (1, f"{name}[:{number}]"),
            (0.7, f'f"{{{name}}}{{{number}:03}}"'),
        ]
        forms += [(1, f"{name} + str({number})")]
    found = _drawn(scope, forms)
    for other in texts + numbers:
        if other in found:
            scope.use(other)
    return found


def char_of(scope: Scope, name: str) -> str:
    """A string made of one character."""
    rng = scope.rng
    scope.use(name)
    mark = rng.choice("*-_.#")
    forms: Forms = [
        (4, name), (3, f"{name}.upper()"), (2, f"{name} * 2"), (1, f'"{mark}"'),
        (1, f"{name}.lower()"), (1, f'{name} + "{mark}"'), (1, f"{name}.swapcase()"),
        (1, f"chr(ord({name}) + 1)"),
    ]  # fmt: skip
    return _drawn(scope, forms)


def integer_of(scope: Scope, name: str) -> str:
    """An integer made of one that is called so, and now and then of another one."""
    rng = scope.rng
    scope.use(name)
    k = small(scope, 2, 9)
    forms: Forms = [
        (3, f"{name} * {k}"), (3, f"{name} + {k}"), (2, f"{name} - {k}"), (2, f"{name}**2"),
        (2, f"{name} * {name}"), (2, f"{name} // {k}"), (2, f"{name} % {k}"), (1, f"-{name}"),
        (1, f"abs({name})"), (1, f"{name} * {k} + 1"), (1, f"max({name}, {k})"),
        (1, f"min({name}, {k})"), (1, f"{name} if {name} > {k} else 0"), (1, f"({name} + 1) % {k}"),
    ]  # fmt: skip
    others = [other for other in scope.known("int") if other != name]
    if others and scope.chance(0.5):
        waiting = [other for other in others if other in scope.unused]
        other = rng.choice(waiting or others)
        forms = [
            (3, f"{name} * {other}"), (3, f"{name} + {other}"), (3, f"{name} - {other}"),
            (1, f"max({name}, {other})"), (1, f"min({name}, {other})"),
            (1, f"abs({name} - {other})"), (1, f"{other} - {name}"), (1, f"{name} * {k} + {other}"),
        ]  # fmt: skip
        scope.use(other)
    helper = called(scope, "int", name)
    if helper and scope.chance(0.6):
        return helper
    return _drawn(scope, forms)


def integers(scope: Scope) -> str:
    """A list of integers made of one that there is, or is made for it."""
    rng = scope.rng
    name = scope.need("list[int]", fresh=0.1)
    k = small(scope, 1, 3)
    n = scope.rng.choice(("x", "v", "n", "value", "number"))
    n = n if n not in scope.taken else "item" if "item" not in scope.taken else "each"
    forms: Forms = [
        (3, f"sorted({name})"), (1, f"sorted({name}, reverse=True)"), (2, f"{name}[::-1]"),
        (2, f"{name}[{k}:]"), (2, f"{name}[:{k}]"), (1, f"{name}[-{k}:]"), (1, f"{name}[::2]"),
        (1, f"{name}[:-1]"), (1, f"{name} + [{small(scope)}]"), (1, f"list(reversed({name}))"),
        (3, f"[{n} * {k} for {n} in {name}]"), (2, f"[{n} for {n} in {name} if {n} > {k}]"),
        (1, f"[{n} for {n} in {name} if {n} % 2 == {rng.choice('01')}]"), (1, f"{name}[1:-1]"),
        (1, f"sorted(set({name}))"), (1, f"{name} * 2"), (1, f"{name}.copy()"),
    ]  # fmt: skip
    return _drawn(scope, forms)


def called(scope: Scope, returns: str, first: str | None = None) -> str | None:
    """A call of a helper that gives this type, with the names there are; None without one."""
    fitting = [helper for helper in scope.helpers if helper.returns == returns]
    if not fitting:
        return None
    helper = scope.rng.choice(fitting)
    given: list[str] = []
    for number, argument in enumerate(helper.arguments):
        if argument.default is not None and scope.chance(0.6):
            break
        if number == 0 and first and scope.kinds.get(first, argument.kind) == argument.kind:
            given.append(scope.use(first))
            continue
        name = scope.pick(argument.kind)
        if name is None and argument.kind == "int":
            name = small(scope)
        if name is None and argument.kind == "str":
            name = written(string(scope.rng))
        if name is None:
            return None
        given.append(name)
    return f"{helper.name}({', '.join(given)})"


def _drawn(scope: Scope, forms: Forms) -> str:
    weights = [float(weight) for weight, _ in forms]
    found = scope.rng.choices([form for _, form in forms], weights)[0]
    for name in [*scope.unused]:
        if _mentions(found, name):
            scope.unused.discard(name)
    return found


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None
