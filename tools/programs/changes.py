"""Which functions a patch changes: a diff's lines, found again in the files as they are now."""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from sandboxes.errors import FileProblem
from tools.programs.module import Unreadable, read_module

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_MOST_FILES = 100

Read = Callable[[str], Awaitable[bytes]]
"""Reads a file, as `Sandbox.read_file` does; raises a `FileProblem` where there is none."""


@dataclass(frozen=True, slots=True)
class ChangedFunction:
    """A part of a file that a patch changes.

    Attributes:
        path: of the file.
        name: of the function, qualified by its class; or of a class or a constant.
        lines: those that changed, in the file as it is after the patch; of lines that were
            removed, the one that comes after them.
    """

    path: str
    name: str
    lines: tuple[int, ...]


async def changed_functions(diff: str, read: Read) -> list[ChangedFunction]:
    """What a patch changes.

    Files that are gone, or that do not parse, are left out, and so are lines outside of any
    definition.

    Args:
        diff: unified, as git writes it; whatever it is, nothing is raised.
        read: gets the files as they are with the patch.

    Raises:
        SandboxDied: the sandbox that is read from went away.
    """
    found: list[ChangedFunction] = []
    for path, lines in [*changed_lines(diff).items()][:_MOST_FILES]:
        if not path.endswith(".py"):
            continue
        try:
            module = read_module(path, await read(path))
        except (FileProblem, Unreadable):
            continue
        by_name: dict[str, list[int]] = {}
        for line in lines:
            if name := module.enclosing(line):
                by_name.setdefault(name, []).append(line)
        found += [ChangedFunction(path, name, tuple(each)) for name, each in by_name.items()]
    return found


def changed_lines(diff: str) -> dict[str, list[int]]:
    """By path, the lines that a diff adds, and those before which it takes some away."""
    found: dict[str, dict[int, None]] = {}
    for path, line in _changes(diff):
        found.setdefault(path, {})[line] = None
    return {path: sorted(lines) for path, lines in found.items()}


def _changes(diff: str) -> Iterator[tuple[str, int]]:
    path, line, old, new = "", 0, 0, 0
    for text in diff.split("\n"):
        if old > 0 or new > 0:
            match text[:1]:
                case "+":
                    if path:
                        yield path, line
                    line, new = line + 1, new - 1
                case "-":
                    if path:
                        yield path, max(line, 1)
                    old -= 1
                case "\\":
                    pass
                case _:
                    line, old, new = line + 1, old - 1, new - 1
        elif text.startswith("+++ "):
            path = _path(text[4:])
        elif hunk := _HUNK.match(text):
            old, new = int(hunk[1] or 1), int(hunk[3] or 1)
            line = int(hunk[2]) + (new == 0)


def _path(text: str) -> str:
    """The path of a header; empty for a file that is gone."""
    name = text.split("\t")[0].rstrip("\r")
    if name.startswith('"') and name.endswith('"'):
        raw = name[1:-1].encode(errors="replace")
        raw = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8) & 255]), raw)
        name = re.sub(r"\\(.)", r"\1", raw.decode(errors="replace"))
    return "" if name == "/dev/null" else name.removeprefix("b/")
