"""pytest's node ids: what the user writes, and how to find it again in a JUnit report.

A report names a test by its class's dotted path and its name. pytest makes the dotted path from the
node id by putting dots for slashes and for ``::``, so the file's part has to be found in it. The
report's ``file`` is where the function is defined, which for an inherited or decorated test is
another file; the files of the repository decide then.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence

from sandboxes.sandbox import REPOSITORY


def normal_id(test: str) -> str:
    """A test id as it appears in results: relative to the repository, without ``./``."""
    file, mark, rest = test.strip().partition("::")
    if file.startswith(REPOSITORY + "/") or file == REPOSITORY:
        file = posixpath.relpath(file, REPOSITORY)
    if file:
        file = posixpath.normpath(file)
    return file + mark + rest


def file_of(test: str) -> str:
    """The file or folder a test id names."""
    return test.partition("::")[0]


def covers(asked: str, test: str) -> bool:
    """Whether a test is what was asked for: itself, one of a file, a folder, a class, or a case."""
    if asked in (".", test):
        return True
    joints = ("::", "[") if "::" in asked else ("::", "/")
    return any(test.startswith(asked + joint) for joint in joints)


class Locator:
    """Turns a report's names back into node ids.

    Attributes:
        unsure: a name was met whose file could only be guessed; more files would help.
    """

    def __init__(self, files: Iterable[str]) -> None:
        """Args: files: paths that tests may be in, relative to the repository."""
        self.unsure = False
        self._files = {_dotted(file): file for file in files}

    def find(self, classname: str, name: str, file: str) -> str:
        """The node id of a test case; a file alone for one that could not be collected."""
        if not classname:
            return self._file(name, file) or name
        found = self._file(classname, file)
        if found is None:
            self.unsure = True
            found = _guess(classname)
        inner = classname[len(_dotted(found)) + 1 :]
        classes = inner.split(".") if inner else []
        return "::".join((found, *classes, name))

    def _file(self, dotted: str, file: str) -> str | None:
        if file and (dotted + ".").startswith(_dotted(file) + "."):
            return file
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1):
            found = self._files.get(".".join(parts[:length]))
            if found is not None:
                return found
        return None


def _dotted(file: str) -> str:
    return re.sub(r"\.py$", "", file.replace("/", "."))


def _guess(classname: str) -> str:
    """A file for a dotted path when none is known: classes begin with a capital, modules do not."""
    parts = classname.split(".")
    while len(parts) > 1 and parts[-1][:1].isupper():
        parts.pop()
    return "/".join(parts) + ".py"


def with_users_paths(ids: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Node ids relative to the repository.

    pytest writes them relative to its root folder, which is another one when a configuration file
    lies below the repository's root or above it. The ids that were asked for tell.
    """
    wanted = {file_of(test) for test in asked if file_of(test) not in ("", ".")}
    found = {file_of(test) for test in ids}
    if not wanted or not found or any(covers(each, file) for each in wanted for file in found):
        return list(ids)
    for each in sorted(wanted):
        for file in sorted(found):
            if each.endswith("/" + file):
                prefix = each[: -len(file)]
                return [prefix + test for test in ids]
            if file.endswith("/" + each):
                cut = len(file) - len(each)
                return [test[cut:] if test.startswith(file[:cut]) else test for test in ids]
    return list(ids)
