"""Finding a test in the source: its function, its class with the bases, and its decorators."""

import ast
from dataclasses import dataclass

from tools.nodeids import file_of, normal_id
from tools.programs.module import Function, Module, dotted
from tools.programs.resolve import Definition, Resolver
from tools.programs.sources import Sources

_MOST_BASES = 20


class NoProgram(ValueError):
    """No program can be made of what was asked for; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class TestName:
    """A test's id, taken apart.

    Attributes:
        path: of the file.
        names: of the classes and the function.
        given: what stands in the brackets; None where there are none.
    """

    path: str
    names: tuple[str, ...]
    given: str | None

    __test__ = False

    @classmethod
    def of(cls, test: str) -> "TestName":
        """Take an id apart.

        Raises:
            NoProgram: it names no single test.
        """
        path = file_of(normal_id(test))
        head, bracket, rest = test.strip().partition("::")[2].partition("[")
        names = tuple(head.split("::"))
        if not path.endswith(".py") or not all(name.isidentifier() for name in names):
            raise NoProgram(f"{_short(test)} is not the id of one test: path/file.py::test_name")
        return cls(path, names, rest.removesuffix("]") if bracket else None)


@dataclass(frozen=True, slots=True)
class Located:
    """A test in the source.

    Attributes:
        module: the file of its id.
        definition: the top-level function or class that has it.
        function: itself.
        home: the file that its function is in.
        classes: its class and the bases of that, nearest first, each with its file.
        unittest: whether a base from outside is a ``TestCase``.
        qualified: the class as an expression; empty where there is none.
    """

    module: Module
    definition: Definition
    function: Function
    home: Module
    classes: tuple[tuple[Module, ast.ClassDef], ...] = ()
    unittest: bool = False
    qualified: str = ""

    __test__ = False

    def method(self, name: str) -> Function | None:
        """A method of the test's class, an inherited one too."""
        for _, class_ in self.classes:
            for each in class_.body:
                if isinstance(each, Function) and each.name == name:
                    return each
        return None

    @property
    def decorators(self) -> list[list[ast.expr]]:
        """Those of the function, then those of each class, the bases first."""
        classes = [class_.decorator_list for _, class_ in reversed(self.classes)]
        return [self.function.decorator_list, *classes]


async def locate(sources: Sources, resolver: Resolver, name: TestName) -> Located:
    """Find a test.

    Raises:
        NoProgram: there is none, or its file cannot be read.
    """
    module = await sources.read(name.path)
    if module is None:
        why = next((each for each in sources.problems if each.startswith(name.path)), "")
        raise NoProgram(why or f"there is no file {_short(name.path)}")
    found = await resolver.name(module, name.names[0])
    if not isinstance(found, Definition):
        raise NoProgram(f"{name.path} has no {name.names[0]}")
    *outer, last = name.names
    if not outer:
        function = found.module.scope(found.name)
        if not isinstance(function, Function):
            raise NoProgram(f"{name.path} has no function {last}")
        return Located(module, found, function, found.module)
    class_ = found.module.scope(".".join([found.name, *outer[1:]]))
    if not isinstance(class_, ast.ClassDef):
        raise NoProgram(f"{name.path} has no class {'.'.join(outer)}")
    classes, unittest = await _bases(resolver, found.module, class_)
    for home, each in classes:
        for method in each.body:
            if isinstance(method, Function) and method.name == last:
                qualified = ".".join(outer)
                return Located(module, found, method, home, tuple(classes), unittest, qualified)
    raise NoProgram(f"{name.path} has no method {last} in {'.'.join(outer)}")


async def _bases(
    resolver: Resolver, module: Module, class_: ast.ClassDef
) -> tuple[list[tuple[Module, ast.ClassDef]], bool]:
    """A class and its bases, nearest first, and whether a foreign one is a ``TestCase``."""
    found: list[tuple[Module, ast.ClassDef]] = []
    unittest = False
    waiting = [(module, class_)]
    while waiting and len(found) < _MOST_BASES:
        home, each = waiting.pop(0)
        found.append((home, each))
        for base in each.bases:
            names = dotted(base)
            meant = await resolver.chain(home, names) if names else None
            if isinstance(meant, Definition):
                scope = meant.module.scope(meant.name)
                if isinstance(scope, ast.ClassDef):
                    waiting.append((meant.module, scope))
            elif names and names[-1].endswith("TestCase"):
                unittest = True
    return found, unittest


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
