"""The terminal UI: a long run opened, and keys answered while a run streams."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmarks.benchmark import Bench, Goal, Table
from benchmarks.measure import Summary

if TYPE_CHECKING:
    from agent.trajectory import Trajectory
    from agent.tui.screens.run.screen import RunScreen

Find = Callable[[], "RunScreen | None"]
Press = Callable[[str], None]

T = TypeVar("T")

_EVENTS = 10_000
_A_SECOND = 100
_OPEN_GOAL_SECONDS = 1.0
_KEY_GOAL_SECONDS = 0.05
_SIZE = (120, 40)
_KEYS = ("pageup", "up", "up", "down", "pageup", "pagedown", "down", "up")
"""Pressed in turns, away from the end: each moves the cursor, and nothing else does."""
_PATIENCE_SECONDS = 60.0


class Tui:
    """Through Textual's Pilot, without a terminal: all but the bytes that a terminal would get."""

    name = "tui"
    goal = "10,000 events opened in the UI, and keys answered while a run streams"

    async def run(self, bench: Bench) -> list[Table]:
        """Open, then press keys."""
        bench.progress("tui: a long run opened, keys while one streams")
        folder = await asyncio.to_thread(_long_run, bench.scratch)
        opened = [await _open(folder) for _ in range(1 if bench.quick else 7)]
        keys = await _press(folder, 40 if bench.quick else 400)
        slow = sorted(keys)[int(len(keys) * 0.95)]
        opening, pressing = Summary.of(opened), Summary.of(keys)
        rows = [
            [f"open a run of {_EVENTS:,} events", _cell(opening), ""],
            [f"a key, {_A_SECOND} events a second coming in", _cell(pressing), f"{slow * 1e3:.0f}"],
        ]
        goals = [
            Goal(f"opened within {_OPEN_GOAL_SECONDS:g} s", opening.median <= _OPEN_GOAL_SECONDS),
            Goal(
                f"95 of 100 keys answered within {_KEY_GOAL_SECONDS * 1e3:.0f} ms",
                slow <= _KEY_GOAL_SECONDS,
            ),
        ]
        notes = [
            "From the key to the screen that shows its effect, or all that was read. Textual draws"
            " at most 60 times a second, which alone is up to 17 ms.",
        ]
        return [Table("The terminal UI", ["", "ms", "95 of 100 within"], rows, goals, notes)]


def _cell(summary: Summary) -> str:
    return f"{summary.median * 1e3:.0f} ({summary.low * 1e3:.0f} to {summary.high * 1e3:.0f})"


def _long_run(scratch: Path) -> Path:
    """A run of so many events, four in five of them calls and results with some output."""
    from tests.agent.tui.samples import beginning, issue, work, write_run

    about = issue()
    events = beginning(about)
    while len(events) < _EVENTS:
        events += work()
    return write_run(scratch / "runs", about, events[:_EVENTS], name="20260101-long")


async def _open(folder: Path) -> float:
    """Seconds from Enter on the board to the run's end on the screen."""

    async def measure(screen: Find, press: Press) -> float:
        started = time.perf_counter()
        press("enter")
        await _until(lambda: (shown := screen()) is not None and shown.loaded)
        await _drawn(screen())
        return time.perf_counter() - started

    return await _with_app(folder, measure)


async def _press(folder: Path, count: int) -> list[float]:
    """Seconds of each key, the run growing meanwhile."""
    from agent.trajectory import Trajectory

    async def measure(screen: Find, press: Press) -> list[float]:
        press("enter")
        await _until(lambda: (shown := screen()) is not None and shown.loaded)
        shown = screen()
        assert shown is not None
        with Trajectory(folder / "events.jsonl") as log:
            streaming = asyncio.ensure_future(_stream(log))
            try:
                return [await _answer(shown, press, _KEYS[n % len(_KEYS)]) for n in range(count)]
            finally:
                streaming.cancel()
                await asyncio.wait({streaming})

    return await _with_app(folder, measure)


async def _answer(screen: "RunScreen", press: Press, key: str) -> float:
    def stand() -> object:
        return screen.events.cursor, screen.events.scroll_offset.y

    await asyncio.sleep(0.03)  # nobody types faster
    before, started = stand(), time.perf_counter()
    press(key)
    await _until(lambda: stand() != before)
    await _drawn(screen)
    return time.perf_counter() - started


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110  # what is measured has no event for it
            await asyncio.sleep(0.0005)


async def _drawn(screen: "RunScreen | None") -> None:
    """Until what changed is on the screen."""
    assert screen is not None
    done = asyncio.get_running_loop().create_future()
    screen.call_after_refresh(done.set_result, None)
    await done


async def _stream(log: "Trajectory") -> None:
    from tests.agent.tui.samples import work

    events = work()
    for number in range(10**9):
        log.append(events[number % len(events)])
        await asyncio.sleep(1 / _A_SECOND)


async def _with_app(
    folder: Path,
    measure: Callable[[Find, Press], Awaitable[T]],
) -> T:
    from agent.tui.app import ForetraceApp
    from agent.tui.screens.board.table import BoardTable
    from agent.tui.screens.run.screen import RunScreen
    from agent.tui.workspace import Workspace

    app = ForetraceApp(Workspace(folder.parent))

    def screen() -> RunScreen | None:
        return app.screen if isinstance(app.screen, RunScreen) else None

    async with app.run_test(size=_SIZE) as pilot:
        await _until(lambda: any(table.row_count for table in app.screen.query(BoardTable)))
        await pilot.pause()
        return await measure(screen, app.simulate_key)
