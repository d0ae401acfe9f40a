"""Recording what programs do, every line with all its locals: ours beside the usual recorders."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.benchmark import Bench, Goal, Table
from benchmarks.contenders.process import ROOT, ContenderFailed
from benchmarks.measure import Summary

_OURS = "Foretrace"
_PEERS = ("PySnooper", "snoop", "hunter")
_NOTE = (
    "Each recorder writes, to a file, the calls, lines and returns of the program's functions and"
    " the locals that are new or have changed; hunter leaves out the lines at which none has. They"
    " take turns in one process on the host, without a container."
)


@dataclass(frozen=True, slots=True)
class _Program:
    """What one program took.

    Attributes:
        name: its name in the table.
        events: calls, lines and returns.
        seconds: by recorder, one for each round.
    """

    name: str
    events: int
    seconds: dict[str, Sequence[float]]

    def times_ours(self, recorder: str) -> float:
        """How much longer a recorder takes than ours."""
        return Summary.of(self.seconds[recorder]).median / Summary.of(self.seconds[_OURS]).median

    def row(self) -> list[str]:
        """Microseconds an event, and the others' as multiples of ours."""
        ours = Summary.of([each / self.events * 1e6 for each in self.seconds[_OURS]])
        cell = f"{ours.median:.1f} ({ours.low:.1f} to {ours.high:.1f})"
        times = [f"{self.times_ours(peer):.1f}" for peer in _PEERS]
        return [self.name, f"{self.events:,}", cell, *times]


class Recording:
    """The same programs under every recorder, in turns and in one process."""

    name = "recording"
    goal = "recording every line with its locals, beside PySnooper, snoop and hunter"

    async def run(self, bench: Bench) -> list[Table]:
        """Measure."""
        bench.progress("recording: the same programs under every recorder, in turns")
        programs = await _recorded(bench, 2 if bench.quick else 15)
        goals = []
        for peer in _PEERS:
            least = min(program.times_ours(peer) for program in programs)
            goals.append(Goal(f"faster than {peer} with every program: {least:.1f}x", least > 1))
        head = ["", "events", f"{_OURS}, µs an event", *(f"{peer}, times ours" for peer in _PEERS)]
        rows = [program.row() for program in programs]
        return [Table("Recording a program with its locals", head, rows, goals, [_NOTE])]


async def _recorded(bench: Bench, rounds: int) -> list[_Program]:
    folder = bench.scratch / f"recorders-{secrets.token_hex(4)}"
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        str(bench.peers_python),
        "-m",
        "benchmarks.recorders",
        str(rounds),
        str(folder),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise ContenderFailed(f"the recorders did not run: {errors.decode()[-500:]}")
    played = json.loads(output)
    return [
        _Program(name, played["events"][name], played["seconds"][name]) for name in played["events"]
    ]
