"""``foretrace publish``: a branch and a commit, and a pull request for somebody who says yes."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine, Ended
from tests.agent.ptys import OnTerminal
from tests.agent.publish.handed import FIXED, change, head, prices, served, write_run
from tests.agent.replay.recorded import Recorded
from tests.agent.sources.githubserver import GitHubServer, github_server
from tests.sandboxes.repository.gitrepos import git

TOKEN = "ghs_a0b1c2d3e4f5"
ID = "20260101-000000-clamp-0000"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return prices(tmp_path / "prices")


@pytest.fixture
def server(tmp_path: Path, place: Path) -> Iterator[GitHubServer]:
    with github_server(tmp_path / "repositories") as running:
        running.branches = {"o/r": "trunk"}
        served(tmp_path / "repositories/o/r")
        git(place, "remote", "add", "origin", f"{running.site}/o/r")
        yield running


@pytest.fixture
def command(tmp_path: Path, foretrace: CommandLine) -> CommandLine:
    """The command line of somebody whom git knows, and who has a token."""
    (tmp_path / "gitconfig").write_text("[user]\n\tname = Ada L\n\temail = ada@example.org\n")
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "GH_HOST", "VISUAL", "EDITOR", "GIT_AUTHOR_NAME"):
        foretrace.environment.pop(name, None)
    foretrace.environment |= {
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "GH_ENTERPRISE_TOKEN": TOKEN,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    return foretrace


def resolved(command: CommandLine, place: Path, **about: object) -> None:
    """A run of the checkout's issue, in the folder of runs."""
    about = {"repo": str(place), "title": "clamp is wrong", **about}
    write_run(command.runs, change(place), head(place), **about)  # type: ignore[arg-type]


def quiet(ended: Ended) -> bool:
    return TOKEN not in ended.out + ended.err and "Traceback" not in ended.err


def test_a_branch_and_a_commit_are_made_and_told(command: CommandLine, place: Path) -> None:
    resolved(command, place)
    ended = command("publish", "2026")
    assert ended.status == 0, ended
    assert f"branch foretrace/clamp in {place}\n" in ended.out
    assert f" on {head(place)[:12]}, by Ada L <ada@example.org>" in ended.out
    assert "  clamp is wrong\n  \n  Foretrace made this change in the run" in ended.out
    assert " prices.py | 2 +-" in ended.out
    assert git(place, "show", "foretrace/clamp:prices.py") == FIXED.strip()
    assert "which was there already" in command("publish", ID).out


