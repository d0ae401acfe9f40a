"""From a test or a call to the program whose execution is to be predicted."""

import ast
import builtins
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from model.predict.predictor import Program
from model.trace.writing import NoEntry
from sandboxes.sandbox import Sandbox
from tools.nodeids import normal_id
from tools.programs.entry import Entry, entry_of
from tools.programs.gather import Count, Gatherer, Gathering
from tools.programs.module import Module
from tools.programs.resolve import Definition, Resolver
from tools.programs.sources import Sources, open_sources
from tools.programs.tests import NoProgram, TestName, locate
from tools.programs.uses import uses
from tools.programs.writing import written

__all__ = ["Changed", "Gathered", "NoProgram", "program_for_call", "program_for_test"]

MOST_TOKENS = 12_000
"""Of source, when nothing else is said."""

_ROOM_FOR_HEADS = 0.85
"""How much of the room the pieces may take; names of files and imports come on top."""

Changed = Mapping[str, Collection[int | str]]
"""By path, the lines that changed, or the qualified names of what did."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A program that was put together.

    Attributes:
        program: for a predictor.
        call: the expression that is traced.
        included: what its source has, as ``path::name``, the most relevant first.
        left_out: what it lacks, or does otherwise than pytest would, one line each.
        tokens: of its source, as counted.
    """

    program: Program
    call: str
    included: tuple[str, ...]
    left_out: tuple[str, ...]
    tokens: int


def estimate(text: str) -> int:
    """About how many tokens a text has, where no tokenizer is at hand: rather too many."""
    return len(text.encode(errors="replace")) // 3 + 1


async def program_for_test(
    sandbox: Sandbox,
    test: str,
    *,
    changed: Changed | None = None,
    most_tokens: int = MOST_TOKENS,
    count: Count = estimate,
) -> Gathered:
    """The program that a test is.

    Its source has the test, what changed, the fixtures, and what these call inside the repository,
    as far as there is room. The entry point is a function that calls the test with its arguments.

    Args:
        sandbox: with the repository; it is only read.
        test: the id, as pytest has it; with its parameter set.
        changed: what is of interest besides the test.
        most_tokens: that the source may have.
        count: how many tokens a text has.

    Raises:
        NoProgram: there is no such test, or it needs more than calls.
        SandboxDied: the sandbox went away.
    """
    name = TestName.of(test)
    sources = await open_sources(sandbox, name.path)
    resolver = Resolver(sources)
    located = await locate(sources, resolver, name)
    entry = await entry_of(sources, resolver, located, name.given)
    gatherer = Gatherer(resolver, int(most_tokens * _ROOM_FOR_HEADS), count)
    gatherer.ask(located.definition, 0, entry.methods)
    for fixture in entry.fixtures:
        gatherer.ask(fixture, 1)
    await _ask_changed(gatherer, sources, changed or {})
    for home, value in entry.values:
        await gatherer.follow(home, uses([value]), 1)
    gathering = await gatherer.run()
    if not gathering.shows(located.function):
        raise NoProgram(f"the test does not fit into {most_tokens} tokens of source")
    return _gathered(sources, gathering, located.definition.module, entry, most_tokens, count)


async def program_for_call(
    sandbox: Sandbox,
    path: str,
    expression: str,
    *,
    changed: Changed | None = None,
    most_tokens: int = MOST_TOKENS,
    count: Count = estimate,
) -> Gathered:
    """The program that a call is, made with a file's names; see `program_for_test`.

    Args:
        sandbox: with the repository; it is only read.
        path: of the file, relative to the repository.
        expression: the call.
        changed: what is of interest besides.
        most_tokens: that the source may have.
        count: how many tokens a text has.

    Raises:
        NoProgram: there is no such file, or the call is not one expression.
        SandboxDied: the sandbox went away.
    """
    path = normal_id(path)
    tree = _expression(expression)
    sources = await open_sources(sandbox, path)
    module = await sources.read(path)
    if module is None:
        why = next((each for each in sources.problems if each.startswith(path)), "")
        raise NoProgram(why or f"there is no file {' '.join(path.split())[:200]}")
    resolver = Resolver(sources)
    used = uses([tree])
    if unknown := [chain[0] for chain in used.chains if not _knows(module, chain[0])]:
        raise NoProgram(f"{path} has no {unknown[0]}")
    gatherer = Gatherer(resolver, int(most_tokens * _ROOM_FOR_HEADS), count)
    await gatherer.follow(module, used, 0)
    await _ask_changed(gatherer, sources, changed or {})
    gathering = await gatherer.run()
    return _gathered(sources, gathering, module, Entry(expression.strip()), most_tokens, count)


def _gathered(
    sources: Sources,
    gathering: Gathering,
    first: Module,
    entry: Entry,
    most_tokens: int,
    count: Count,
) -> Gathered:
    """The program of what was gathered, the least relevant of it left out until it fits."""
    while True:
        source = written(gathering, sources, first)
        name = "run_test"
        while re.search(rf"\b{name}\b", source):
            name += "_"
        added, call = entry.written(name)
        whole = "\n\n".join(part for part in (source.rstrip("\n"), added.strip("\n")) if part)
        try:
            program = Program.of_call(whole + "\n\n\n" if whole else "", call)
        except NoEntry as problem:
            raise NoProgram(str(problem)) from None
        tokens = count(program.source)
        if tokens <= most_tokens or len(gathering.units) < 2:
            break
        # Tests and what is asked for with them were the first to come.
        key, _ = gathering.units.popitem()
        gathering.left_out.append(f"{key}: no room for it")
    if tokens > most_tokens:
        raise NoProgram(f"the program has {tokens} tokens, and there is room for {most_tokens}")
    included = tuple(gathering.units)
    left_out = (*entry.notes, *sources.problems, *gathering.said())
    return Gathered(program, call, included, left_out, tokens)


async def _ask_changed(gatherer: Gatherer, sources: Sources, changed: Changed) -> None:
    """Put what changed on the list, each method with its class."""
    for path, parts in changed.items():
        module = await sources.read(path)
        if module is None:
            continue
        for part in parts:
            name = module.enclosing(part) if isinstance(part, int) else part
            top, _, method = (name or "").partition(".")
            if top in module.definitions:
                gatherer.ask(Definition(module, top), 1, [method] if method else [])


def _knows(module: Module, name: str) -> bool:
    """Whether a file may have a name."""
    bound = name in module.definitions or name in module.imports
    return bound or bool(module.stars) or hasattr(builtins, name)


def _expression(text: str) -> ast.Expression:
    """Parse a call.

    Raises:
        NoProgram: it is not one expression.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = " ".join(str(error).split())[:200]
        raise NoProgram(f"the call is not one expression: {said}") from None
