"""The loop: ask the policy, run the tool, write both down, until it is done or a limit ends it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import count

from agent.issue import Issue
from agent.policies.policy import Action, Episode, FormatError, Policy
from agent.trajectory import Acted, Answered, Limited, Malformed, Said, Submitted, Trajectory
from sandboxes.sandbox import Sandbox
from tools.registry import Tool


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use.

    Attributes:
        turns: actions asked of the policy, malformed ones included.
        seconds: wall time from the first question to the last answer.
    """

    turns: int = 128
    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class LoopEnd:
    """How a loop ended.

    Attributes:
        patch: the last submission, if there was one.
        steps: actions asked for.
        reason: one line; the policy's last words, or the limit that ended it.
        limit: the limit's name, when one ended it.
    """

    patch: str | None
    steps: int
    reason: str
    limit: str | None = None


class _LimitReached(Exception):
    """Ends the loop from wherever it is; the message is for the trajectory."""

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(message)
        self.limit = limit


async def run_loop(
    policy: Policy,
    issue: Issue,
    *,
    tools: Mapping[str, Tool],
    sandbox: Sandbox,
    trajectory: Trajectory,
    limits: Limits,
    test_command: str,
) -> LoopEnd:
    """Let the policy work on the issue.

    Raises:
        SandboxError: the sandbox failed under it; what happened until then is in the trajectory.
    """
    started = time.monotonic()
    patch: str | None = None
    step = 0
    try:
        async with asyncio.timeout(limits.seconds) as clock:
            for step in count(1):
                if step > limits.turns:
                    step -= 1
                    raise _LimitReached("turns", f"all {limits.turns} turns are used up")
                episode = Episode(
                    issue=issue.for_policy(),
                    events=trajectory.events,
                    sandbox=sandbox,
                    note=trajectory.append,
                    turns_left=limits.turns - step + 1,
                    seconds_left=limits.seconds - (time.monotonic() - started),
                    test_command=test_command,
                )
                try:
                    action = await policy.act(episode)
                    tool = _record(action, step, tools, trajectory)
                except FormatError as error:
                    trajectory.append(Malformed(step=step, message=str(error)))
                    continue
                if tool is None or action.call is None:
                    trajectory.append(Said(role="policy", text=action.thought))
                    return LoopEnd(patch, step, action.thought)
                patch = (
                    await _answer(tool, action.call.argument, step, sandbox, trajectory) or patch
                )
    except _LimitReached as reached:
        trajectory.append(Limited(limit=reached.limit, message=str(reached)))
        return LoopEnd(patch, step, str(reached), reached.limit)
    except TimeoutError:
        if not clock.expired():
            raise
        message = f"the time limit of {limits.seconds:g} s is used up"
        trajectory.append(Limited(limit="seconds", message=message))
        return LoopEnd(patch, step, message, "seconds")
    raise AssertionError("the loop ends by returning")


def _record(
    action: Action, step: int, tools: Mapping[str, Tool], trajectory: Trajectory
) -> Tool | None:
    """Write the action down and find its tool; None when the policy is done."""
    call = action.call
    trajectory.append(
        Acted(
            step=step,
            tool=call.name if call else None,
            argument=call.argument if call else "",
            thought=action.thought,
            usage=asdict(action.usage),
        )
    )
    if call is None:
        return None
    if call.name not in tools:
        raise FormatError(f"there is no tool {call.name!r}; the tools are {', '.join(tools)}")
    return tools[call.name]


async def _answer(
    tool: Tool, argument: str, step: int, sandbox: Sandbox, trajectory: Trajectory
) -> str | None:
    """Run the tool and write its answer down; returns the patch it handed in, if it did."""
    started = time.monotonic()
    result = await tool(argument, sandbox)
    trajectory.append(
        Answered(
            step=step,
            tool=tool.name,
            ok=result.ok,
            output=result.output,
            data=result.data,
            seconds=round(time.monotonic() - started, 4),
        )
    )
    if result.patch is not None:
        trajectory.append(Submitted(patch=result.patch))
    return result.patch
