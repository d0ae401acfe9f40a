"""How a test is started without pytest: a call with its arguments, and what comes before it."""

import ast
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from tools.programs import parameters
from tools.programs.fixtures import REQUEST, FixtureFinder, NotPlain, Plan, needed
from tools.programs.module import Function, Module, dotted
from tools.programs.resolve import Definition, Resolver
from tools.programs.sources import Sources
from tools.programs.tests import Located, NoProgram

_MARKS_THAT_DECIDE = ("skip", "skipif", "xfail")


@dataclass(slots=True)
class Entry:
    """How a test begins.

    Attributes:
        call: the expression.
        before: statements that come before it, when there are any.
        after: those that follow.
        fixtures: the functions that make its arguments.
        values: the expressions of its parameters, each with the file it is from.
        methods: of its class that are called.
        imports: modules that the call needs.
        notes: what is not as with pytest, one line each.
    """

    call: str
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    fixtures: list[Definition] = field(default_factory=list)
    values: list[tuple[Module, ast.expr]] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def written(self, name: str) -> tuple[str, str]:
        """What is to be added to the source, and the call to trace.

        Args:
            name: for the function that is added, if one has to be.
        """
        imports = "".join(f"import {each}\n" for each in sorted(self.imports))
        if not self.before and not self.after:
            return imports, self.call
        body = "".join(f"    {each}\n" for each in (*self.before, self.call, *self.after))
        return f"{imports}\ndef {name}():\n{body}".lstrip("\n"), f"{name}()"


async def entry_of(
    sources: Sources, resolver: Resolver, located: Located, given: str | None
) -> Entry:
    """How a test is started.

    Args:
        sources: the repository's.
        resolver: finds what names mean.
        located: the test.
        given: what stands in the brackets of its id; None where there are none.

    Raises:
        NoProgram: it needs more than can be written as calls.
    """
    _refuse_generated(located)
    try:
        marks = parameters.marks_of(located.decorators)
        wanted = _wanted(located)
        asked = [*_used_fixtures(located), *wanted]
        finder = FixtureFinder(sources, resolver, located.module, located.classes)
        plan = await finder.plan(asked, parameters.given_names(marks))
        constants = _constants(located.home)
        # In a thread, for there may be many sets.
        values = await asyncio.to_thread(
            parameters.arguments, marks, given, constants, plan.parameters
        )
    except (parameters.NotFound, NotPlain) as problem:
        raise NoProgram(str(problem)) from None
    entry = Entry("")
    homes = {each.parameter: each.home or located.home for each in plan.fixtures.values()}
    entry.values = [(homes.get(name, located.home), value) for name, value in values.items()]
    entry.notes = [*plan.notes, *_marks(located)]
    entry.imports = {each for fixture in plan.fixtures.values() for each in fixture.imports}
    entry.fixtures = [each.definition for each in plan.fixtures.values() if each.definition]
    entry.methods.add(located.function.name)
    if plan.parameters:
        entry.imports.add("types")
    texts = {
        name: _text(home, value) for name, (home, value) in zip(values, entry.values, strict=True)
    }
    _write(entry, located, plan, wanted, texts)
    return entry


def _write(
    entry: Entry, located: Located, plan: Plan, wanted: Sequence[str], texts: dict[str, str]
) -> None:
    """The call, and what comes before and after it.

    Fixtures are nested into the call where that makes each of them once, in pytest's order.
    """
    _set_up(entry, located)
    methods = {fixture.method for fixture in plan.fixtures.values() if fixture.method}
    entry.methods |= methods
    shared = any(count > 1 for count in plan.uses.values())
    unasked = any(name not in wanted for name in _roots(plan))
    stepwise = bool(shared or unasked or methods or entry.before or entry.after)
    steps = _steps(plan, texts, stepwise)
    made = located.qualified and f"{located.qualified}({_constructed(located)})"
    receiver = made and f"{'case' if stepwise else made}."
    call = f"{receiver}{_function_name(located)}({_passed(located, texts)})"
    if isinstance(located.function, ast.AsyncFunctionDef):
        entry.imports.add("asyncio")
        call = f"asyncio.run({call})"
    entry.call = call
    if stepwise:
        entry.before = [*([f"case = {made}"] if made else []), *entry.before, *steps]


def _steps(plan: Plan, texts: dict[str, str], stepwise: bool) -> list[str]:
    """A statement for each fixture; and into the texts what stands for it as an argument."""
    steps: list[str] = []
    for name, fixture in plan.fixtures.items():
        call = fixture.call
        if fixture.needs is not None:
            own = texts.get(fixture.parameter)
            request = "None" if own is None else f"types.SimpleNamespace(param={own})"
            given = [request if need == REQUEST else texts[need] for need in fixture.needs]
            call = f"{call}({', '.join(given)})"
        if fixture.yields:
            call = f"next({call})"
        texts[name] = f"the_{name}" if stepwise else call
        steps.append(f"the_{name} = {call}")
    return steps


