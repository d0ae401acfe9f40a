"""The fixtures of a test, as calls: which functions make its arguments, and in which order."""

import ast
import posixpath
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

from tools.programs.module import Function, Module, dotted
from tools.programs.resolve import Definition, Resolver
from tools.programs.sources import Sources

_DEEP = 20
"""Fixtures that need fixtures that need fixtures."""

_SCOPES = ("session", "package", "module", "class", "function")
"""From the widest to the narrowest."""

REQUEST = "request"
"""The argument that says who asks for a fixture. One that does not look at it gets None."""

BUILT_IN = {
    "tmp_path": ("pathlib.Path(tempfile.mkdtemp())", ("pathlib", "tempfile")),
    "monkeypatch": ("pytest.MonkeyPatch()", ("pytest",)),
}
"""Of pytest's own fixtures those that are one expression, and what that imports."""


class NotPlain(ValueError):
    """A fixture is more than a function that can be called; the message says what."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """Something that makes an argument.

    Attributes:
        name: of the argument.
        call: the expression before its arguments: a function's name; or the whole expression.
        needs: the names of its own arguments; None for a whole expression.
        yields: whether the call makes an iterator, whose first value it is.
        method: its name where it is one of the test's class; else empty.
        definition: what it is; None where it is not the repository's, or a method.
        home: the file it is in; None where it is not the repository's.
        parameters: its own, as a decorator of the test would give them; None where it has none.
        scope: its number among `_SCOPES`.
        imports: what the expression needs.
    """

    name: str
    call: str
    needs: tuple[str, ...] | None = None
    yields: bool = False
    method: str = ""
    definition: Definition | None = None
    home: Module | None = None
    parameters: ast.Call | None = None
    scope: int = 0
    imports: tuple[str, ...] = ()

    @property
    def parameter(self) -> str:
        """What its own parameter is called among those of the test."""
        return f"{self.name}.param"


@dataclass(slots=True)
class Plan:
    """What has to be made before a test.

    Attributes:
        fixtures: by name, each after those that it needs.
        uses: how often each is asked for.
        parameters: of the fixtures that have some, in the order in which ids have them.
        notes: what is not as with pytest, one line each.
    """

    fixtures: dict[str, Fixture] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)
    parameters: list[ast.Call] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class FixtureFinder:
    """Finds fixtures where pytest does: the class, the file, and the ``conftest.py`` above it.

    Args:
        sources: the repository's.
        resolver: finds what names mean.
        module: with the test.
        classes: the test's class and its bases, nearest first; with where they are from.
    """

    def __init__(
        self,
        sources: Sources,
        resolver: Resolver,
        module: Module,
        classes: Sequence[tuple[Module, ast.ClassDef]] = (),
    ) -> None:
        self._sources = sources
        self._resolver = resolver
        self._module = module
        self._classes = classes

    async def plan(self, names: Sequence[str], taken: frozenset[str]) -> Plan:
        """What makes these arguments.

        Args:
            names: of them.
            taken: of arguments that are there already, from parameters.

        Raises:
            NotPlain: one of them is not a call. One that nobody asks for by name is left out then.
        """
        plan = Plan()
        asked: list[str] = []
        for name in await self._automatic():
            if await self._add_automatic(plan, name, taken):
                asked.append(name)
        for name in names:
            await self._add(plan, name, taken, _DEEP)
        asked += names
        plan.parameters = _ordered_parameters(plan, asked)
        return plan

    async def _add_automatic(self, plan: Plan, name: str, taken: frozenset[str]) -> bool:
        """Add one that is used without being asked for, if it is a call; else a note."""
        before = dict(plan.fixtures), dict(plan.uses), [*plan.notes]
        try:
            await self._add(plan, name, taken, _DEEP)
        except NotPlain as problem:
            plan.fixtures, plan.uses, plan.notes = before
            plan.notes.append(f"the automatic fixture {name}: {problem}")
            return False
        return True

    async def _add(self, plan: Plan, name: str, taken: frozenset[str], deep: int) -> None:
        if name in taken:
            return
        plan.uses[name] = plan.uses.get(name, 0) + 1
        if name in plan.fixtures:
            return
        if deep < 0:
            raise NotPlain(f"the fixture {name} needs too many others")
        fixture = await self._found(name, plan)
        for need in fixture.needs or ():
            if need == REQUEST:
                continue
            if need == name:
                raise NotPlain(f"the fixture {name} overrides another one")
            await self._add(plan, need, taken, deep - 1)
        plan.fixtures[name] = fixture

    async def _found(self, name: str, plan: Plan) -> Fixture:
        for home, class_ in self._classes:
            for function in _fixtures(class_.body):
                if _fixture_name(function) == name:
                    call, yields = f"case.{function.name}", _yields(function, plan)
                    own = _parameters(function, name)
                    needs = _needs(function)[1:]
                    return Fixture(
                        name,
                        call,
                        needs,
                        yields,
                        method=function.name,
                        home=home,
                        parameters=own,
                        scope=_scope(function),
                    )
        async for module in self._modules():
            definition = await self._in_module(module, name)
            if definition:
                home = definition.module
                made = home.scope(definition.name)
                assert isinstance(made, Function)  # as `_in_module` has looked
                return Fixture(
                    name,
                    made.name,
                    _needs(made),
                    _yields(made, plan),
                    definition=definition,
                    home=home,
                    parameters=_parameters(made, name),
                    scope=_scope(made),
                )
        if name in BUILT_IN:
            return Fixture(name, BUILT_IN[name][0], imports=BUILT_IN[name][1])
        raise NotPlain(f"the fixture {name} is not in the repository")

    async def _in_module(self, module: Module, name: str) -> Definition | None:
        for statements in module.definitions.values():
            for function in _fixtures(statements):
                if _fixture_name(function) == name:
                    return Definition(module, function.name)
        found = await self._resolver.name(module, name)
        if isinstance(found, Definition):
            scope = found.module.scope(found.name)
            if isinstance(scope, Function) and [*_fixtures([scope])]:
                return found
        return None

    async def _automatic(self) -> list[str]:
        """The fixtures that are used without being asked for, the outermost first."""
        names: list[str] = []
        modules = [module async for module in self._modules()]
        for module in reversed(modules):
            for statements in module.definitions.values():
                names += [_fixture_name(each) for each in _fixtures(statements) if _is_auto(each)]
        for _, class_ in self._classes:
            names += [_fixture_name(each) for each in _fixtures(class_.body) if _is_auto(each)]
        return names

    async def _modules(self) -> AsyncIterator[Module]:
        yield self._module
        folder = posixpath.dirname(self._module.path)
        while True:
            module = await self._sources.read(posixpath.join(folder, "conftest.py"))
            if module:
                yield module
            if not folder:
                return
            folder = posixpath.dirname(folder)


def _ordered_parameters(plan: Plan, asked: Sequence[str]) -> list[ast.Call]:
    """The parameters of fixtures: of the widest scope first, then as they are asked for."""
    closure = [*dict.fromkeys(asked)]
    for name in closure:  # it grows
        needs = plan.fixtures[name].needs if name in plan.fixtures else ()
        closure += [need for need in needs or () if need not in closure]
    found = [plan.fixtures[name] for name in closure if name in plan.fixtures]
    found.sort(key=lambda fixture: fixture.scope)
    return [fixture.parameters for fixture in found if fixture.parameters]


def _scope(function: Function) -> int:
    for each in _keywords(function):
        if each.arg == "scope" and isinstance(each.value, ast.Constant):
            return _SCOPES.index(each.value.value) if each.value.value in _SCOPES else 0
    return len(_SCOPES) - 1


def _yields(function: Function, plan: Plan) -> bool:
    """Whether a fixture yields its value.

    Raises:
        NotPlain: its body is more than can be called.
    """
    name = function.name
    if isinstance(function, ast.AsyncFunctionDef):
        raise NotPlain(f"the fixture {name} is asynchronous")
    yields = [node for node in _inside(function) if isinstance(node, ast.Yield | ast.YieldFrom)]
    if not yields:
        return False
    top = [node for each in function.body if not _is_block(each) for node in ast.walk(each)]
    if len(yields) > 1 or not any(node is yields[0] for node in top):
        raise NotPlain(f"the fixture {name} yields within a block")
    plan.notes.append(f"what the fixture {name} does after its yield")
    return True


def _parameters(function: Function, name: str) -> ast.Call | None:
    """A fixture's own parameters, as a decorator that gives the test an argument.

    Raises:
        NotPlain: the fixture looks at more of what asks for it than its parameter.
    """
    given = {each.arg: each for each in _keywords(function)}
    nodes = [*_inside(function)]
    seen = {id(each.value) for each in nodes if isinstance(each, ast.Attribute) and _is_own(each)}
    asking = [each for each in nodes if isinstance(each, ast.Name) and each.id == REQUEST]
    if any("params" not in given or id(each) not in seen for each in asking):
        raise NotPlain(f"the fixture {function.name} looks at the request")
    if "params" not in given:
        return None
    called = ast.Attribute(ast.Name("mark"), "parametrize")
    ids = [given["ids"]] if "ids" in given else []
    return ast.Call(called, [ast.Constant(f"{name}.param"), given["params"].value], ids)


def _is_own(node: ast.Attribute) -> bool:
    """Whether it is ``request.param``."""
    return dotted(node) == (REQUEST, "param")


def _is_block(statement: ast.stmt) -> bool:
    return hasattr(statement, "body")


def _inside(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions within."""
    nodes: list[ast.AST] = [*function.body]
    while nodes:
        node = nodes.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            nodes.extend(ast.iter_child_nodes(node))


