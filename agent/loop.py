"""The loop: ask the policy, run the tool, write both down, until it is done or a limit ends it."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from agent.events import Acted, Answered, Limited, Malformed, Reviewed, Said, Submitted, Submitter
from agent.issue import Issue
from agent.oversight import Allowed, EndedByUser, Oversight, Unattended
from agent.policies.policy import Action, Episode, FormatError, LimitReached, Policy, Usage
from agent.trajectory import Trajectory
from sandboxes.sandbox import Sandbox
from tools.registry import Tool, ToolCall, ToolResult

if TYPE_CHECKING:
    from agent.preflight.preflight import Preflight

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use.

    Attributes:
        turns: actions asked of the policy, malformed ones included.
        seconds: wall time from the first question to the last answer; time in which the user is
            asked does not count.
        tokens: read and written by the model, cached ones included; None for no limit. The prompt
            that reaches the limit is read to its end.
        cost: US dollars, as far as the costs are known; None for no limit.
    """

    turns: int = 128
    seconds: float = 3600.0
    tokens: int | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class LoopEnd:
    """How a loop ended.

    Attributes:
        patch: the last submission that applies; where the policy ended with none, the last one.
        steps: actions asked for.
        reason: one line; the policy's last words, or the limit that ended it.
        candidate: what has changed in the tree is worth a look although nobody submitted it, and
            who ended the run.
    """

    patch: str | None
    steps: int
    reason: str
    candidate: Submitter | None = None


async def run_loop(
    policy: Policy,
    issue: Issue,
    *,
    tools: Mapping[str, Tool],
    sandbox: Sandbox,
    trajectory: Trajectory,
    limits: Limits,
    test_command: str,
    oversight: Oversight | None = None,
    preflight: "Preflight | None" = None,
) -> LoopEnd:
    """Let the policy work on the issue.

    Args:
        policy: decides.
        issue: what about.
        tools: by name.
        sandbox: where the tools run.
        trajectory: gets everything that happens; one that has events is gone on with.
        limits: of the run.
        test_command: how tests are run.
        oversight: who watches; nobody without it.
        preflight: looks ahead before tests run; nothing does without it.

    Raises:
        SandboxError: the sandbox failed under it; what happened until then is in the trajectory.
        ModelError: the model did.
        EndedByUser: the user ended the run, and wants nothing submitted.
    """
    watched = _Watched(oversight or Unattended(), preflight, limits, trajectory)
    watched.begin(sandbox)
    patch, step = _so_far(trajectory)
    try:
        async with asyncio.timeout(limits.seconds) as watched.clock:
            while True:
                watched.check_limits(step + 1)
                step += 1
                await watched.listen()
                episode = Episode(
                    issue=issue.for_policy(),
                    events=trajectory.events,
                    tools=tools,
                    step=step,
                    sandbox=sandbox,
                    note=trajectory.append,
                    turns_left=limits.turns - step + 1,
                    tokens_left=watched.tokens_left,
                    seconds_left=watched.seconds_left,
                    test_command=test_command,
                    preflight=preflight,
                )
                try:
                    action = await watched.attend(policy.act(episode))
                    watched.spend(action.usage)
                    tool = _record(action, step, tools, trajectory)
                except FormatError as error:
                    watched.spend(error.usage)
                    trajectory.append(_malformed(error, step))
                    continue
                if tool is None or action.call is None:
                    trajectory.append(Said(role="policy", text=action.thought))
                    return LoopEnd(patch or _last_submission(trajectory), step, action.thought)
                result = await watched.carry_out(tool, action.call, step, sandbox)
                if result.patch is not None and result.data.get("applies", True):
                    patch = result.patch
    except LimitReached as reached:
        trajectory.append(Limited(limit=reached.limit, message=str(reached)))
        return LoopEnd(patch, step, str(reached), "limit")
    except TimeoutError:
        if not watched.clock.expired():
            raise
        message = f"the time limit of {limits.seconds:g} s is used up"
        trajectory.append(Limited(limit="seconds", message=message))
        return LoopEnd(patch, step, message, "limit")
    except EndedByUser as ended:
        if not ended.submit:
            raise
        return LoopEnd(patch, step, str(ended), "user")


def _so_far(trajectory: Trajectory) -> tuple[str | None, int]:
    """The last submission that counts, and the last step, of a run that is gone on with."""
    patch: str | None = None
    step = 0
    for event in trajectory.events:
        step = max(step, getattr(event.data, "step", 0))
        if isinstance(event.data, Submitted) and event.data.by == "policy" and event.data.applies:
            patch = event.data.patch
    return patch, step