def _constructed(located: Located) -> str:
    """What a test's class is called with."""
    return f'"{located.function.name}"' if located.unittest else ""


def _roots(plan: Plan) -> list[str]:
    """The fixtures that no other one needs."""
    inner = {need for fixture in plan.fixtures.values() for need in fixture.needs or ()}
    return [name for name in plan.fixtures if name not in inner]


def _function_name(located: Located) -> str:
    return located.function.name if located.qualified else located.definition.name


def _set_up(entry: Entry, located: Located) -> None:
    """The methods and functions that unittest and pytest call around a test."""
    names = ("setUp", "tearDown") if located.unittest else ("setup_method", "teardown_method")
    of_class = "setUpClass" if located.unittest else "setup_class"
    for name in ("setUpModule", "setup_module", "setup_function"):
        statement = located.module.scope(name)
        if isinstance(statement, Function) and (name != "setup_function" or not located.qualified):
            if needed(statement):
                entry.notes.append(f"{name} of the test's file")
            else:
                entry.before.append(f"{name}()")
                entry.fixtures.append(Definition(located.module, name))
    if not located.qualified:
        return
    if located.method(of_class):
        entry.before.append(f"{located.qualified}.{of_class}()")
        entry.methods.add(of_class)
    for name, where in zip(names, (entry.before, entry.after), strict=True):
        method = located.method(name)
        if method:
            test = f"case.{located.function.name}" if len(needed(method)) > 1 else ""
            where.append(f"case.{name}({test})")
            entry.methods.add(name)


def _wanted(located: Located) -> list[str]:
    """The arguments that come from parameters and fixtures."""
    names = [each.arg for each in needed(located.function)]
    decorators = [dotted(each) for each in located.function.decorator_list]
    if located.qualified and ("staticmethod",) not in decorators:
        names = names[1:]
    return names[_patched(located.function) :]


def _patched(function: Function) -> int:
    """How many arguments ``mock.patch`` puts first."""
    count = 0
    for each in function.decorator_list:
        if isinstance(each, ast.Call) and not any(word.arg == "new" for word in each.keywords):
            names = dotted(each.func)
            count += names[-1:] == ("patch",) and len(each.args) == 1
            count += names[-2:] == ("patch", "object") and len(each.args) == 2
    return count


def _passed(located: Located, texts: dict[str, str]) -> str:
    """The arguments of the call."""
    positional = [each.arg for each in located.function.args.posonlyargs]
    wanted = _wanted(located)
    function = located.function.args
    parts = [texts[name] for name in positional if name in texts and name in wanted]
    named = [each.arg for each in (*function.args, *function.kwonlyargs) if each.arg in texts]
    plain = [name for name in named if name in wanted and name not in _keyword_only(function)]
    if _patched(located.function):
        plain = []
    parts += [texts[name] for name in plain]
    return ", ".join([*parts, *(f"{name}={texts[name]}" for name in named if name not in plain)])


def _keyword_only(arguments: ast.arguments) -> set[str]:
    return {each.arg for each in arguments.kwonlyargs}


def _used_fixtures(located: Located) -> list[str]:
    return [
        str(value.value)
        for group in located.decorators
        for each in group
        if isinstance(each, ast.Call) and dotted(each.func)[-1:] == ("usefixtures",)
        for value in each.args
        if isinstance(value, ast.Constant)
    ]


def _marks(located: Located) -> list[str]:
    """The marks that may decide what becomes of the test."""
    found = []
    for each in chain.from_iterable(located.decorators):
        name = dotted(each.func if isinstance(each, ast.Call) else each)[-1:]
        if name and name[0] in _MARKS_THAT_DECIDE:
            found.append(f"the mark {name[0]} of the test")
    return found


def _refuse_generated(located: Located) -> None:
    for each in chain.from_iterable(located.decorators):
        if isinstance(each, ast.Call) and dotted(each.func)[-1:] == ("given",):
            raise NoProgram("the test's inputs are generated, not written down")


def _constants(module: Module) -> parameters.Constant:
    def constant(name: str) -> ast.expr | None:
        statements = module.definitions.get(name, [])
        match statements:
            case [ast.Assign(targets=[ast.Name()], value=value)]:
                return value
            case [ast.AnnAssign(target=ast.Name(), value=ast.expr() as value)]:
                return value
        return None

    return constant


def _text(module: Module, value: ast.expr) -> str:
    """An expression as it is written, on one line.

    Raises:
        NoProgram: it is nested too deep to write.
    """
    if value.lineno == value.end_lineno:
        line = module.lines[value.lineno - 1].encode(errors="surrogatepass")
        text = line[value.col_offset : value.end_col_offset].decode(errors="surrogatepass")
        # A starred or a generator's text may need the brackets that stand around it.
        if not isinstance(value, ast.GeneratorExp | ast.Yield | ast.NamedExpr):
            return text
    try:
        return f"({ast.unparse(value)})" if isinstance(value, ast.NamedExpr) else ast.unparse(value)
    except RecursionError:
        raise NoProgram("a parameter of the test is nested too deep") from None
