"""The loop itself, with tools that answer at once: submissions, limits, runs that go on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from agent.issue import Issue
from agent.loop import Limits, LoopEnd, run_loop
from agent.policies.policy import Action, Episode, Usage
from agent.policies.scripted import ScriptedPolicy
from agent.trajectory import Trajectory
from sandboxes.sandbox import Sandbox
from tools.registry import Parameter, ToolCall, ToolResult

GOOD, BAD = "diff --git a/good b/good\n", "diff --git a/bad b/bad\n"


@dataclass
class Hand:
    """A submission tool whose argument is what it answers."""

    name: str = "submit"
    writes: bool = False
    description: str = ""
    form: str = ""
    parameters: tuple[Parameter, ...] = ()

    def compose(self, values: Mapping[str, str]) -> str:
        return ""

    async def __call__(self, argument: str, sandbox: Sandbox) -> ToolResult:
        if argument == "refused":
            return ToolResult("no", ok=False)
        return ToolResult("ok", data={"applies": argument == GOOD}, patch=argument)


@dataclass
class Costly:
    """A policy whose every turn costs the same."""

    usage: Usage
    name: str = "costly"

    async def act(self, episode: Episode) -> Action:
        return Action(ToolCall("submit", "refused"), usage=self.usage)


async def loop(
    trajectory: Trajectory, *arguments: str, limits: Limits | None = None, policy: object = None
) -> LoopEnd:
    actions = tuple(Action(ToolCall("submit", argument)) for argument in arguments)
    return await run_loop(
        policy or ScriptedPolicy(actions),
        Issue(id="loop", text="Something."),
        tools={"submit": Hand()},
        sandbox=cast(Sandbox, None),
        trajectory=trajectory,
        limits=limits or Limits(),
        test_command="",
    )


@pytest.fixture
def trajectory(tmp_path: Path) -> Trajectory:
    return Trajectory(tmp_path / "events.jsonl")


async def test_a_submission_that_does_not_apply_replaces_no_good_one(
    trajectory: Trajectory,
) -> None:
    end = await loop(trajectory, GOOD, BAD)
    assert end.patch == GOOD
    assert [event.data.applies for event in trajectory.events if event.type == "submission"] == [
        True,
        False,
    ]


async def test_with_no_good_submission_the_last_one_says_what_is_wrong(
    trajectory: Trajectory,
) -> None:
    assert (await loop(trajectory, BAD)).patch == BAD


async def test_a_bad_submission_hides_no_candidate_at_a_limit(trajectory: Trajectory) -> None:
    end = await loop(trajectory, BAD, "refused", limits=Limits(turns=2))
    assert end.patch is None
    assert end.candidate == "limit"
    assert end.steps == 2


async def test_a_run_that_is_gone_on_with_keeps_its_steps_and_its_submission(
    trajectory: Trajectory,
) -> None:
    await loop(trajectory, "refused", GOOD, limits=Limits(turns=2))
    end = await loop(trajectory, "refused", limits=Limits(turns=5))
    assert end.patch == GOOD
    assert end.steps == 4
    assert [event.data.step for event in trajectory.events if event.type == "action"] == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize(
    ("limits", "name", "steps"),
    [
        (Limits(tokens=250), "tokens", 3),
        (Limits(cost=0.02), "cost", 2),
        (Limits(turns=4), "turns", 4),
    ],
)
async def test_limits_end_a_run_before_the_turn_they_leave_no_room_for(
    trajectory: Trajectory, limits: Limits, name: str, steps: int
) -> None:
    end = await loop(trajectory, limits=limits, policy=Costly(Usage(90, 0, 10, 0.01)))
    assert end.steps == steps
    assert end.candidate == "limit"
    assert [event.data.limit for event in trajectory.events if event.type == "limit"] == [name]
