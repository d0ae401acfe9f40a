"""Runs that another policy or profile began, or that broke off, are gone on with."""

import json

import pytest

from agent.events import Acted, Event, Submitted
from agent.loop import Limits, run_loop
from agent.policies.policy import Action
from agent.policies.scripted import ScriptedPolicy
from agent.trajectory import Trajectory
from tests.agent.policies.modelruns import (
    CHANGE,
    IN_MODULE,
    ISSUE,
    SUBMIT,
    TAKE,
    Played,
    Player,
    call,
    done,
)
from tests.model.replies import Reply, say
from tools.registry import ToolCall, ToolSettings, build_tools

pytestmark = IN_MODULE

PROFILES = ["cwm", "chat", "tools"]


def bash(profile: str, command: str, text: str = "", reasoning: str = "") -> Reply | str:
    """A call as the profile's model makes it."""
    if profile == "tools":
        arguments = json.dumps({"command": command})
        return say(text, calls=[("bash", arguments)], reasoning=reasoning)
    if profile == "chat":
        return say(call("bash", command, think=None, before=text), reasoning=reasoning)
    return call("bash", command, think=reasoning, before=text)


def wrong(profile: str) -> Reply | str:
    return say("", calls=[("bash", "{")] * 2) if profile == "tools" else "No end. <tool: bash>"


async def begin(play: Player, by: str) -> list[Event]:
    """A few turns by a profile or the scripted policy."""
    if by != "scripted":
        play.profile = by
        started = await play(
            bash(by, "echo FIRST", "I look.\n", "My reasons."),
            wrong(by),
            bash(by, "echo SECOND >&2; false", reasoning="More reasons."),
        )
        return started.events
    actions = [("bash", "echo FIRST"), ("no_such_tool", "x"), ("bash", "echo SECOND >&2; false")]
    policy = ScriptedPolicy(tuple(Action(ToolCall(*each), "I look.") for each in actions))
    with Trajectory(play.folder / "scripted.jsonl") as trajectory:
        await run_loop(
            policy,
            ISSUE,
            tools=build_tools(ToolSettings()),
            sandbox=play.sandbox,
            trajectory=trajectory,
            limits=Limits(turns=3),
            test_command=ToolSettings().test_command,
        )
    return trajectory.events


async def go_on(play: Player, profile: str, history: list[Event]) -> Played:
    """Two more turns by a profile."""
    play.history, play.profile = history, profile
    return await play(bash(profile, "echo THIRD"), bash(profile, "echo FOURTH"))


def prompt(run: Played, number: int) -> str:
    """A prompt as text, of whatever profile."""
    asked = run.asked[number].json
    if "prompt" in asked:
        return run.texts[number]
    return "\n".join(
        f"{each['content']} {json.dumps(each.get('tool_calls', ''))}" for each in asked["messages"]
    )


@pytest.mark.parametrize("by", ["scripted", *PROFILES])
async def test_a_run_goes_on_by_any_other_profile(play: Player, by: str) -> None:
    history = await begin(play, by)
    for profile in PROFILES:
        run = await go_on(play, profile, history)
        first = prompt(run, 0)
        told = [first.index(each) for each in ("echo FIRST", "FIRST\n", "SECOND", "exit code 1")]
        assert told == sorted(told)
        assert run.of("format_error")[0].message in first
        assert [each.output for each in run.of("result")[-2:]] == ["THIRD\n", "FOURTH\n"]
        assert "THIRD" in prompt(run, 1)
        assert [each.type for each in run.events[len(history) :][:2]] == ["model", "prompt"]


@pytest.mark.parametrize("by", ["scripted", "chat", "tools"])
async def test_cwm_reads_the_turns_of_others_as_its_own(play: Player, by: str) -> None:
    run = await go_on(play, "cwm", await begin(play, by))
    turns = run.texts[0].split("<|start_header_id|>assistant<|end_header_id|>\n\n")[1:]
    assert all(each.startswith("<think>\n") for each in turns)
    reasons = "" if by == "scripted" else "My reasons."
    assert turns[0].startswith(
        f"<think>\n{reasons}\n</think>\nI look.\n<tool: bash>\necho FIRST\n</tool><|eot_id|>"
        "<|start_header_id|>tool: bash<|end_header_id|>\n\n<output>\nFIRST\n"
    )


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_run_that_broke_off_at_a_command_goes_on(play: Player, profile: str) -> None:
    whole = await begin(play, profile)
    ends = [at for at, event in enumerate(whole) if isinstance(event.data, Acted)]
    run = await go_on(play, profile, whole[: ends[0] + 1])
    (said,) = run.of("message")
    assert "The run stopped here and goes on now" in said.text
    assert said.text in prompt(run, 0)
    assert "FIRST\n" not in prompt(run, 0).partition("echo FIRST")[2]
    # Also when more of it follows, as when it had been gone on with before.
    again = [event for event in run.events if event.type not in ("message", "model", "prompt")]
    rerun = await go_on(play, profile, again)
    assert said.text in prompt(rerun, 0)
    assert not rerun.of("message")


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_run_that_had_ended_goes_on(play: Player, profile: str) -> None:
    ended = await play(CHANGE, TAKE, SUBMIT, done("All is well."))
    run = await go_on(play, profile, ended.events)
    assert "All is well." in prompt(run, 0)
    (said,) = [each.text for each in run.of("message") if each.role == "run"]
    assert said in prompt(run, 0)
    assert "+    return a + b + 1" in prompt(run, 0)


async def test_what_a_limit_left_behind_is_no_submission(play: Player) -> None:
    broken_off = await play(CHANGE)
    event = broken_off.events[-1]
    left = Submitted(patch="diff", by="limit")
    play.history = [*broken_off.events, event.model_copy(update={"data": left})]
    run = await play(done("Is it not done?"), TAKE, SUBMIT, done("Now it is."))
    assert "nothing has been submitted that counts" in run.of("format_error")[0].message
    assert run.end.reason == "Now it is."
