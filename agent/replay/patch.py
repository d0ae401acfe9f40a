"""A patch as files, hunks and lines, with the words of a line that changed.

Whatever the text is, nothing raises: what is no part of a diff becomes a line of kind ``note``.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from agent.replay.likeness import ALIKE, alike

Kind = Literal["same", "added", "removed", "note"]

Part = tuple[str, bool]
"""A piece of a line's text, and whether it is what changed."""

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")
_WORDS = re.compile(r"\w+|\s+|.", re.DOTALL)
_LONGEST = 2000
"""Characters of a line in which changed words are looked for."""
_MOST_PAIRS = 4_000_000
"""Of words that are compared in a whole patch, so that no patch keeps its reader busy for long."""
_MOST_LIKENESSES = 2_000_000
"""Of words that are compared in a whole patch to find which lines belong together, and"""
_MOST_AT_ONCE = 200_000
"""of those in one place, so that one large rewrite leaves the rest of a patch its own."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a hunk.

    Attributes:
        kind: of the line.
        parts: its text without the sign in front; together they are the whole line.
        old: its number in the old file; None where it is not in it.
        new: its number in the new file; likewise.
        mate: of a changed line, the number in the other file of what it became or was; None where
            no line there is like it.
    """

    kind: Kind
    parts: tuple[Part, ...]
    old: int | None = None
    new: int | None = None
    mate: int | None = None

    @property
    def text(self) -> str:
        """Its text without the sign in front."""
        return "".join(text for text, _ in self.parts)


@dataclass(slots=True)
class Hunk:
    """Lines that belong together; ``heading`` is what git says of where they are."""

    heading: str
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class ChangedFile:
    """What a patch does to one file.

    Attributes:
        old: its path before; empty where it is new.
        new: its path after; empty where it is gone.
        notes: what else git says of it: modes, renames, that it is binary.
        hunks: what changes in it.
    """

    old: str = ""
    new: str = ""
    notes: list[str] = field(default_factory=list)
    hunks: list[Hunk] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its path, or both where they differ."""
        if self.old and self.new and self.old != self.new:
            return f"{self.old} → {self.new}"
        return self.new or self.old

    def count(self, kind: Kind) -> int:
        """How many lines of a kind there are."""
        return sum(line.kind == kind for hunk in self.hunks for line in hunk.lines)


def read_patch(patch: str) -> list[ChangedFile]:
    """The files of a patch in git's form."""
    reader = _Reader()
    for line in patch.split("\n")[: -1 if patch.endswith("\n") else None]:
        reader.take(line)
    words = _Words()
    for file in reader.files:
        for hunk in file.hunks:
            hunk.lines = list(words.marked(hunk.lines))
    return reader.files


class _Reader:
    """Takes a patch line by line."""

    def __init__(self) -> None:
        self.files: list[ChangedFile] = []
        self._old = self._new = 0
        self._left = (0, 0)

    def take(self, line: str) -> None:
        """The next line."""
        if self._left != (0, 0):
            self._in_hunk(line)
        elif line.startswith("diff "):
            self.files.append(ChangedFile(*_named(line)))
        else:
            self._in_header(line)

    def _in_header(self, line: str) -> None:
        file = self._file()
        if found := _HUNK.match(line):
            self._old, self._new = int(found[1]), int(found[2])
            self._left = _sizes(line)
            file.hunks.append(Hunk(line))
        elif line.startswith("--- "):
            file.old = _path(line[4:])
        elif line.startswith("+++ "):
            file.new = _path(line[4:])
        elif line.startswith("\\") and file.hunks:
            file.hunks[-1].lines.append(Line("note", ((line, False),)))
        elif line and not line.startswith("index "):
            if line.startswith("new file"):
                file.old = ""
            elif line.startswith("deleted file"):
                file.new = ""
            elif line.startswith(("rename from ", "copy from ")):
                file.old = _path(line.split(" from ", 1)[1], prefixed=False)
            elif line.startswith(("rename to ", "copy to ")):
                file.new = _path(line.split(" to ", 1)[1], prefixed=False)
            file.notes.append(line)

    def _in_hunk(self, line: str) -> None:
        hunk = self._file().hunks[-1]
        old, new = self._left
        parts = ((line[1:], False),)
        match line[:1]:
            case "-":
                hunk.lines.append(Line("removed", parts, old=self._old))
                self._old, old = self._old + 1, old - 1
            case "+":
                hunk.lines.append(Line("added", parts, new=self._new))
                self._new, new = self._new + 1, new - 1
            case "\\":
                hunk.lines.append(Line("note", ((line, False),)))
            case _:
                hunk.lines.append(Line("same", parts, self._old, self._new))
                self._old, self._new, old, new = self._old + 1, self._new + 1, old - 1, new - 1
        self._left = max(old, 0), max(new, 0)

    def _file(self) -> ChangedFile:
        if not self.files:
            self.files.append(ChangedFile())
        return self.files[-1]


