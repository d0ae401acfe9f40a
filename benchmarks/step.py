"""An agent's own time in a step, and the bytes it writes: ours beside mini-swe-agent's."""

import asyncio
import json
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.benchmark import Bench, Goal, Table
from benchmarks.contenders.process import ROOT, ContenderFailed
from benchmarks.measure import Summary

_AGENTS = {"foretrace": "Foretrace", "mini_swe_agent": "mini-swe-agent"}
_AT = (1, 10, 100, 200)
_GOAL_SECONDS = 0.005
_GOAL_AT = (1, 100)


@dataclass
class _Costs:
    """One agent's plays: by step the seconds, over all plays, and the bytes of one play."""

    seconds: dict[int, list[float]] = field(default_factory=lambda: {at: [] for at in _AT})
    written: dict[int, int] = field(default_factory=dict)


class Step:
    """Model and command answer at once; what is left is the loop and the trajectory."""

    name = "step"
    goal = "an agent's own time in a step, and the bytes it writes"

    async def run(self, bench: Bench) -> list[Table]:
        """Play in turns."""
        bench.progress("step: the same run by both agents, in turns")
        costs = {name: _Costs() for name in _AGENTS}
        for _ in range(1 if bench.quick else 5):
            for name, cost in costs.items():
                await _play(name, cost, bench)
        return [_times(costs), _bytes(costs)]


async def _play(name: str, cost: _Costs, bench: Bench) -> None:
    folder = bench.scratch / f"steps-{secrets.token_hex(4)}"
    folder.mkdir()
    python = Path(sys.executable) if name == "foretrace" else bench.peers_python
    process = await asyncio.create_subprocess_exec(
        str(python),
        "-m",
        "benchmarks.stepping",
        name,
        str(max(_AT)),
        str(folder),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise ContenderFailed(f"{name} did not play: {errors.decode()[-500:]}")
    played = json.loads(output)
    for at in _AT:
        # One step is a matter of luck: the steps around it say the same.
        near = played["seconds"][max(0, at - 4) : at + 3] if at > 4 else [played["seconds"][at - 1]]
        cost.seconds[at] += near
        cost.written[at] = played["written"][at - 1]


def _times(costs: dict[str, _Costs]) -> Table:
    rows = []
    for name, title in _AGENTS.items():
        each = [Summary.of(costs[name].seconds[at]) for at in _AT]
        rows.append([title, *(f"{s.median * 1e3:.2f} (to {s.high * 1e3:.2f})" for s in each)])
    ours = {at: Summary.of(costs["foretrace"].seconds[at]).median for at in _AT}
    goals = [
        Goal(f"at most {_GOAL_SECONDS * 1e3:.0f} ms at step {at}", ours[at] <= _GOAL_SECONDS)
        for at in _GOAL_AT
    ]
    note = (
        "Loop and trajectory, without the model and without the command: both answer at once, the"
        " command with 2 kB."
    )
    head = ["own time, ms", *(f"step {at}" for at in _AT)]
    return Table("An agent's own time in a step", head, rows, goals, [note])


def _bytes(costs: dict[str, _Costs]) -> Table:
    rows = [
        [title, *(f"{costs[name].written[at] / 1e3:,.0f}" for at in _AT)]
        for name, title in _AGENTS.items()
    ]
    ours = costs["foretrace"].written
    short, long = ours[_AT[1]] / _AT[1], ours[_AT[-1]] / _AT[-1]
    goal = Goal(
        "linear in the number of steps: as many bytes a step in a long run as in a short one,"
        f" {short:,.0f} and {long:,.0f}",
        long <= short * 1.1,
    )
    head = ["kB written", *(f"{at} steps" if at > 1 else "1 step" for at in _AT)]
    return Table("Bytes written for a run", head, rows, [goal])
