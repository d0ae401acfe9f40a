"""A run's actions done again, in a fresh sandbox, each result beside the one it had."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config import Settings
from agent.events import Acted, Answered, Event, EventData, Prepared, Reviewed
from agent.replay.execute import Repeated, execute, repeat
from agent.replay.reading import RecordedRun, open_run
from agent.replay.settings import settings_of
from agent.replay.steps import Step, steps_of
from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from tests.agent.replay.recorded import ACTIONS, Recorded
from tests.agent.replay.test_steps import as_events
from tools.registry import ToolSettings, build_tools

pytestmark = pytest.mark.engine


async def done_again(run: RecordedRun, engine: Engine, until: int | None = None) -> list[Repeated]:
    watched: list[Repeated] = []
    settings = settings_of(run.record, Settings())
    done = await execute(run, settings, engine, until=until, watch=watched.append)
    assert list(done.repeated) == watched
    assert done.notes == ()
    return watched


def with_data(run: RecordedRun, step: int, **fields: object) -> RecordedRun:
    """The run, and the result of a step as if it had been another one."""

    def other(event: Event) -> Event:
        data = event.data
        if not isinstance(data, Answered) or data.step != step:
            return event
        return event.model_copy(update={"data": data.model_copy(update=fields)})

    return replace(run, events=tuple(map(other, run.events)))


async def test_the_same_actions_give_the_same(recorded: Recorded, engine: Engine) -> None:
    found = await done_again(open_run(recorded.folder), engine)
    assert [each.tool for each in found] == [*(tool for tool, _ in ACTIONS), ""]
    assert all(each.same for each in found)
    assert [each.why_not for each in found if each.why_not] == ["no valid action", "the end"]
    noisy = found[1]
    assert noisy.again is not None
    assert noisy.again != noisy.recorded  # but only in what is never the same twice


async def test_the_first_other_result_ends_it_with_both_in_hand(
    recorded: Recorded, engine: Engine
) -> None:
    run = with_data(open_run(recorded.folder), 3, output="Edited prices.py. It now reads: nothing")
    *before, last = await done_again(run, engine)
    assert [each.same for each in before] == [True, True]
    assert (last.number, last.same, last.tool) == (3, False, "edit")
    assert last.recorded == "Edited prices.py. It now reads: nothing"
    assert last.again is not None
    assert "if value > high:" in last.again


async def test_it_ends_where_it_is_told_to(recorded: Recorded, engine: Engine) -> None:
    found = await done_again(open_run(recorded.folder), engine, until=2)
    assert [each.number for each in found] == [1, 2]


async def test_a_repository_that_has_gone_on_is_taken_at_the_commit_it_had(
    recorded: Recorded, engine: Engine, tmp_path: Path
) -> None:
    moved = tmp_path / "prices"
    shutil.copytree(recorded.project.path, moved)
    project = replace(recorded.project, path=moved)
    project.put("prices.py", "raise SystemExit\n")
    project.commit("Gone on")
    run = open_run(recorded.folder)
    issue = run.record.issue.told(repo=str(moved), base=None, tests=())
    run = replace(run, record=run.record.model_copy(update={"issue": issue}))
    assert all(each.same for each in await done_again(run, engine, until=1))


async def test_a_repository_without_that_commit_is_told(recorded: Recorded, engine: Engine) -> None:
    run = open_run(recorded.folder)
    gone = "deadbeef" * 5

    def elsewhere(event: Event) -> Event:
        if not isinstance(event.data, Prepared):
            return event
        data = event.data.model_copy(update={"base_commit": gone})
        return event.model_copy(update={"data": data})

    run = replace(run, events=tuple(map(elsewhere, run.events)))
    settings = settings_of(run.record, Settings())
    done = await execute(run, settings, engine, until=3)
    (note,) = done.notes
    assert gone[:12] in note
    assert done.difference is None
    assert "+    if value > high:" in done.diff


# Single steps, in a sandbox that is there ------------------------------------------------------


async def one(sandbox: DockerSandbox, *datas: EventData) -> Repeated:
    (step,) = steps_of(as_events(*datas))
    return await of(sandbox, step)


async def of(sandbox: DockerSandbox, step: Step) -> Repeated:
    (found,) = [each async for each in repeat([step], build_tools(ToolSettings()), sandbox)]
    return found


async def test_what_the_user_made_of_a_call_is_what_is_done_again(sandbox: DockerSandbox) -> None:
    told = "[Before it ran, the user changed the call to:]\necho b\n\n"
    found = await one(
        sandbox,
        Acted(step=1, tool="bash", argument="echo a"),
        Reviewed(step=1, decision="changed", argument="echo b"),
        Answered(
            step=1,
            tool="bash",
            ok=True,
            output=f"{told}b\n",
            data={"status": "exited", "exit_code": 0},
        ),
    )
    assert found.same
    assert (found.argument, found.recorded, found.again) == ("echo b", "b\n", "b\n")


@pytest.mark.parametrize(
    ("tool", "review", "data", "why"),
    [
        ("bash", "refused", {}, "refused by the user"),
        ("bash", None, {"refused": "preflight"}, "kept back by a prediction"),
        ("simulate", None, {}, "it asks a model"),
        ("teleport", None, {}, "there is no such tool here"),
    ],
)
async def test_what_did_not_run_then_does_not_run_now(
    sandbox: DockerSandbox, tool: str, review: str | None, data: dict[str, object], why: str
) -> None:
    datas: list[EventData] = [Acted(step=1, tool=tool, argument="touch /tmp/ran")]
    if review:
        datas.append(Reviewed(step=1, decision="refused"))
    datas.append(Answered(step=1, tool=tool, ok=False, output="no", data=data))
    found = await one(sandbox, *datas)
    assert (found.why_not, found.again, found.same) == (why, None, True)
    assert not (await sandbox.run("test -e /tmp/ran", state=None)).ok


async def test_a_step_that_nothing_came_of_is_passed_over(sandbox: DockerSandbox) -> None:
    found = await one(sandbox, Acted(step=1, tool="bash", argument="touch /tmp/ran"))
    assert found.why_not == "no result was written down"


async def test_a_command_that_was_interrupted_is_interrupted_again(sandbox: DockerSandbox) -> None:
    found = await one(
        sandbox,
        Acted(step=1, tool="bash", argument="echo begun; sleep 200"),
        Answered(
            step=1,
            tool="bash",
            ok=True,
            output="",
            data={"status": "interrupted", "exit_code": None},
            seconds=0.5,
        ),
    )
    assert found.again is not None
    assert found.again.startswith("begun\n[interrupted by the user")
    assert (await sandbox.run("echo on")).text == "on\n"
