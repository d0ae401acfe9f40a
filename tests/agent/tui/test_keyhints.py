"""The bottom line: what it shows, that nothing is off the screen, and that it says the truth."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agent.events import Acted
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.help.screen import HelpScreen
from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.widgets.keyhints import KeyHints
from tests.agent.tui.samples import beginning, issue, work, write_run
from tests.agent.tui.test_compare import compare_screen, three_runs
from tests.agent.tui.test_patch import patch_screen
from tests.agent.tui.test_replay import replay_screen
from tests.agent.tui.test_screens import ASKS, alive
from tests.agent.tui.watched import SMALL, AppPilot, app_on, board, opened, shows, text_of, until

__all__ = ["alive"]  # a fixture

Reach = Callable[[AppPilot], Awaitable[object]]
SCREENS = ("P Patch", "R Replay", "C Compare", "T Trace")


def bottom(pilot: AppPilot) -> str:
    """The lines of the hints."""
    hints = pilot.app.screen.query_one(KeyHints)
    lines = text_of(pilot).splitlines()[hints.region.y : hints.region.bottom]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("reach", "own"),
    [(opened, ""), (patch_screen, "P Patch"), (replay_screen, "R "), (compare_screen, "C ")],
)
async def test_what_else_can_be_opened_is_shown(tmp_path: Path, reach: Reach, own: str) -> None:
    folder = three_runs(tmp_path)
    async with app_on(tmp_path, folder).run_test(size=SMALL) as pilot:
        await reach(pilot)
        others = [each for each in SCREENS if not own or not each.startswith(own)]
        await until(pilot, lambda: all(each in bottom(pilot) for each in others))
        assert not own or own not in bottom(pilot)
        await until(pilot, lambda: _left_out(pilot) == [])


async def test_the_board_shows_them_where_there_is_a_run(tmp_path: Path) -> None:
    write_run(tmp_path, issue(), [*beginning(issue()), *work()], name="20260101-a")
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        await board(pilot)
        await until(pilot, lambda: all(each in bottom(pilot) for each in SCREENS))
        assert _left_out(pilot) == []
        await pilot.press("P")
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
        await pilot.press("escape", "f")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))
        height = pilot.app.screen.query_one(KeyHints).size.height
        await until(pilot, lambda: "Patch" not in bottom(pilot))
        assert pilot.app.screen.query_one(KeyHints).size.height == height


async def test_a_question_hides_no_key(tmp_path: Path, alive: Callable[[Path], None]) -> None:
    events = [*beginning(issue()), *work(), Acted(step=5, tool="bash", argument="x"), ASKS]
    folder = write_run(tmp_path, issue(), events, name="20260101-a")
    alive(folder)
    async with app_on(tmp_path, folder).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "y Run it" in bottom(pilot))
        assert _left_out(pilot) == []
        assert all(each in bottom(pilot) for each in (*SCREENS, "t Tests", "/ Search"))


async def test_a_click_is_as_good_as_the_key(tmp_path: Path) -> None:
    folder = three_runs(tmp_path)
    async with app_on(tmp_path, folder).run_test(size=SMALL) as pilot:
        await opened(pilot)
        lines = bottom(pilot).splitlines()
        y = next(at for at, line in enumerate(lines) if "P Patch" in line)
        place = (lines[y].index("P Patch") + 2, y)
        await pilot.click(KeyHints, offset=place)
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))


async def test_help_and_commands_tell_the_whole_title(tmp_path: Path) -> None:
    folder = three_runs(tmp_path)
    async with app_on(tmp_path, folder).run_test(size=(100, 60)) as pilot:
        await opened(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await shows(pilot, "P            Patch: what it changed", "What it changed; as P")
        await pilot.press("escape", "ctrl+p", *"patch: ")
        await shows(pilot, "Patch: what it changed", "Key: P")
        assert text_of(pilot).count("Key: P") == 1


def _left_out(pilot: AppPilot) -> list[str]:
    """Keys that are to be shown and are not on the screen."""
    shown = bottom(pilot)
    hints = [f"{key} {words}" for key, words, _ in pilot.app.screen.query_one(KeyHints)._hints()]
    return [each for each in hints if each not in shown]
