"""Applying a patch to texts, here: exactly where it says, or not at all.

Sandboxes apply patches with git (`sandboxes.repository.diff`). Here what comes out is needed to
compare patches with one another alone, and no container is to be started for that.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@")
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_PLAIN = dict(zip("abtnvfr", "\a\b\t\n\v\f\r", strict=True))
_LONGEST_NAMES = 64 * 1024
"""Characters of two paths, each of which may be a number of them in octal."""
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class DoesNotFit(ValueError):
    """A text is no patch in git's form, or no patch of that file; the message says why."""


@dataclass(slots=True)
class Hunk:
    """Lines in one place.

    Attributes:
        at: how many lines of the old file stand before it.
        old: its lines before, with their ends.
        new: its lines after.
    """

    at: int
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FileChange:
    """What a patch does to one file.

    Attributes:
        old: its path before; empty where it is new.
        new: its path after; empty where it is gone.
        mode: its new mode, where that changes or begins; empty elsewhere.
        copied: whether the file at ``old`` stays as well.
        hunks: what changes in it.
        binary: git's own form of it, where it is no text; empty elsewhere.
    """

    old: str
    new: str
    mode: str = ""
    copied: bool = False
    hunks: list[Hunk] = field(default_factory=list)
    binary: str = ""

    def applied(self, text: str) -> str:
        """The file with the patch.

        Raises:
            DoesNotFit: the text is not the one that the patch was made for.
        """
        lines = _LINE.findall(text)
        made: list[str] = []
        done = 0
        for hunk in self.hunks:
            if hunk.at < done or lines[hunk.at : hunk.at + len(hunk.old)] != hunk.old:
                raise DoesNotFit(f"{self.old or self.new} is not the file that the patch changes")
            made += lines[done : hunk.at] + hunk.new
            done = hunk.at + len(hunk.old)
        return "".join(made + lines[done:])


def read_changes(patch: str) -> list[FileChange]:
    """The files of a patch.

    Args:
        patch: as `sandboxes.repository.diff.take_diff` gives it.

    Raises:
        DoesNotFit: it is not in that form.
    """
    lines = patch.split("\n")
    return [_file(lines[begin:end]) for begin, end in _sections(lines)]


def _sections(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where each file's part of the patch begins and ends."""
    begins = [at for at, line in _outside_hunks(lines) if line.startswith("diff --git ")]
    if any(line.strip() for line in lines[: begins[0] if begins else None]):
        raise DoesNotFit("this is not a patch as git writes it")
    yield from pairwise([*begins, len(lines)])


def _outside_hunks(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    old = new = 0
    for at, line in enumerate(lines):
        if old > 0 or new > 0:
            sign = line[:1]
            old -= sign not in "+\\" or not sign
            new -= sign not in "-\\" or not sign
        elif found := _HUNK.match(line):
            old, new = _sizes(found)
        else:
            yield at, line


def _sizes(found: re.Match[str]) -> tuple[int, int]:
    return int(found[2] or 1), int(found[3] or 1)


def _file(lines: Sequence[str]) -> FileChange:
    change = FileChange(*_named(lines[0]))
    at = 1
    while at < len(lines):
        line = lines[at]
        if found := _HUNK.match(line):
            hunk, at = _hunk(found, lines, at + 1)
            change.hunks.append(hunk)
            continue
        if line == "GIT binary patch" or line.startswith("Binary files "):
            change.binary = "\n".join(lines[at:])
            break
        _take_header(change, line)
        at += 1
    return change


def _take_header(change: FileChange, line: str) -> None:
    what, _, value = line.partition(" ")
    match what:
        case "---" | "+++":
            path = _path(value)
            if what == "---":
                change.old = path
            else:
                change.new = path
        case "new":
            change.mode = value.removeprefix("mode ")
            if value.startswith("file mode "):
                change.old, change.mode = "", value.removeprefix("file mode ")
        case "deleted":
            change.new = ""
        case "rename" | "copy":
            change.copied = what == "copy"
            side, _, name = value.partition(" ")
            if side == "from":
                change.old = _unquoted(name)
            else:
                change.new = _unquoted(name)


def _hunk(found: re.Match[str], lines: Sequence[str], at: int) -> tuple[Hunk, int]:
    """A hunk, and where the next thing begins."""
    old, new = _sizes(found)
    start = int(found[1])
    # Of an empty piece git names the line before it.
    hunk = Hunk(start - 1 if old else start)
    last: tuple[list[str], ...] = ()
    while at < len(lines):
        sign, text = lines[at][:1], lines[at][1:] + "\n"
        if sign == "\\":
            for side in last:
                side[-1] = side[-1].removesuffix("\n")
            at += 1
            continue
        if old <= 0 and new <= 0:
            break
        last = {"+": (hunk.new,), "-": (hunk.old,)}.get(sign, (hunk.old, hunk.new))
        for side in last:
            side.append(text)
        old -= sign != "+"
        new -= sign != "-"
        at += 1
    if old or new or hunk.at < 0:
        raise DoesNotFit("a part of the patch ends too early")
    return hunk, at


def _named(line: str) -> tuple[str, str]:
    """The paths in a ``diff --git`` line, which are the same unless other lines say more."""
    rest = line.removeprefix("diff --git ")
    if len(rest) > _LONGEST_NAMES:
        raise DoesNotFit("the patch names a file by more than a path can have")
    if rest.startswith('"'):
        parts = re.findall(r'"(?:[^"\\]|\\.)*"', rest)
        return (_path(parts[0]), _path(parts[-1])) if parts else ("", "")
    half = len(rest) // 2
    return _path(rest[:half]), _path(rest[half + 1 :])


def _path(text: str) -> str:
    name = _unquoted(text.removesuffix("\t"))
    return "" if name == "/dev/null" else re.sub(r"^[ab]/", "", name)


def _unquoted(name: str) -> str:
    """A path as git writes it in a header: in quotes with escapes, or bare."""
    if not name.startswith('"'):
        return name

    def one(found: re.Match[str]) -> str:
        code = found[1]
        return chr(int(code, 8)) if len(code) == 3 else _PLAIN.get(code, code)

    # Each escape is a byte of UTF-8.
    escaped = _ESCAPE.sub(one, name[1:-1])
    try:
        return escaped.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return escaped
