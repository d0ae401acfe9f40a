"""Issues: what is to be resolved, and where to read one from.

An issue comes from a text file, from standard input (``-``), or from a line of a list
(``FILE.jsonl#ID``). A line is an issue of our own form or a row of SWE-bench, told apart by its
keys. A new source is one reader in `_ROW_READERS`.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from agent.errors import IssueProblem


class TestsFrom(BaseModel):
    """Where the tests that judge an issue come from when the repository lacks them.

    Attributes:
        pypi: ``NAME==VERSION``: its sdist holds the test files.
        files: the test files to take from there, relative to its root.
        patch: instead, a diff that adds or changes the tests.
        when: ``start``: the policy may see and run them, as a user's own failing test;
            ``check``: they are held back until verification.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pypi: str | None = None
    files: tuple[str, ...] = ()
    patch: str | None = None
    when: Literal["start", "check"] = "check"

    @model_validator(mode="after")
    def _one_source(self) -> "TestsFrom":
        if (self.pypi is None) == (self.patch is None):
            raise ValueError('give either "pypi" with "files", or "patch"')
        if self.pypi is not None and not self.files:
            raise ValueError('"pypi" needs "files": which test files to take')
        return self


class Issue(BaseModel):
    """One issue.

    Attributes:
        id: names it in lists and run folders.
        repo: a path, a git URL, or ``pypi:NAME==VERSION``.
        text: what its author wrote; untrusted.
        base: the revision to start from; the default branch's head, or the working tree as it is,
            without one.
        title: one line, may be empty.
        url: where it was read, may be empty.
        tests: ids that fail now and must pass.
        keep: ids that must go on passing; None for all that passed before.
        tests_from: where to take the tests from.
        python: the interpreter's version, as ``3.11``.
        install: commands that install the project, instead of what is detected.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    repo: str = ""
    text: str
    base: str | None = None
    title: str = ""
    url: str = ""
    tests: tuple[str, ...] = ()
    keep: tuple[str, ...] | None = None
    tests_from: TestsFrom | None = None
    python: str | None = None
    install: tuple[str, ...] | None = None

    @field_validator("text")
    @classmethod
    def _not_empty(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("the issue's text is empty")
        return text

    @field_validator("install", mode="before")
    @classmethod
    def _one_command(cls, install: object) -> object:
        return (install,) if isinstance(install, str) else install

    def told(self, *, repo: str | None, base: str | None, tests: tuple[str, ...]) -> "Issue":
        """The issue with what the user said beside it, which wins over what it says itself."""
        said = {"repo": repo, "base": base, "tests": tests}
        return self.model_copy(update={name: value for name, value in said.items() if value})

    def for_policy(self) -> "Issue":
        """The issue without what is held back until verification."""
        if self.tests_from is None or self.tests_from.when == "start":
            return self
        return self.model_copy(update={"tests": (), "keep": None, "tests_from": None})


def read_issue(source: str) -> Issue:
    """The issue that the user named.

    Args:
        source: a text file, ``-`` for standard input, or ``FILE.jsonl#ID``.

    Raises:
        IssueProblem: there is no such file or id, or what it holds is not an issue.
    """
    name, _, wanted = source.rpartition("#")
    if name and not Path(source).exists():
        return _pick(Path(name), wanted)
    if source == "-":
        return _from_text(sys.stdin.read(), id="stdin")
    if re.match(r"https?://", source):
        raise IssueProblem(
            "issues cannot be read from a web address yet",
            "save the issue's text to a file and give that file",
        )
    path = Path(source)
    if path.suffix == ".jsonl":
        raise IssueProblem(
            f"{source} is a list of issues", f"name one of them: {source}#{_first_id(path)}"
        )
    return _from_text(_read(path), id=_slug(path.stem))


def read_issues(path: Path) -> Iterator[Issue]:
    """The issues of a list, one JSON object a line; blank lines are passed over.

    Raises:
        IssueProblem: the file cannot be read or a line is not an issue; the line is named.
    """
    seen: dict[str, int] = {}
    for number, line in enumerate(_read(path).splitlines(), start=1):
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


def _pick(path: Path, wanted: str) -> Issue:
    known = []
    for issue in read_issues(path):
        if issue.id == wanted:
            return issue
        known.append(issue.id)
    near = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    raise IssueProblem(f"{path} has no issue {wanted!r}", f"it has: {near}" if known else "")


def _first_id(path: Path) -> str:
    return next((issue.id for issue in read_issues(path)), "ID")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except IsADirectoryError:
        raise IssueProblem(f"{path} is a directory", "give a text file with the issue") from None
    except OSError as error:
        raise IssueProblem(f"cannot read {path}: {error.strerror}") from None


def _from_text(text: str, *, id: str) -> Issue:
    if not text.strip():
        raise IssueProblem("the issue is empty", "write what is wrong and what is expected")
    return Issue(id=id, text=text)


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


def first_problem(error: ValidationError) -> str:
    """The first of a validation's complaints, as one line."""
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


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


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "issue"
