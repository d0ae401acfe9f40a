"""An issue from a line of a list (``FILE.jsonl#ID``).

A line is an issue of our own form or a row of SWE-bench, told apart by its keys. A new form is one
reader in `_ROW_READERS`.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import ValidationError

from agent.errors import IssueProblem
from agent.issue import Issue, TestsFrom, first_problem
from agent.sources.source import IssueSource, Progress, read_file


def read_issues(path: Path) -> Iterator[Issue]:
    """The issues of a list, one JSON object a line; blank lines are passed over.

    Raises:
        IssueProblem: the file cannot be read or a line is not an issue; the line is named.
    """
    seen: dict[str, int] = {}
    for number, line in enumerate(read_file(path).splitlines(), start=1):
        if not line.strip():
            continue
        issue = _from_row(line, where=f"{path}, line {number}")
        if issue.id in seen:
            raise IssueProblem(
                f"{path}, line {number}: {issue.id!r} stands in line {seen[issue.id]} already",
                "give every issue an id of its own",
            )
        seen[issue.id] = number
        yield issue


def _claims(source: str) -> bool:
    listed = bool(source.rpartition("#")[0]) and not Path(source).exists()
    return listed or (source != "-" and Path(source).suffix == ".jsonl")


def _read(source: str, progress: Progress) -> Issue:
    name, _, wanted = source.rpartition("#")
    if name and not Path(source).exists():
        return _pick(Path(name), wanted)
    first = next((issue.id for issue in read_issues(Path(source))), "ID")
    raise IssueProblem(f"{source} is a list of issues", f"name one of them: {source}#{first}")


def _pick(path: Path, wanted: str) -> Issue:
    known = []
    for issue in read_issues(path):
        if issue.id == wanted:
            return issue
        known.append(issue.id)
    near = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    raise IssueProblem(f"{path} has no issue {wanted!r}", f"it has: {near}" if known else "")


def _from_row(line: str, *, where: str) -> Issue:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise IssueProblem(f"{where}: not JSON ({error})") from None
    if not isinstance(row, dict):
        raise IssueProblem(f"{where}: not a JSON object")
    for keys, reader in _ROW_READERS:
        if keys <= row.keys():
            try:
                return reader(row)
            except ValidationError as error:
                raise IssueProblem(f"{where}: {first_problem(error)}") from None
            except ValueError as error:
                raise IssueProblem(f"{where}: {error}") from None
    raise IssueProblem(f"{where}: not an issue", 'it needs at least "id", "repo" and "text"')


def _from_swebench(row: dict[str, object]) -> Issue:
    """A row of SWE-bench: names without a host are repositories of GitHub."""
    repo = str(row["repo"])
    patch = str(row.get("test_patch") or "")
    return Issue(
        id=str(row["instance_id"]),
        repo=repo if "://" in repo else f"https://github.com/{repo}",
        text=str(row["problem_statement"]),
        base=str(row["base_commit"]),
        tests=_ids(row.get("FAIL_TO_PASS")),
        keep=_ids(row.get("PASS_TO_PASS")) if "PASS_TO_PASS" in row else None,
        tests_from=TestsFrom(patch=patch) if patch else None,
    )


def _ids(value: object) -> tuple[str, ...]:
    """Test ids, which SWE-bench writes as a list or as the JSON text of one."""
    ids = json.loads(value) if isinstance(value, str) and value else value or []
    if not isinstance(ids, list):
        raise ValueError("test ids must be a list")
    return tuple(str(each) for each in ids)


_ROW_READERS: tuple[tuple[frozenset[str], Callable[[dict[str, object]], Issue]], ...] = (
    (frozenset({"instance_id", "problem_statement", "base_commit", "repo"}), _from_swebench),
    (frozenset({"id", "text"}), Issue.model_validate),
)

ROWS = IssueSource(claims=_claims, read=_read)
"""Lists of issues."""