@pytest.mark.engine
def test_a_real_run_becomes_a_commit_on_the_one_it_began_at(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, line = recorded.project, recorded.foretrace
    who = {"GIT_AUTHOR_NAME": "Ada L", "GIT_AUTHOR_EMAIL": "ada@example.org"}
    monkeypatch.setattr(line, "environment", {**line.environment, **who})
    before = project.git("rev-parse", "HEAD")
    ended = line("publish", recorded.id, "--json")
    assert ended.status == 0, ended
    told = json.loads(ended.out)
    assert told["onto"] == before.strip()
    assert project.git("rev-parse", f"{told['branch']}^") == before
    assert "+    if value > high:" in project.git("show", told["branch"])
    assert "2 of 2 tests that were to pass" in told["message"]
    assert project.git("status", "--porcelain") == ""


def test_json_is_the_same_as_one_object(
    command: CommandLine, place: Path, tmp_path: Path, server: GitHubServer
) -> None:
    resolved(command, place, repo=f"{server.site}/o/r")
    flags = ("--branch", "fix", "-m", "Mine\n\nMore.", "--onto", "HEAD", "--json")
    ended = command("publish", ID, "--checkout", place, *flags)
    assert ended.status == 0, ended
    told = json.loads(ended.out)
    assert told["commit"] == git(place, "rev-parse", "fix")
    assert (told["branch"], told["onto"], told["made"]) == ("fix", head(place), True)
    assert (told["message"], told["files"]) == ("Mine\n\nMore.\n", ["prices.py"])
    assert (told["checkout"], told["pull_request"]) == (str(place), None)
    ended = command("publish", ID, "--checkout", place, "--pull-request", "--yes", "--json")
    assert ended.status == 0, ended
    url = f"{server.site}/o/r/pull/1"
    assert json.loads(ended.out)["pull_request"] == {"url": url, "number": 1}
    assert quiet(ended)


def test_the_message_may_be_edited(command: CommandLine, place: Path, tmp_path: Path) -> None:
    resolved(command, place)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "1s/.*/In my words/" "$1"\n')
    editor.chmod(0o755)
    command.environment["EDITOR"] = str(editor)
    ended = command("publish", ID, "-e")
    assert ended.status == 0, ended
    message = git(place, "log", "-1", "--format=%B", "foretrace/clamp")
    assert message.startswith("In my words\n\nForetrace made this change")
    editor.write_text('#!/bin/sh\n: > "$1"\n')
    ended = command("publish", ID, "-e")
    assert (ended.status, "the message is empty" in ended.err) == (2, True)


def test_without_a_terminal_nothing_is_sent_unless_it_is_meant(
    command: CommandLine, place: Path, tmp_path: Path, server: GitHubServer
) -> None:
    resolved(command, place, url=f"{server.site}/o/r/issues/7")
    ended = command("publish", ID, "--pull-request")
    assert ended.status == 2, ended
    assert "only when you have said yes" in ended.err
    assert git(place, "branch", "--list", "foretrace/*") == ""
    assert (server.asked, server.sent) == ([], [])
    ended = command("publish", ID, "--pull-request", "--yes", "--ready")
    assert ended.status == 0, ended
    assert ended.out.endswith(f"pull request 1: {server.site}/o/r/pull/1\n")
    assert server.sent[0][2]["draft"] is False
    assert git(tmp_path / "repositories/o/r", "log", "-1", "--format=%s", "foretrace/clamp")
    assert quiet(ended)


@pytest.mark.parametrize("answer", ["n", "", "y"])
def test_on_a_terminal_everything_is_shown_and_asked(
    command: CommandLine, place: Path, server: GitHubServer, answer: str
) -> None:
    resolved(command, place, url=f"{server.site}/o/r/issues/7", title="\x1b[31mclamp @you")
    words = [sys.executable, "-m", "agent.cli", "publish", ID, "--pull-request"]
    environment = {n: v for n, v in command.environment.items() if n != "TERM"}
    with OnTerminal(words, folder=command.folder, environment=environment) as terminal:
        terminal.wait_for("Send this? [y/N]")
        for part in (
            "push     foretrace/clamp",
            f"to       {server.site}/o/r",
            "then a   draft pull request",
            "into     o/r on 127.0.0.1, branch trunk",
            "title    \\x1b[31mclamp @\u200byou",
            "| `tests/test_prices.py::test_above` | failed | passed |",
        ):
            assert part in terminal.screen
        assert TOKEN not in terminal.screen
        assert server.sent == []
        terminal.type(answer)
        if answer == "y":
            terminal.wait_for(f"pull request 1: {server.site}/o/r/pull/1")
        else:
            terminal.wait_for("nothing was sent; the branch is in your checkout")
        status = terminal.end()
    assert status == (0 if answer == "y" else 1)
    assert len(server.sent) == (answer == "y")


def test_what_is_wrong_is_a_line(command: CommandLine, place: Path, tmp_path: Path) -> None:
    resolved(command, place)
    patch, base = change(place), head(place)
    write_run(command.runs, patch, base, status="unresolved", name="unresolved", repo=str(place))
    for words, status, said in (
        (["unresolved"], 1, "the patch is not verified; the run is unresolved"),
        (["unresolved", "--pull-request", "--yes"], 1, "--unverified hands it on"),
        ([ID, "--checkout", tmp_path / "gone"], 2, "there is no folder"),
        ([ID, "--branch", "trunk"], 2, "there is a branch trunk already"),
        ([ID, "--onto", "-x"], 2, "has no revision '-x'"),
        ([ID, "--ready"], 2, "are for a --pull-request"),
        ([ID, "--pull-request", "--yes"], 2, "has no remote origin"),
        (["none"], 2, "there is no run none"),
    ):
        ended = command("publish", *words)
        assert ended.status == status, ended
        assert said in ended.err
        assert quiet(ended)
    assert command("publish", "unresolved", "--unverified").status == 0
