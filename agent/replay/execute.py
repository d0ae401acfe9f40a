"""Acting again: a run's actions in a fresh sandbox, each result beside the one it had then."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.events import Answered, Prepared
from agent.issue import Issue
from agent.prepare import Progress, Workplace, prepare
from agent.replay.comparing import own_output, same
from agent.replay.reading import RecordedRun
from agent.replay.steps import Step, steps_of
from agent.scratch import scratch_folder
from sandboxes.errors import CheckoutFailed
from sandboxes.sandbox import Sandbox
from tools.registry import Tool, ToolResult, build_tools

if TYPE_CHECKING:
    from sandboxes.engine import Engine

_PREDICTING = "simulate"
"""A tool that asks a model and changes nothing: to call it again would tell nothing of the run."""

NO_TOOL = "there is no such tool here"
"""Why a step was not done again that may have changed something."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """One step, done again.

    Attributes:
        number: of the step.
        tool: that was called; empty where none was.
        argument: that it was called with.
        recorded: what it said then.
        again: what it says now; None where it was not done again.
        same: whether that is the same; true of what was not done again.
        why_not: why it was not done again; empty where it was.
    """

    number: int
    tool: str
    argument: str
    recorded: str
    again: str | None
    same: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """A run, done again.

    Attributes:
        repeated: its steps, up to the first whose result is another one.
        diff: how the repository was changed by then.
        notes: what to know about the place where it was done.
    """

    repeated: tuple[Repeated, ...]
    diff: str = ""
    notes: tuple[str, ...] = ()

    @property
    def difference(self) -> Repeated | None:
        """The first step whose result is another one; None where there is none."""
        return next((each for each in self.repeated if not each.same), None)


async def execute(
    run: RecordedRun,
    settings: Settings,
    engine: "Engine",
    *,
    until: int | None = None,
    progress: Progress = lambda line: None,
    watch: Callable[[Repeated], None] = lambda step: None,
) -> Execution:
    """Do a run's actions again, on a fresh checkout, until a result is another one.

    Args:
        run: whose.
        settings: of the run; see `agent.replay.settings`.
        engine: where.
        until: the last step to do again; all without it.
        progress: gets a line now and then.
        watch: gets each step once it is done.

    Raises:
        AgentError, SandboxError: there is no place to do it, as of any run.
    """
    from sandboxes.repository.diff import DiffFailed, take_diff

    wanted = [step for step in steps_of(run.events) if until is None or step.number <= until]
    place, notes = await same_place(run, settings, engine, progress)
    repeated: list[Repeated] = []
    async with place.sandbox() as sandbox:
        progress("the actions are done again")
        tools = build_tools(settings.tools(place.test_command))
        async for each in repeat(wanted, tools, sandbox):
            repeated.append(each)
            watch(each)
            if not each.same:
                break
        try:
            diff = await take_diff(sandbox, place.base_commit)
        except DiffFailed as problem:
            diff, notes = "", (*notes, problem.message)
    return Execution(tuple(repeated), diff, notes)


async def repeat(
    steps: Iterable[Step], tools: Mapping[str, Tool], sandbox: Sandbox
) -> AsyncIterator[Repeated]:
    """Do steps again, one after the other; whoever takes them decides when that is enough.

    Args:
        steps: from the first on.
        tools: by name.
        sandbox: at the base commit.

    Raises:
        SandboxError: the sandbox failed.
    """
    for step in steps:
        yield await _again(step, tools, sandbox)


async def _again(step: Step, tools: Mapping[str, Tool], sandbox: Sandbox) -> Repeated:
    action, result = step.action, step.result
    name = action.tool or "" if action else ""
    argument, changed = _argument(step)
    recorded = own_output(result, changed) if result else ""
    before = Repeated(step.number, name, argument, recorded, None, same=True)
    why_not = _why_not(step, tools)
    if why_not or result is None:
        return replace(before, why_not=why_not)
    answer = await _run(tools[name], argument, sandbox, result)
    return replace(before, again=answer.output, same=same(result, answer, changed))


def _argument(step: Step) -> tuple[str, str | None]:
    """What the tool was called with, and the same again where the user had changed it."""
    if step.review is not None and step.review.decision == "changed":
        return step.review.argument, step.review.argument
    return (step.action.argument if step.action else ""), None


def _why_not(step: Step, tools: Mapping[str, Tool]) -> str:
    """Why a step has nothing to do again; empty when it has."""
    action, result = step.action, step.result
    if action is None or step.malformed is not None:
        return "no valid action"
    if action.tool is None:
        return "the end"
    if result is None:
        return "no result was written down"
    if step.review is not None and step.review.decision == "refused":
        return "refused by the user"
    if result.data.get("refused") == "preflight":
        return "kept back by a prediction"
    if action.tool == _PREDICTING:
        return "it asks a model"
    if action.tool not in tools:
        return NO_TOOL
    return ""


async def _run(tool: Tool, argument: str, sandbox: Sandbox, recorded: Answered) -> ToolResult:
    """The tool's answer; a command that the user interrupted then is interrupted as late now."""
    if recorded.data.get("status") != "interrupted":
        return await tool(argument, sandbox)
    running = asyncio.ensure_future(tool(argument, sandbox))
    try:
        await asyncio.wait({running}, timeout=recorded.seconds)
        while not running.done():
            await sandbox.interrupt()
            await asyncio.wait({running}, timeout=0.2)
        return running.result()
    finally:
        running.cancel()


async def same_place(
    run: RecordedRun, settings: Settings, engine: "Engine", progress: Progress
) -> tuple[Workplace, tuple[str, ...]]:
    """Where the run was, made anew; and what to know of it.

    Raises:
        AgentError, SandboxError: it cannot be had, as of any run.
    """
    place = await prepare(
        await issue_of(run, settings),
        settings,
        engine,
        run=f"replay-{run.folder.name}",
        log=settings.cache / "logs" / f"replay-{run.folder.name}.log",
        progress=progress,
    )
    base = base_of(run)
    if base and place.base_commit != base:
        return place, (f"the repository is at {place.base_commit[:12]}, it was at {base[:12]}",)
    return place, ()


async def issue_of(run: RecordedRun, settings: Settings) -> Issue:
    """The run's issue, at the commit it had then where the repository still has that.

    What names a commit, a branch above all, may name another one by now. A commit of our own, of
    uncommitted changes or of tests taken along, is in no repository: then it is the issue as it is.
    """
    from sandboxes.engine import uncancelled
    from sandboxes.repository.checkout import prepare_checkout

    issue, base = run.record.issue, base_of(run)
    if not base or not issue.repo or issue.repo.startswith("pypi:"):
        return issue
    with scratch_folder(settings.cache) as scratch:
        try:
            await uncancelled(
                asyncio.to_thread(
                    prepare_checkout,
                    issue.repo,
                    base=base,
                    cache=settings.cache / "sources",
                    into=scratch / "checkout",
                )
            )
        except CheckoutFailed:
            return issue
    return issue.model_copy(update={"base": base})


def base_of(run: RecordedRun) -> str:
    """The commit that a run began at; empty where it did not come so far."""
    found = (event.data.base_commit for event in run.events if isinstance(event.data, Prepared))
    return next(found, "")
