"""Going on differently from a step: its run's actions are done again, then another may decide.

The parent's events up to that step are carried over as they were, so that whoever decides knows
what the parent's policy knew; results that are others now are named in the `Forked` event, which
closes what was carried.
"""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.errors import WrongUse
from agent.events import (
    Broke,
    Compared,
    Ended,
    Event,
    Forecasted,
    Forked,
    ModelChosen,
    Prepared,
    Prompted,
    Retried,
    Said,
    Started,
    Steered,
    Submitted,
)
from agent.prepare import Progress
from agent.replay.execute import NO_TOOL, repeat
from agent.replay.reading import RecordedRun
from agent.replay.steps import Step, before_the_first, step_of, steps_of
from agent.run import Origin
from agent.runfolder import Parent
from agent.trajectory import Trajectory
from sandboxes.sandbox import Sandbox
from tools.registry import Tool

_ITS_OWN = (Started, Prepared, ModelChosen, Prompted, Retried, Steered, Forked, Broke, Ended)
"""What a run says of itself: a fork says it anew, of itself."""


def fork_of(
    run: RecordedRun,
    after: int,
    *,
    message: str = "",
    progress: Progress = lambda line: None,
) -> Origin:
    """Where a fork of a run begins.

    Args:
        run: the parent; it may still go on.
        after: the last step that is carried over; 0 for none.
        message: what the policy is told before it goes on; empty for nothing.
        progress: gets a line for each result that is another one now.

    Raises:
        WrongUse: there is no such step, or nothing came of it yet.
    """
    steps = steps_of(run.events)
    if after:
        last = step_of(steps, after)
        _check_done(last)
    kept = [step for step in steps if step.number <= after]
    begun = [event for event in before_the_first(run.events) if isinstance(event.data, Said)]

    async def carry(sandbox: Sandbox, tools: Mapping[str, Tool], trajectory: Trajectory) -> None:
        started = time.monotonic()
        _carry(begun, run.folder, trajectory)
        differing, left_out = await _repeat_all(
            kept, tools, sandbox, run.folder, trajectory, progress
        )
        trajectory.append(
            Forked(
                run=run.record.id,
                step=after,
                differing=differing,
                left_out=left_out,
                seconds=round(time.monotonic() - started, 3),
            )
        )
        if message:
            trajectory.append(Said(role="user", text=message))

    return Origin(Parent(run=run.record.id, step=after), carry)


def _check_done(step: Step) -> None:
    """Only after what is done something else can follow.

    Raises:
        WrongUse: the step has no result, or it is the run's end.
    """
    action = step.action
    if action is not None and action.tool is None:
        raise WrongUse(
            f"step {step.number} is where the policy ended the run",
            f"fork an earlier one: --fork {step.number - 1}",
        )
    if step.result is None and step.malformed is None:
        raise WrongUse(f"nothing came of step {step.number} yet", "fork an earlier one")


async def _repeat_all(
    steps: Sequence[Step],
    tools: Mapping[str, Tool],
    sandbox: Sandbox,
    folder: Path,
    trajectory: Trajectory,
    progress: Progress,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Do the steps again and carry their events over.

    Returns:
        The steps whose results are others, and those whose tool is not there.
    """
    differing: list[int] = []
    left_out: list[int] = []
    by_number = {step.number: step for step in steps}
    async for each in repeat(steps, tools, sandbox):
        _carry(by_number[each.number].events, folder, trajectory)
        if not each.same:
            differing.append(each.number)
            progress(f"step {each.number} ({each.tool}) has another result here than it had")
        if each.why_not == NO_TOOL:
            left_out.append(each.number)
    return tuple(differing), tuple(left_out)


def _carry(events: Sequence[Event], folder: Path, trajectory: Trajectory) -> None:
    for event in events:
        if isinstance(event.data, _ITS_OWN) or _candidate(event):
            continue
        if isinstance(event.data, Forecasted | Compared) and event.data.trace:
            _carry_trace(event.data.trace, folder, trajectory.path.parent)
        trajectory.append(event.data)


def _candidate(event: Event) -> bool:
    """Whether it is what was taken at the parent's end; its policy had not handed it in."""
    return isinstance(event.data, Submitted) and event.data.by != "policy"


def _carry_trace(name: str, folder: Path, into: Path) -> None:
    """A trace's file goes with its event; a name that leads out of the folder leads nowhere."""
    source, target = folder / name, into / name
    inside = source.resolve().is_relative_to(folder.resolve())
    if inside and source.is_file() and target.resolve().is_relative_to(into.resolve()):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
