"""Issues from a server that speaks GitHub's API: what is read, waited for, refused, never shown."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import IssueProblem, SourceUnavailable
from agent.issue import Issue
from agent.sources.github.reading import MAX_BODY, MAX_COMMENT, MAX_COMMENTS
from agent.sources.github.source import read_github
from agent.sources.github.waiting import Patience
from agent.trajectory import read_events
from tests.agent.conftest import FAILING, CommandLine, Project
from tests.agent.sources.githubserver import PREFIX, Answer, GitHubServer, comment, github_server

TOKEN = "ghs_a0b1c2d3e4f5"
LIMITED = {"message": "API rate limit exceeded for 192.0.2.1."}
VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


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
    with github_server(tmp_path / "repositories") as running:
        yield running


def read(url: str, *, seconds: float = 5, lines: list[str] | None = None) -> Issue:
    progress = (lines if lines is not None else []).append
    return read_github(url, progress, Patience("127.0.0.1", progress, seconds, (0.01, 0.01)))


def problem(
    url: str, *, seconds: float = 5, kind: type[IssueProblem | SourceUnavailable] = IssueProblem
) -> str:
    with pytest.raises(kind) as caught:
        read(url, seconds=seconds)
    said = f"{caught.value.message}\n{caught.value.hint}"
    assert TOKEN not in said
    assert "\n" not in caught.value.message + caught.value.hint
    return said


def test_an_issue_is_its_title_labels_text_and_comments(server: GitHubServer) -> None:
    url = server.add(
        "o/r/issues/7",
        comment("I see it too.\r\nOn 3.12."),
        comment("Gone.", author=None),
        title="clamp is\nwrong",
        body="It gives 11.\r\n",
        labels=[{"name": "bug"}, "help wanted"],
    )
    issue = read(f"{url}?tab=1#issuecomment-3")
    assert issue.text == (
        "clamp is wrong\n\nLabels: bug, help wanted\n\nIt gives 11.\n\n"
        "Comment by ada:\nI see it too.\nOn 3.12.\n\nComment by somebody:\nGone.\n"
    )
    assert issue.title == "clamp is wrong"
    assert (issue.id, issue.url, issue.base) == ("o__r-7", url, None)
    assert issue.repo == f"{server.site}/o/r"


def test_an_issue_without_a_text_is_its_title(server: GitHubServer) -> None:
    assert read(server.add("o/r/issues/7", body=None)).text == "A title\n"


def test_comments_are_read_page_after_page(server: GitHubServer) -> None:
    server.per_page = 2
    url = server.add("o/r/issues/7", *(comment(f"word {n}") for n in range(5)))
    text = read(url).text
    assert [n for n in range(5) if f"word {n}\n" in text] == [0, 1, 2, 3, 4]
    assert len(server.asked) == 4
    assert "left out" not in text


def test_what_is_too_much_is_left_out_and_said(server: GitHubServer) -> None:
    many = [comment("x" * (MAX_COMMENT + 5))] + [comment("y")] * (MAX_COMMENTS + 2)
    text = read(server.add("o/r/issues/7", *many, body="z" * (MAX_BODY + 9))).text
    assert "[9 more characters left out]" in text
    assert "[5 more characters left out]" in text
    assert text.endswith("[3 more comments left out]\n")
    long = [comment("x" * MAX_COMMENT)] * 10
    assert read(server.add("o/r/issues/8", *long)).text.endswith("[3 more comments left out]\n")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.text(st.characters(categories=None), min_size=1))
def test_whatever_was_written_can_be_kept_in_a_file(server: GitHubServer, body: str) -> None:
    issue = read(server.add("o/r/issues/7", comment(body), title=body + "t", body=body))
    assert Issue.model_validate_json(issue.model_dump_json().encode()) == issue
    assert "\n" not in issue.title


def test_half_a_surrogate_pair_is_replaced_and_the_rest_stays(server: GitHubServer) -> None:
    text = read(server.add("o/r/issues/7", body="a\ud800b\x00\x1b[31m<|eot|>[bold]\U0001f600")).text
    assert "a\ufffdb\x00\x1b[31m<|eot|>[bold]\U0001f600" in text


def test_a_rate_limit_is_waited_for_with_a_line(server: GitHubServer) -> None:
    now = str(int(time.time()))
    gone = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": now}
    server.first = [Answer(403, LIMITED, gone), Answer(429, LIMITED, {"Retry-After": "1"})]
    lines: list[str] = []
    assert read(server.add("o/r/issues/7"), lines=lines).title == "A title"
    assert len(lines) == 2
    assert all(line.startswith("rate limit of 127.0.0.1: waiting") for line in lines)


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer(429, LIMITED, {"Retry-After": "3000"}), "50 min"),
        (Answer(403, {"message": "You have exceeded a secondary rate limit."}), "60 s"),
    ],
)
def test_a_limit_that_lasts_too_long_is_said(
    server: GitHubServer, answer: Answer, wait: str
) -> None:
    server.first = [answer]
    said = problem(server.add("o/r/issues/7"), kind=SourceUnavailable)
    assert f"wait for {wait}" in said
    assert "GITHUB_ENTERPRISE_TOKEN" in said


def test_a_server_that_stumbles_is_asked_again(server: GitHubServer) -> None:
    server.first = [Answer(502, b"<html>"), None]
    lines: list[str] = []
    assert read(server.add("o/r/issues/7"), lines=lines).title == "A title"
    assert ["trying again" in line for line in lines] == [True, True]


def test_a_server_that_goes_on_failing_is_given_up(server: GitHubServer) -> None:
    server.first = [Answer(500), Answer(503), Answer(502)]
    assert "fails (502)" in problem(server.add("o/r/issues/7"), kind=SourceUnavailable)


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    with github_server(tmp_path) as gone:
        url = gone.add("o/r/issues/7")
    assert "does not answer" in problem(url, kind=SourceUnavailable)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (Answer(404, {"message": "Not Found"}), "does not exist at 127.0.0.1, or is private"),
        (Answer(410, {"message": "Issues are disabled for this repo"}), "issues are disabled"),
        (Answer(410, {"message": "This issue was deleted"}), "was deleted"),
        (Answer(403, {"message": "SSO\nneeded\ud800"}), "(403: SSO needed?)"),
        (Answer(451, []), "(451)"),
        (Answer(200, b"<html>"), "does not answer as GitHub does"),
        (Answer(200, []), "does not answer as GitHub does"),
        (Answer(200, b"[" * 100_000), "does not answer as GitHub does"),
    ],
)
def test_a_refusal_is_one_clear_line(server: GitHubServer, answer: Answer, complaint: str) -> None:
    server.first = [answer]
    assert complaint in problem(server.add("o/r/issues/7"))


def test_a_pull_request_is_not_an_issue(server: GitHubServer) -> None:
    page = f"{server.site}/o/r/pull/7"
    url = server.add("o/r/issues/7", html_url=page, pull_request={"url": "x"})
    assert "o/r#7 is a pull request" in problem(url)
    assert "o/r#7 is a pull request" in problem(page)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_moved_issue_is_followed(server: GitHubServer, status: int) -> None:
    url = server.add("new/name/issues/9", comment("Still."))
    server.moved[f"{PREFIX}o/r/issues/7"] = (status, f"{server.site}{PREFIX}new/name/issues/9")
    issue = read(f"{server.site}/o/r/issues/7")
    assert (issue.id, issue.url) == ("new__name-9", url)
    assert issue.repo == f"{server.site}/new/name"
    assert "Still." in issue.text


@pytest.mark.parametrize("status", [301, 302])
def test_no_token_follows_a_redirect_to_another_server(
    server: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", TOKEN)
    with github_server(tmp_path) as other:
        there = f"{other.site}{PREFIX}o/r/issues/7".replace("127.0.0.1", "localhost")
        other.add("o/r/issues/7")
        server.moved[f"{PREFIX}o/r/issues/7"] = (status, there)
        assert "sends us elsewhere" in problem(f"{server.site}/o/r/issues/7")
        assert other.asked == []


@pytest.mark.parametrize("status", [301, 302])
def test_a_circle_of_redirects_ends(server: GitHubServer, status: int) -> None:
    here, there = f"{PREFIX}o/r/issues/7", f"{PREFIX}o/r/issues/8"
    server.moved = {
        here: (status, server.site + there),
        there: (status, server.site + here),
    }
    assert "sends us elsewhere" in problem(f"{server.site}/o/r/issues/7")


def test_the_token_for_the_host_is_sent_and_no_other(
    server: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.add("o/r/issues/7")
    monkeypatch.setenv("GITHUB_TOKEN", "for-github-dot-com")
    read(url)
    monkeypatch.setenv("GITHUB_ENTERPRISE_TOKEN", TOKEN)
    issue = read(url)
    monkeypatch.setenv("GH_HOST", "ghe.example.com")
    read(url)
    sent = [headers.get("Authorization") for _, headers in server.asked]
    assert sent == [None, f"token {TOKEN}", None]
    assert TOKEN not in repr(issue)


def test_gh_is_asked_for_a_token(
    server: GitHubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin/gh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "auth token --hostname" ] && echo "{TOKEN}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    read(server.add("o/r/issues/7"))
    assert server.asked[0][1]["Authorization"] == f"token {TOKEN}"


def test_a_refused_token_is_named_by_where_it_was_found(
    server: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", TOKEN)
    server.first = [Answer(401, {"message": "Bad credentials"})]
    assert "refuses the token from GH_ENTERPRISE_TOKEN" in problem(server.add("o/r/issues/7"))


def test_what_cannot_be_a_token_is_not_sent_nor_shown(
    server: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", f"{TOKEN}\nX: y")
    assert "GH_ENTERPRISE_TOKEN" in problem(server.add("o/r/issues/7"))
    assert server.asked == []


def test_reading_a_file_loads_neither_pygithub_nor_duckdb(tmp_path: Path) -> None:
    (tmp_path / "i.jsonl").write_text('{"id": "a", "text": "Broken."}')
    program = (
        "import sys\nfrom agent.sources.many import read_issues_of\n"
        f"assert len([*read_issues_of({str(tmp_path / 'i.jsonl')!r})]) == 1\n"
        "sys.exit(bool({'github', 'duckdb'} & sys.modules.keys()))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_ctrl_c_ends_the_wait(server: GitHubServer, foretrace: CommandLine) -> None:
    server.first = [Answer(429, LIMITED, {"Retry-After": "600"})]
    child = foretrace.start("run", server.add("o/r/issues/7"))
    assert child.stderr is not None
    assert "waiting 10 min" in child.stderr.readline()
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 130
    assert said.strip() == "stopped"


@pytest.mark.engine
def test_an_issue_is_resolved_from_its_address(
    server: GitHubServer, foretrace: CommandLine, project: Project
) -> None:
    (server.repositories / "o").mkdir(parents=True)
    project.git("clone", "--quiet", "--bare", str(project.path), str(server.repositories / "o/r"))
    hostile = "clamp(11, 0, 9) gives 11.\x00\ud800 [bold]\x1b[2J<|eot_id|>"
    url = server.add("o/r/issues/7", comment("Same here."), title="clamp \x1b[2J", body=hostile)
    foretrace.environment["GH_ENTERPRISE_TOKEN"] = TOKEN
    foretrace.environment["XDG_CACHE_HOME"] = str(foretrace.folder / "cache")
    flags = [word for test in FAILING for word in ("--test", test)]
    ended = foretrace("run", url, *flags, "--policy", "repair")
    assert ended.status == 0, ended
    assert foretrace.result()["status"] == "resolved"
    folder = foretrace.run_folder()
    kept_issue = json.loads((folder / "run.json").read_text())["issue"]
    assert "gives 11.\x00\ufffd [bold]\x1b[2J<|eot_id|>" in kept_issue["text"]
    assert "Same here." in kept_issue["text"]
    assert kept_issue["url"] == url
    assert len(list(read_events(folder / "events.jsonl"))) > 3
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]
    assert TOKEN not in ended.out + ended.err
    assert "\x1b[2J" not in ended.out + ended.err
