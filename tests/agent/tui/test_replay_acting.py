"""Acting again and going on differently from the replay screen, on a real engine."""

import json
from pathlib import Path

import pytest
from textual.widgets import Input

from agent.replay.reading import open_run
from agent.tui.boardfile import BoardFile
from agent.tui.runs import RunStore
from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.screens.replay.forkdialog import ForkDialog
from agent.tui.screens.replay.screen import ReplayScreen
from sandboxes.engine import Engine
from tests.agent.replay.recorded import HAND_IN, Recorded, record, write_script
from tests.agent.tui.test_replay import replay_screen
from tests.agent.tui.watched import LARGE, app_on, shows, until

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("recorded") / "here")


@pytest.fixture(autouse=True)
def settled(recorded: Recorded, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that the recorded run had."""
    for name, value in recorded.foretrace.environment.items():
        if name.startswith("FORETRACE_"):
            monkeypatch.setenv(name, value)


def newest(out: Path) -> Path:
    """The folder of the last run."""
    return sorted(path.parent for path in out.glob("*/run.json"))[-1]


async def test_actions_are_done_again_and_the_files_are_as_they_were(recorded: Recorded) -> None:
    app = app_on(recorded.folder.parent, recorded.folder)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        screen = await replay_screen(pilot)
        await pilot.press("right", "right", "right", "x")
        await shows(pilot, "; x ends it")
        await until(pilot, lambda: 4 in screen.found.executions)
        await shows(pilot, "all 3 actions that were done again gave what they gave then")
        await shows(
            pilot,
            "1 =✗ test",
            "2 =✓ bash",
            "3 =✓ edit",
            "4 -✗ nonsense",
            "not done again: no valid",
        )
        await pilot.press("D")
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
        await shows(pilot, "+     if value > high:", "as of step 4, when its actions were done")
        await pilot.press("escape", "left", "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
        await shows(pilot, "as of step 3, when its actions were done")


async def test_another_result_is_shown_beside_the_one_it_had(
    recorded: Recorded, tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "20260101-a"
    folder.mkdir(parents=True)
    for name in ("run.json", "result.json"):
        (folder / name).write_bytes((recorded.folder / name).read_bytes())
    events = (recorded.folder / "events.jsonl").read_text().splitlines()
    lines = [json.loads(line) for line in events]
    for line in lines:
        if line["type"] == "result" and line["data"]["step"] == 3:
            line["data"]["output"] = "it said something else then"
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    async with app_on(tmp_path / "runs", folder).run_test(size=LARGE) as pilot:
        screen = await replay_screen(pilot)
        await pilot.press("G", "x")
        await until(pilot, lambda: screen.found.executions)
        await shows(pilot, "step 3 is the first whose result is another one", "3 ≠✓ edit")
        await pilot.press("e", "end", "enter")
        await shows(pilot, "step 3 of", "it said something else then")
        await shows(pilot, "done again: another result, which is now", "Edited prices.py")


async def test_doing_it_again_is_ended_and_leaves_nothing(recorded: Recorded) -> None:
    app = app_on(recorded.folder.parent, recorded.folder)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await replay_screen(pilot)
        await pilot.press("G", "x", "D")
        await shows(pilot, "being done again already")
        await pilot.press("x")
        await shows(pilot, "doing it again was ended")


async def test_a_place_that_is_not_there_is_said(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORETRACE_ENGINE", "unix:///nowhere.sock")
    app = app_on(recorded.folder.parent, recorded.folder)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await replay_screen(pilot)
        await pilot.press("right", "x")
        await shows(pilot, "it could not be done again", "nowhere.sock")


async def test_a_fork_goes_on_with_another_script_and_a_message(
    recorded: Recorded, tmp_path: Path
) -> None:
    out = recorded.folder.parent
    script = write_script(tmp_path / "other.jsonl", [("bash", "echo otherwise"), *HAND_IN])
    async with app_on(out, recorded.folder).run_test(size=LARGE, notifications=True) as pilot:
        screen = await replay_screen(pilot)
        await pilot.press("right", "right", "F")
        await until(pilot, lambda: isinstance(pilot.app.screen, ForkDialog))
        await pilot.press(*"Do less.")
        pilot.app.screen.query_one("#script", Input).value = str(script)
        await pilot.press("ctrl+s")
        await shows(pilot, "the fork is started")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReplayScreen))
        (started,) = BoardFile(out).read().started
        assert started.issue == open_run(recorded.folder).record.issue.id
        await until(pilot, lambda: newest(out) != recorded.folder)
        await until(pilot, lambda: (newest(out) / "result.json").exists())
        await pilot.press("f")
        await shows(pilot, "▌✓ resolved", "after step 3: ")
        await pilot.press("down", "enter")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await shows(pilot, f"fork of {recorded.id} after step 3", "step 1 of")
    fork = open_run(newest(out))
    assert fork.record.parent is not None
    assert (fork.record.parent.run, fork.record.parent.step) == (recorded.id, 3)
    told = [event.data for event in fork.events if event.type == "message"]
    assert "Do less." in [each.text for each in told]  # type: ignore[union-attr]
    row = next(row for row in RunStore(out).look() if row.folder == newest(out))
    assert (row.started, row.live) == (started, False)
