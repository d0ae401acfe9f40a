"""Many issues from a server that speaks GitHub's API: which are read, and what is said else."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from agent.errors import IssueProblem, SourceUnavailable
from agent.issue import Issue
from agent.sources.github.listing import read_listed
from agent.sources.github.waiting import Patience
from agent.sources.many import read_issues_of
from agent.sources.source import Skipped
from tests.agent.sources.githubserver import (
    PREFIX,
    SEARCH,
    Answer,
    GitHubServer,
    comment,
    github_server,
)
from tests.agent.sources.test_github import LIMITED, TOKEN, VARIABLES

BUG = [{"name": "bug"}]


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No token of whoever runs the tests, and no proxy between us and this machine."""
    for name in (*VARIABLES, "GH_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GH_CONFIG_DIR", str(tmp_path / "gh"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    """Five issues, two of them bugs and one of these closed, and a pull request."""
    with github_server(tmp_path / "repositories") as running:
        running.add("o/r/issues/1", title="slow start")
        running.add("o/r/issues/2", comment("Me too."), title="crash at start", labels=BUG)
        running.add("o/r/issues/3", title="a change", labels=BUG, pull_request={"url": "x"})
        running.add("o/r/issues/4", title="crash at the end", labels=BUG, state="closed")
        running.add("o/r/issues/5", title="no colour", body=None)
        running.labels["o/r"] = ["bug", "Docs"]
        yield running


def read(
    server: GitHubServer, told: str, lines: list[str] | None = None, seconds: float = 5
) -> Iterator[tuple[str, Issue] | Skipped]:
    said = (lines if lines is not None else []).append
    patience = Patience("127.0.0.1", said, seconds, (0.01, 0.01))
    return read_listed(f"{server.site}/o/r{told}", said, patience)


def numbers(server: GitHubServer, told: str) -> list[int]:
    found = []
    for entry in read(server, told):
        assert not isinstance(entry, Skipped), entry
        assert entry[0] == f"#{entry[1].id.removeprefix('o__r-')}"
        found.append(int(entry[1].id.removeprefix("o__r-")))
    return found


def problem(server: GitHubServer, told: str, kind: type[Exception] = IssueProblem) -> str:
    with pytest.raises((IssueProblem, SourceUnavailable)) as caught:
        list(read(server, told))
    assert isinstance(caught.value, kind)
    said = f"{caught.value.message} ({caught.value.hint})"
    assert "\n" not in said
    assert TOKEN not in said
    return said


def test_open_issues_are_read_and_pull_requests_are_not(server: GitHubServer) -> None:
    assert numbers(server, "/issues") == [5, 2, 1]
    assert SEARCH not in "".join(path for path, _ in server.asked)


def test_an_issue_of_many_is_the_same_as_one_alone(server: GitHubServer) -> None:
    issue = next(each for each in read_issues_of(f"{server.site}/o/r/issues?labels=bug"))
    (alone,) = read_issues_of(f"{server.site}/o/r/issues/2")
    assert issue == alone
    assert isinstance(issue, Issue)
    assert issue.text.endswith("Comment by ada:\nMe too.\n")


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("?label=bug", [2]),
        ("?label=bug&state=all", [4, 2]),
        ("/issues?q=is%3Aclosed+label%3Abug", [4]),
        ("/labels/bug", [2]),
        ("?search=start", [2, 1]),
        ("?search=start&label=bug", [2]),
        ("/issues?q=crash", [4, 2]),
        ("?state=all&limit=2", [5, 4]),
    ],
)
def test_labels_words_and_states_choose(server: GitHubServer, told: str, found: list[int]) -> None:
    assert numbers(server, told) == found


def test_pages_are_followed_and_no_more_than_needed(server: GitHubServer) -> None:
    server.per_page = 2
    assert numbers(server, "?state=all") == [5, 4, 2, 1]
    server.asked.clear()
    assert numbers(server, "?search=crash&state=all&limit=1") == [4]
    assert len(server.asked) == 2  # the repository, and a page
    server.asked.clear()
    assert [each[0] for each in islice(read(server, ""), 1) if not isinstance(each, Skipped)] == [
        "#5"
    ]
    assert len(server.asked) == 2


