"""The replay screen, key by key, on runs as they lie on the disk."""

from pathlib import Path

import pytest
from textual.widgets import OptionList

from agent.events import Acted, Answered, EventData, Forked, Malformed, Said
from agent.replay.steps import Step
from agent.runfolder import Parent, RunRecord, write_json
from agent.trajectory import Trajectory
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.pager.screen import PagerScreen
from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.screens.replay.forkdialog import ForkDialog
from agent.tui.screens.replay.pick import Pick
from agent.tui.screens.replay.player import SPEEDS, Player
from agent.tui.screens.replay.screen import ReplayScreen
from agent.tui.screens.replay.steplist import StepList
from agent.tui.screens.replay.stepview import StepView
from tests.agent.tui.patches import ONE_FILE, handed_in, run_with
from tests.agent.tui.samples import HOSTILE, beginning, issue, work, write_run
from tests.agent.tui.watched import LARGE, SMALL, AppPilot, app_on, opened, shows, text_of, until


async def replay_screen(pilot: AppPilot) -> ReplayScreen:
    """The screen, once it has read the run."""
    await opened(pilot)
    await pilot.press("R")
    await until(pilot, lambda: isinstance(pilot.app.screen, ReplayScreen))
    screen = pilot.app.screen
    assert isinstance(screen, ReplayScreen)
    await until(pilot, lambda: screen.run is not None)
    return screen


def many_steps(count: int) -> list[EventData]:
    events = beginning(issue())
    for step in range(1, count + 1):
        events.append(Acted(step=step, tool="bash", argument=f"echo {step}"))
        events.append(Answered(step=step, tool="bash", ok=True, output=f"said {step}"))
    return events


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_steps_and_keys_are_there_at_every_size(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    folder = run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path, folder).run_test(size=size, notifications=True) as pilot:
        await replay_screen(pilot)
        await shows(pilot, "1  ✓ bash", "2  ✗ test", "3  ✓ edit", "4  ✓ test", "step 1 of 4")
        text = text_of(pilot)
        hints = "? Help", "→ Next", "← Before", "space Play", "x Do again", "F Fork", "e Jump to"
        assert all(hint in text for hint in hints)
        assert all(len(line) <= size[0] for line in text.splitlines())


async def test_one_steps_forward_and_back(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path, folder).run_test(size=LARGE, notifications=True) as pilot:
        screen = await replay_screen(pilot)
        places = []
        for key in (
            "right",
            "l",
            "j",
            "down",
            "left",
            "h",
            "k",
            "up",
            "up",
            "G",
            "g",
            "end",
            "home",
        ):
            await pilot.press(key)
            await pilot.pause()
            places.append(screen.player.at)
        assert places == [2, 3, 4, 4, 3, 2, 1, 0, 0, 4, 0, 4, 0]
        await shows(pilot, "before the first step", "prepared in 3.7 s", "step 0 of 4")
        await pilot.press("right", "right")
        await shows(pilot, "1/3 tests pass", "call: test", "See them fail first.", "2 failed, 1")
        await pilot.press("end")
        await shows(pilot, "3/3 tests pass", "a patch is handed in", "18.0k tokens")


async def test_a_click_goes_to_a_step(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path, folder).run_test(size=LARGE, notifications=True) as pilot:
        screen = await replay_screen(pilot)
        await pilot.click("#steps", offset=(10, 3))
        await until(pilot, lambda: screen.player.at == 3)


async def test_it_plays_until_the_end_and_from_there_anew(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        screen = await replay_screen(pilot)
        await shows(pilot, "‖ 5×")
        await pilot.press("plus", "plus")
        await shows(pilot, "‖ 20×")
        await pilot.press("minus", "space")
        await until(pilot, lambda: screen.player.at_end and not screen.player.playing)
        await shows(pilot, "step 4 of 4", "‖ 10×")


async def test_playing_is_held_and_begins_anew_at_the_end(tmp_path: Path) -> None:
    folder = write_run(tmp_path, issue(), many_steps(500), name="20260101-a")
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        screen = await replay_screen(pilot)
        await pilot.press("G", "space")
        assert screen.player.playing
        await until(pilot, lambda: 1 < screen.player.at < 500)
        await pilot.press("space")
        assert not screen.player.playing
        await shows(pilot, f"step {screen.player.at} of 500", "‖ 5×")


def test_no_step_is_waited_for_long_nor_shown_too_short() -> None:
    player = Player([Step(1, ()), Step(2, ())])
    for _ in range(10):
        player.faster(1)
    assert player.speed == SPEEDS[-1]
    assert 0.04 < player.wait() < 2.01
    player.go_to(99)
    assert player.at_end
    assert not player.seek(lambda step: False, 1)


async def test_one_jumps_to_steps_of_a_kind(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        screen = await replay_screen(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, Pick))
        await shows(pilot, "2  calls of test", "1  tests that failed", "1  patches handed in")
        await pilot.press("escape", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, Pick))
        await pilot.press("j", "down", "k", "enter")
        await until(pilot, lambda: screen.player.at == 2)
        await shows(pilot, "n: calls of test")
        places = []
        for key in ("n", "n", "N", "N"):
            await pilot.press(key)
            places.append(screen.player.at)
        assert places == [4, 2, 4, 2]


