"""Lists of issues in JSON lines: streamed, and what is wrong with a line is said beside it."""

import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import IssueProblem
from agent.issue import Issue
from agent.sources import lines
from agent.sources.many import Skipped, read_issues_of, read_issues_once

OURS = {"id": "a-1", "repo": "pypi:humanize==4.2.0", "text": "It is wrong.", "tests": ["t.py::t"]}
SWEBENCH = {
    "instance_id": "django__django-1",
    "repo": "django/django",
    "base_commit": "abc123",
    "problem_statement": "Broken.",
    "hints_text": "",
    "created_at": "2020-01-01T00:00:00Z",
    "version": "3.0",
    "environment_setup_commit": "def456",
    "patch": "diff --git a/d.py b/d.py\n",
    "test_patch": "diff --git a/t.py b/t.py\n",
    "FAIL_TO_PASS": '["t.py::test_a"]',
    "PASS_TO_PASS": '["t.py::test_b"]',
}


def write(path: Path, *rows: object) -> str:
    """A list; rows that are text already are lines as they are."""
    texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8", errors="surrogatepass")
    return str(path)


def row_of(folder: Path, **changed: object) -> Issue | Skipped:
    """What becomes of a row of SWE-bench with other values in some fields."""
    row = {name: value for name, value in {**SWEBENCH, **changed}.items() if value is not ...}
    (entry,) = read_issues_of(write(folder / "rows.jsonl", row))
    return entry


def issue_of(folder: Path, **changed: object) -> Issue:
    entry = row_of(folder, **changed)
    assert isinstance(entry, Issue), entry
    return entry


def test_a_list_may_hold_both_forms(tmp_path: Path) -> None:
    ours, swebench = read_issues_of(write(tmp_path / "i.jsonl", OURS, "", SWEBENCH))
    assert ours == Issue.model_validate(OURS)
    assert isinstance(swebench, Issue)
    assert swebench.repo == "https://github.com/django/django"
    assert (swebench.tests, swebench.keep) == (("t.py::test_a",), ("t.py::test_b",))
    assert swebench.reference == SWEBENCH["patch"]


@pytest.mark.parametrize(
    ("fields", "tests", "keep"),
    [
        ({"FAIL_TO_PASS": ["a"], "PASS_TO_PASS": ["b", "c"]}, ("a",), ("b", "c")),
        ({"FAIL_TO_PASS": "[]", "PASS_TO_PASS": "[]"}, (), ()),
        ({"FAIL_TO_PASS": None, "PASS_TO_PASS": None}, (), None),
        ({"FAIL_TO_PASS": "", "PASS_TO_PASS": ...}, (), None),
        (
            {"FAIL_TO_PASS": ..., "PASS_TO_PASS": ..., "fail_to_pass": '["a"]', "pass_to_pass": []},
            ("a",),
            (),
        ),
    ],
    ids=["lists", "empty", "none", "missing", "small letters"],
)
def test_test_ids_stand_in_lists_or_in_their_json_text(
    tmp_path: Path, fields: dict[str, object], tests: tuple[str, ...], keep: tuple[str, ...] | None
) -> None:
    issue = issue_of(tmp_path, **fields)
    assert (issue.tests, issue.keep) == (tests, keep)


@pytest.mark.parametrize("name", ["image", "image_name", "docker_image"])
def test_a_prepared_image_is_kept(tmp_path: Path, name: str) -> None:
    assert issue_of(tmp_path, **{name: "registry/x:y"}).image == "registry/x:y"


@pytest.mark.parametrize(
    ("config", "python"),
    [
        ({"python": "3.9", "install": "pip install -e ."}, "3.9"),
        ({"python": "x"}, None),
        ("", None),
    ],
)
def test_the_python_of_an_environment_is_kept(
    tmp_path: Path, config: object, python: str | None
) -> None:
    assert issue_of(tmp_path, install_config=config).python == python


def test_rows_without_tests_of_their_own_are_issues(tmp_path: Path) -> None:
    """As those of SWE-bench Multimodal, whose tests are not published."""
    held = dict.fromkeys(("patch", "test_patch", "FAIL_TO_PASS", "PASS_TO_PASS"), ...)
    issue = issue_of(tmp_path, **held, image_assets='{"problem_statement": []}')
    assert (issue.tests_from, issue.reference, issue.keep) == (None, None, None)


@pytest.mark.parametrize(
    ("line", "id", "why"),
    [
        ('{"id": "a-1", "te', "", "not JSON"),
        ("[" * 100_000, "", "nested too deeply"),
        ("[1]", "", "not a JSON object"),
        ('{"name": 1}', "", "not an issue"),
        ('{"id": "b", "repo": "x"}', "b", 'lacks "text"'),
        (json.dumps({**SWEBENCH, "base_commit": None}), "django__django-1", 'lacks "base_commit"'),
        (json.dumps({**SWEBENCH, "FAIL_TO_PASS": "['a']"}), "django__django-1", "test ids"),
        (json.dumps({**SWEBENCH, "FAIL_TO_PASS": '{"a": 1}'}), "django__django-1", "test ids"),
        (json.dumps({**SWEBENCH, "problem_statement": " "}), "django__django-1", "text is empty"),
        (json.dumps({**OURS, "tests": 7}), "a-1", "tests: "),
    ],
)
def test_a_bad_line_is_skipped_and_the_others_are_read(
    tmp_path: Path, line: str, id: str, why: str
) -> None:
    first, bad, last = read_issues_of(
        write(tmp_path / "i.jsonl", OURS, line, {**OURS, "id": "a-2"})
    )
    assert isinstance(first, Issue)
    assert isinstance(last, Issue)
    assert isinstance(bad, Skipped)
    assert (bad.where, bad.id) == ("line 2", id)
    assert why in bad.why
    assert "\n" not in str(bad)


