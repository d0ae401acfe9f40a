"""All issues of whatever the user named: a file, a search on GitHub, or a single issue.

Entries are read when they are asked for, so that a list of any length begins at once and is never
in memory as a whole. One that cannot be read is a `Skipped` among the others, not the end.
"""

from collections.abc import Iterator

from agent.errors import IssueProblem
from agent.issue import Issue
from agent.sources.lists import LISTS, claiming
from agent.sources.registry import read_issue
from agent.sources.source import Placed, Progress, Skipped

__all__ = ["Skipped", "read_issues_of", "read_issues_once"]


def read_issues_of(
    source: str, progress: Progress = lambda line: None
) -> Iterator[Issue | Skipped]:
    """The issues that the user named, in their order.

    Args:
        source: a list (``FILE.jsonl``, ``FILE.json``, ``FILE.parquet``), issues of a repository
            (``OWNER/REPO?label=bug``, or the address of GitHub's page of them), or what
            `read_issue` takes.
        progress: gets a line when the user has to wait.

    Raises:
        IssueProblem: while entries are asked for: there is no such list, it cannot be read, or it
            is empty.
        SourceUnavailable: what it is read from does not answer; entries may have come before.
    """
    for entry in _placed(source, progress):
        yield entry if isinstance(entry, Skipped) else entry[1]


def read_issues_once(
    source: str, progress: Progress = lambda line: None
) -> Iterator[Issue | Skipped]:
    """As `read_issues_of`; an issue whose id stood before is skipped."""
    seen: dict[str, str] = {}
    for entry in _placed(source, progress):
        if isinstance(entry, Skipped):
            yield entry
            continue
        where, issue = entry
        before = seen.setdefault(issue.id, where)
        if before == where:
            yield issue
        else:
            yield Skipped(where, f"{issue.id!r} stands in {before} already", issue.id)


def _placed(source: str, progress: Progress) -> Iterator[Placed]:
    chosen = claiming(LISTS, source)
    if chosen is None:
        yield source, read_issue(source, progress)
        return
    empty = True
    for entry in chosen.read(source, progress):
        empty = False
        yield entry
    if empty:
        raise IssueProblem(f"{source} holds no issue")
