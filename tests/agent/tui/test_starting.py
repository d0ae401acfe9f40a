"""Runs that the UI starts: real processes on a real engine, which outlive it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import WrongUse
from agent.issue import Issue
from agent.tui.boardfile import BoardFile
from agent.tui.control import Request, send
from agent.tui.runs import Row, RunStore
from agent.tui.screens.run.watching import Watching
from agent.tui.starting import Assignment, Starter
from tests.agent.conftest import FAILING, REPAIR, Project
from tests.agent.test_run import HAND_IN
from tests.agent.tui.watched import LARGE, app_on, board, shows, text_of, until

Script = Callable[..., Path]


def an_issue(project: Project) -> Issue:
    return Issue(
        id="clamp", text="clamp(11, 0, 9) gives 11.", repo=str(project.path), tests=FAILING
    )


def rows(out: Path) -> list[Row]:
    return RunStore(out).look()


@pytest.mark.engine
async def test_an_issue_is_assigned_watched_and_resolved(
    tmp_path: Path, project: Project, write_script: Script
) -> None:
    out = tmp_path / "runs"
    BoardFile(out).add([an_issue(project)])
    script = write_script(("test", FAILING[0]), ("edit", REPAIR), *HAND_IN)
    async with app_on(out).run_test(size=LARGE, notifications=True) as pilot:
        table = await board(pilot)
        await pilot.press("a", *["right"] * 3, "tab", "tab", "tab", *str(script), "enter")
        await shows(pilot, "1 run(s) started")
        await until(pilot, lambda: table.current and table.current.folder)
        await pilot.press("enter")
        await shows(pilot, "the scripted policy begins with clamp")
    async with app_on(out).run_test(size=LARGE) as pilot:
        await board(pilot)
        await shows(pilot, "✓ resolved", "2/2 fixed, 2 kept")
        await pilot.press("enter")
        await shows(pilot, "the patch resolves", "+    if value > high:")
        assert "watching only" not in text_of(pilot)


@pytest.mark.engine
async def test_a_run_is_paused_approved_told_and_stopped_from_the_screen(
    tmp_path: Path, project: Project, write_script: Script
) -> None:
    out = tmp_path / "runs"
    script = write_script(("bash", "echo $((40 + 2))"), ("bash", "sleep 600"))
    starter = Starter(out)
    assignment = Assignment(policy="scripted", script=str(script), confirm="all")
    (started,) = starter.start(an_issue(project), assignment)
    async with app_on(out).run_test(size=LARGE) as pilot:
        table = await board(pilot)
        await until(pilot, lambda: table.current and table.current.state == "asking")
    # The screen is gone; the run is not.
    (row,) = rows(out)
    assert (row.state, row.live) == ("asking", True)
    async with app_on(out).run_test(size=LARGE, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("enter")
        await shows(pilot, "step 1 wants to run bash", "│ echo $((40 + 2))")
        await pilot.press("m", *"be quick", "ctrl+s", "y")
        await shows(pilot, "│ 42", "you said", "step 2 wants to run bash")
        await pilot.press("a")
        await shows(pilot, "bash is not asked about any more")
        await pilot.press("i")
        await shows(pilot, "the running command was stopped", "interrupted by the user")
        await until(pilot, lambda: "▸ working" not in text_of(pilot))
    starter.reap()
    (row,) = rows(out)
    assert row.state == "unresolved"
    assert row.started == started


@pytest.mark.engine
async def test_a_cancelled_run_cleans_up_and_says_so(
    tmp_path: Path, project: Project, write_script: Script
) -> None:
    out = tmp_path / "runs"
    script = write_script(("bash", "sleep 600"))
    Starter(out).start(an_issue(project), Assignment(policy="scripted", script=str(script)))
    async with app_on(out).run_test(size=LARGE, notifications=True) as pilot:
        table = await board(pilot)
        await until(pilot, lambda: table.current and table.current.step == 1)
        await pilot.press("c")
        await shows(pilot, "Stop 1 run(s)?")
        await pilot.press("y")
        await shows(pilot, "■ stopped")
    watching = Watching(rows(out)[0].folder or out)
    watching.look()
    with pytest.raises(WrongUse, match="is over"):
        watching.say(Request(do="pause"))


async def test_a_run_that_cannot_begin_says_why_on_the_board(tmp_path: Path) -> None:
    out = tmp_path / "runs"
    BoardFile(out).add([Issue(id="a", text="t", repo="pypi:a==1")])
    async with app_on(out).run_test(size=LARGE, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("a", *["right"] * 3, "tab", "tab", "tab", *"nowhere.jsonl", "enter")
        await shows(pilot, "! failed", "cannot read the script nowhere.jsonl")
        await pilot.press("enter")
        await pilot.press("x")
        await shows(pilot, "· new")


def test_an_issue_without_a_repository_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="names no repository"):
        Starter(tmp_path).start(Issue(id="a", text="t"), Assignment())
    assert not (tmp_path / "board.json").exists()


def test_an_assignment_is_the_flags_of_the_command_line() -> None:
    assignment = Assignment(policy="cwm", model="-m", turns="3", cost="0.5", attempts=4)
    assert assignment.flags() == ["--policy=cwm", "--model=-m", "--turns=3", "--cost=0.5"]
    assert Assignment().flags() == []


def test_requests_are_lines_of_json(tmp_path: Path) -> None:
    (tmp_path / "steered.json").write_text('{"token": "t"}')
    send(tmp_path, Request(do="message", text="two\nlines"))
    send(tmp_path, Request(do="stop"))
    lines = (tmp_path / "control.jsonl").read_text().splitlines()
    assert [json.loads(line)["do"] for line in lines] == ["message", "stop"]
