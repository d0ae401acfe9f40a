"""Going on with runs that were killed with ``kill -9``: where they were, and no step twice."""

import fcntl
import json
from pathlib import Path

import pytest

from agent.events import Event, Forked, Limited, Submitted
from agent.replay.reading import open_run
from agent.replay.resume import HasEnded, NeverBegan, StillAtWork, resumed_from, resuming
from agent.replay.steps import steps_of
from agent.trajectory import Trajectory
from sandboxes.engine import Engine
from tests.agent.conftest import FAILING, REPAIR, Ended
from tests.agent.replay.lost import Losing, actions, cut_after_asking, step_runs
from tests.agent.replay.recorded import HAND_IN, run_folder
from tests.agent.scriptedmodel import Voice, containers, serving
from tests.model import replies
from tests.model.server import MODEL
from tests.model.tokenizers import small_tokenizer_file

pytestmark = pytest.mark.engine

WHOLE = (("test", FAILING[0]), ("edit", REPAIR), ("bash", "sleep 3"), *HAND_IN)


@pytest.fixture
def losing(tmp_path: Path) -> Losing:
    return Losing.at(tmp_path / "here")


def test_a_killed_run_goes_on_after_its_last_whole_step(losing: Losing, engine: Engine) -> None:
    script = losing.script(WHOLE)
    lost = losing.lose(step_runs(3), "--script", script, "--turns", 20)
    ended = losing.resume(lost, "--script", script)
    assert ended.status == 0, ended
    run, before = losing.newest(), open_run(lost)
    assert run.record.parent is not None
    assert run.record.parent.model_dump() == {"run": lost.name, "step": 2, "resumed": True}
    assert run.record.settings["limits"]["turns"] == 20  # type: ignore[index]
    assert [step for step, _, _ in actions(run)] == [1, 2, 3, 4, 5, 6]
    assert [(tool, said) for _, tool, said in actions(run)][:-1] == list(WHOLE)
    # What was done is there as it was, and what was being done when it was killed is not.
    done = [e.data for e in before.events if getattr(e.data, "step", 9) <= 2]
    assert [e.data for e in run.events if getattr(e.data, "step", 9) <= 2][: len(done)] == done
    assert run.result is not None
    assert (run.result.status, run.result.submitted_by) == ("resolved", "policy")
    assert containers(engine, lost.name) == []


def test_what_was_resumed_is_not_resumed_again(losing: Losing) -> None:
    script = losing.script(WHOLE)
    lost = losing.lose(step_runs(3), "--script", script)
    assert losing.resume(lost, "--script", script).status == 0
    runs = losing.folders()
    again = losing.resume(lost, "--script", script)
    assert again.status == 2
    assert again.err.startswith(f"foretrace: {runs[-1].name} has ended: resolved, ")
    assert losing.folders() == runs


def test_a_resumed_run_that_is_lost_is_gone_on_with_itself(losing: Losing) -> None:
    script = losing.script([*WHOLE[:3], ("bash", "sleep 2"), *WHOLE[3:]])
    first = losing.lose(step_runs(3), "--script", script)
    resume = losing.foretrace.start("replay", first.name, "--resume", "--script", script)
    second = losing.killed(resume, step_runs(4))
    assert second != first
    ended = losing.resume(first, "--script", script)
    assert ended.status == 0, ended
    run = losing.newest()
    assert run.record.parent is not None
    assert (run.record.parent.run, run.record.parent.step) == (second.name, 3)
    assert [tool for _, tool, _ in actions(run)] == [
        *("test", "edit", "bash", "bash", "bash", "submit"),
        None,
    ]


def test_two_cannot_go_on_with_one_run_at_the_same_time(losing: Losing) -> None:
    script = losing.script([*WHOLE[:2], ("bash", "sleep 600")])
    lost = losing.lose(step_runs(3), "--script", script)
    first = losing.foretrace.start("replay", lost.name, "--resume", "--script", script)
    refused: list[Ended] = []

    def at_work(events: list[Event]) -> bool:
        if step_runs(3)(events) and any(isinstance(e.data, Forked) for e in events):
            refused.append(losing.resume(lost, "--script", script))
            refused.append(losing.resume(losing.folders()[-1], "--script", script))
        return bool(refused)

    losing.killed(first, at_work)
    same, other = refused
    assert (same.status, other.status) == (2, 2)
    assert same.err.startswith(f"foretrace: somebody goes on with {lost.name} already\n")
    assert "is at work on" in other.err
    assert len(losing.folders()) == 2


def test_a_run_lost_in_verification_is_verified_and_nobody_is_asked(losing: Losing) -> None:
    script = losing.script([("edit", REPAIR), *HAND_IN])
    lost = losing.lose(lambda events: events[-1].type == "message", "--script", script)
    assert not (lost / "result.json").exists()
    ended = losing.resume(lost)  # no script: the policy has done its part
    assert ended.status == 0, ended
    run = losing.newest()
    assert actions(run) == actions(open_run(lost))
    assert (run.folder / "patch.diff").read_bytes() == (lost / "patch.diff").read_bytes()
    assert run.result is not None
    assert (run.result.status, run.result.submitted_by) == ("resolved", "policy")


