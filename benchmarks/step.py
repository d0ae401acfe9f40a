"""An agent's own time in a step, and the bytes it writes: ours beside mini-swe-agent's."""

import asyncio
import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.benchmark import Bench, Goal, Table
from benchmarks.contenders.process import ROOT, ContenderFailed
from benchmarks.measure import Summary

_AT = (1, 10, 100, 200)
_GOAL_SECONDS = 0.005
_GOAL_AT = (1, 100)


@dataclass
class _Agent:
    """An agent, and what its plays cost.

    Attributes:
        title: its name in the tables.
        module: in `benchmarks.stepping`.
        arguments: for it.
        seconds: by step, over all plays: what it took of its processor.
        between: the same from a model's answer to the next request; empty without a server.
        written: bytes by step, of one play.
        prompts: tokens by step, of one play.
    """

    title: str
    module: str
    arguments: Sequence[str] = ()
    seconds: dict[int, list[float]] = field(default_factory=lambda: {at: [] for at in _AT})
    between: dict[int, list[float]] = field(default_factory=lambda: {at: [] for at in _AT})
    written: dict[int, int] = field(default_factory=dict)
    prompts: dict[int, int] = field(default_factory=dict)

    @property
    def ours(self) -> bool:
        return self.module != "mini_swe_agent"

    @property
    def own(self) -> dict[int, list[float]]:
        """Its own time in a step: what it reads while the model still writes is the model's."""
        return self.between if any(self.between.values()) else self.seconds


class Step:
    """Model and command answer at once; what is left is policy, loop and trajectory."""

    name = "step"
    goal = "an agent's own time in a step, and the bytes it writes"

    async def run(self, bench: Bench) -> list[Table]:
        """Play in turns."""
        bench.progress("step: the same run by every agent, in turns")
        tokenizer = await asyncio.to_thread(_tokenizer, bench.scratch)
        agents = [
            _Agent("Foretrace, scripted", "foretrace"),
            _Agent("Foretrace, a model by token ids", "foretrace_model", ("cwm", tokenizer)),
            _Agent("Foretrace, a model by chat", "foretrace_model", ("chat", tokenizer)),
            _Agent("mini-swe-agent, scripted", "mini_swe_agent"),
        ]
        for _ in range(1 if bench.quick else 5):
            for agent in agents:
                await _play(agent, bench)
        return [_times(agents), _bytes(agents)]


def _tokenizer(folder: Path) -> str:
    """The reference vocabulary as a file."""
    from tests.model.tokenizers import reference_tokenizer_file

    return str(reference_tokenizer_file(folder))


async def _play(agent: _Agent, bench: Bench) -> None:
    folder = bench.scratch / f"steps-{secrets.token_hex(4)}"
    folder.mkdir()
    python = Path(sys.executable) if agent.ours else bench.peers_python
    command = (agent.module, str(max(_AT)), str(folder), *agent.arguments)
    process = await asyncio.create_subprocess_exec(
        str(python),
        "-m",
        "benchmarks.stepping",
        *command,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise ContenderFailed(f"{agent.title} did not play: {errors.decode()[-500:]}")
    played = json.loads(output)
    for at in _AT:
        agent.seconds[at] += _near(played["seconds"], at)
        agent.between[at] += _near(played["between"], at)
        agent.written[at] = played["written"][at - 1]
        if played["prompts"]:
            agent.prompts[at] = played["prompts"][at - 1]


def _near(values: list[float], at: int) -> list[float]:
    """One step is a matter of luck: the steps around it say the same."""
    return values[at - 4 : at + 3] if at > 4 else values[at - 1 : at]


def _times(agents: list[_Agent]) -> Table:
    rows, goals = [], []
    for agent in agents:
        rows.append([agent.title, *_cells(agent.own)])
        if agent.own is not agent.seconds:
            rows.append(["... with reading its answer", *_cells(agent.seconds)])
        if agent.ours:
            medians = {at: Summary.of(agent.own[at]).median for at in _GOAL_AT}
            goals += [
                Goal(f"{agent.title}: at most {_GOAL_SECONDS * 1e3:.0f} ms at step {at}", met)
                for at, met in ((at, each <= _GOAL_SECONDS) for at, each in medians.items())
            ]
    (by_ids,) = (agent for agent in agents if "cwm" in agent.arguments)
    notes = [
        "Policy, loop and trajectory, without the model and without the command: both answer at"
        " once, the command with 2 kB. Processor time of the agent's process, user and system.",
        "A scripted agent asks nobody; a model is on a server in a process of its own, and its"
        " answer of some 300 tokens comes as a stream of as many events, all but the last at once."
        " Counted is what lies between the last of them and the next request's arrival, its way"
        " included; reading the others goes on while a model writes.",
        f"By token ids the prompt has {by_ids.prompts[_AT[1]]:,} tokens at step {_AT[1]},"
        f" {by_ids.prompts[_AT[2]]:,} at step {_AT[2]}, {by_ids.prompts[_AT[3]]:,} at step"
        f" {_AT[3]}.",
    ]
    head = ["own time, ms", *(f"step {at}" for at in _AT)]
    return Table("An agent's own time in a step", head, rows, goals, notes)


def _cells(seconds: dict[int, list[float]]) -> list[str]:
    each = [Summary.of(seconds[at]) for at in _AT]
    return [f"{s.median * 1e3:.2f} (to {s.high * 1e3:.2f})" for s in each]


def _bytes(agents: list[_Agent]) -> Table:
    rows = [[agent.title, *(f"{agent.written[at] / 1e3:,.0f}" for at in _AT)] for agent in agents]
    goals = []
    for agent in (agent for agent in agents if agent.ours):
        short, long = (agent.written[at] / at for at in (_AT[1], _AT[-1]))
        text = (
            f"{agent.title}: linear in the number of steps, as many bytes a step in a long run as"
            f" in a short one, {short:,.0f} and {long:,.0f}"
        )
        goals.append(Goal(text, long <= short * 1.1))
    head = ["kB written", *(f"{at} steps" if at > 1 else "1 step" for at in _AT)]
    return Table("Bytes written for a run", head, rows, goals)