def _fixtures(statements: Sequence[ast.stmt]) -> Iterator[Function]:
    for each in statements:
        if isinstance(each, Function) and any(map(_is_fixture, each.decorator_list)):
            yield each


def _is_fixture(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return dotted(called)[-1:] == ("fixture",)


def _keywords(function: Function) -> list[ast.keyword]:
    return [
        keyword
        for each in function.decorator_list
        if isinstance(each, ast.Call) and _is_fixture(each)
        for keyword in each.keywords
    ]


def _is_auto(function: Function) -> bool:
    return any(
        each.arg == "autouse"
        and not (isinstance(each.value, ast.Constant) and not each.value.value)
        for each in _keywords(function)
    )


def _fixture_name(function: Function) -> str:
    for each in _keywords(function):
        if each.arg == "name" and isinstance(each.value, ast.Constant):
            return str(each.value.value)
    return function.name


def _needs(function: Function) -> tuple[str, ...]:
    return tuple(each.arg for each in needed(function))


def needed(function: Function) -> list[ast.arg]:
    """The arguments of a function that have no default."""
    positional = [*function.args.posonlyargs, *function.args.args]
    bare = positional[: len(positional) - len(function.args.defaults)]
    keywords = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return [*bare, *(each for each, default in keywords if default is None)]
