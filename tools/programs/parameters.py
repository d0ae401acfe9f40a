"""Which arguments a parametrized test gets: its id's parameter set, found in its decorators.

The values are never computed: they are taken as source text, and an id as pytest would make it is
guessed from that text.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

from tools.programs.module import dotted

_MOST_SETS = 10_000
_MOST_SHOWN = 8
_LONGEST_ID = 2_000

Constant = Callable[[str], ast.expr | None]
"""Finds what a name is set to in the test's file; None where that is not one expression."""


class NotFound(ValueError):
    """The arguments cannot be told from the source; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """Arguments that one decorator gives.

    Attributes:
        values: by argument.
        ids: what pytest may call it, the likeliest first; None in it for anything at all.
    """

    values: Mapping[str, ast.expr]
    ids: tuple[str | None, ...]


def marks_of(decorators: Sequence[Sequence[ast.expr]]) -> list[ast.Call]:
    """The decorators that give parameters, in the order in which ids have them.

    Args:
        decorators: of the test as they stand, and those of each of its classes.
    """
    nearest = [each for group in decorators for each in reversed(group)]
    return [each for each in nearest if isinstance(each, ast.Call) and _is_mark(each)]


def given_names(marks: Sequence[ast.Call]) -> frozenset[str]:
    """The arguments that are given by parameters."""
    return frozenset(name for mark in marks for name in _names(_parts(mark).get("argnames"))[0])


def arguments(
    marks: Sequence[ast.Call], given: str | None, constant: Constant, own: Sequence[ast.Call] = ()
) -> dict[str, ast.expr]:
    """The arguments of the parameter set that an id names.

    Args:
        marks: that give parameters, in the order in which ids have them.
        given: what stands in the id's brackets; None where there are none.
        constant: finds what a name is set to.
        own: those that stand for the parameters of fixtures; in ids they come before the others,
            or after them.

    Raises:
        NotFound: there is no such set, or it cannot be told.
    """
    if given is None and not marks and not own:
        return {}
    sets = [_sets(mark, constant) for mark in (*own, *marks)]
    if given is None:
        known = ", ".join(islice(_known(sets), _MOST_SHOWN))
        raise NotFound(f"the test has parameter sets; name one in brackets: {known}, ...")
    if not sets:
        raise NotFound("neither the test nor a fixture of it has parameters")
    if len(given) > _LONGEST_ID:
        raise NotFound("the parameter set's id is too long")
    orders = [sets, [*sets[len(own) :], *sets[: len(own)]]] if own and marks else [sets]
    for order in orders:
        if found := _chosen(order, given):
            return {name: value for each in found for name, value in each.values.items()}
    raise NotFound(f"the parameter set [{given[:100]}] cannot be told from the source")


def _chosen(sets: Sequence[Sequence[ParameterSet]], given: str) -> tuple[ParameterSet, ...] | None:
    """Of each decorator the set that an id names; None where that cannot be told."""
    likely: list[tuple[ParameterSet, ...]] = []
    for chosen in islice(product(*sets), _MOST_SETS):
        if _spells(chosen, given, wild=False):
            return chosen
        if _spells(chosen, given, wild=True):
            likely.append(chosen)
    return likely[0] if len(likely) == 1 else None


def _spells(chosen: Sequence[ParameterSet], given: str, *, wild: bool) -> bool:
    """Whether an id may be that of these sets, each part followed by a hyphen or the end."""
    given += "-"
    places = {0}
    for one in chosen:
        ends: set[int] = set()
        for id_ in one.ids:
            if id_ is not None:
                ends |= {at + len(id_) for at in places if given.startswith(id_ + "-", at)}
            elif wild and places:
                first = min(places)
                ends |= {at for at in range(first, len(given)) if given[at] == "-"}
        places = {end + 1 for end in ends}
    return len(given) in places


def _is_mark(decorator: ast.Call) -> bool:
    return dotted(decorator.func)[-1:] == ("parametrize",)


def _known(sets: Sequence[Sequence[ParameterSet]]) -> Iterator[str]:
    for chosen in product(*sets):
        yield "[" + "-".join(one.ids[0] or "?" for one in chosen) + "]"


def _sets(mark: ast.Call, constant: Constant) -> list[ParameterSet]:
    """The sets of one decorator.

    Raises:
        NotFound: they are not written down there.
    """
    parts = _parts(mark)
    indirect = parts.get("indirect")
    if indirect is not None and not (isinstance(indirect, ast.Constant) and not indirect.value):
        raise NotFound("the test's parameters go through a fixture")
    names, single = _names(parts.get("argnames"))
    values = _listed(parts.get("argvalues"), constant)
    if not names or values is None:
        raise NotFound("the test's parameters are computed, not written down")
    given = _listed(parts["ids"], constant) if "ids" in parts else []
    sets = [
        _set(names, _one(value) if single else value, number, _given_id(given, number), constant)
        for number, value in enumerate(values)
    ]
    return _numbered(sets)


def _parts(mark: ast.Call) -> dict[str, ast.expr]:
    """What a decorator is called with, by name."""
    keywords = {each.arg: each.value for each in mark.keywords if each.arg}
    named = dict(zip(("argnames", "argvalues", "indirect", "ids"), mark.args, strict=False))
    return {**named, **keywords}


def _given_id(given: Sequence[ast.expr] | None, number: int) -> ast.expr | None:
    """What ``ids`` says of a set; a name that means nothing where it is a function."""
    if given is None:
        return ast.Name("ids")
    return given[number] if number < len(given) else None


def _set(
    names: Sequence[str],
    value: ast.expr,
    number: int,
    given: ast.expr | None,
    constant: Constant,
) -> ParameterSet:
    ids: tuple[str | None, ...] = ()
    if isinstance(value, ast.Call) and dotted(value.func)[-1:] == ("param",):
        own = next((each.value for each in value.keywords if each.arg == "id"), None)
        given = own or given
        parts = [*value.args]
    else:
        parts = [*(_listed(value, constant) or [])]
    if len(parts) != len(names) or any(isinstance(each, ast.Starred) for each in parts):
        raise NotFound("the test's parameters are computed, not written down")
    if isinstance(given, ast.Constant) and given.value is not None:
        ids = (str(given.value),)
    elif given is not None and not isinstance(given, ast.Constant):
        ids = (None,)
    else:
        each_ids = [
            _ids(part, f"{name}{number}", constant) for name, part in zip(names, parts, strict=True)
        ]
        ids = tuple(
            None if None in one else "-".join(each or "" for each in one)
            for one in islice(product(*each_ids), 256)
        )
    return ParameterSet(dict(zip(names, parts, strict=True)), tuple(dict.fromkeys(ids)))


def _numbered(sets: list[ParameterSet]) -> list[ParameterSet]:
    """The sets, those with the same id told apart as pytest does: by a number at the end."""
    count: dict[str | None, int] = {}
    for each in sets:
        count[each.ids[0]] = count.get(each.ids[0], 0) + 1
    seen: dict[str, int] = {}
    told: list[ParameterSet] = []
    for each in sets:
        first = each.ids[0]
        if first is None or count[first] == 1:
            told.append(each)
            continue
        while {f"{first}{seen.setdefault(first, 0)}", f"{first}_{seen[first]}"} & {*count}:
            seen[first] += 1
        told.append(ParameterSet(each.values, _suffixed(first, seen[first])))
        seen[first] += 1
    return told


def _suffixed(name: str, number: int) -> tuple[str, ...]:
    """With a number; releases of pytest differ in what stands before it after a digit."""
    both = f"{name}_{number}", f"{name}{number}"
    return both if name[-1:].isdigit() else both[1:]


def _names(node: ast.expr | None) -> tuple[list[str], bool]:
    """The arguments, and whether each value is for a single one."""
    match node:
        case ast.Constant(value=str(text)):
            names = [name.strip() for name in text.split(",") if name.strip()]
            return names, len(names) == 1
        case ast.List(elts=items) | ast.Tuple(elts=items):
            values = [each.value for each in items if isinstance(each, ast.Constant)]
            return [name for name in values if isinstance(name, str)], False
    return [], False


def _one(value: ast.expr) -> ast.expr:
    """A value as a list of one, unless it says itself what it is."""
    if isinstance(value, ast.Call) and dotted(value.func)[-1:] == ("param",):
        return value
    return ast.List([value], ast.Load())


def _listed(node: ast.expr | None, constant: Constant) -> list[ast.expr] | None:
    if isinstance(node, ast.Name):
        node = constant(node.id)
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    return None if any(isinstance(each, ast.Starred) for each in node.elts) else node.elts


def _ids(value: ast.expr, numbered: str, constant: Constant) -> tuple[str | None, ...]:
    """What pytest may call one value."""
    if isinstance(value, ast.Name) and (known := constant(value.id)) is not None:
        return (*_ids(known, numbered, lambda _: None), value.id)
    if isinstance(value, ast.Lambda):
        return ("<lambda>",)
    names = dotted(value)
    if names:
        return numbered, names[-1], ".".join(names), None
    try:
        literal = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return numbered, None
    match literal:
        case str():
            return (literal.encode("unicode_escape", "replace").decode("ascii"),)
        case bytes():
            return (literal.decode("ascii", "backslashreplace"),)
        case bool() | int() | float() | complex() | None:
            return (_number(literal),)
    return (numbered,)


def _number(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # too many digits
        return ""
