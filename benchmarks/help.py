"""``foretrace --help``: how long until a command line answers at all."""

import asyncio
import os
import sys
import time
from pathlib import Path

from benchmarks.benchmark import Bench, Goal, Table
from benchmarks.contenders.process import ContenderFailed
from benchmarks.measure import interleaved

_GOAL_SECONDS = 0.3


class Help:
    """Whole processes, from start to exit."""

    name = "help"
    goal = "`foretrace --help` from start to exit"

    async def run(self, bench: Bench) -> list[Table]:
        """Measure."""
        bench.progress("help: command lines, in turns")
        ours, peers = Path(sys.executable).parent, bench.peers_python.parent
        commands = {
            "`foretrace --help`": (str(ours / "foretrace"), "--help"),
            "`mini --help` (mini-swe-agent)": (str(peers / "mini"), "--help"),
            "Python, doing nothing": (sys.executable, "-c", "pass"),
        }

        async def sample(name: str) -> float:
            return await _seconds(*commands[name])

        times = await interleaved(list(commands), 2 if bench.quick else 15, sample, warm=1)
        first = times["`foretrace --help`"]
        rows = [
            [
                name,
                f"{each.median * 1e3:.0f} ({each.low * 1e3:.0f} to {each.high * 1e3:.0f})",
                f"{each.median / first.median:.1f}",
            ]
            for name, each in times.items()
        ]
        goal = Goal(
            f"at most {_GOAL_SECONDS * 1e3:.0f} ms for `foretrace --help`",
            first.median <= _GOAL_SECONDS,
        )
        return [Table("The command line answers", ["", "ms", "times ours"], rows, [goal])]


async def _seconds(*command: str) -> float:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "MSWEA_SILENT_STARTUP": "1"},
    )
    code = await process.wait()
    seconds = time.perf_counter() - started
    if code != 0:
        raise ContenderFailed(f"{' '.join(command)} ended with {code}")
    return seconds
