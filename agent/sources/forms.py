"""The forms that an entry of a list may have: our own, and a row of SWE-bench.

They are told apart by their keys. A new form is one reader in `_FORMS`.
"""

import json
import re
from collections.abc import Callable, Mapping

from pydantic import ValidationError

from agent.issue import Issue, TestsFrom, first_problem
from agent.sources.source import Placed, Skipped

Row = Mapping[str, object]


def issue_from(row: object, where: str) -> Placed:
    """The issue that an entry is, or why it is none.

    Args:
        row: what JSON or Parquet made of it.
        where: its place in the list.
    """
    if not isinstance(row, dict):
        return Skipped(where, "not a JSON object")
    form = next((each for each in _FORMS if each[0] in row), None)
    if form is None:
        return Skipped(where, 'not an issue: it needs at least "id", "repo" and "text"')
    key, needed, reader = form
    id = str(row[key])
    lacking = [f'"{name}"' for name in needed if row.get(name) is None]
    if lacking:
        return Skipped(where, f"not an issue: it lacks {' and '.join(lacking)}", id)
    try:
        return where, reader(row)
    except ValidationError as error:
        return Skipped(where, first_problem(error), id)
    except (ValueError, RecursionError) as error:
        return Skipped(where, " ".join(str(error).split()), id)


def issue_from_json(text: str, where: str) -> Placed:
    """The issue that a JSON object is, or why it is none."""
    try:
        row: object = json.loads(text)
    except json.JSONDecodeError as error:
        return Skipped(where, f"not JSON ({error.msg}, column {error.colno})")
    except ValueError as error:
        return Skipped(where, f"not JSON ({error})")
    except RecursionError:
        return Skipped(where, "not JSON that can be read: it is nested too deeply")
    return issue_from(row, where)


def _from_swebench(row: Row) -> Issue:
    """A row of SWE-bench or of a data set in its form: SWE-Gym, SWE-rebench and others.

    A repository named without a host is one of GitHub. What people said before the fix
    (``hints_text``) is no part of the issue.
    """
    repo = str(row["repo"])
    patch = str(row.get("test_patch") or "")
    failing, passing = (
        _first(row, name, name.lower()) for name in ("FAIL_TO_PASS", "PASS_TO_PASS")
    )
    image = _first(row, "image", "image_name", "docker_image")
    return Issue(
        id=str(row["instance_id"]),
        repo=repo if "://" in repo else f"https://github.com/{repo}",
        text=str(row["problem_statement"]),
        base=str(row["base_commit"]),
        tests=_ids(failing),
        keep=None if passing is None else _ids(passing),
        tests_from=TestsFrom(patch=patch) if patch else None,
        python=_python(row.get("install_config")),
        image=str(image) if image else None,
        reference=str(row.get("patch") or "") or None,
    )


def _python(config: object) -> str | None:
    """The interpreter that SWE-rebench says its environment was made with."""
    told = config.get("python") if isinstance(config, dict) else None
    found = re.fullmatch(r"3\.\d{1,2}", str(told))
    return found[0] if found else None


def _first(row: Row, *names: str) -> object:
    """What stands under the first of these names that something stands under."""
    return next((row[name] for name in names if row.get(name) is not None), None)


def _ids(value: object) -> tuple[str, ...]:
    """Test ids, which SWE-bench writes as a list or as the JSON text of one."""
    try:
        ids = json.loads(value) if isinstance(value, str) and value else value or []
    except ValueError:
        raise ValueError("test ids are neither a list nor the JSON text of one") from None
    if not isinstance(ids, list):
        raise ValueError("test ids must be a list")
    return tuple(str(each) for each in ids)


_FORMS: tuple[tuple[str, tuple[str, ...], Callable[[Row], Issue]], ...] = (
    ("instance_id", ("repo", "base_commit", "problem_statement"), _from_swebench),
    ("id", ("text",), Issue.model_validate),
)
"""The key that tells a form, the others that it needs, and its reader."""

IDS = frozenset(key for key, _, _ in _FORMS)
"""The fields of which an issue has one."""

FIELDS = frozenset(Issue.model_fields) | {
    *("instance_id", "base_commit", "problem_statement", "patch", "test_patch"),
    *("FAIL_TO_PASS", "PASS_TO_PASS", "fail_to_pass", "pass_to_pass"),
    *("image_name", "docker_image", "install_config"),
}
"""The fields that any form looks at."""
