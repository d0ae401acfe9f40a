"""The Python files of a sandbox's repository, and which of them an import means.

What is read is bounded: in number, in size, and in what of a hostile repository is looked at.
"""

import asyncio
import posixpath
import sys

from sandboxes.errors import FileProblem
from sandboxes.sandbox import Sandbox
from tools.programs.module import Imported, Module, Unreadable, read_module

MOST_FILES = 200
MOST_BYTES = 512 * 1024
"""Of one file; parsing takes about a second for so many."""
MOST_BYTES_TOGETHER = 8 * 1024**2

_LISTING = r"""find . -name '.?*' -prune -o -name '*.py' \( -type f -o -type l \) -printf '%P\0'"""
_LISTING_BYTES = 8 * 1024**2
_LISTING_SECONDS = 30.0
_MOST_PROBLEMS = 30


class Sources:
    """Reads files once each. Use `open_sources` to make one.

    Attributes:
        problems: what could not be read, one line each.

    Args:
        sandbox: with the repository.
        files: its Python files.
        roots: folders in which absolute imports are looked for, in this order.
    """

    def __init__(self, sandbox: Sandbox, files: frozenset[str], roots: tuple[str, ...]) -> None:
        self.problems: list[str] = []
        self._sandbox = sandbox
        self._files = files
        self._folders = {parent for file in files for parent in _parents(file)}
        self._roots = roots
        self._read: dict[str, Module | None] = {}
        self._bytes = 0

    async def read(self, path: str) -> Module | None:
        """A file; None where there is none, or none that can be read."""
        if path not in self._files:
            return None
        if path not in self._read:
            self._read[path] = await self._parsed(path)
        return self._read[path]

    async def module(self, importer: Module, imported: Imported) -> Module | None:
        """The repository's module that an import names; one without content for a mere folder.

        None where it is not the repository's.
        """
        parts = [part for part in imported.module.split(".") if part]
        if imported.level:
            folder = posixpath.dirname(importer.path)
            for _ in range(imported.level - 1):
                folder = posixpath.dirname(folder)
            return await self._at(posixpath.join(folder, *parts))
        if not parts or parts[0] in sys.stdlib_module_names:
            return None
        for root in self._roots:
            if found := await self._at(posixpath.join(root, *parts)):
                return found
        return None

    async def submodule(self, package: Module, name: str) -> Module | None:
        """A module within a package."""
        if not package.is_package:
            return None
        return await self._at(posixpath.join(posixpath.dirname(package.path), name))

    def dotted(self, path: str) -> str:
        """A file's name as a module, from the root it is imported from."""
        stem = path.removesuffix(".py").removesuffix("/__init__")
        roots = [root + "/" for root in self._roots if root and path.startswith(root + "/")]
        if roots and not self._is_package(roots[0].rstrip("/")):
            stem = stem.removeprefix(roots[0])
        return stem.replace("/", ".")

    def _is_package(self, folder: str) -> bool:
        return f"{folder}/__init__.py" in self._files

    async def _at(self, stem: str) -> Module | None:
        package = posixpath.join(stem, "__init__.py")
        for path in (f"{stem}.py", package):
            if path in self._files:
                return await self.read(path)
        return Module(package) if not stem or stem in self._folders else None

    async def _parsed(self, path: str) -> Module | None:
        if len(self._read) >= MOST_FILES or self._bytes > MOST_BYTES_TOGETHER:
            self._note(f"more than the first {len(self._read)} files")
            return None
        try:
            data = await self._sandbox.read_file(path, limit=MOST_BYTES)
            self._bytes += len(data)
            # In a thread, so that a large file keeps nobody else waiting.
            return await asyncio.to_thread(read_module, path, data)
        except FileProblem as problem:
            said = f"over {MOST_BYTES >> 10} KiB" if problem.kind == "too_large" else problem.kind
            self._note(f"{path}: it cannot be read ({said})")
        except Unreadable as problem:
            self._note(f"{path}: {problem}")
        return None

    def _note(self, problem: str) -> None:
        if problem not in self.problems and len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)


async def open_sources(sandbox: Sandbox, beside: str) -> Sources:
    """The sources of a sandbox.

    Args:
        sandbox: with the repository.
        beside: a file; absolute imports are looked for in its folder too, as pytest does.

    Raises:
        SandboxDied: the sandbox went away.
    """
    result = await sandbox.run(
        _LISTING, state=None, timeout=_LISTING_SECONDS, output_limit=_LISTING_BYTES
    )
    listed = [*result.head.split(b"\0")[:-1], *result.tail.split(b"\0")[1:-1]]
    files = frozenset(name.decode("utf-8", "replace") for name in listed)
    roots = dict.fromkeys(("", "src", posixpath.dirname(beside)))
    sources = Sources(sandbox, files, tuple(roots))
    if result.omitted or result.status != "exited":
        sources.problems.append("the repository has more files than were listed")
    return sources


def _parents(path: str) -> set[str]:
    found: set[str] = set()
    while path := posixpath.dirname(path):
        found.add(path)
    return found
