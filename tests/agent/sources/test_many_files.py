"""Lists of issues in JSON and Parquet files, as people publish them."""

import json
import subprocess
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import IssueProblem
from agent.issue import Issue
from agent.sources.github.query import parse_query
from agent.sources.lists import LISTS, claiming
from agent.sources.many import Skipped, read_issues_of
from agent.sources.registry import read_issue
from tests.agent.sources.test_many import OURS, SWEBENCH


def parquet(path: Path, select: str, *values: object) -> str:
    """A Parquet file that holds what a query gives."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)", values or None)
    return str(path)


def swebench(path: Path, rows: int = 2, extra: str = "") -> str:
    """Rows as they are published, lists as lists."""
    return parquet(
        path,
        f"""SELECT 'o__r-' || n AS instance_id, 'o/r' AS repo, 'abc' AS base_commit,
        'It breaks, ' || n AS problem_statement, '' AS hints_text, 'd' AS patch, 't' AS test_patch,
        ['a', 'b'] AS FAIL_TO_PASS, ['c'] AS PASS_TO_PASS, '1.0' AS version,
        now() AS created_at, {{'level': 1}} AS meta {extra} FROM range({rows}) AS range(n)""",
    )


def issues(source: str | Path) -> list[Issue]:
    found = []
    for entry in read_issues_of(str(source)):
        assert isinstance(entry, Issue), entry
        found.append(entry)
    return found


def problem(source: str | Path) -> str:
    with pytest.raises(IssueProblem) as caught:
        list(read_issues_of(str(source)))
    said = caught.value.message + caught.value.hint
    assert "\n" not in said
    return said


# JSON ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([OURS, SWEBENCH], indent=2),
        f"\ufeff [{json.dumps(OURS)},\r\n{json.dumps(SWEBENCH)} ] ",
        f"{json.dumps(OURS)}\n{json.dumps(SWEBENCH)}\n",
        f"{json.dumps(OURS, indent=1)}\n{json.dumps(SWEBENCH, indent=1)}",
    ],
    ids=["array", "marked", "lines", "objects"],
)
def test_a_json_file_is_an_array_or_objects(tmp_path: Path, text: str) -> None:
    (tmp_path / "i.json").write_text(text)
    assert [each.id for each in issues(tmp_path / "i.json")] == ["a-1", "django__django-1"]


def test_an_entry_that_is_no_issue_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "i.json").write_text(json.dumps([OURS, 7, {"id": "b"}, {**OURS, "id": "c"}]))
    first, seven, b, c = read_issues_of(str(tmp_path / "i.json"))
    assert isinstance(first, Issue)
    assert seven == Skipped("entry 2", "not a JSON object")
    assert isinstance(b, Skipped)
    assert b.id == "b"
    assert isinstance(c, Issue)


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("", "breaks off"),
        (', {"id": "b"', "not JSON"),
        (", nonsense, {}]", "not JSON"),
        (", " + "[" * 100_000, "nested too deeply"),
    ],
)
def test_what_comes_before_a_break_is_read(tmp_path: Path, rest: str, why: str) -> None:
    (tmp_path / "i.json").write_text(f"[{json.dumps(OURS)}{rest}")
    first, bad = read_issues_of(str(tmp_path / "i.json"))
    assert isinstance(first, Issue)
    assert isinstance(bad, Skipped)
    assert bad.where == "entry 2"
    assert why in bad.why
    assert "nothing after it" in bad.why


def test_entries_longer_than_a_piece_are_whole(tmp_path: Path) -> None:
    rows = [{**OURS, "id": f"a-{n}", "text": f"{n}" * 1_500_000} for n in range(3)]
    (tmp_path / "i.json").write_text(json.dumps(rows))
    assert [each.text for each in issues(tmp_path / "i.json")] == [row["text"] for row in rows]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from(["", "[", json.dumps([OURS])[:-1] + ","]), data=st.binary())
def test_any_json_file_ends_in_issues_or_in_words(tmp_path: Path, start: str, data: bytes) -> None:
    (tmp_path / "i.json").write_bytes(start.encode() + data)
    entries: list[Issue | Skipped] = []
    with suppress(IssueProblem):  # it holds nothing at all
        entries = list(read_issues_of(str(tmp_path / "i.json")))
    assert all(isinstance(each, Issue) or "\n" not in each.why for each in entries)


# Parquet ------------------------------------------------------------------------------------------


def test_rows_of_a_parquet_file_are_read_as_they_are(tmp_path: Path) -> None:
    first, second = issues(swebench(tmp_path / "test-00000-of-00001.parquet"))
    assert (first.id, second.id) == ("o__r-0", "o__r-1")
    assert (first.repo, first.base) == ("https://github.com/o/r", "abc")
    assert (first.tests, first.keep, first.reference) == (("a", "b"), ("c",), "d")
    assert first.tests_from is not None
    assert first.tests_from.patch == "t"


def test_lists_may_be_json_text_and_cells_empty(tmp_path: Path) -> None:
    select = """SELECT * FROM (VALUES
        ('x-1', 'o/r', 'abc', 'One', '["a"]', NULL, 'image:1'),
        ('x-2', 'o/r', NULL, 'Two', '[]', '[]', NULL),
        (NULL, 'o/r', 'abc', 'Three', NULL, '[]', NULL)
        ) AS rows(instance_id, repo, base_commit, problem_statement, FAIL_TO_PASS, PASS_TO_PASS,
        docker_image)"""
    first, second, third = read_issues_of(parquet(tmp_path / "i.parquet", select))
    assert isinstance(first, Issue)
    assert (first.tests, first.keep, first.image) == (("a",), None, "image:1")
    assert isinstance(second, Skipped)
    assert (second.where, second.id) == ("row 2", "x-2")
    assert 'lacks "base_commit"' in second.why
    assert isinstance(third, Skipped)
    assert third.where == "row 3"


def test_our_own_form_is_read_from_a_parquet_file(tmp_path: Path) -> None:
    select = """SELECT 'a-1' AS id, 'pypi:a==1' AS repo, 'Bad.' AS text, NULL AS title,
        ['t.py::t'] AS tests,
        {'pypi': NULL, 'files': NULL, 'patch': 'p', 'when': 'start'} AS tests_from"""
    (issue,) = issues(parquet(tmp_path / "i.parquet", select))
    assert issue.tests == ("t.py::t",)
    assert issue.tests_from is not None
    assert (issue.tests_from.patch, issue.tests_from.when) == ("p", "start")


def test_one_row_is_picked_by_its_id(tmp_path: Path) -> None:
    listed = swebench(tmp_path / "i.parquet", 5)
    assert read_issue(f"{listed}#o__r-3").text == "It breaks, 3"
    with pytest.raises(IssueProblem, match=r"name one of them|is a list of issues"):
        read_issue(listed)


def test_a_name_is_neither_a_pattern_nor_an_address(tmp_path: Path) -> None:
    swebench(tmp_path / "a.parquet")
    assert "cannot read" in problem(tmp_path / "*.parquet")
    assert "cannot read" in problem("https://127.0.0.1:9/a.parquet")
    (tmp_path / "a.parquet").rename(tmp_path / "[a]?*.parquet")
    assert len(issues(tmp_path / "[a]?*.parquet")) == 2


def test_a_large_parquet_file_begins_at_once(tmp_path: Path) -> None:
    listed = swebench(tmp_path / "i.parquet", 100_000)
    entries = read_issues_of(listed)
    assert [getattr(each, "id", "") for each in islice(entries, 2)] == ["o__r-0", "o__r-1"]


def test_what_is_no_list_of_issues_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("not one")
    (tmp_path / "half.parquet").write_bytes(
        Path(swebench(tmp_path / "w.parquet")).read_bytes()[:99]
    )
    (tmp_path / "empty.parquet").touch()
    (tmp_path / "folder.parquet").mkdir()
    parquet(tmp_path / "others.parquet", "SELECT 1 AS a, 'x' AS text")
    swebench(tmp_path / "none.parquet", 0)
    for name, complaint in (
        ("text", "is not a Parquet file"),
        ("empty", "is not a Parquet file"),
        ("half", "cannot read"),
        ("folder", "is a directory"),
        ("missing", "No such file"),
        ("others", "no column is called id or instance_id"),
        ("none", "holds no issue"),
    ):
        assert complaint in problem(tmp_path / f"{name}.parquet")


def test_a_missing_duckdb_is_one_line_with_what_installs_it(tmp_path: Path) -> None:
    named = f"{swebench(tmp_path / 'i.parquet')}#o__r-1"
    program = (
        "import sys\nsys.modules['duckdb'] = None\nfrom agent.cli import main\n"
        f"sys.argv = ['foretrace', 'run', {named!r}]\nmain()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "foretrace: Parquet files are read with DuckDB, and it is not installed",
        "  pip install 'foretrace[data]'",
    ]


def test_every_source_that_the_guide_names_is_one() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "issues.md").read_text()
    sources = guide.split("```")[1].split("\n")[1:-1]
    assert len(sources) == 9
    for source in sources:
        assert claiming(LISTS, source), source
        if "OWNER" in source:
            assert parse_query(source).repository.owner == "OWNER"
    for field in Issue.model_fields:
        assert f"`{field}`" in guide