def test_the_last_line_may_be_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "i.jsonl"
    path.write_bytes(json.dumps(OURS).encode() + b'\n{"id": "a-2", "text": "\xe2\x82')
    entries = list(read_issues_of(str(path)))
    assert isinstance(entries[0], Issue)
    assert isinstance(entries[1], Skipped)
    assert entries[1].where == "line 2"


def test_signs_that_only_look_like_line_ends_end_no_line(tmp_path: Path) -> None:
    text = "a\u2028b\x85c\x0cd"
    line = json.dumps({**OURS, "text": text}, ensure_ascii=False)
    (issue,) = read_issues_of(write(tmp_path / "i.jsonl", "\ufeff" + line))
    assert isinstance(issue, Issue)
    assert issue.text == text


def test_a_line_that_is_too_long_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 200)
    fitting = json.dumps({**OURS, "id": "fits"}).ljust(199)
    listed = write(tmp_path / "i.jsonl", fitting, {**OURS, "text": "x" * 1000}, {**OURS, "id": "b"})
    entries = list(read_issues_of(listed))
    assert [getattr(each, "id", None) for each in entries] == ["fits", "", "b"]
    assert isinstance(entries[1], Skipped)
    assert entries[1].where == "line 2"


def test_an_id_that_stood_before_is_skipped_where_that_is_asked(tmp_path: Path) -> None:
    listed = write(tmp_path / "i.jsonl", OURS, "{", {**OURS, "text": "Else."}, {**OURS, "id": "b"})
    assert len([each for each in read_issues_of(listed) if isinstance(each, Issue)]) == 3
    first, _, twin, last = read_issues_once(listed)
    assert isinstance(first, Issue)
    assert first.text == "It is wrong."
    assert twin == Skipped("line 3", "'a-1' stands in line 1 already", "a-1")
    assert isinstance(last, Issue)


def test_many_rows_begin_at_once_and_are_never_held_together(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    with path.open("w") as file:
        file.writelines(json.dumps({**OURS, "id": f"a-{n}"}) + "\n" for n in range(100_000))
    entries = read_issues_of(str(path))
    assert [getattr(each, "id", None) for each in islice(entries, 2)] == ["a-0", "a-1"]
    path.write_text("")  # what follows was not read yet
    assert sum(1 for _ in entries) < 10_000


def test_what_is_one_issue_is_a_list_of_one(tmp_path: Path) -> None:
    (tmp_path / "bug.txt").write_text("It breaks.\n")
    (issue,) = read_issues_of(str(tmp_path / "bug.txt"))
    assert isinstance(issue, Issue)
    assert issue.id == "bug"
    listed = write(tmp_path / "i.jsonl", OURS, {**OURS, "id": "a-2"})
    (picked,) = read_issues_of(f"{listed}#a-2")
    assert isinstance(picked, Issue)
    assert picked.id == "a-2"


def test_a_list_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "blank.jsonl").write_text("\n \n")
    (tmp_path / "folder.jsonl").mkdir()
    for name, complaint in (
        ("none.jsonl", "cannot read"),
        ("folder.jsonl", "is a directory"),
        ("blank.jsonl", "holds no issue"),
    ):
        with pytest.raises(IssueProblem, match=complaint):
            list(read_issues_of(str(tmp_path / name)))


def mangled() -> st.SearchStrategy[bytes]:
    """A list's line with a piece of it replaced, and anything at all."""
    whole = st.sampled_from([json.dumps(OURS).encode(), json.dumps(SWEBENCH).encode()])
    at = st.integers(0, 300)
    cut = st.builds(lambda line, a, b, new: line[:a] + new + line[b:], whole, at, at, st.binary())
    values = st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner)
    )
    odd = st.builds(
        lambda form, key, value: json.dumps({**form, key: value}).encode(),
        st.sampled_from([OURS, SWEBENCH]),
        st.sampled_from([*OURS, *SWEBENCH]),
        values,
    )
    return cut | odd | st.binary()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=mangled())
def test_whatever_stands_in_a_line_the_next_is_read(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "i.jsonl"
    path.write_bytes(line + b"\n" + json.dumps({**OURS, "id": "after"}).encode())
    *before, last = read_issues_of(str(path))
    assert isinstance(last, Issue)
    assert last.id == "after"
    for entry in before:
        assert isinstance(entry, Issue) or "\n" not in entry.why
        if isinstance(entry, Issue):
            assert Issue.model_validate_json(entry.model_dump_json().encode()) == entry