def _last_submission(trajectory: Trajectory) -> str | None:
    submitted = (e.data.patch for e in reversed(trajectory.events) if isinstance(e.data, Submitted))
    return next(submitted, None)


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
            reply=action.reply,
        )
    )
    if call is None:
        return None
    if call.name not in tools:
        raise FormatError(f"there is no tool {call.name!r}; the tools are {', '.join(tools)}")
    return tools[call.name]


def _malformed(error: FormatError, step: int) -> Malformed:
    return Malformed(step=step, message=str(error), usage=asdict(error.usage), reply=error.reply)


class _Watched:
    """A loop's limits, and the user's say in it.

    Attributes:
        clock: of the time limit; put off while the user is being asked.
    """

    clock: asyncio.Timeout

    def __init__(
        self,
        oversight: Oversight,
        preflight: "Preflight | None",
        limits: Limits,
        trajectory: Trajectory,
    ) -> None:
        self.begin = oversight.begin
        self.attend = oversight.attend
        self._oversight = oversight
        self._preflight = preflight
        self._limits = limits
        self._trajectory = trajectory
        self._tokens = 0
        self._cost = 0.0

    def spend(self, usage: Usage) -> None:
        """Count what an answer cost."""
        self._tokens += usage.input_tokens + usage.output_tokens
        self._cost += usage.cost or 0.0

    @property
    def tokens_left(self) -> int | None:
        """Tokens until their limit; None without one."""
        limit = self._limits.tokens
        return None if limit is None else max(limit - self._tokens, 0)

    @property
    def seconds_left(self) -> float:
        """Until the time limit."""
        deadline = self.clock.when()
        assert deadline is not None, "the clock was started with one"
        return deadline - asyncio.get_running_loop().time()

    def check_limits(self, step: int) -> None:
        """Raises LimitReached when there is nothing left for this step."""
        limits = self._limits
        if step > limits.turns:
            raise LimitReached("turns", f"all {limits.turns} turns are used up")
        if self.tokens_left == 0:
            raise LimitReached("tokens", f"the limit of {limits.tokens:,} tokens is used up")
        if limits.cost is not None and self._cost >= limits.cost:
            raise LimitReached("cost", f"the cost limit of {limits.cost:g} US dollars is reached")

    async def listen(self) -> None:
        """Put what the user has to say into the trajectory."""
        for text in await self._asking(self._oversight.between_turns()):
            self._trajectory.append(Said(role="user", text=text))

    async def carry_out(
        self, tool: Tool, call: ToolCall, step: int, sandbox: Sandbox
    ) -> ToolResult:
        """Run the call, if it may, and write its answer down."""
        decision = await self._asking(self._oversight.review(call, tool))
        if isinstance(decision, Allowed):
            started = time.monotonic()
            result = await self.attend(self._run(tool, call, decision.argument, step, sandbox))
            seconds = time.monotonic() - started
        else:
            self._trajectory.append(Reviewed(step=step, decision="refused", reason=decision.reason))
            said = f" They say: {decision.reason}" if decision.reason else ""
            output = f"Nothing was run: the user refused this call.{said}"
            result, seconds = ToolResult(output, ok=False), 0.0
        self._trajectory.append(
            Answered(
                step=step,
                tool=tool.name,
                ok=result.ok,
                output=result.output,
                data=result.data,
                seconds=round(seconds, 4),
            )
        )
        if result.patch is not None:
            applies = bool(result.data.get("applies", True))
            self._trajectory.append(Submitted(patch=result.patch, applies=applies))
        return result

    async def _run(
        self, tool: Tool, call: ToolCall, argument: str, step: int, sandbox: Sandbox
    ) -> ToolResult:
        """Run a call the way the user wants it, unless it is foreseen that it is in vain."""
        if argument != call.argument:
            self._trajectory.append(Reviewed(step=step, decision="changed", argument=argument))
            call = ToolCall(call.name, argument)
            told = f"[Before it ran, the user changed the call to:]\n{argument}\n\n"
        else:
            told = ""
        if self._preflight is None:
            result = await tool(argument, sandbox)
            return replace(result, output=told + result.output)
        foreseen = await self._preflight.before(call, step)
        if foreseen.refusal:
            return ToolResult(told + foreseen.refusal, ok=False, data={"refused": "preflight"})
        result = await tool(argument, sandbox)
        advice = await self._preflight.after(foreseen, call, result)
        return replace(result, output=told + result.output + advice)

    async def _asking(self, answer: Awaitable[T]) -> T:
        """The user's answer; the time they take is not the policy's."""
        clock = asyncio.get_running_loop().time
        deadline, asked = self.clock.when(), clock()
        assert deadline is not None, "the clock was started with one"
        self.clock.reschedule(None)
        try:
            return await answer
        finally:
            self.clock.reschedule(deadline + clock() - asked)
