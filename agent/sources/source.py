"""What a source of issues is."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.errors import IssueProblem
from agent.issue import Issue

Progress = Callable[[str], None]
"""Gets a line, without a newline, when the user has to wait."""


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


def read_file(path: Path) -> str:
    """A file's text; what is not UTF-8 is replaced.

    Raises:
        IssueProblem: it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except IsADirectoryError:
        raise IssueProblem(f"{path} is a directory", "give a text file with the issue") from None
    except OSError as error:
        raise IssueProblem(f"cannot read {path}: {error.strerror}") from None


def slug(name: str) -> str:
    """A name as an id that can stand in a path."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "issue"