def _sizes(heading: str) -> tuple[int, int]:
    found = re.findall(r"[-+]\d+(?:,(\d+))?", heading.split("@@")[1])
    old, new = (int(size) if size else 1 for size in found[:2])
    return old, new


def _named(line: str) -> tuple[str, str]:
    """The paths of a ``diff --git`` line, as far as they can be told."""
    rest = line.removeprefix("diff --git ")
    half = len(rest) // 2
    old, new = rest[:half], rest[half + 1 :]
    return (_path(old), _path(new)) if _path(old) == _path(new) else ("", rest)


def _path(text: str, *, prefixed: bool = True) -> str:
    text = text.removesuffix("\t").strip('"')
    if not prefixed:
        return text
    return "" if text == "/dev/null" else re.sub(r"^[ab]/", "", text)


class _Words:
    """Marks the words of changed lines that changed, as long as that takes little."""

    def __init__(self) -> None:
        self._left = _MOST_PAIRS
        self._likenesses = _MOST_LIKENESSES

    def marked(self, lines: Sequence[Line]) -> Iterator[Line]:
        """The lines, with the words marked that changed from removed lines to added ones."""
        at = 0
        while at < len(lines):
            removed = _run(lines, at, "removed")
            added = _run(lines, at + len(removed), "added")
            if not removed and not added:
                yield lines[at]
                at += 1
                continue
            for i, j in self._pairs(removed, added):
                removed[i], added[j] = self._compared(removed[i], added[j])
            yield from removed
            yield from added
            at += len(removed) + len(added)

    def _pairs(self, removed: Sequence[Line], added: Sequence[Line]) -> Iterable[tuple[int, int]]:
        """Which lines belong together: those that are alike; where it takes long to find them,
        those at the same place."""
        places = [(at, at) for at in range(min(len(removed), len(added)))]
        if len(removed) <= 1 and len(added) <= 1:
            return places
        left, right = [_words(line) for line in removed], [_words(line) for line in added]
        work = sum(len(words) + 1 for words in left) * sum(len(words) + 1 for words in right)
        if work > min(_MOST_AT_ONCE, self._likenesses):
            return places
        self._likenesses -= work
        return alike(left, right)

    def _compared(self, old: Line, new: Line) -> tuple[Line, Line]:
        """The two lines with what is different marked, where they have enough in common."""
        left, right = _words(old), _words(new)
        self._left -= len(left) * len(right)
        if not left or not right or self._left < 0:
            return old, new
        matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
        if matcher.ratio() < ALIKE:
            return old, new
        before: list[Part] = []
        after: list[Part] = []
        for how, i, j, k, m in matcher.get_opcodes():
            before.append(("".join(left[i:j]), how != "equal"))
            after.append(("".join(right[k:m]), how != "equal"))
        return _of(old, before, new.new), _of(new, after, old.old)


def _words(line: Line) -> list[str]:
    """The words of a line; none where it is too long to be compared."""
    return [] if len(line.text) > _LONGEST else _WORDS.findall(line.text)


def _run(lines: Sequence[Line], at: int, kind: Kind) -> list[Line]:
    end = at
    while end < len(lines) and lines[end].kind == kind:
        end += 1
    return list(lines[at:end])


def _of(line: Line, parts: Sequence[Part], mate: int | None) -> Line:
    return replace(line, parts=tuple((text, how) for text, how in parts if text), mate=mate)
