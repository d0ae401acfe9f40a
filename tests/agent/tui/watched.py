"""An app under test, its screen as text, and patience instead of guessed delays."""

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Static

from agent.tui.app import ForetraceApp
from agent.tui.screens.board.table import BoardTable
from agent.tui.screens.run.screen import RunScreen
from agent.tui.workspace import Workspace

SMALL, LARGE = (80, 24), (200, 60)
_PATIENCE_SECONDS = 60.0
_SPANS = re.compile(r"(?<![\d.])\d+:\d\d(:\d\d)?(?!\d)")
_THUMBS = re.compile(r"[▁▂▃▄▅▆▇█](?= *$)", re.MULTILINE)

AppPilot = Pilot[None]


def app_on(out: Path, run: Path | None = None) -> ForetraceApp:
    return ForetraceApp(Workspace(out), run)


def text_of(pilot: AppPilot) -> str:
    """What the screen shows, without colours; a line is as wide as the terminal."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


def still(text: str) -> str:
    """Without what differs from one time to the next."""
    text = _THUMBS.sub(" ", text)
    return _SPANS.sub(lambda found: "0" * len(found.group()), text)


async def until(pilot: AppPilot, holds: Callable[[], object]) -> None:
    """Wait for something to hold."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"it does not come about:\n{text_of(pilot)}"
        await asyncio.sleep(0.02)
    await pilot.pause()


async def shows(pilot: AppPilot, *texts: str) -> None:
    """Wait until the screen shows texts."""
    await until(pilot, lambda: all(each in text_of(pilot) for each in texts))


async def opened(pilot: AppPilot) -> RunScreen:
    """The run screen, once it has read what there is."""
    await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
    screen = pilot.app.screen
    assert isinstance(screen, RunScreen)
    await until(pilot, lambda: screen.loaded)
    return screen


async def board(pilot: AppPilot) -> BoardTable:
    """The board's table, once it has looked at the folder."""
    await until(pilot, lambda: pilot.app.screen.query("#heading"))
    heading = pilot.app.screen.query_one("#heading", Static)
    await until(pilot, lambda: str(heading.render()))
    return pilot.app.screen.query_one(BoardTable)


def titles(table: BoardTable) -> list[str]:
    """The titles in the table, in their order."""
    return [str(table.get_row_at(at)[3]) for at in range(table.row_count)]
