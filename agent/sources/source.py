"""What a source of issues is: of one, and of many."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from agent.errors import IssueProblem
from agent.issue import Issue

Progress = Callable[[str], None]
"""Gets a line, without a newline, when the user has to wait."""


_MOST_NAME = 40


@dataclass(frozen=True, slots=True)
class IssueSource:
    """One kind of place that an issue is read from.

    Attributes:
        claims: whether what the user named is of this kind; looks at no more than the name and
            which files there are.
        read: the issue that the user named; raises `IssueProblem`.
    """

    claims: Callable[[str], bool]
    read: Callable[[str, Progress], Issue]


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry of a list that cannot be taken as an issue.

    Attributes:
        where: its place in the list, as ``line 7`` or ``row 7``; may be empty where it has an id.
        why: what is wrong with it; one line, which may quote the list.
        id: what it calls itself; empty where that cannot be told.
    """

    where: str
    why: str
    id: str = ""

    def __str__(self) -> str:
        """One line, in which a name of any length hides nothing else."""
        name = " ".join(self.id.split())
        name = name if len(name) <= _MOST_NAME else f"{name[: _MOST_NAME - 1]}…"
        place = f"{self.where} ({name})" if self.where and name else self.where or name
        return f"{place}: {' '.join(self.why.split())}"


Placed: TypeAlias = tuple[str, Issue] | Skipped
"""An entry of a list: where it stands and the issue that it is, or why it is none."""


@dataclass(frozen=True, slots=True)
class ListSource:
    """One kind of place that many issues are read from.

    Attributes:
        claims: as an `IssueSource`'s.
        read: the entries, one after the other, each read when it is asked for; raises
            `IssueProblem` where the list as a whole cannot be read.
    """

    claims: Callable[[str], bool]
    read: Callable[[str, Progress], Iterator[Placed]]


def is_there(name: str) -> bool:
    """Whether something on this machine is called so; what cannot be a name is not."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def open_file(path: Path) -> BinaryIO:
    """A file, open for reading.

    Raises:
        IssueProblem: it cannot be read.
    """
    try:
        return path.open("rb")
    except IsADirectoryError:
        raise IssueProblem(f"{path} is a directory", "name a file in it") from None
    except OSError as error:
        raise IssueProblem(f"cannot read {path}: {error.strerror}") from None
    except ValueError:  # a null byte
        raise IssueProblem(f"no file can be called {path}") from None


def read_file(path: Path) -> str:
    """A file's text; what is not UTF-8 is replaced.

    Raises:
        IssueProblem: it cannot be read.
    """
    with open_file(path) as file:
        return file.read().decode("utf-8", "replace")


def slug(name: str) -> str:
    """A name as an id that can stand in a path."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "issue"
