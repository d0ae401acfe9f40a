"""Adding issues on the board: from lists, from GitHub, and what is said of the rest."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from agent.tui import reading
from agent.tui.boardfile import BoardFile
from agent.tui.screens.board.adding import AddIssues
from agent.tui.screens.board.readreport import ReadReport
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.widgets.textlines import TextLines
from tests.agent.sources.githubserver import Answer, GitHubServer, comment, github_server
from tests.agent.sources.test_github import LIMITED, VARIABLES
from tests.agent.sources.test_many import OURS, SWEBENCH, write
from tests.agent.sources.test_many_files import swebench
from tests.agent.tui.samples import HOSTILE
from tests.agent.tui.test_screens import looks_like, size_name
from tests.agent.tui.watched import LARGE, SMALL, AppPilot, app_on, board, shows, until


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
    """Three issues, two of them bugs; stops when nobody reads from it any more."""
    with github_server(tmp_path / "repositories") as running:
        for number, labels in ((1, ["bug"]), (2, []), (3, ["bug"])):
            names = [{"name": name} for name in labels]
            running.add(f"o/r/issues/{number}", comment("x"), title=f"No {number}", labels=names)
        running.labels["o/r"] = ["bug"]
        yield running
        for thread in threading.enumerate():
            if thread.name == "reading issues":
                thread.join()


async def adding(pilot: AppPilot, source: str) -> AddIssues:
    """The dialog, with a source in it and Enter pressed."""
    await board(pilot)
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, AddIssues))
    screen = pilot.app.screen
    assert isinstance(screen, AddIssues)
    screen.query_one("#source", Input).value = source
    await pilot.press("enter")
    return screen


async def reported(pilot: AppPilot) -> ReadReport:
    await until(pilot, lambda: isinstance(pilot.app.screen, ReadReport))
    screen = pilot.app.screen
    assert isinstance(screen, ReadReport)
    return screen


def added(out: Path) -> list[str]:
    return [issue.id for issue in BoardFile(out).read().issues]


def said(screen: AddIssues) -> str:
    return str(screen.query_one("#problem", Static).render())


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet"])
async def test_every_form_of_a_list_is_added(tmp_path: Path, form: str) -> None:
    if form == "parquet":
        listed = swebench(tmp_path / "i.parquet")
    else:
        rows = [{**SWEBENCH, "instance_id": f"o__r-{n}"} for n in range(2)]
        (tmp_path / f"i.{form}").write_text(
            json.dumps(rows) if form == "json" else "\n".join(map(json.dumps, rows))
        )
        listed = str(tmp_path / f"i.{form}")
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        await adding(pilot, listed)
        await shows(pilot, "2 issue(s) added")
    assert added(tmp_path / "runs") == ["o__r-0", "o__r-1"]


async def test_what_was_skipped_is_shown_before_the_rest_is_added(tmp_path: Path) -> None:
    homeless = {"id": HOSTILE, "text": "x"}
    bad = ["{"] * 40
    listed = write(tmp_path / "i.jsonl", OURS, OURS, homeless, *bad, {**SWEBENCH, "repo": None})
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        form = await adding(pilot, listed)
        report = await reported(pilot)
        await shows(pilot, "1 issue can be added, 43 cannot", "Enter adds 1 issue    Esc back")
        await shows(pilot, "[bold red]not markup[/]", "it names no repository")
        await shows(pilot, "line 2 (a-1): 'a-1' stands in line 1 already")
        lines = report.query_one(TextLines)
        await until(pilot, lambda: lines.has_focus)
        await pilot.press("end")
        await shows(pilot, 'line 44 (django__django-1): not an issue: it lacks "repo"')
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is form)
        assert form.query_one("#source", Input).value == listed
        assert added(tmp_path / "runs") == []
        form.query_one("#source", Input).focus()
        await pilot.press("enter")
        await reported(pilot)
        await pilot.press("enter")
        await shows(pilot, "1 issue(s) added")
    assert added(tmp_path / "runs") == ["a-1"]


async def test_where_nothing_can_be_added_there_is_only_a_way_back(tmp_path: Path) -> None:
    listed = write(tmp_path / "i.jsonl", "{", "[]")
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        form = await adding(pilot, listed)
        await reported(pilot)
        await shows(pilot, "0 issues can be added, 2 cannot", "not a JSON object")
        await pilot.press("enter")
        await reported(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is form)


async def test_a_search_on_github_is_added(tmp_path: Path, server: GitHubServer) -> None:
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        form = await adding(pilot, f"{server.site}/o/r/issues?q=is%3Aopen+label%3Abgu")
        await until(pilot, lambda: "o/r has no label 'bgu' (it has: bug)" in said(form))
        form.query_one("#source", Input).value = f"{server.site}/o/r/issues?q=label%3Abug"
        await pilot.press("enter")
        await shows(pilot, "2 issue(s) added", "No 3", "No 1")
    assert added(tmp_path / "runs") == ["o__r-3", "o__r-1"]


async def test_a_limit_that_nobody_set_is_told(tmp_path: Path, server: GitHubServer) -> None:
    for number in range(10, 50):
        server.add(f"o/r/issues/{number}")
    async with app_on(tmp_path / "runs").run_test(size=LARGE, notifications=True) as pilot:
        await adding(pilot, f"{server.site}/o/r")
        await shows(pilot, "no more than 30 issues", "30 issue(s) added")


async def test_a_wait_is_told_and_can_be_left(tmp_path: Path, server: GitHubServer) -> None:
    server.first = [Answer(429, LIMITED, {"Retry-After": "4"})]
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        form = await adding(pilot, f"{server.site}/o/r")
        await until(pilot, lambda: "rate limit of 127.0.0.1: waiting 4 s" in said(form))
        assert "Esc stops" in said(form)
        assert "Ctrl-C" not in said(form)
        await pilot.press("enter")  # once is enough
        await pilot.press("escape")
        await until(pilot, lambda: "nothing was added" in said(form))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))
    assert added(tmp_path / "runs") == []


async def test_what_came_before_a_failure_can_be_added(
    tmp_path: Path, server: GitHubServer
) -> None:
    del server.comments["o/r/issues/1"]
    server.moved["/api/v3/repos/o/r/issues/2/comments"] = (302, "http://127.0.0.2:9/elsewhere")
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        await adding(pilot, f"{server.site}/o/r")
        await reported(pilot)
        await shows(pilot, "1 issue can be added, 2 cannot", "#1 (o__r-1): o/r#1 does not exist")
        await shows(pilot, "#2 (o__r-2): 127.0.0.1 sends us elsewhere")
        await pilot.press("ctrl+s")
        await shows(pilot, "1 issue(s) added")
    assert added(tmp_path / "runs") == ["o__r-3"]


async def test_a_board_takes_no_more_than_it_can_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST", 3)
    listed = swebench(tmp_path / "i.parquet", 50)
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        await adding(pilot, listed)
        await reported(pilot)
        await shows(pilot, "3 issues can be added", "more than 3 issues", "foretrace batch")
        await pilot.press("enter")
        await shows(pilot, "3 issue(s) added")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)
async def test_the_report_of_a_list(tmp_path: Path, size: tuple[int, int]) -> None:
    more = [{**OURS, "id": f"a-{n}"} for n in range(2, 14)]
    bad = ["{", {**OURS, "id": HOSTILE, "text": ""}, {**SWEBENCH, "FAIL_TO_PASS": "[a]"}, OURS]
    listed = write(tmp_path / "i.jsonl", OURS, *more, *bad, "[1]", *["{}"] * 12)
    async with app_on(tmp_path / "runs").run_test(size=size) as pilot:
        await adding(pilot, listed)
        await reported(pilot)
        await looks_like(pilot, "board-report", tmp_path)
