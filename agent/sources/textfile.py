"""An issue from a text file, or from standard input (``-``)."""

import sys
from pathlib import Path

from agent.errors import IssueProblem
from agent.issue import Issue
from agent.sources.source import IssueSource, Progress, read_file, slug


def _read(source: str, progress: Progress) -> Issue:
    if source == "-":
        return _from_text(sys.stdin.read(), id="stdin")
    path = Path(source)
    return _from_text(read_file(path), id=slug(path.stem))


def _from_text(text: str, *, id: str) -> Issue:
    if not text.strip():
        raise IssueProblem("the issue is empty", "write what is wrong and what is expected")
    return Issue(id=id, text=text)


TEXT = IssueSource(claims=lambda source: True, read=_read)
"""The last of the sources: what no other claims is the name of a text file."""
