"""Reading issues from files, standard input and lists; what is wrong with one is said in a line."""

import io
import json
import sys
from pathlib import Path

import pytest

from agent.errors import IssueProblem
from agent.issue import Issue
from agent.sources.registry import read_issue
from agent.sources.rows import read_issues

OURS = {"id": "a-1", "repo": "pypi:humanize==4.2.0", "text": "It is wrong.", "tests": ["t.py::t"]}
SWEBENCH = {
    "instance_id": "django__django-1",
    "repo": "django/django",
    "base_commit": "abc123",
    "problem_statement": "Broken.",
    "test_patch": "diff --git a/t.py b/t.py\n",
    "FAIL_TO_PASS": '["t.py::test_a"]',
    "PASS_TO_PASS": ["t.py::test_b"],
    "patch": "diff --git a/secret b/secret\n",
}


def write_list(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_text_file_is_an_issue(tmp_path: Path) -> None:
    (tmp_path / "my bug.txt").write_text("intcomma(1.5, 0) ignores the zero\n")
    issue = read_issue(str(tmp_path / "my bug.txt"))
    assert issue.id == "my-bug"
    assert issue.text == "intcomma(1.5, 0) ignores the zero\n"
    assert issue.repo == ""


def test_standard_input_is_an_issue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("help"))
    assert read_issue("-").text == "help"


def test_one_line_of_a_list_is_picked_by_its_id(tmp_path: Path) -> None:
    path = write_list(tmp_path / "issues.jsonl", OURS, {**OURS, "id": "a-2", "text": "Other."})
    assert read_issue(f"{path}#a-2").text == "Other."
    told = read_issue(f"{path}#a-2").told(repo="elsewhere", base=None, tests=())
    assert (told.repo, told.tests, told.text) == ("elsewhere", ("t.py::t",), "Other.")
    assert [issue.id for issue in read_issues(path)] == ["a-1", "a-2"]


def test_rows_of_swebench_are_read_as_they_are(tmp_path: Path) -> None:
    issue = read_issue(f"{write_list(tmp_path / 'i.jsonl', SWEBENCH)}#django__django-1")
    assert issue.repo == "https://github.com/django/django"
    assert issue.base == "abc123"
    assert issue.tests == ("t.py::test_a",)
    assert issue.keep == ("t.py::test_b",)
    assert issue.tests_from is not None
    assert issue.tests_from.when == "check"
    assert issue.image is None


def test_the_policy_sees_no_reference(tmp_path: Path) -> None:
    issue = read_issue(f"{write_list(tmp_path / 'i.jsonl', SWEBENCH)}#django__django-1")
    assert issue.reference == SWEBENCH["patch"]
    assert "secret" not in repr(issue)
    shown = issue.model_copy(update={"tests_from": None})
    assert "secret" not in issue.for_policy().model_dump_json()
    assert "secret" not in shown.for_policy().model_dump_json()


def test_the_policy_sees_no_test_that_is_held_back() -> None:
    source = {"pypi": "x==2", "files": ["t.py"]}
    held = Issue.model_validate({**OURS, "tests_from": source})
    shown = Issue.model_validate({**OURS, "tests_from": {**source, "when": "start"}})
    assert held.for_policy().tests == ()
    assert held.for_policy().tests_from is None
    assert shown.for_policy().tests == ("t.py::t",)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"name": 1}', "not an issue"),
        (json.dumps({**OURS, "text": "  "}), "text is empty"),
        (json.dumps({**OURS, "id": ""}), "id: "),
        (json.dumps({**OURS, "tests_from": {}}), "either"),
        (json.dumps({**OURS, "tests_from": {"pypi": "a==1"}}), "which test files"),
        (json.dumps({**SWEBENCH, "FAIL_TO_PASS": "{"}), "line 1"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_with_its_number(
    tmp_path: Path, row: str, complaint: str
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(row + "\n")
    with pytest.raises(IssueProblem) as caught:
        list(read_issues(path))
    assert "line 1" in caught.value.message
    assert complaint in caught.value.message
    assert "\n" not in caught.value.message


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    twice = write_list(tmp_path / "twice.jsonl", OURS, OURS)
    one = write_list(tmp_path / "one.jsonl", OURS)
    for source, complaint in (
        (str(tmp_path / "none.txt"), "cannot read"),
        (str(tmp_path), "is a directory"),
        (str(tmp_path / "empty.txt"), "empty"),
        (f"{tmp_path / 'none.jsonl'}#a", "cannot read"),
        (f"{one}#zzz", "no issue 'zzz'"),
        (str(one), "is a list"),
        (f"{twice}#a-9", "stands in line 1 already"),
    ):
        with pytest.raises(IssueProblem, match=complaint):
            read_issue(source)
