"""From suspicious lines to edits worth trying, the likeliest first.

An edit's score is its statement's weight times its operator's prior times its own weight. Of a
table that a module fills when it is imported, the entries that share a value with the failing tests
or the issue come first.
"""

import hashlib
import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agent.policies.repair.localise import Lines, Suspicion
from agent.policies.repair.operators import NODE_OPERATORS, STATEMENT_OPERATORS
from agent.policies.repair.operators.operator import Hints, Operator, Replacement, Where
from agent.policies.repair.source import (
    Function,
    SourceFile,
    Statement,
    TextEdit,
    Unreadable,
    apply_edits,
)
from agent.policies.repair.tables import Table
from agent.policies.repair.weights import weigh

_MOST_PER_STATEMENT = 200
_MOST_PER_OPERATOR = 40
_HIGHEST_PRIOR = max(operator.prior for operator in (*NODE_OPERATORS, *STATEMENT_OPERATORS))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One edit worth trying.

    Attributes:
        number: in the order of trying, from 1.
        path: the file.
        line: where the edit begins.
        operator: what proposed it.
        score: how likely it is.
        edits: of the file's text.
        before: the lines it changes.
        after: what they become.
        hot: whether to try it by swapping code in a running process.
        sure: whether that is the same as importing anew; else what fails so is tried anew later.
    """

    number: int
    path: str
    line: int
    operator: str
    score: float
    edits: tuple[TextEdit, ...]
    before: str
    after: str
    hot: bool
    sure: bool = True

    @property
    def changed(self) -> tuple[str, str]:
        """What is taken out of the lines, and what is put in."""
        same = 0
        for one, other in zip(self.before, self.after, strict=False):
            if one != other:
                break
            same += 1
        rest, new = self.before[same:], self.after[same:]
        while rest and new and rest[-1] == new[-1]:
            rest, new = rest[:-1], new[:-1]
        return rest, new

    @property
    def size(self) -> int:
        """Characters put in and taken out."""
        return sum(map(len, self.changed))


class Candidates:
    """Proposes edits for a ranking.

    Attributes:
        hints: what the failing tests and the issue tell.
        files: the parsed files, by path.
        skipped: files that could not be parsed, with the reason.
        statements: (weight, file, statement), the most suspicious first.
    """

    def __init__(
        self,
        suspicion: Suspicion,
        imported: Lines,
        hints: Hints,
        read: Callable[[str], bytes],
        *,
        files: int = 16,
        seed: int = 0,
    ) -> None:
        self._imported = imported
        self.hints = hints
        self._random = random.Random(seed)
        self.files: dict[str, SourceFile] = {}
        self.skipped: list[str] = []
        for path in _most_suspicious(suspicion, files):
            try:
                self.files[path] = SourceFile(path, read(path))
            except (Unreadable, OSError) as error:
                self.skipped.append(str(error))
        self.statements = weigh(self.files, suspicion, imported, hints.words)

    def functions(self) -> list[tuple[float, str, str]]:
        """(score, path, qualified name) of the suspicious functions, the most suspicious first."""
        best: dict[tuple[str, str], float] = {}
        for weight, file, statement in self.statements:
            if statement.function is not None:
                key = (file.path, statement.function.name)
                best[key] = max(best.get(key, 0.0), weight)
        return sorted(
            ((weight, path, name) for (path, name), weight in best.items()),
            key=lambda item: -item[0],
        )

    def __iter__(self) -> Iterator[Candidate]:
        """All edits, the likeliest first, each result once."""
        seen: set[bytes] = set()
        heap: list[tuple[float, float, int, tuple[SourceFile, Statement, str, Replacement]]] = []
        count = 0
        number = 0
        for place, (weight, file, statement) in enumerate(self.statements):
            for score, operator, replacement in self._proposals(weight, file, statement):
                count += 1
                item = (file, statement, operator, replacement)
                heapq.heappush(heap, (-score, self._random.random(), count, item))
            following = self.statements[place + 1][0] if place + 1 < len(self.statements) else 0.0
            while heap and -heap[0][0] >= following * _HIGHEST_PRIOR:
                score, _, _, item = heapq.heappop(heap)
                made = self._make(number + 1, -score, *item, seen)
                if made is not None:
                    number += 1
                    yield made

    def _proposals(
        self, weight: float, file: SourceFile, statement: Statement
    ) -> list[tuple[float, str, Replacement]]:
        where = Where(file, statement, self.hints)
        table = Table.find(file, statement, self.hints)
        found: list[tuple[float, str, Replacement, int]] = []

        def add(operator: Operator, replacement: Replacement) -> None:
            score = weight * operator.prior * replacement.weight
            entry = table.entry(replacement.edits) if table is not None else -1
            if table is not None:
                score *= table.relevance(entry)
            found.append((score, operator.name, replacement, entry))

        for each in STATEMENT_OPERATORS:
            for replacement in each.propose_statement(where):
                add(each, replacement)
        for node in statement.expressions:
            for operator in NODE_OPERATORS:
                for replacement in operator.propose(node, where):
                    add(operator, replacement)
        found.sort(key=lambda item: -item[0])
        of_each: Counter[tuple[str, int]] = Counter()
        of_entry: Counter[int] = Counter()
        kept = []
        for score, name, replacement, entry in found:
            of_each[name, entry] += 1
            if of_each[name, entry] <= _MOST_PER_OPERATOR and of_entry[entry] < _MOST_PER_STATEMENT:
                of_entry[entry] += 1
                kept.append((score, name, replacement))
        return kept

    def _make(
        self,
        number: int,
        score: float,
        file: SourceFile,
        statement: Statement,
        operator: str,
        replacement: Replacement,
        seen: set[bytes],
    ) -> Candidate | None:
        """The candidate, or None when it changes nothing, is known, or is no Python."""
        edits = tuple(sorted(replacement.edits))
        if any(one.end > two.start for one, two in itertools.pairwise(edits)):
            return None
        if all(file.text[edit.start : edit.end] == edit.text for edit in edits):
            return None
        first, last = _scope(file, statement, edits)
        start, end = file.line_span(first, last)
        moved = [TextEdit(edit.start - start, edit.end - start, edit.text) for edit in edits]
        scope = apply_edits(file.text[start:end], moved)
        bare = "".join(scope.split())
        key = hashlib.sha1(f"{file.path}\0{first}\0{bare}".encode()).digest()
        if key in seen or not _parses(scope):
            return None
        seen.add(key)
        before, after = changed_lines(file.text, edits)
        line = file.line_of(edits[0].start)
        function = statement.function
        sure = function is None or self._is_untouched(file.path, function)
        return Candidate(
            number=number,
            path=file.path,
            line=line,
            operator=operator,
            score=round(score, 6),
            edits=edits,
            before=before,
            after=after,
            hot=function is not None,
            sure=sure,
        )

    def _is_untouched(self, path: str, function: Function) -> bool:
        """Whether nothing of the function, or of one around it, ran before the tests."""
        outer = function
        while outer.outer is not None:
            outer = outer.outer
        ran = self._imported.get(path, frozenset())
        return not any(line in ran for line in _body_lines(outer))


def _most_suspicious(suspicion: Suspicion, files: int) -> list[str]:
    best: dict[str, float] = {}
    for (path, _), score in suspicion.scores.items():
        best[path] = max(best.get(path, 0.0), score)
    return sorted(best, key=lambda path: (-best[path], path))[:files]


def _body_lines(function: Function) -> Iterator[int]:
    """The lines whose execution means that the function ran; not those of its ``def``."""
    yield from range(function.body_line, function.last_line + 1)


def _scope(file: SourceFile, statement: Statement, edits: Sequence[TextEdit]) -> tuple[int, int]:
    """The lines to check: the outermost function's, or the whole file's."""
    function = statement.function
    while function is not None and function.outer is not None:
        function = function.outer
    total = file.line_of(len(file.text))
    if function is None:
        return 1, total
    first, last = function.first_line, min(function.last_line, total)
    start, end = file.line_span(first, last)
    if edits[0].start < start or edits[-1].end > end:
        return 1, total
    return first, last


def _parses(scope: str) -> bool:
    """Whether the lines of a function, or of a module, are Python; indentation is kept."""
    import ast

    text = f"if 1:\n{scope}" if scope[:1] in (" ", "\t") else scope
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def changed_lines(text: str, edits: Sequence[TextEdit]) -> tuple[str, str]:
    """The whole lines the edits touch, before and after."""
    start = text.rfind("\n", 0, edits[0].start) + 1
    stop = max(edit.end for edit in edits)
    # An edit that ends at a line's beginning does not touch that line.
    end = stop if stop > start and text[stop - 1] == "\n" else text.find("\n", stop) + 1
    end = end or len(text)
    moved = [TextEdit(edit.start - start, edit.end - start, edit.text) for edit in edits]
    return text[start:end], apply_edits(text[start:end], moved)
