"""A run that a screen steers: a real loop in a real sandbox, and requests written to its folder."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.errors import WrongUse
from agent.events import Acted, Answered, EventData, Reviewed, Said, Steered
from agent.issue import Issue
from agent.loop import Limits, LoopEnd, run_loop
from agent.oversight import EndedByUser
from agent.policies.policy import Action
from agent.policies.scripted import ScriptedPolicy
from agent.trajectory import Trajectory
from agent.tui.control import CONTROL, Confirm, Request, listening, send
from agent.tui.steered import SteeredOversight
from sandboxes.docker import DockerSandbox
from tools.registry import ToolCall, ToolSettings, build_tools

pytestmark = pytest.mark.engine

_PATIENCE_SECONDS = 60.0


@dataclass
class Run:
    """A loop that is going on in a folder."""

    folder: Path
    trajectory: Trajectory
    loop: asyncio.Task[LoopEnd]
    sandbox: DockerSandbox
    seen: int = field(default=0)

    def say(self, **request: object) -> None:
        send(self.folder, Request.model_validate(request))

    async def happens(self, kind: type[EventData], what: str = "") -> EventData:
        """Wait for the next event of a kind."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                for event in self.trajectory.events[self.seen :]:
                    self.seen += 1
                    if isinstance(event.data, kind) and what in (
                        "",
                        getattr(event.data, "what", ""),
                    ):
                        return event.data
                await asyncio.sleep(0.02)

    async def begun(self) -> None:
        """Wait until the first action is on its way; its command is the loop's next word."""
        await self.happens(Acted)

    async def end(self) -> LoopEnd:
        return await asyncio.wait_for(self.loop, _PATIENCE_SECONDS)

    def outputs(self) -> list[str]:
        datas = (event.data for event in self.trajectory.events)
        return [data.output for data in datas if isinstance(data, Answered)]


@contextlib.asynccontextmanager
async def steered(
    sandbox: DockerSandbox, folder: Path, *commands: str, confirm: Confirm = "none"
) -> AsyncIterator[Run]:
    calls = [ToolCall("bash", command) for command in commands]
    policy = ScriptedPolicy(tuple(Action(call) for call in calls))
    settings = ToolSettings()
    with Trajectory(folder / "events.jsonl") as trajectory:
        async with SteeredOversight("token", confirm=confirm) as oversight:
            oversight.open(trajectory)
            loop = asyncio.ensure_future(
                run_loop(
                    policy,
                    Issue(id="a", text="b", repo="c"),
                    tools=build_tools(settings),
                    sandbox=sandbox,
                    trajectory=trajectory,
                    limits=Limits(seconds=600),
                    test_command=settings.test_command,
                    oversight=oversight,
                )
            )
            try:
                yield Run(folder, trajectory, loop, sandbox)
            finally:
                loop.cancel()
                await asyncio.wait({loop})


async def test_nobody_speaks_and_it_runs_to_its_end(sandbox: DockerSandbox, tmp_path: Path) -> None:
    async with steered(sandbox, tmp_path, "echo one") as run:
        await run.end()
    assert run.outputs() == ["one\n"]
    said = listening(tmp_path)
    assert said is not None
    assert (said.token, said.confirm) == ("token", "none")