async def test_a_long_step_is_scrolled_and_shown_whole(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        await replay_screen(pilot)
        view = pilot.app.screen.query_one(StepView)
        await pilot.press("pagedown")
        assert view.scroll_offset.y > 0
        await pilot.press("pageup")
        assert view.scroll_offset.y == 0
        await pilot.press("tab")
        assert view.has_focus
        await pilot.press("down", "j", "k")
        assert view.scroll_offset.y == 1
        await pilot.press("escape")
        assert pilot.app.screen.query_one(StepList).has_focus
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, PagerScreen))
        await shows(pilot, "step 1", "call: bash")


async def test_other_screens_open_on_the_run_and_leaving_goes_back(tmp_path: Path) -> None:
    run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "✓ resolved")
        await pilot.press("R")
        await shows(pilot, "step 1 of 4")
        await pilot.press("P")
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
        await pilot.press("q")
        await shows(pilot, "step 1 of 4")
        await pilot.press("question_mark")
        await shows(pilot, "A run step by step", "Play")
        await pilot.press("escape", "q")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_a_run_that_grows_is_read_on_and_the_reader_stays(tmp_path: Path) -> None:
    folder = write_run(tmp_path, issue(), many_steps(3), name="20260101-a")
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        screen = await replay_screen(pilot)
        await pilot.press("right")
        with Trajectory(folder / "events.jsonl") as log:
            log.append(Malformed(step=4, message="no call"))
            await shows(pilot, "step 2 of 4", "✗ no valid action")
        assert screen.player.at == 2


async def test_a_long_run_is_drawn_where_it_is_looked_at(tmp_path: Path) -> None:
    folder = write_run(tmp_path, issue(), many_steps(2000), name="20260101-a")
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        await replay_screen(pilot)
        await pilot.press("G")
        await shows(pilot, "said 2000", "step 2000 of 2000", "1999  ✓ bash echo 1999")
        await pilot.press("up")
        await shows(pilot, "said 1999")


async def test_hostile_text_is_shown_as_it_is(tmp_path: Path) -> None:
    events = [
        *beginning(issue()),
        Acted(step=1, tool="[red]ba\x1bsh", argument=HOSTILE, thought=HOSTILE),
        Answered(step=1, tool="[red]bash", ok=True, output=HOSTILE),
        Said(role="user", text=HOSTILE),
    ]
    folder = write_run(tmp_path, issue(), events, name="20260101-a")
    async with app_on(tmp_path, folder).run_test(size=LARGE, notifications=True) as pilot:
        screen = await replay_screen(pilot)
        await shows(pilot, "[red]ba\\x1bsh", "[bold red]not markup[/]", "\\x1b[31mred")
        await pilot.press("e")
        await shows(pilot, "1  calls of [red]ba\\x1bsh")
        await pilot.press("enter")
        view = screen.query_one(StepView)
        assert "\x1b" not in "".join(text for y in range(view.count()) for _, text in view.row(y))
        assert "… and more: o shows all of it" in str([view.row(y) for y in range(view.count())])


def fork_folder(out: Path, name: str, parent: str, step: int) -> Path:
    folder = write_run(out, issue(), [*many_steps(step), Forked(run=parent, step=step)], name=name)
    record = RunRecord.model_validate_json((folder / "run.json").read_bytes())
    forked = record.model_copy(update={"parent": Parent(run=parent, step=step)})
    write_json(folder / "run.json", forked)
    return folder


async def test_the_tree_of_forks_leads_to_the_others(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        await replay_screen(pilot)
        await pilot.press("f")
        await shows(pilot, "no run goes on from this one")
        fork_folder(tmp_path, "20260102-b", folder.name, 2)
        fork_folder(tmp_path, "20260103-c", "20260102-b", 1)
        await pilot.press("f")
        await shows(
            pilot,
            "▌✓ resolved  20260101-a",
            "└ · no result yet  after step 2: 20260102-b",
            "    └ · no result yet  after step 1: 20260103-c",
        )
        options = pilot.app.screen.query_one(OptionList)
        await pilot.press("down", "enter")
        await shows(pilot, "fork of 20260101-a after step 2", "step 1 of 2")
        assert options.option_count == 3


async def test_a_fork_is_asked_for_with_what_is_to_be_otherwise(tmp_path: Path) -> None:
    folder = write_run(tmp_path, issue(), [*beginning(issue()), *work()], name="20260101-a")
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        await replay_screen(pilot)
        await pilot.press("right", "F")
        await until(pilot, lambda: isinstance(pilot.app.screen, ForkDialog))
        await shows(pilot, "Go on differently, after step 2", "[as it was]", "Ctrl+S start")
        await pilot.press(*"no", "tab", "right", "right", *["tab"] * 5, *"many", "ctrl+s")
        await shows(pilot, "[repair]", "Turns must be a number")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReplayScreen))
        assert not (tmp_path / "started").exists()


async def test_what_cannot_be_gone_on_from_is_said(tmp_path: Path) -> None:
    events = [*handed_in(ONE_FILE), Acted(step=5, tool=None)]
    folder = write_run(tmp_path, issue(), events, name="20260101-a")
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        await replay_screen(pilot)
        await pilot.press("G", "F")
        await until(pilot, lambda: isinstance(pilot.app.screen, ForkDialog))
        await pilot.press("ctrl+s")
        await shows(pilot, "step 5 is where the policy ended the run")


async def test_at_the_beginning_there_is_nothing_to_do_again(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        await replay_screen(pilot)
        await pilot.press("g", "x")
        await shows(pilot, "nothing was done by then")
        await pilot.press("D")
        await shows(pilot, "nothing was changed by then")
