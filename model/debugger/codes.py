"""The code objects of a source: which lines are theirs, and which of them may follow which."""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from model.debugger.flow import Flow

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Inline = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Body = ast.Module | ast.ClassDef | _Function


@dataclass(frozen=True, slots=True)
class Code:
    """What has frames of its own: a function, a class body, a comprehension, the module.

    Attributes:
        name: as a trace of Python's would have it.
        owner: the class it is in; empty where it is in none.
        begins: the lines that its call may be at.
        lines: its own, without those of the bodies of functions within it.
        parameters: their names, the first one first; None where calls may have any locals.
        resumes: whether it yields, so that a call may be at any of its lines.
        branches: of a line with a condition: the condition, and the lines it leads to if it holds.
    """

    name: str
    owner: str
    begins: frozenset[int]
    lines: frozenset[int]
    parameters: tuple[str, ...] | None
    resumes: bool
    branches: dict[int, tuple[ast.expr, frozenset[int]]]
    _statements: dict[int, frozenset[int]]
    _after: dict[int, frozenset[int]]
    _raised: dict[int, frozenset[int]]
    _free: bool

    @property
    def eventful(self) -> frozenset[int]:
        """The lines that a frame can be at."""
        return self.lines if self._free else self.begins | self._statements.keys()

    def follows(self, line: int, next_line: int, raised: bool = False) -> bool:
        """Whether the event of a line may be followed by that of another, or of the same again.

        Args:
            line: of the first one.
            next_line: of the other one.
            raised: whether there was the event of an exception in between.
        """
        if self._free:
            return next_line in self.lines
        if self.together(line, next_line):
            return True
        # A statement over several lines may begin at any of them.
        entered = self._statements.get(next_line, frozenset({next_line}))
        keys = self._statements.get(line, frozenset({line}))
        ways = (self._after, self._raised) if raised else (self._after,)
        return any(entered & way.get(key, frozenset()) for key in keys for way in ways)

    def together(self, line: int, other: int) -> bool:
        """Whether two lines are of one statement, or of its head, that spans several."""
        if line == other:
            return False
        return bool(
            self._statements.get(line, frozenset()) & self._statements.get(other, frozenset())
        )


def codes(source: str) -> list[Code]:
    """The code objects of a source, the module's first; none where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        return [*_codes(tree, "")]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _codes(node: ast.AST, owner: str) -> Iterator[Code]:
    if isinstance(node, _Body):
        yield _of_body(node, owner)
        owner = node.name if isinstance(node, ast.ClassDef) else ""
    elif isinstance(node, _Inline):
        yield _inline(node)
    for child in ast.iter_child_nodes(node):
        yield from _codes(child, owner)


def _of_body(node: _Body, owner: str) -> Code:
    flow = Flow()
    entry = flow.block(node.body, frozenset(), None)
    begins = frozenset[int]()
    parameters: tuple[str, ...] | None = None
    if not isinstance(node, ast.Module):
        begins = frozenset({node.lineno, *(each.lineno for each in node.decorator_list)})
        for line in begins:
            flow.add(line, entry)
        flow.spans(min(begins), node.body[0].lineno - 1, min(begins))
    if isinstance(node, _Function):
        parameters = _parameters(node.args)
    last = max((each.end_lineno or each.lineno for each in node.body), default=0)
    inner = {n for body in _within(node) for n in body}
    first = min(begins, default=1)
    return Code(
        name="<module>" if isinstance(node, ast.Module) else node.name,
        owner=owner,
        begins=begins,
        lines=frozenset(range(first, last + 1)) - inner,
        parameters=parameters,
        resumes=isinstance(node, _Function) and _yields(node),
        branches=flow.branches,
        _statements={line: frozenset(keys) for line, keys in flow.statements.items()},
        _after={line: frozenset(lines) for line, lines in flow.after.items()},
        _raised={line: frozenset(lines) for line, lines in flow.raised.items()},
        _free=False,
    )


def _inline(node: _Inline) -> Code:
    lines = frozenset(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    names = {ast.Lambda: "<lambda>", ast.GeneratorExp: "<genexpr>", ast.ListComp: "<listcomp>"}
    names |= {ast.SetComp: "<setcomp>", ast.DictComp: "<dictcomp>"}
    return Code(
        name=names[type(node)],
        owner="",
        begins=lines,
        lines=lines,
        parameters=_parameters(node.args) if isinstance(node, ast.Lambda) else (".0",),
        resumes=False,
        branches={},
        _statements={},
        _after={},
        _raised={},
        _free=True,
    )


def _parameters(args: ast.arguments) -> tuple[str, ...]:
    named = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    rest = [each for each in (args.vararg, args.kwarg) if each is not None]
    return tuple(each.arg for each in (*named, *rest))


def _within(node: ast.AST) -> Iterator[range]:
    """The lines of the bodies of functions and classes in a body, without those of their heads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function | ast.ClassDef):
            first = child.body[0]
            start = first.lineno + (first.lineno == child.lineno)
            yield range(start, (child.end_lineno or child.lineno) + 1)
        else:
            yield from _within(child)


def _yields(node: ast.AST) -> bool:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Yield | ast.YieldFrom | ast.Await | ast.AsyncFor | ast.AsyncWith):
            return True
        if not isinstance(child, _Body | ast.Lambda) and _yields(child):
            return True
    return False
