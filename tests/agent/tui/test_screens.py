"""What the screens look like, as text: every state, both sizes; and that every sign can be read.

``FORETRACE_DRAW_SCREENS=1`` writes the pictures in ``screens/`` anew; look at them before they are
committed.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.style import Style

from agent.events import Acted, Broke, Ended, EventData, Steered
from agent.trajectory import Trajectory
from agent.tui.boardfile import BoardFile
from agent.tui.control import STEERED, Listening
from tests.agent.tui.samples import beginning, ending, issue, work, write_run
from tests.agent.tui.watched import (
    LARGE,
    SMALL,
    AppPilot,
    app_on,
    board,
    opened,
    still,
    text_of,
    until,
)

_PICTURES = Path(__file__).parent / "screens"
_LEAST_CONTRAST = 3.0
_PATIENCE_SECONDS = 20.0

ASKS = Steered(what="asking", step=5, tool="bash", argument="rm -r build\npython -m build")
BROKEN = [
    *beginning(issue()),
    Broke(kind="ModelUnreachable", message="the model at http://127.0.0.1:8000 does not answer"),
    Ended(status="failed", reason="the model at http://127.0.0.1:8000 does not answer"),
]
RUNS: dict[str, list[EventData]] = {
    "starting": [],
    "running": [*beginning(issue()), *work()],
    "asking": [*beginning(issue()), *work(), Acted(step=5, tool="bash", argument="x"), ASKS],
    "resolved": [*beginning(issue()), *work(), *ending()],
    "failed": BROKEN,
}


async def looks_like(pilot: AppPilot, name: str, folder: Path) -> None:
    """The screen comes to look like the picture of that name.

    ``folder`` is where the test runs, which is another place every time.
    """
    name = f"{name}-{size_name(pilot.app.size)}"

    def drawn() -> str:
        return re.sub(rf" *{re.escape(str(folder))}", "", text_of(pilot))

    if os.environ.get("FORETRACE_DRAW_SCREENS"):
        await pilot.pause(1.0)
    else:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while lines_of(drawn()) != picture(name) and time.monotonic() < deadline:
            await pilot.pause(0.05)
    compare(name, drawn())


def compare(name: str, text: str) -> None:
    """A screen's text is the picture of that name."""
    if os.environ.get("FORETRACE_DRAW_SCREENS"):
        _PICTURES.mkdir(exist_ok=True)
        content = "\n".join(lines_of(text)) + "\n"
        (_PICTURES / f"{name}.txt").write_text(content, encoding="utf-8")
    assert lines_of(text) == picture(name)


def picture(name: str) -> list[str]:
    return (_PICTURES / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def lines_of(text: str) -> list[str]:
    """Without what differs from one time to the next."""
    return [line.rstrip() for line in still(text).splitlines()]


@pytest.fixture
def alive() -> Iterator[Callable[[Path], None]]:
    """Has this process write a run, so that it counts as going on."""
    with ExitStack() as logs:

        def write(folder: Path) -> None:
            (folder / STEERED).write_text(Listening(token="t").model_dump_json())
            logs.enter_context(Trajectory(folder / "events.jsonl"))

        yield write


def size_name(size: Sequence[int]) -> str:
    return f"{size[0]}x{size[1]}"


def some_of_everything(out: Path, alive: Callable[[Path], None]) -> None:
    for number, (name, events) in enumerate(RUNS.items(), start=1):
        about = issue(number, f"The {name} one has a title that is long enough to be cut somewhere")
        folder = write_run(out, about, events, name=f"2026010{number}-x", ago=10_000 - number)
        if not isinstance(events[-1:] and events[-1], Ended):
            alive(folder)
    BoardFile(out).add([issue(8, "One that waits"), issue(9, "Another [b]one[/b] \x1b[31m 漢字")])


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)
async def test_the_board(
    tmp_path: Path, size: tuple[int, int], alive: Callable[[Path], None]
) -> None:
    some_of_everything(tmp_path, alive)
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await board(pilot)
        await pilot.press("down", "space")
        await looks_like(pilot, "board", tmp_path)
        await pilot.press("n")
        await pilot.pause()
        await looks_like(pilot, "board-add", tmp_path)
        await pilot.press("escape", "a")
        await pilot.pause()
        await looks_like(pilot, "board-assign", tmp_path)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)
async def test_an_empty_board(tmp_path: Path, size: tuple[int, int]) -> None:
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await board(pilot)
        await looks_like(pilot, "board-empty", tmp_path)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)
@pytest.mark.parametrize("state", RUNS)
async def test_a_run(
    tmp_path: Path, state: str, size: tuple[int, int], alive: Callable[[Path], None]
) -> None:
    events = RUNS[state]
    folder = write_run(tmp_path, issue(), events, name="20260101-a")
    if state not in ("resolved", "failed"):
        alive(folder)
    async with app_on(tmp_path, folder).run_test(size=size) as pilot:
        await opened(pilot)
        await pilot.pause()
        await looks_like(pilot, f"run-{state}", tmp_path)


@pytest.mark.parametrize("theme", ["foretrace-dark", "foretrace-light"])
async def test_every_sign_can_be_read(
    tmp_path: Path, theme: str, alive: Callable[[Path], None]
) -> None:
    some_of_everything(tmp_path, alive)
    async with app_on(tmp_path).run_test(size=LARGE) as pilot:
        pilot.app.theme = theme
        await board(pilot)
        await pilot.pause()
        await until(pilot, lambda: not faint(pilot))
        for keys in (("n",), ("escape", "a"), ("escape", "question_mark")):
            await pilot.press(*keys)
            await pilot.pause()
            await until(pilot, lambda: not faint(pilot))
    async with app_on(tmp_path, tmp_path / "20260103-x").run_test(size=LARGE) as pilot:
        pilot.app.theme = theme
        await opened(pilot)
        await pilot.press("up", "up", "enter")
        await pilot.pause()
        await until(pilot, lambda: not faint(pilot))


def faint(pilot: AppPilot) -> list[tuple[str, float]]:
    """Texts on the screen that differ too little from what is behind them."""
    screen, found = pilot.app.screen, []
    dialogs = screen.query(".dialog")
    region = dialogs.first().region if dialogs else screen.region  # behind one it is dim
    for strip in screen._compositor.render_strips()[region.y : region.bottom]:
        for segment in strip.crop(region.x, region.right):
            if segment.text.strip(" ▏▕▌│█▁▂▃▄▅▆▇╭╮╰╯─") and isinstance(segment.style, Style):
                contrast = contrast_of(segment.style)
                if contrast < _LEAST_CONTRAST:
                    found.append((segment.text, contrast))
    return found


def contrast_of(style: Style) -> float:
    """As the web's guidelines for readable contents have it: from 1 to 21."""
    if style.color is None or style.bgcolor is None:
        return 21.0
    light = sorted(
        luminance(tuple(color.get_truecolor())) for color in (style.color, style.bgcolor)
    )
    return (light[1] + 0.05) / (light[0] + 0.05)


def luminance(color: tuple[int, ...]) -> float:
    parts = [part / 255 for part in color]
    red, green, blue = (p / 12.92 if p <= 0.04 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
