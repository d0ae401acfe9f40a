"""What patch, replay and compare look like, as text, at both sizes; and that it can be read.

Drawn anew as those of `tests.agent.tui.test_screens` are.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.agent.tui.patches import THREE_FILES, run_with
from tests.agent.tui.samples import beginning, issue, work, write_run
from tests.agent.tui.test_compare import compare_screen, three_runs
from tests.agent.tui.test_patch import patch_screen
from tests.agent.tui.test_replay import replay_screen
from tests.agent.tui.test_screens import faint, looks_like, size_name
from tests.agent.tui.watched import LARGE, SMALL, AppPilot, app_on, opened, shows

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)


def unfinished(out: Path) -> Path:
    return write_run(out, issue(), [*beginning(issue()), *work()], name="20260101-a")


@SIZES
@pytest.mark.parametrize("resolved", [True, False], ids=["resolved", "unresolved"])
async def test_a_patch(tmp_path: Path, size: tuple[int, int], resolved: bool) -> None:
    folder = run_with(tmp_path, THREE_FILES, resolved=resolved)
    name = "patch-resolved" if resolved else "patch-unresolved"
    async with app_on(tmp_path, folder).run_test(size=size) as pilot:
        await patch_screen(pilot)
        await looks_like(pilot, name, tmp_path)
        if resolved:
            await pilot.press("v", "n")
            await looks_like(pilot, "patch-other-way", tmp_path)
            await pilot.press("t")
            await looks_like(pilot, "patch-tests", tmp_path)


@SIZES
async def test_no_patch_yet(tmp_path: Path, size: tuple[int, int]) -> None:
    async with app_on(tmp_path, unfinished(tmp_path)).run_test(size=size) as pilot:
        await opened(pilot)
        await pilot.press("P")
        await shows(pilot, "There is no patch to show")
        await looks_like(pilot, "patch-none", tmp_path)


@SIZES
async def test_a_replay(tmp_path: Path, size: tuple[int, int]) -> None:
    async with app_on(tmp_path, unfinished(tmp_path)).run_test(size=size) as pilot:
        await replay_screen(pilot)
        await pilot.press("right", "right")
        await looks_like(pilot, "replay-running", tmp_path)
        await pilot.press("e")
        await looks_like(pilot, "replay-kinds", tmp_path)
        await pilot.press("escape", "F")
        await looks_like(pilot, "replay-fork", tmp_path)
        await pilot.press("escape", "question_mark")
        await looks_like(pilot, "replay-help", tmp_path)


@SIZES
async def test_runs_compared(tmp_path: Path, size: tuple[int, int]) -> None:
    async with app_on(tmp_path, three_runs(tmp_path)).run_test(size=size) as pilot:
        await compare_screen(pilot)
        await pilot.press("d")
        await looks_like(pilot, "compare", tmp_path)


@pytest.mark.parametrize("theme", ["foretrace-dark", "foretrace-light"])
@pytest.mark.parametrize("reach", [patch_screen, replay_screen, compare_screen])
async def test_every_sign_can_be_read(
    tmp_path: Path, theme: str, reach: Callable[[AppPilot], Awaitable[object]]
) -> None:
    folder = three_runs(tmp_path / "one")
    folder = run_with(tmp_path / "two", THREE_FILES) if reach is patch_screen else folder
    async with app_on(folder.parent, folder).run_test(size=LARGE) as pilot:
        pilot.app.theme = theme
        await reach(pilot)
        await pilot.pause()
        assert faint(pilot) == []
        if reach is replay_screen:
            for keys in (("e",), ("escape", "F")):
                await pilot.press(*keys)
                await pilot.pause()
                assert faint(pilot) == []