def test_the_limit_is_said_where_nobody_set_it(server: GitHubServer) -> None:
    for number in range(10, 45):
        server.add(f"o/r/issues/{number}")
    lines: list[str] = []
    assert len(list(read(server, "", lines))) == 30
    assert ["limit=N" in line for line in lines] == [True]
    assert len(list(read(server, "?limit=33", lines))) == 33
    assert len(lines) == 1


def test_a_renamed_repository_is_searched_by_its_new_name(server: GitHubServer) -> None:
    server.moved[f"{PREFIX}old/name"] = (301, f"{server.site}{PREFIX}o/r")
    (entry,) = read_listed(f"{server.site}/old/name?search=slow", lambda line: None)
    assert not isinstance(entry, Skipped)
    assert entry[1].repo == f"{server.site}/o/r"


def test_an_issue_whose_comments_are_gone_is_skipped(server: GitHubServer) -> None:
    del server.comments["o/r/issues/2"]
    server.add("o/r/issues/6", title="", body="")
    entries = list(read(server, ""))
    skipped = [each for each in entries if isinstance(each, Skipped)]
    assert [(each.where, each.id) for each in skipped] == [("#6", "o__r-6"), ("#2", "o__r-2")]
    assert "is empty" in skipped[0].why
    assert "o/r#2 does not exist" in skipped[1].why
    assert len(entries) == 4


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ("?label=bgu", "o/r has no label 'bgu' (it has: bug)"),
        ("?label=nothing like it", "it has: bug, docs"),
        ("?label=BUG&search=colour", "o/r has no open issue that is like that"),
        ("?search=no such words", "o/r has no open issue that is like that"),
        ("?label=docs&state=all", "o/r has no issue that is like that"),
    ],
)
def test_where_nothing_is_found_the_reason_is_said(
    server: GitHubServer, told: str, complaint: str
) -> None:
    assert complaint in problem(server, told).replace("Docs", "docs")


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (Answer(404, {"message": "Not Found"}), "o/r does not exist at 127.0.0.1, or is private"),
        (Answer(200, {"full_name": "o/r", "has_issues": False}), "issues are disabled"),
        (Answer(200, {"full_name": "../x"}), "does not answer as GitHub does"),
        (Answer(200, []), "does not answer as GitHub does"),
        (Answer(422, {"message": "Validation Failed"}), "refuses to show o/r (422: Validation"),
    ],
)
def test_a_repository_that_cannot_be_read_is_said(
    server: GitHubServer, answer: Answer, complaint: str
) -> None:
    server.first = [answer]
    assert complaint in problem(server, "?label=bug")


@pytest.mark.parametrize("told", ["?label=bug", "?search=x"])
@pytest.mark.parametrize("body", [{"items": [{"number": "x"}]}, [7], {}, "text", b"<html>"])
def test_an_answer_that_is_none_is_said(server: GitHubServer, told: str, body: object) -> None:
    server.first = [Answer(200, {"full_name": "o/r"}), Answer(200, body)]
    assert "does not answer as GitHub does" in problem(server, told)


def test_a_rate_limit_in_the_middle_is_waited_for(server: GitHubServer) -> None:
    lines: list[str] = []
    entries = read(server, "", lines)
    assert not isinstance(next(entries), Skipped)
    server.first = [Answer(429, LIMITED, {"Retry-After": "1"})]
    assert len(list(entries)) == 2
    assert [line.startswith("rate limit of 127.0.0.1: waiting 1 s") for line in lines] == [True]


def test_what_came_before_a_limit_that_lasts_too_long_is_kept(server: GitHubServer) -> None:
    entries = read(server, "")
    kept = [next(entries)]
    server.first = [Answer(429, LIMITED, {"Retry-After": "3000"})]
    with pytest.raises(SourceUnavailable, match="wait for 50 min"):
        kept.extend(entries)
    assert len(kept) == 1


def test_the_token_is_sent_and_not_shown(
    server: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", TOKEN)
    assert TOKEN not in repr(list(read(server, "?label=bug")))
    assert {headers["Authorization"] for _, headers in server.asked} == {f"token {TOKEN}"}
    server.first = [Answer(401, {"message": "Bad credentials"})]
    assert "refuses the token from GH_ENTERPRISE_TOKEN" in problem(server, "")
