"""One command in a running sandbox: what it costs beside the peers, and what it survives."""

import asyncio
import contextlib
import os
from collections.abc import Iterable

from benchmarks.benchmark import Bench, Goal, Table
from benchmarks.contenders.process import ContenderFailed, ContenderProcess
from benchmarks.contenders.registry import CONTENDERS, OURS
from benchmarks.measure import Summary, interleaved
from benchmarks.torture.check import Check
from benchmarks.torture.runner import CHECKS, torture

_GOAL_SECONDS = 0.006
_GOAL_TIMES = 15
_PEERS = ("mini-swe-agent", "swe-rex")

Faults = dict[str, dict[str, str] | str]
"""By contender: the faults by check, or why it could not be started."""


class Session:
    """The time of ``true``, in interleaved rounds, and the torture checks passed."""

    name = "session"
    goal = "one command in a running sandbox, and the torture checks"

    async def run(self, bench: Bench) -> list[Table]:
        """Measure, then torture."""
        bench.progress("session: one command, in turns")
        times, bursts, pipes, absent = await _overhead(bench)
        faults: Faults = await _torture(bench, [name for name in CONTENDERS if name not in absent])
        faults |= {name: f"did not start: {why}" for name, why in absent.items()}
        return [_summary(times, bursts, pipes, faults), _matrix(faults)]


async def _overhead(
    bench: Bench,
) -> tuple[dict[str, Summary], dict[str, Summary], Summary, dict[str, str]]:
    """Seconds of ``true`` by contender, with pauses and without, and of our pipes; who is absent.

    In turns there is a pause before each command, as a model's turn is in a run; a contender may
    use it. Without pauses each is asked again as soon as it has answered.
    """
    pipes: list[float] = []
    absent: dict[str, str] = {}
    running: dict[str, ContenderProcess] = {}
    async with contextlib.AsyncExitStack() as stack:
        for name in CONTENDERS:
            process = ContenderProcess(name, bench.image, bench.engine, bench.peers_python)
            await stack.enter_async_context(process)
            try:
                await process.start()
                running[name] = process
            except ContenderFailed as failure:
                absent[name] = str(failure)

        async def sample(name: str) -> float:
            reply = await running[name].time_of("true")
            pipes.append(reply.pipes)
            return reply.seconds

        rounds = 5 if bench.quick else 80
        times = await interleaved(list(running), rounds, sample, warm=1 if bench.quick else 5)
        bursts = {}
        for name in running:
            in_a_row = [await sample(name) for _ in range(5 if bench.quick else 40)]
            bursts[name] = Summary.of(in_a_row)
        for process in running.values():
            await process.stop()
    return times, bursts, Summary.of(pipes), absent


async def _torture(bench: Bench, names: Iterable[str]) -> Faults:
    """Put everybody through the checks, as many at once as there are processors."""
    places = asyncio.Semaphore(os.cpu_count() or 1)
    checks: tuple[Check, ...] = CHECKS[::6] if bench.quick else CHECKS

    async def one(name: str) -> tuple[str, dict[str, str] | str]:
        async with places:
            bench.progress(f"session: {len(checks)} torture checks for {name}")
            process = ContenderProcess(name, bench.image, bench.engine, bench.peers_python)
            async with process:
                try:
                    return name, await torture(process, checks)
                except ContenderFailed as failure:
                    return name, f"did not start: {failure}"

    # The last of the table is the slowest: begun first, it does not keep everybody waiting.
    return dict(await asyncio.gather(*(one(name) for name in reversed(list(names)))))


def _summary(
    times: dict[str, Summary], bursts: dict[str, Summary], pipes: Summary, faults: Faults
) -> Table:
    ours = times.get(OURS)
    rows = []
    for name, entry in CONTENDERS.items():
        time = times.get(name)
        found = faults[name]
        if time is None or isinstance(found, str):
            rows.append([entry.title, str(found), "", "", "", ""])
            continue
        ratio = f"{time.median / ours.median:.1f}" if ours else ""
        promised = {each.name for each in CHECKS if each.subject not in entry.outside} & set(found)
        rows.append(
            [
                entry.title,
                f"{time.median * 1e3:.1f} ({time.low * 1e3:.1f} to {time.high * 1e3:.1f})",
                ratio,
                f"{bursts[name].median * 1e3:.1f}",
                _passed(found, found),
                _passed(found, promised),
            ]
        )
    return Table(
        "One command in a running sandbox",
        [
            "",
            "`true`, ms",
            "times ours",
            "without a pause before",
            "torture checks passed",
            "of those it promises",
        ],
        rows,
        _goals(times, faults),
        [
            f"Asking a contender's process costs {pipes.median * 1e3:.2f} ms more; that is not"
            " counted.",
            *(f"{each.title}: {each.note}." for each in CONTENDERS.values()),
        ],
    )


def _passed(faults: dict[str, str], checks: Iterable[str]) -> str:
    looked_at = list(checks)
    return f"{sum(not faults[check] for check in looked_at)} of {len(looked_at)}"


def _goals(times: dict[str, Summary], faults: Faults) -> list[Goal]:
    ours, found = times.get(OURS), faults[OURS]
    sound = not isinstance(found, str) and not any(found.values())
    quick = ours is not None and ours.median <= _GOAL_SECONDS
    goals = [
        Goal(
            f"at most {_GOAL_SECONDS * 1e3:.0f} ms for a command, every torture check passing",
            quick and sound,
        )
    ]
    for name in _PEERS:
        if ours is not None and name in times:
            ratio = times[name].median / ours.median
            text = f"{CONTENDERS[name].title} takes at least {_GOAL_TIMES} times as long as we do"
            goals.append(Goal(text, ratio >= _GOAL_TIMES))
    return goals


def _matrix(faults: Faults) -> Table:
    names = [name for name, found in faults.items() if not isinstance(found, str)]
    names = [name for name in CONTENDERS if name in names]
    by_name = {name: found for name, found in faults.items() if not isinstance(found, str)}
    checks = [each for each in CHECKS if by_name and each.name in next(iter(by_name.values()))]
    rows = [
        [
            f"{check.subject}: {check.name}",
            *(_cell(check, name, by_name[name][check.name]) for name in names),
        ]
        for check in checks
    ]
    return Table(
        "Torture checks, one by one",
        ["", *(CONTENDERS[name].title for name in names)],
        rows,
        notes=[
            "A check passes when each of its commands is answered as it must be and a simple"
            " command afterwards is answered too. In brackets: outside of what the contender"
            " promises."
        ],
    )


def _cell(check: Check, name: str, fault: str) -> str:
    if not fault:
        return "passed"
    text = " ".join(fault.split()).replace("<", "\\<")
    return f"({text})" if check.subject in CONTENDERS[name].outside else text