async def test_a_message_is_told_before_the_next_turn(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    async with steered(sandbox, tmp_path, "sleep 1", "echo two") as run:
        await run.begun()
        run.say(do="message", text="look at prices.py")
        await run.end()
    kinds = [type(event.data) for event in run.trajectory.events]
    told = kinds.index(Said)
    assert run.trajectory.events[told].data == Said(role="user", text="look at prices.py")
    assert told < len(kinds) - kinds[::-1].index(Answered) - 1


async def test_a_paused_run_waits_and_goes_on(sandbox: DockerSandbox, tmp_path: Path) -> None:
    async with steered(sandbox, tmp_path, "sleep 1; echo one", "echo two") as run:
        await run.begun()
        run.say(do="pause")
        await run.happens(Steered, "pausing")
        await run.happens(Steered, "paused")
        assert run.outputs() == ["one\n"]  # what ran went on; nothing new began
        await asyncio.sleep(0.3)
        assert run.outputs() == ["one\n"]
        run.say(do="resume")
        await run.happens(Steered, "resumed")
        await run.end()
    assert run.outputs() == ["one\n", "two\n"]


async def test_an_interrupt_is_told_once_the_process_has_stopped(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    left = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 30[0]'"
    async with steered(sandbox, tmp_path, "sleep 300; echo not reached", left) as run:
        await run.begun()
        what = "idle"
        while what == "idle":  # until the command has got as far as the container
            run.say(id="ask", do="interrupt")
            answer = await run.happens(Steered)
            assert isinstance(answer, Steered)
            assert answer.request == "ask"
            what = answer.what
        assert what == "interrupted"
        await run.end()
    first, second = run.outputs()
    assert "interrupted by the user" in first
    assert "not reached" not in first
    assert second.splitlines()[0] == "0"


async def test_an_interrupt_without_a_command_says_so(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    async with steered(sandbox, tmp_path, "echo one", confirm="all") as run:
        await run.happens(Steered, "asking")
        run.say(do="interrupt")
        await run.happens(Steered, "idle")
        run.say(do="allow", step=1)
        await run.end()


async def test_calls_wait_for_their_word(sandbox: DockerSandbox, tmp_path: Path) -> None:
    commands = ("echo one", "echo two", "echo three", "echo four")
    async with steered(sandbox, tmp_path, *commands, confirm="all") as run:
        asked = await run.happens(Steered, "asking")
        assert isinstance(asked, Steered)
        assert (asked.step, asked.tool, asked.argument) == (1, "bash", "echo one")
        assert run.outputs() == []
        run.say(do="allow", step=1)
        await run.happens(Steered, "asking")
        run.say(do="refuse", step=2, text="not that")
        await run.happens(Steered, "asking")
        run.say(do="allow", step=3, argument="echo 3")
        await run.happens(Steered, "asking")
        run.say(do="allow", step=4)
        await run.end()
    one, two, three, four = run.outputs()
    assert one == "one\n"
    assert two.endswith("They say: not that")
    assert "echo 3" in three
    assert three.endswith("3\n")
    assert four == "four\n"
    reviews = [e.data for e in run.trajectory.events if isinstance(e.data, Reviewed)]
    assert [(each.step, each.decision) for each in reviews] == [(2, "refused"), (3, "changed")]


async def test_an_approval_is_remembered_and_the_mode_can_be_changed(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    commands = ("echo one", "echo two", "echo three")
    async with steered(sandbox, tmp_path, *commands, confirm="writes") as run:
        await run.happens(Steered, "asking")
        run.say(do="confirm", text="nonsense")
        run.say(do="confirm", text="all")
        run.say(do="allow", step=1, always=True)
        await run.end()
    steered_events = [e.data for e in run.trajectory.events if isinstance(e.data, Steered)]
    assert [each.what for each in steered_events] == ["asking", "confirm", "remembered", "allowed"]
    assert run.outputs() == ["one\n", "two\n", "three\n"]


async def test_an_answer_to_another_question_counts_for_nothing(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    async with steered(sandbox, tmp_path, "echo one", confirm="all") as run:
        await run.happens(Steered, "asking")
        run.say(do="allow", step=7)
        run.say(do="refuse", step=0)
        with (tmp_path / CONTROL).open("ab") as control:
            control.write(b'no request\n{"do": "dance"}\n[]\n\xff\n')
        run.say(do="allow", step=1)
        run.say(do="refuse", step=1, text="too late: another screen has answered")
        await run.end()
    assert run.outputs() == ["one\n"]


@pytest.mark.parametrize("do", ["stop", "submit"])
async def test_the_user_can_end_it_at_any_time(
    sandbox: DockerSandbox, tmp_path: Path, do: str
) -> None:
    async with steered(sandbox, tmp_path, "sleep 300") as run:
        await run.begun()
        run.say(do=do)
        if do == "stop":
            with pytest.raises(EndedByUser):
                await run.end()
        else:
            assert (await run.end()).candidate == "user"


async def test_a_run_that_does_not_listen_is_not_spoken_to(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="takes no word"):
        send(tmp_path, Request(do="pause"))
    assert not (tmp_path / CONTROL).exists()
    (tmp_path / "steered.json").write_text(json.dumps({"no": "token"}))
    assert listening(tmp_path) is None
