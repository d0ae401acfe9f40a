"""Lists of issues: frozen as they are read, found again, and taken up where they were left."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.batch.folder import BatchFolder
from agent.batch.issuelist import CHUNK, IssueList, ids_in
from agent.errors import IssueProblem
from agent.issue import Issue
from agent.sources.many import read_issues_once
from agent.sources.source import Skipped


def issues(count: int) -> Iterator[Issue]:
    return (Issue(id=f"i-{n}", repo="r", text=f"text {n} \u2028 ü") for n in range(count))


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    return BatchFolder(tmp_path)


def test_a_list_is_read_a_chunk_at_a_time(folder: BatchFolder) -> None:
    read = IssueList(folder, issues(CHUNK + 1))
    first, _ = read.more()
    assert len(first) == CHUNK
    assert not read.complete
    assert not folder.issues.exists()
    assert read["i-7"].text == "text 7 \u2028 ü"  # while the rest is still to be read
    assert read.more() == (["i-200"], [])
    assert read.complete
    assert (folder.issues.exists(), folder.reading.exists()) == (True, False)
    assert read["i-200"].id == "i-200"
    assert list(ids_in(folder.issues)) == [f"i-{n}" for n in range(CHUNK + 1)]
    read.close()


def test_what_was_frozen_is_read_again(folder: BatchFolder) -> None:
    frozen = IssueList(folder, issues(3))
    frozen.more()
    frozen.close()
    again = IssueList(folder, None)
    assert again.more() == (["i-0", "i-1", "i-2"], [])
    assert again.complete
    assert again["i-2"] == Issue(id="i-2", repo="r", text="text 2 \u2028 ü")
    assert "i-3" not in again
    again.close()


def test_a_reading_that_was_killed_begins_anew(folder: BatchFolder) -> None:
    killed = IssueList(folder, issues(CHUNK * 2))
    killed.more()
    killed.close()
    again = IssueList(folder, issues(2))
    assert again.more()[0] == ["i-0", "i-1"]
    assert list(ids_in(folder.issues)) == ["i-0", "i-1"]
    again.close()


def test_what_is_no_issue_is_named(folder: BatchFolder) -> None:
    entries = [Skipped("line 1", "not JSON"), Issue(id="a", text="a"), Skipped("line 3", "no", "b")]
    read = IssueList(folder, iter(entries))
    ids, skipped = read.more()
    assert ids == ["a"]
    assert [str(each) for each in skipped] == ["line 1: not JSON", "line 3 (b): no"]
    assert read.skipped == 2
    lines = [json.loads(line) for line in folder.skipped.read_text().splitlines()]
    assert lines[1] == {"where": "line 3", "why": "no", "id": "b"}
    read.close()


def test_it_may_also_end_the_reading(folder: BatchFolder) -> None:
    read = IssueList(folder, iter([Issue(id="a", text="a"), Skipped("line 2", "not JSON")]))
    with pytest.raises(IssueProblem, match="line 2: not JSON"):
        read.more(strict=True)
    read.close()


def test_a_list_of_a_hundred_thousand_begins_at_once(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    with path.open("w") as file:
        for number in range(100_000):
            file.write(f'{{"id": "i-{number}", "repo": "r", "text": "t"}}\n')
        file.write('{"id": "i-7", "repo": "r", "text": "again"}\n{"id": "half')
    folder = BatchFolder(tmp_path / "batch")
    folder.path.mkdir()
    read = IssueList(folder, read_issues_once(str(path)))
    ids, _ = read.more()
    assert (len(ids), len(read)) == (CHUNK, CHUNK)
    while not read.complete:
        _, skipped = read.more()
    assert len(read) == 100_000
    assert [each.where for each in skipped] == ["line 100001", "line 100002"]
    assert read["i-99999"].id == "i-99999"
    read.close()
