"""A pull request: what is shown before, what is sent, to whom the token goes, and what is refused.

The host is a server on this machine that speaks GitHub's API, and git's own protocol beside it.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agent.errors import AgentError, SourceUnavailable, WrongUse
from agent.publish.commit import Published, branch_and_commit
from agent.publish.github import Plan, plan, send
from agent.publish.place import opened
from agent.publish.remote import push, remote_of
from agent.replay.reading import RecordedRun
from tests.agent.publish.handed import FIXED, change, head, run_of, served
from tests.agent.sources.githubserver import PREFIX, Answer, GitHubServer, github_server
from tests.sandboxes.repository.gitrepos import commit, git

TOKEN = "ghs_a0b1c2d3e4f5"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", TOKEN)
    with github_server(tmp_path / "repositories") as running:
        running.branches = {"o/r": "trunk"}
        served(tmp_path / "repositories/o/r")
        yield running


@pytest.fixture
def run(tmp_path: Path, place: Path, server: GitHubServer) -> RecordedRun:
    """A resolved run of an issue on the server, whose repository the checkout's origin is."""
    git(place, "remote", "add", "origin", f"{server.site}/o/r")
    url = f"{server.site}/o/r/issues/7"
    return run_of(tmp_path / "runs", change(place), head(place), url=url, title="clamp is wrong")


@pytest.fixture
def published(run: RecordedRun, place: Path) -> Published:
    return branch_and_commit(run, place)


def problem(caught: pytest.ExceptionInfo[AgentError]) -> str:
    said = f"{caught.value.message}\n{caught.value.hint}"
    assert TOKEN not in said
    assert said.count("\n") == 1
    return said


def test_a_plan_shows_everything_and_sends_nothing(
    run: RecordedRun, published: Published, server: GitHubServer, tmp_path: Path
) -> None:
    planned = plan(run, published)
    text = "\n".join(planned.lines())
    for part in (
        f"push     foretrace/clamp ({published.commit[:12]})",
        f"to       {server.site}/o/r",
        "by       Ada L <ada@example.org>",
        "then a   draft pull request",
        "into     o/r on 127.0.0.1, branch trunk",
        "prices.py | 2 +-",
        "title    clamp is wrong",
        "Fixes o/r#7.",
        "| `tests/test_prices.py::test_above` | failed | passed |",
    ):
        assert part in text
    assert "NOT VERIFIED" not in text
    assert TOKEN not in text + repr(planned)
    assert server.sent == []
    assert git(tmp_path / "repositories/o/r", "branch") == ""


def test_sending_pushes_the_branch_and_opens_a_draft(
    run: RecordedRun, published: Published, server: GitHubServer, tmp_path: Path
) -> None:
    lines: list[str] = []
    planned = plan(run, published)
    sent = send(planned, lines.append)
    assert (sent.number, sent.url) == (1, f"{server.site}/o/r/pull/1")
    ((path, headers, body),) = server.sent
    assert path == f"{PREFIX}o/r/pulls"
    assert headers["Authorization"] == f"token {TOKEN}"
    assert body == {
        "title": "clamp is wrong",
        "head": "foretrace/clamp",
        "base": "trunk",
        "draft": True,
        "body": planned.body,
    }
    origin = tmp_path / "repositories/o/r"
    assert git(origin, "for-each-ref", "--format=%(refname) %(objectname)") == (
        f"refs/heads/foretrace/clamp {published.commit}"
    )
    assert git(origin, "show", "foretrace/clamp:prices.py") == FIXED.strip()
    assert lines == [
        f"pushing foretrace/clamp to {server.site}/o/r",
        "opening the pull request at 127.0.0.1",
    ]


def test_it_can_be_ready_and_for_another_branch(
    run: RecordedRun, published: Published, server: GitHubServer
) -> None:
    server.branches["o/r"] = "never asked for"
    send(plan(run, published, base="stable", draft=False))
    assert (server.sent[0][2]["base"], server.sent[0][2]["draft"]) == ("stable", False)
    assert server.asked == []


