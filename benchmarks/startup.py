"""From a cached image to the first command answered."""

import contextlib

from benchmarks.benchmark import Bench, Goal, Table
from benchmarks.contenders.process import ContenderFailed, ContenderProcess
from benchmarks.contenders.registry import CONTENDERS, OURS
from benchmarks.measure import interleaved

_GOAL_SECONDS = 1.0


class Startup:
    """Start, run ``true``, stop; the first two count."""

    name = "startup"
    goal = "from a cached image to the first command answered"

    async def run(self, bench: Bench) -> list[Table]:
        """Measure."""
        bench.progress("startup: from a cached image to the first command, in turns")
        absent: dict[str, str] = {}
        async with contextlib.AsyncExitStack() as stack:
            processes = {
                name: await stack.enter_async_context(
                    ContenderProcess(name, bench.image, bench.engine, bench.peers_python)
                )
                for name in CONTENDERS
            }

            async def sample(name: str) -> float:
                started = await processes[name].start()
                answered = await processes[name].time_of("true")
                await processes[name].stop()
                return started.seconds + answered.seconds

            for name in CONTENDERS:
                try:
                    await sample(name)
                except ContenderFailed as failure:
                    absent[name] = str(failure)
            there = [name for name in CONTENDERS if name not in absent]
            times = await interleaved(there, 2 if bench.quick else 8, sample)
        rows = []
        for name, entry in CONTENDERS.items():
            if name in absent:
                rows.append([entry.title, f"did not start: {absent[name]}", ""])
                continue
            time = times[name]
            ratio = f"{time.median / times[OURS].median:.1f}" if OURS in times else ""
            rows.append(
                [entry.title, f"{time.median:.2f} ({time.low:.2f} to {time.high:.2f})", ratio]
            )
        met = OURS in times and times[OURS].median <= _GOAL_SECONDS
        return [
            Table(
                "From a cached image to the first command answered",
                ["", "s", "times ours"],
                rows,
                [Goal(f"at most {_GOAL_SECONDS:.0f} s", met)],
                ["Connecting to the engine counts; starting the Python that asks does not."],
            )
        ]
