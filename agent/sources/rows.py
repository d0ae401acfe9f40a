"""One issue out of a list (``FILE.jsonl#ID``)."""

from collections.abc import Iterator
from pathlib import Path

from agent.errors import IssueProblem
from agent.issue import Issue
from agent.sources.lines import LINES
from agent.sources.lists import FILES, claiming
from agent.sources.source import IssueSource, Progress, Skipped, is_there


def read_issues(path: Path) -> Iterator[Issue]:
    """The issues of a list that has to be sound, up to the first entry that is not.

    Raises:
        IssueProblem: the file cannot be read, or an entry is not an issue; it is named.
    """
    return _sound(str(path), lambda line: None)


def _sound(source: str, progress: Progress) -> Iterator[Issue]:
    seen: dict[str, str] = {}
    for entry in (claiming(FILES, source) or LINES).read(source, progress):
        if isinstance(entry, Skipped):
            raise IssueProblem(f"{source}, {entry.where}: {entry.why}")
        where, issue = entry
        if issue.id in seen:
            raise IssueProblem(
                f"{source}, {where}: {issue.id!r} stands in {seen[issue.id]} already",
                "give every issue an id of its own",
            )
        seen[issue.id] = where
        yield issue


def _claims(source: str) -> bool:
    name, _, _ = source.rpartition("#")
    return (bool(name) and not is_there(source)) or claiming(FILES, source) is not None


def _read(source: str, progress: Progress) -> Issue:
    name, _, wanted = source.rpartition("#")
    if name and not is_there(source):
        return _pick(name, wanted, progress)
    first = next((issue.id for issue in _sound(source, progress)), "ID")
    raise IssueProblem(f"{source} is a list of issues", f"name one of them: {source}#{first}")


def _pick(name: str, wanted: str, progress: Progress) -> Issue:
    known = []
    for issue in _sound(name, progress):
        if issue.id == wanted:
            return issue
        known.append(issue.id)
    near = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    raise IssueProblem(f"{name} has no issue {wanted!r}", f"it has: {near}" if known else "")


ROWS = IssueSource(claims=_claims, read=_read)
"""Lists of issues, of which one is named."""
