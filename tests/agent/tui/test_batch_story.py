"""A whole batch from the screens: begun in the dialog, killed, gone on with, and looked into.

The processes, the engine and the sandboxes are real; a script decides.
"""

import os
import signal
from collections.abc import Iterator

import pytest
from textual.widgets import Input

from agent.batch.folder import BatchFolder
from agent.tui.screens.batch.screen import BatchScreen
from agent.tui.screens.batches.screen import BatchesScreen
from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.screens.run.screen import RunScreen
from tests.agent.batch.batches import RESOLVES, Batches, kill
from tests.agent.batch.conftest import batches
from tests.agent.tui.test_batch_screen import bottom
from tests.agent.tui.test_batches_screen import beginning
from tests.agent.tui.watched import SMALL, AppPilot, app_on, shows, until

__all__ = ["batches"]  # a fixture

pytestmark = pytest.mark.engine


@pytest.fixture
def folder(batches: Batches, monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchFolder]:
    """Of the batch that is begun here; ended with the test, whatever becomes of that."""
    for name in ("VERIFY__REPEATS", "BATCH__FREE_MEMORY", "BATCH__FREE_DISK"):
        monkeypatch.setenv(f"FORETRACE_{name}", batches.foretrace.environment[f"FORETRACE_{name}"])
    begun = BatchFolder(batches.foretrace.runs / "story")
    yield begun
    if pid := begun.coordinator():
        os.kill(pid, signal.SIGINT)


async def batch_opened(pilot: AppPilot) -> BatchScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, BatchScreen))
    screen = pilot.app.screen
    assert isinstance(screen, BatchScreen)
    await until(pilot, lambda: screen.status)
    return screen


def at_work(screen: BatchScreen) -> bool:
    status = screen.status
    return status is not None and any(row.pid and row.step for row in status.rows)


async def test_a_batch_from_the_dialog_to_the_patches(
    batches: Batches, folder: BatchFolder, engine: object
) -> None:
    batches.write(2)
    batches.plays(*RESOLVES, seconds=3)
    app = app_on(batches.foretrace.runs)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        dialog = await beginning(pilot)
        dialog.query_one("#source", Input).value = str(batches.list)
        dialog.query_one("#script", Input).value = str(batches.script)
        await pilot.press("down", *"story", "down", "1", "enter")
        screen = await batch_opened(pilot)
        await shows(pilot, "story  scripted", "▸ running, 1 at once")
        await until(pilot, lambda: at_work(screen))

        kill(folder.coordinator())
        await shows(pilot, "† interrupted")
        await until(pilot, lambda: "u Go on" in bottom(pilot))
        await pilot.press("u")
        await until(pilot, lambda: folder.coordinator())
        await until(pilot, lambda: "p Pause" in bottom(pilot))

        await shows(pilot, "✓ ended", "2 of 2", "✓ 2 resolved", "resolved 100%")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("P")
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
        await shows(pilot, "if value > high:")
        await pilot.press("escape", "escape")
        await batch_opened(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchesScreen))
        await shows(pilot, "story", "✓ ended", "2 of 2")
    assert folder.coordinator() == 0