def test_a_fork_is_pushed_to_and_the_pull_request_is_opened_where_the_issue_is(
    run: RecordedRun, published: Published, server: GitHubServer, place: Path, tmp_path: Path
) -> None:
    fork = served(tmp_path / "repositories/ada/r")
    git(place, "remote", "add", "mine", f"{server.site}/ada/r")
    for remote in ("mine", f"{server.site}/ada/r"):
        planned = plan(run, published, remote=remote)
        assert planned.remote.shown == f"{server.site}/ada/r"
        send(planned)
        path, _, body = server.sent[-1]
        assert (path, body["head"]) == (f"{PREFIX}o/r/pulls", "ada:foretrace/clamp")
    assert git(fork, "rev-parse", "foretrace/clamp") == published.commit
    assert git(tmp_path / "repositories/o/r", "branch") == ""


def test_a_shallow_clone_can_send_its_branch(
    run: RecordedRun, server: GitHubServer, place: Path, tmp_path: Path
) -> None:
    origin = tmp_path / "repositories/o/r"
    git(place, "push", "--quiet", str(origin), "trunk")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"{server.site}/o/r", "shallow", "-b", "trunk")
    published = branch_and_commit(run, tmp_path / "shallow")
    assert send(plan(run, published)).number == 1
    assert git(origin, "rev-parse", "foretrace/clamp^") == head(place)


@pytest.mark.parametrize("how", ["environment", "configuration"])
def test_a_branch_goes_over_ssh_as_the_user_has_it_run(
    tmp_path: Path, place: Path, somebody: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    there = served(tmp_path / "host/o/r.git")
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\nfor last; do :; done\ncd {tmp_path}/host && eval "$last"\n')
    ssh.chmod(0o755)
    if how == "environment":
        monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    else:
        monkeypatch.delenv("GIT_SSH_COMMAND", raising=False)
        text = f"{somebody.read_text()}[core]\n\tsshCommand = {ssh}\n[ssh]\n\tvariant = ssh\n"
        somebody.write_text(text)
    git(place, "config", "core.sshCommand", "false")
    made = branch_and_commit(run_of(tmp_path / "runs", change(place), head(place)), place)
    with opened(place) as checkout:
        remote = remote_of(checkout, "git@git.example.org:o/r.git")
        push(checkout, remote, made.commit, made.branch)
        push(checkout, remote, made.commit, made.branch)
    assert git(there, "rev-parse", made.branch) == made.commit


def test_what_is_not_verified_says_so_at_the_top(
    tmp_path: Path, place: Path, server: GitHubServer
) -> None:
    git(place, "remote", "add", "origin", f"{server.site}/o/r")
    repo = f"{server.site}/o/r"
    run = run_of(tmp_path / "runs", change(place), head(place), status="unresolved", repo=repo)
    planned = plan(run, branch_and_commit(run, place, unverified=True))
    assert planned.lines()[0] == "NOT VERIFIED: the pull request says so"
    send(planned)
    assert str(server.sent[0][2]["body"]).startswith("> **This change is not verified:**")


def test_it_can_be_tried_again_after_the_pull_request_was_refused(
    run: RecordedRun, published: Published, server: GitHubServer
) -> None:
    planned = plan(run, published)
    server.first = [Answer(502, {"message": "Bad Gateway"})]
    with pytest.raises(SourceUnavailable) as caught:
        send(planned)
    assert "502" in problem(caught)
    assert send(planned).number == 2


def test_a_branch_of_somebody_else_is_left_alone(
    run: RecordedRun, published: Published, server: GitHubServer, place: Path, tmp_path: Path
) -> None:
    origin = tmp_path / "repositories/o/r"
    git(place, "push", "--quiet", str(origin), "trunk:refs/heads/foretrace/clamp")
    with pytest.raises(WrongUse) as caught:
        send(plan(run, published))
    assert "has another branch foretrace/clamp" in problem(caught)
    assert git(origin, "rev-parse", "foretrace/clamp") == head(place)
    assert server.sent == []


def test_a_host_that_takes_no_push_is_said_so_and_no_pull_request_is_opened(
    run: RecordedRun, published: Published, server: GitHubServer, tmp_path: Path
) -> None:
    git(tmp_path / "repositories/o/r", "config", "http.receivepack", "false")
    with pytest.raises(SourceUnavailable) as caught:
        send(plan(run, published))
    assert f"{server.site}/o/r does not take the branch" in problem(caught)
    assert "403" in problem(caught)
    assert server.sent == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(401, {"message": "Bad credentials"}), "refuses the token from GH_ENTERPRISE_TOKEN"),
        (Answer(403, {"message": "Resource not accessible"}), "may not open a pull request at o/r"),
        (Answer(404, {"message": "Not Found"}), "or it is not there"),
        (Answer(403, {"message": "API rate limit exceeded"}), "does not take it now"),
        (Answer(301, {"message": "Moved Permanently"}), "o/r has moved"),
        (
            Answer(
                422,
                {
                    "message": "Validation Failed",
                    "errors": [{"message": "A pull request already exists for o:b."}],
                },
            ),
            "Validation Failed; A pull request already exists for o:b.",
        ),
        (
            Answer(422, {"message": "Draft pull requests are not supported in this repository."}),
            "--ready opens it as ready",
        ),
        (Answer(422, {"message": "\x1b[31m" + "x" * 900, "errors": ["\n", None]}), "\\x1b[31mxxx"),
        (Answer(201, b"<html>"), "does not answer as GitHub does"),
        (Answer(201, {"html_url": 5, "number": 1}), "does not answer as GitHub does"),
        (None, "does not answer"),
    ],
)
def test_a_refusal_is_one_line(
    run: RecordedRun,
    published: Published,
    server: GitHubServer,
    answer: Answer | None,
    words: str,
) -> None:
    planned = plan(run, published)
    server.first = [answer]
    with pytest.raises((WrongUse, SourceUnavailable)) as caught:
        send(planned)
    assert words in problem(caught)
    assert len(problem(caught)) < 500