def test_a_submission_that_was_under_way_is_made(losing: Losing) -> None:
    script = losing.script([("edit", REPAIR), *HAND_IN, ("bash", "echo not again")])
    lost = losing.lose(lambda events: events[-1].type == "message", "--script", script)
    cut_after_asking(lost, "submit")
    ended = losing.resume(lost, "--script", script)
    assert ended.status == 0, ended
    run = losing.newest()
    assert [tool for _, tool, _ in actions(run)] == ["edit", "bash", "submit", None]
    assert run.result is not None
    assert run.result.status == "resolved"


def test_a_submission_that_is_refused_lets_the_policy_go_on(losing: Losing) -> None:
    wrong = [("submit", "/tmp/nothing.diff"), ("edit", REPAIR), *HAND_IN]
    script = losing.script(wrong)
    lost = losing.lose(step_runs(2), "--script", script)
    cut_after_asking(lost, "submit")
    ended = losing.resume(lost, "--script", script)
    assert ended.status == 0, ended
    assert [(tool, said) for _, tool, said in actions(losing.newest())][:-1] == wrong


def test_what_a_limit_had_ended_is_ended_by_it_again(losing: Losing) -> None:
    script = losing.script([("edit", REPAIR), ("bash", "sleep 600")])
    flags = ("--script", script, "--seconds", 8)
    lost = losing.lose(lambda events: events[-1].type == "submission", *flags)
    ended = losing.resume(lost)
    assert ended.status == 0, ended
    run = losing.newest()
    limits = [e.data for e in run.events if isinstance(e.data, Limited)]
    assert limits == [e.data for e in open_run(lost).events if isinstance(e.data, Limited)]
    taken = [e.data.by for e in run.events if isinstance(e.data, Submitted)]
    assert taken == ["limit"]
    assert run.result is not None
    assert (run.result.status, run.result.submitted_by) == ("resolved", "limit")


def test_the_repairer_begins_anew_and_says_so(losing: Losing) -> None:
    lost = losing.lose(step_runs(3), "--policy", "repair")
    ended = losing.resume(lost)
    assert ended.status == 0, ended
    assert "the repair policy begins anew: its plan is lost" in ended.err
    run = losing.newest()
    assert run.record.parent is not None
    assert run.record.parent.step == 0


@pytest.mark.parametrize("profile", ["cwm", "tools"])
def test_the_prompt_goes_on_growing_the_same_way(
    losing: Losing, tmp_path: Path, profile: str
) -> None:
    voice = Voice(profile, small_tokenizer_file(tmp_path) if profile == "cwm" else None)
    script = [voice.edit(), replies.silent(), *voice.hand_in()]
    with serving(*script, voice=voice) as server:
        lost = losing.lose(
            lambda events: len(server.asked) == 2,
            *("--model-url", server.url, "--model", MODEL, *voice.flags, "--tokens", 90_000),
        )
        ended = losing.resume(lost)
        assert ended.status == 0, ended
        key = "prompt" if profile == "cwm" else "messages"
        told = [each.json[key] for each in server.asked]
    assert told[2] == told[1]
    assert all(later[: len(told[1])] == told[1] for later in told[2:])
    run = losing.newest()
    used = steps_of(open_run(lost).events)[-1].spent.tokens
    assert used > 0
    assert run.record.settings["limits"]["tokens"] == 90_000 - used  # type: ignore[index]


def test_a_run_that_its_model_failed_goes_on_once_there_is_one(losing: Losing) -> None:
    voice = Voice("chat")
    losing.foretrace.environment["FORETRACE_MODEL__RETRIES"] = "0"
    with serving(voice.edit(), replies.refuse(500), *voice.hand_in(), voice=voice) as server:
        tests = [word for test in FAILING for word in ("--test", test)]
        where = (losing.home / "clamp.txt", "--repo", losing.home / "prices", *tests)
        flags = ("--model-url", server.url, "--model", MODEL, "--profile", "chat")
        failed = losing.foretrace("run", *where, *flags)
        assert failed.status == 3, failed
        ended = losing.resume(losing.folders()[0])
    assert ended.status == 0, ended
    run = losing.newest()
    assert [tool for _, tool, _ in actions(run)] == ["edit", "bash", "submit", None]
    assert run.result is not None
    assert run.result.submitted_by == "policy"


# Where nothing can go on --------------------------------------------------------------------------


def test_a_run_that_ended_is_not_resumed(losing: Losing) -> None:
    script = losing.script([("bash", "true")])
    lost = losing.lose(step_runs(1), "--script", script)
    result = {"id": "x", "issue": "x", "policy": "x", "status": "unresolved", "reason": "no patch"}
    (lost / "result.json").write_text(json.dumps(result))
    with pytest.raises(HasEnded, match="has ended: unresolved, no patch") as refused:
        resumed_from(open_run(lost))
    assert "--fork N" in refused.value.hint


def test_a_run_that_goes_on_is_not_resumed(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    with (
        Trajectory(folder / "events.jsonl"),
        pytest.raises(StillAtWork, match="is at work on"),
        resuming(folder),
    ):
        pass


def test_a_run_of_somebody_who_cannot_be_looked_into_is_not_resumed(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    with (folder / "events.jsonl").open("rb") as file:  # their process is not among ours
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StillAtWork, match="somebody is at work on"), resuming(folder):
            pass


def test_a_run_that_never_began_has_to_be_started_again(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    with (
        pytest.raises(NeverBegan, match="before its policy was asked") as refused,
        resuming(folder),
    ):
        pass
    assert "foretrace run" in refused.value.hint


def test_a_folder_that_is_held_is_let_go_of(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    for _ in range(2):
        with pytest.raises(NeverBegan), resuming(folder):
            pass
