"""Our loop with the scripted policy, and a tool that answers at once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from agent.issue import Issue
from agent.loop import Limits, run_loop
from agent.policies.policy import Action, Episode
from agent.policies.scripted import ScriptedPolicy
from agent.trajectory import Trajectory
from benchmarks.stepping import COMMAND, OUTPUT, THOUGHT, Clock
from sandboxes.sandbox import Sandbox
from tools.registry import Parameter, ToolCall, ToolResult


@dataclass
class _Timed:
    """The scripted policy, telling the clock when it is asked."""

    policy: ScriptedPolicy
    clock: Clock
    name: str = "scripted"

    async def act(self, episode: Episode) -> Action:
        self.clock.asked()
        return await self.policy.act(episode)


@dataclass
class Answering:
    """A tool whose command takes no time."""

    name: str = "bash"
    writes: bool = False
    description: str = ""
    form: str = ""
    parameters: tuple[Parameter, ...] = ()
    data: dict[str, object] = field(default_factory=lambda: {"exit_code": 1, "omitted": 0})

    def compose(self, values: Mapping[str, str]) -> str:
        """Nobody calls it natively."""
        return ""

    async def __call__(self, argument: str, sandbox: Sandbox) -> ToolResult:
        """Two kilobytes."""
        return ToolResult(OUTPUT, data=self.data)


def play(steps: int, folder: Path, clock: Clock) -> None:
    """Play that many steps into a trajectory."""
    action = Action(ToolCall("bash", COMMAND), THOUGHT)
    policy = _Timed(ScriptedPolicy((action,) * steps), clock)
    with Trajectory(folder / "events.jsonl") as trajectory:
        clock.start()
        asyncio.run(
            run_loop(
                policy,
                Issue(id="steps", text="The last element is missing."),
                tools={"bash": Answering()},
                # No tool here touches it: the sandbox's time is another benchmark's.
                sandbox=cast(Sandbox, None),
                trajectory=trajectory,
                limits=Limits(turns=steps + 1),
                test_command="",
            )
        )
