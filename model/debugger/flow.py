"""Which line of a body may follow which, told from its statements.

The lines are those of line events: ``else:``, ``finally:``, docstrings and declarations have none;
the head of a loop has one each time round; a ``with`` has another one when it is left. What cannot
be known, as where an exception is handled, is allowed wherever it is possible. An exception has an
event of its own where it is raised or comes through a call; but not where it is raised again, after
a ``finally``, by a ``with``, or where no clause matches.
"""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_Loop = ast.For | ast.AsyncFor | ast.While


@dataclass(frozen=True, slots=True)
class _Round:
    """The loop that statements are in: its head, and what comes after it."""

    head: int
    after: frozenset[int]


@dataclass(slots=True)
class Flow:
    """What is known of a body so far; it is gone through from its end to its beginning.

    Attributes:
        statements: of each line, the first lines of the statements it is of.
        after: the lines that may follow a statement, by its first line.
        raised: those that may follow it only where it raised an exception.
        silent: the first lines of what may raise again, or leave early, without a word.
        branches: of a line with a condition: the condition, and the lines it leads to if it holds.
    """

    statements: dict[int, set[int]] = field(default_factory=dict)
    after: dict[int, set[int]] = field(default_factory=dict)
    raised: dict[int, set[int]] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    branches: dict[int, tuple[ast.expr, frozenset[int]]] = field(default_factory=dict)

    def add(self, line: int, after: Iterable[int]) -> None:
        """Let lines follow a statement."""
        self.after.setdefault(line, set()).update(after)

    def spans(self, first: int, last: int, key: int) -> None:
        """Let lines be of a statement."""
        for line in range(first, max(first, last) + 1):
            self.statements.setdefault(line, set()).add(key)

    def block(
        self, body: Sequence[ast.stmt], after: frozenset[int], loop: _Round | None
    ) -> frozenset[int]:
        """Take in statements that are followed by these lines; returns the lines they begin at."""
        for statement in reversed(body):
            if not _silent(statement):
                after = self._statement(statement, after, loop)
        return after

    def _statement(
        self, node: ast.stmt, after: frozenset[int], loop: _Round | None
    ) -> frozenset[int]:
        first, last = _head(node)
        self.spans(first, last, first)
        match node:
            case ast.If():
                then = self.block(node.body, after, loop)
                self.branches[first] = node.test, then
                self.add(first, then | self.block(node.orelse, after, loop))
            case ast.For() | ast.AsyncFor() | ast.While():
                self._loop(node, after, loop)
            case ast.With() | ast.AsyncWith():
                self.add(first, self.block(node.body, after | {first}, loop) | after)
                self.add(first, _early(node, loop))
                self._may_raise(node.body, frozenset({first}))
                self.silent.add(first)
            case ast.Try() | ast.TryStar():
                self.add(first, self._try(node, after, loop))
            case ast.Match():
                self.add(first, self._cases(node, after, loop))
            case ast.Break() | ast.Continue() if loop is not None:
                self.silent.add(first)
                self.add(first, loop.after if isinstance(node, ast.Break) else {loop.head})
            case ast.Return() | ast.Raise():
                self.silent.add(first)
                self.add(first, ())
            case _:
                self.add(first, after)
        return frozenset({first})

    def _loop(self, node: _Loop, after: frozenset[int], loop: _Round | None) -> None:
        head = node.lineno
        body = self.block(node.body, frozenset({head}), _Round(head, after))
        if isinstance(node, ast.While):
            self.branches[head] = node.test, body
        self.add(head, body | self.block(node.orelse, after, loop))

    def _try(
        self, node: ast.Try | ast.TryStar, after: frozenset[int], loop: _Round | None
    ) -> frozenset[int]:
        on = after | _early(node, loop)
        final = self.block(node.finalbody, on, loop) if node.finalbody else after
        # Whatever leaves the statement early goes through `finally`.
        leaving = final if node.finalbody else frozenset[int]()
        self.silent |= self._keys(node.finalbody)
        handlers = leaving
        for handler in reversed(node.handlers):
            line = handler.lineno
            self.spans(line, line, line)
            self.add(line, self.block(handler.body, final, loop) | handlers)
            self.silent.add(line)
            self._may_raise(handler.body, leaving)
            handlers = leaving | {line}
        entry = self.block(node.body, self.block(node.orelse, final, loop), loop)
        self._may_raise(node.body, handlers)
        self._may_raise(node.orelse, leaving)
        return entry

    def _may_raise(self, body: Sequence[ast.stmt], to: frozenset[int]) -> None:
        for key in self._keys(body):
            self.raised.setdefault(key, set()).update(to)
            if key in self.silent:
                self.add(key, to)

    def _keys(self, body: Sequence[ast.stmt]) -> set[int]:
        """The first lines of all statements in a part of the body that was taken in."""
        if not body:
            return set()
        lines = range(body[0].lineno, (body[-1].end_lineno or body[-1].lineno) + 1)
        return {key for line in lines for key in self.statements.get(line, ())}

    def _cases(self, node: ast.Match, after: frozenset[int], loop: _Round | None) -> frozenset[int]:
        others = after
        for case in reversed(node.cases):
            line = case.pattern.lineno
            self.spans(line, line, line)
            self.add(line, self.block(case.body, after, loop) | others)
            others = frozenset({line})
        return others


def _early(node: ast.stmt, loop: _Round | None) -> frozenset[int]:
    """Where a loop goes on that is left, or gone round, from within a statement."""
    if loop is None or not any(isinstance(n, ast.Break | ast.Continue) for n in ast.walk(node)):
        return frozenset()
    return loop.after | {loop.head}


def _silent(node: ast.stmt) -> bool:
    """Whether a statement has no line event."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    bare = isinstance(node, ast.AnnAssign) and node.value is None
    return bare or isinstance(node, ast.Global | ast.Nonlocal)


def _head(node: ast.stmt) -> tuple[int, int]:
    """The first and the last line of a statement, without the statements within it."""
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    inner = getattr(node, "body", None) or getattr(node, "cases", None)
    if not inner:
        return first, node.end_lineno or node.lineno
    place = inner[0].pattern if isinstance(inner[0], ast.match_case) else inner[0]
    return first, max(first, place.lineno - 1)