# Where it goes ----------------------------------------------------------------------------------


def test_a_host_that_only_the_checkout_speaks_of_gets_no_token(
    tmp_path: Path, place: Path, server: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(place, "remote", "add", "origin", f"{server.site}/o/r")
    run = run_of(tmp_path / "runs", change(place), head(place), repo=str(place))
    published = branch_and_commit(run, place)
    with pytest.raises(WrongUse) as caught:
        plan(run, published)
    assert "only the checkout's configuration speaks of 127.0.0.1" in problem(caught)
    assert server.asked == []
    assert isinstance(plan(run, published, remote=f"{server.site}/o/r"), Plan)
    assert server.asked[-1][1]["Authorization"] == f"token {TOKEN}"
    monkeypatch.setenv("GH_HOST", urlsplit(server.site).netloc)
    assert isinstance(plan(run, published), Plan)


def test_a_remote_at_another_host_than_the_issue_is_refused(
    run: RecordedRun, published: Published, place: Path
) -> None:
    git(place, "remote", "add", "elsewhere", "git@github.com:o/r.git")
    with pytest.raises(WrongUse) as caught:
        plan(run, published, remote="elsewhere")
    assert "and elsewhere at https://github.com" in problem(caught)


def test_without_a_token_it_says_how_to_give_one(
    run: RecordedRun, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")
    with pytest.raises(WrongUse) as caught:
        plan(run, published)
    assert "needs a token" in problem(caught)
    assert "GITHUB_ENTERPRISE_TOKEN" in problem(caught)


def test_a_remote_that_is_not_there_is_said_with_those_that_are(
    run: RecordedRun, published: Published
) -> None:
    with pytest.raises(WrongUse) as caught:
        plan(run, published, remote="upstream")
    assert "has no remote upstream" in problem(caught)
    assert "there are: origin" in problem(caught)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("git@github.com:o/r.git", "https://github.com/o/r"),
        ("ssh://git@ssh.github.com:443/o/r.git", "https://github.com/o/r"),
        ("ssh://git@git.example.org:2222/o/r", "https://git.example.org/o/r"),
        ("https://user:secret@github.com/o/r.git/", "https://github.com/o/r"),
        ("HTTPS://GitHub.com/o/r", "https://github.com/o/r"),
    ],
)
def test_every_form_of_a_url_names_a_repository_and_shows_no_password(
    tmp_path: Path, place: Path, url: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", TOKEN)
    run = run_of(tmp_path / "runs", change(place), head(place))
    commit(place, "More", more_txt="x\n")
    planned = plan(run, branch_and_commit(run, place), remote=url, base="main")
    assert planned.remote.shown == shown
    assert "secret" not in "\n".join(planned.lines())
    assert planned.base == "main"
