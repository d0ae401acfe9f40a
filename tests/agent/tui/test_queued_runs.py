"""More runs than may be at work at once, and runs that were lost: real processes, on the board."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.issue import Issue
from agent.replay.reading import read_record
from agent.runfolder import Parent, write_json
from agent.tui.boardfile import BoardFile
from agent.tui.queue import at_once, queue_of, turn
from agent.tui.runs import Row, RunStore, is_started
from agent.tui.screens.board.assigning import Assign
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.screens.dialogs.text import AskText
from agent.tui.screens.help.screen import HelpScreen
from agent.tui.starting import Assignment, Starter
from tests.agent.conftest import FAILING, Project
from tests.agent.tui.samples import beginning, ending, issue, work, write_run
from tests.agent.tui.watched import LARGE, SMALL, AppPilot, app_on, board, shows, text_of, until

Script = Callable[..., Path]


def an_issue(number: int = 1, repo: str = "/nowhere") -> Issue:
    return Issue(id=f"clamp-{number}", title=f"issue {number}", text="t", repo=repo, tests=FAILING)


def states(out: Path) -> list[str]:
    """Of the rows, by the ids of their issues."""
    rows = sorted(RunStore(out).look(), key=lambda row: row.issue.id if row.issue else "")
    return [row.state for row in rows]


async def on_the_board(pilot: AppPilot) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path) -> Iterator[None]:
    """What a test that fails has started goes on without it."""
    yield
    for started in (
        *BoardFile(tmp_path).read().started,
        *BoardFile(tmp_path / "runs").read().started,
    ):
        if is_started(started):
            os.kill(started.pid, signal.SIGINT)


# The queue ----------------------------------------------------------------------------------------


async def test_what_waits_is_queued_and_can_be_cancelled_and_removed(tmp_path: Path) -> None:
    BoardFile(tmp_path).add([an_issue(1), an_issue(2)])
    async with app_on(tmp_path).run_test(size=LARGE, notifications=True) as pilot:
        table = await board(pilot)
        with turn(queue_of(tmp_path), 1):
            await pilot.press("w")
            await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
            await shows(pilot, "How many runs at once?", "4")
            await pilot.press("backspace", "1", "ctrl+s")
            await shows(pilot, "at most 1 run(s) at once")
            await pilot.press("A", "a")
            await until(pilot, lambda: isinstance(pilot.app.screen, Assign))
            await pilot.press("enter")
            await shows(pilot, "2 queued", "… queued", "number 1 in the queue", "number 2 in the")
            await pilot.press("enter", "x")
            await shows(pilot, "number 2 in the queue", "runs stay")
            await until(pilot, lambda: table.row_count == 2)
            await pilot.press("c")
            await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
            await pilot.press("y")
            await shows(pilot, "■ stopped", "1 queued, 1 stopped")
            await pilot.press("r")
            await until(pilot, lambda: isinstance(pilot.app.screen, Assign))
            await pilot.press("escape", "x")
            await shows(pilot, "· new")
        # Its turn comes, and it says that there is no such repository.
        await shows(pilot, "! failed", "/nowhere")


async def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    async with app_on(tmp_path).run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
        await pilot.press("backspace", *"none", "ctrl+s")
        await shows(pilot, "that is not a number of runs")
        await pilot.press("w", "escape")
        await on_the_board(pilot)
    assert at_once(queue_of(tmp_path), 9) == 9


def test_the_settings_say_how_many_until_the_board_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    starter = Starter(tmp_path / "runs")
    assert starter.at_once == 4
    (tmp_path / "foretrace.toml").write_text("[tui]\nat_once = 9\n")
    assert starter.at_once == 9
    starter.set_at_once(" 2 ")
    assert (starter.at_once, Starter(tmp_path / "other").at_once) == (2, 9)


@pytest.mark.engine
async def test_those_that_wait_begin_in_their_order(
    tmp_path: Path, project: Project, write_script: Script
) -> None:
    out = tmp_path / "runs"
    starter = Starter(out)
    starter.set_at_once("1")
    script = write_script(("bash", "sleep 600"))
    assignment = Assignment(policy="scripted", script=str(script))
    issues = [an_issue(number, str(project.path)) for number in (1, 2, 3)]
    async with app_on(out).run_test(size=LARGE, notifications=True) as pilot:
        table = await board(pilot)
        for each in issues:
            starter.start(each, assignment)
            await until(pilot, lambda: states(out)[0] == "working")
            await until(pilot, lambda: len(states(out)) == 1 or states(out)[-1] == "queued")
        await shows(pilot, "1 running, 2 queued", "▸ working")
        starter.set_at_once("2")
        await until(pilot, lambda: states(out) == ["working", "working", "queued"])
        await until(pilot, lambda: [row.state for row in table._shown].count("working") == 2)
        await pilot.press("A", "c")
        await shows(pilot, "Stop 3 run(s)?")
        await pilot.press("y")
        await until(pilot, lambda: states(out) == ["stopped"] * 3)
        starter.reap()


# Lost runs ----------------------------------------------------------------------------------------


async def test_only_where_a_run_was_lost_it_can_be_resumed(tmp_path: Path) -> None:
    ended, lost = issue(1, "alpha"), issue(2, "beta")
    write_run(tmp_path, ended, [*beginning(ended), *work(), *ending()], name="20260101-a", ago=9)
    write_run(tmp_path, lost, [*beginning(lost), *work()], name="20260102-b", ago=5)
    async with app_on(tmp_path).run_test(size=SMALL, notifications=True) as pilot:
        table = await board(pilot)
        await shows(pilot, "† lost", "u Resume")
        await pilot.press("j")
        await until(pilot, lambda: "u Resume" not in text_of(pilot))
        await pilot.press("u", "question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await shows(pilot, "Go on with a run that was lost")
        await pilot.press("escape")
        await on_the_board(pilot)
        await pilot.press("k", "c")
        await shows(pilot, "nothing is running there")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, Assign))
        await pilot.press("escape")
        await on_the_board(pilot)
        assert table.row_count == 2


async def test_what_a_script_decided_has_to_be_resumed_by_hand(tmp_path: Path) -> None:
    events = [*beginning(issue(), "scripted"), *work()]
    write_run(tmp_path, issue(), events, name="20260101-a", policy="scripted")
    async with app_on(tmp_path).run_test(size=LARGE, notifications=True) as pilot:
        await board(pilot)
        await shows(pilot, "† lost")
        await pilot.press("u")
        await shows(pilot, "--resume --script FILE")
    assert BoardFile(tmp_path).read().started == ()


def row_of(out: Path, name: str) -> Row:
    return next(row for row in RunStore(out).look() if row.folder and row.folder.name == name)


def test_a_run_whose_place_was_taken_says_by_which(tmp_path: Path) -> None:
    begun = [*beginning(issue()), *work()]
    write_run(tmp_path, issue(), begun, name="20260101-a")
    assert row_of(tmp_path, "20260101-a").resumable
    later = write_run(tmp_path, issue(), begun, name="20260102-b")
    parent = Parent(run="20260101-a", step=4, resumed=True)
    write_json(later / "run.json", read_record(later).model_copy(update={"parent": parent}))
    # Both are lost: either may be named, and the later one is gone on with.
    assert row_of(tmp_path, "20260101-a").resumable
    (later / "events.jsonl").unlink()
    write_run(tmp_path, issue(), [*begun, *ending()], name="20260103-c")
    ended = tmp_path / "20260103-c" / "run.json"
    record = read_record(tmp_path / "20260103-c")
    write_json(ended, record.model_copy(update={"parent": parent}))
    row = row_of(tmp_path, "20260101-a")
    assert (row.state, row.resumable, row.instead) == ("lost", False, "goes on as 20260103-c")


@pytest.mark.engine
async def test_a_killed_run_is_resumed_from_the_board(tmp_path: Path, project: Project) -> None:
    out = tmp_path / "runs"
    starter = Starter(out)
    starter.start(an_issue(1, str(project.path)), Assignment(policy="repair"))
    async with app_on(out).run_test(size=LARGE, notifications=True) as pilot:
        table = await board(pilot)
        await until(pilot, lambda: table.current and table.current.step >= 1)
        assert table.current is not None
        os.kill(table.current.pid, signal.SIGKILL)
        starter.reap()
        await shows(pilot, "† lost", "u Resume")
        await pilot.press("u")
        await shows(pilot, "1 run(s) resumed", "is being resumed")
        assert "u Resume" not in text_of(pilot)
        await shows(pilot, "✓ resolved", "goes on as")
        assert sorted(row.state for row in table._shown) == ["lost", "resolved"]
        await until(pilot, lambda: not any(row.resumable for row in table._shown))
    (first, second) = sorted(out.glob("*/run.json"))
    parent = read_record(second.parent).parent
    assert parent is not None
    assert (parent.run, parent.resumed) == (first.parent.name, True)
