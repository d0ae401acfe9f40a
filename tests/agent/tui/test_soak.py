"""A run that goes on for hours fills no memory of who watches it.

In the suite some thousand events; ``FORETRACE_SOAK_EVENTS=36000`` is an hour's worth, ten a second,
and takes some minutes.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.agent.tui.samples import issue, write_run
from tests.agent.tui.soaking import LINES, TURN
from tests.agent.tui.watched import LARGE, app_on, opened, shows, until

_EVENTS = int(os.environ.get("FORETRACE_SOAK_EVENTS", "12000"))
_WARM = 6000
_MOST_KEPT = 3000
"""Bytes that may stay of an event, whatever it says; of one here more than twice that is written.
About 600 are the entry, the rest is what allocators hold back."""


def memory() -> int:
    """Bytes of this process that are in memory, garbage aside."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def writer(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that writes a run."""
    command = [sys.executable, "-m", "tests.agent.tui.soaking", str(path), str(_EVENTS)]
    place = Path(__file__).parents[3]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=place) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_the_memory_of_who_watches_is_flat(tmp_path: Path) -> None:
    folder = write_run(tmp_path, issue(), [], name="20260101-a")
    path = folder / "events.jsonl"
    warm = 0
    with writer(path) as process:
        assert process.stdin is not None
        async with app_on(tmp_path, folder).run_test(size=LARGE) as pilot:
            screen = await opened(pilot)
            for events in range(TURN, _EVENTS + 1, TURN):
                await until(pilot, lambda steps=events // 2: screen.run.progress.step == steps)
                process.stdin.write(b"\n")
                process.stdin.flush()
                if events % (10 * TURN) == 0:
                    await pilot.press("pageup", "enter", "G")
                if events == _WARM:
                    warm = memory()
            await shows(pilot, f"grep -rn clamp_{_EVENTS // 2 - 1} .", "the end")
            kept = (memory() - warm) / (_EVENTS - _WARM)
            assert kept < _MOST_KEPT, f"{kept:.0f} bytes of every event stay in memory"
            assert path.stat().st_size / _EVENTS > 2 * _MOST_KEPT
            # What is long over is still there in full.
            await pilot.press("home", "right_square_bracket", "down", "o")
            await shows(pilot, "prices.py:0: clamp_0(0)")
            await pilot.press("G")
            await shows(pilot, f"prices.py:{LINES - 1}: clamp_0({LINES - 1})")
