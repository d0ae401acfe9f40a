"""The pieces that programs are put together from: functions, classes without methods, constants."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from tools.programs.module import (
    Function,
    Module,
    class_lines,
    function_lines,
    is_pytest,
    statement_lines,
)
from tools.programs.resolve import Definition


@dataclass(frozen=True, slots=True)
class Unit:
    """Lines that are shown together or not at all.

    Attributes:
        module: the file.
        name: what they define, qualified by the class.
        lines: their numbers, from 1 on.
        code: what of it is looked at for names.
        methods: of a class: the pieces that are its methods, by name.
        filler: of a class that has no lines but its head: the line to put a body after; else 0.
    """

    module: Module
    name: str
    lines: frozenset[int]
    code: tuple[ast.AST, ...]
    methods: "tuple[tuple[str, Unit], ...]" = ()
    filler: int = 0

    @property
    def key(self) -> str:
        """Its name for people, and for telling it from others."""
        return f"{self.module.path}::{self.name}"

    @property
    def text(self) -> str:
        """Its lines, with what ends them."""
        return "".join(self.module.lines[number - 1] + "\n" for number in sorted(self.lines))


def unit_of(definition: Definition) -> Unit:
    """The piece that a definition is, all statements that have a part in it together."""
    module, statements = definition.module, definition.module.definitions[definition.name]
    lines: set[int] = set()
    code: list[ast.AST] = []
    methods: list[tuple[str, Unit]] = []
    filler = 0
    for statement in statements:
        if isinstance(statement, ast.ClassDef):
            lines |= class_lines(statement)
            code += _class_code(statement)
            methods = [*_methods(module, definition.name, statement)]
            filler = _filler(statement, lines)
        elif isinstance(statement, Function):
            lines |= function_lines(statement)
            code.append(statement)
        else:
            lines |= statement_lines(statement)
            code.append(statement)
    return Unit(
        module, definition.name, frozenset(lines), tuple(code), tuple(methods), filler=filler
    )


def is_special(name: str) -> bool:
    """Whether a method is one that Python calls by itself."""
    return name.startswith("__") and name.endswith("__")


def _class_code(class_: ast.ClassDef) -> Iterable[ast.AST]:
    decorators = [each for each in class_.decorator_list if not is_pytest(each)]
    keywords = [each.value for each in class_.keywords]
    rest = [each for each in class_.body if not isinstance(each, Function)]
    return [*class_.bases, *keywords, *decorators, *rest]


def _methods(module: Module, owner: str, class_: ast.ClassDef) -> Iterable[tuple[str, Unit]]:
    by_name: dict[str, list[Function]] = {}
    for each in class_.body:
        if isinstance(each, Function):
            by_name.setdefault(each.name, []).append(each)
    for name, functions in by_name.items():
        lines = frozenset().union(*map(function_lines, functions))
        yield name, Unit(module, f"{owner}.{name}", lines, tuple(functions))


def _filler(class_: ast.ClassDef, lines: set[int]) -> int:
    """The line of a class's head after which a body has to be put if no method is shown."""
    before = class_.body[0].lineno - 1
    decorated = class_.body[0]
    if isinstance(decorated, Function) and decorated.decorator_list:
        before = min(each.lineno for each in decorated.decorator_list) - 1
    rest = [each for each in class_.body if not isinstance(each, Function)]
    if class_.body[0].lineno == class_.lineno or any(each.lineno in lines for each in rest):
        return 0
    return max(number for number in lines if number <= before)
