"""Which words name issues of a repository on GitHub, and what they ask for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import IssueProblem
from agent.sources.github.query import Query, is_query, parse_query
from agent.sources.many import read_issues_of

PAGE = "https://github.com/o/r/issues"


def asked(source: str) -> tuple[tuple[str, ...], str, str, int | None]:
    assert is_query(source)
    query = parse_query(source)
    assert query.repository.clone_url == "https://github.com/o/r"
    return query.labels, query.state, query.words, query.limit


@pytest.mark.parametrize(
    ("source", "labels", "state", "words", "limit"),
    [
        ("o/r", (), "open", "", None),
        ("o/r?", (), "open", "", None),
        ("o/r?label=bug&label=good first issue", ("bug", "good first issue"), "open", "", None),
        ("o/r?label=a%2Bb&search=two+words&limit=5", ("a+b",), "open", "two words", 5),
        ("o/r?state=all&label=", (), "all", "", None),
        (PAGE, (), "open", "", None),
        ("https://www.GitHub.com/o/r/", (), "open", "", None),
        (f"{PAGE}?labels=bug,docs&page=2", ("bug", "docs"), "open", "", None),
        (
            "https://github.com/o/r/labels/good%20first%20issue",
            ("good first issue",),
            *("open", "", None),
        ),
        (f"{PAGE}?q=is%3Aopen+label%3Abug", ("bug",), "open", "", None),
        (f"{PAGE}?q=is%3Aissue%20state%3Aclosed", (), "closed", "", None),
        (f'{PAGE}?q=label:"help wanted"+crash&limit=3', ("help wanted",), "all", "crash", 3),
        (
            f"{PAGE}?q=label:a,b+-label:c+author:ada",
            (),
            "all",
            "label:a,b -label:c author:ada",
            None,
        ),
        (f"{PAGE}?q=repo:o/r+is:open+x", (), "open", "x", None),
        (f"{PAGE}?q=label:a+OR+is:open", (), "all", "(label:a OR is:open)", None),
    ],
)
def test_words_ask_for_issues(
    source: str, labels: tuple[str, ...], state: str, words: str, limit: int | None
) -> None:
    assert asked(source) == (labels, state, words, limit)


def test_a_query_is_written_in_the_language_of_the_search() -> None:
    query = parse_query('o/r?label=good first&label=a"b&search=slow "start up"')
    assert query.searched == (
        'repo:o/r is:issue state:open label:"good first" label:"ab" slow "start up"'
    )


def test_enterprise_servers_are_asked_themselves() -> None:
    query = parse_query("https://ghe.example.com/o/r/issues?labels=bug")
    assert query.repository.api == "https://ghe.example.com/api/v3"
    assert query.repository.clone_url == "https://ghe.example.com/o/r"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("o/r?colour=red", "not chosen by 'colour'"),
        ("o/r?limit=0", "from 1 to 10000"),
        ("o/r?limit=many", "from 1 to 10000"),
        ("o/r?state=new", "there is no state 'new'"),
        (f"{PAGE}?q=repo:other/one", "for another repository"),
        (f"{PAGE}?q=is:pr", "pull requests are not issues"),
        ("https://secret@github.com/o/r/issues", "no user name or password"),
        ("http://github.com/o/r/issues", "https only"),
    ],
)
def test_what_has_no_meaning_is_refused(source: str, complaint: str) -> None:
    with pytest.raises(IssueProblem, match=complaint) as caught:
        list(read_issues_of(source))
    assert "secret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "source",
    [
        *("o/r#7", "https://github.com/o/r/issues/7", "https://github.com/o/r/pull/7"),
        *("issues/bug.txt", "lists/i.jsonl", "/o/r", "./o/r", "a/b/c", "a", "-", "", "o/.."),
    ],
)
def test_what_names_one_issue_or_a_file_is_no_query(source: str) -> None:
    assert not is_query(source)


def test_files_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_query("o/r")
    assert is_query("next/next.js")
    (tmp_path / "o").mkdir()
    assert not is_query("o/r")
    assert is_query("o/r?label=bug")
    (tmp_path / "o/r?label=bug").touch()
    assert not is_query("o/r?label=bug")


@given(st.text(), st.sampled_from(["o/r?", f"{PAGE}?q=", f"{PAGE}?labels=", "https://", "o/"]))
def test_any_words_are_a_query_or_refused_in_a_line(words: str, start: str) -> None:
    try:
        query = parse_query(start + words)
    except IssueProblem as problem:
        caught: Query | IssueProblem = problem
    else:
        caught = query
    if isinstance(caught, Query):
        assert caught.searched.startswith(f"repo:{caught.repository} is:issue")
