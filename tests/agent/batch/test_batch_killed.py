"""Batches of which something is killed: nothing is lost, and nothing is done twice."""

import json
import os
import signal
import time

import pytest

from sandboxes.engine import RUN, Engine
from tests.agent.batch.batches import Batches, kill
from tests.agent.scriptedmodel import containers, finish, until

pytestmark = pytest.mark.engine


def test_a_worker_that_is_killed_is_replaced(batches: Batches, engine: Engine) -> None:
    batches.plays(("bash", "true"), seconds=4)
    child = batches.start("-j", 2, "--workers", 1)
    batches.at_work(2, child)
    kill(batches.worker_of(child))
    ended = finish(child)
    assert ended.status == 0, ended
    assert "died" in ended.err
    assert batches.counts() == {"unresolved": 2}
    folders = [path for path in batches.folder.runs.iterdir() if path.is_dir()]
    assert len(folders) == 4  # what was lost is kept
    assert len(batches.results()) == 2
    parents = [json.loads((path / "run.json").read_text())["parent"] for path in folders]
    assert sum(parent is not None and parent["resumed"] for parent in parents) == 2
    for folder in folders:
        assert containers(engine, folder.name) == []


def test_a_killed_coordinator_is_gone_on_from(batches: Batches, engine: Engine) -> None:
    batches.write(3)
    batches.plays(("bash", "true"), seconds=3)
    child = batches.start("-j", 2)
    until(lambda: batches.folder.record.exists() and batches.status().done >= 1, child)
    child.kill()
    child.communicate()
    assert batches.status().stage == "interrupted"
    ended = {each["id"] for each in batches.results() if each["status"] == "unresolved"}
    again = finish(batches.start("--resume"))
    assert again.status == 0, again
    assert batches.counts() == {"unresolved": 3}
    honest = [each for each in batches.results() if each["status"] == "unresolved"]
    assert sorted(each["issue"] for each in honest) == ["clamp-0", "clamp-1", "clamp-2"]
    assert ended <= {each["id"] for each in honest}


def test_a_killed_container_ends_its_run_at_once(batches: Batches, engine: Engine) -> None:
    batches.write(1)
    batches.plays(("bash", "true"), seconds=6)
    child = batches.start()
    batches.at_work(1, child)
    (run,) = (row.folder.name for row in batches.status().rows)
    found = engine.client.api.containers(filters={"label": [f"{RUN}={run}"]})
    engine.client.api.kill(found[0]["Id"])
    ended = finish(child)
    assert ended.status == 0, ended
    assert "again: clamp-0: SandboxDied" in ended.err
    first, second = sorted(batches.results(), key=lambda each: str(each["status"]))
    assert (first["status"], first["failure"]) == ("failed", "SandboxDied")
    assert second["status"] == "unresolved"
    assert batches.status().failures == {"SandboxDied": 1}


def test_nobody_else_runs_the_same_batch(batches: Batches) -> None:
    batches.plays(("bash", "true"), seconds=4)
    child = batches.start()
    batches.at_work(1, child)
    second = batches("--resume")
    assert second.status == 2
    assert f"process {child.pid} runs the batch" in second.err
    assert finish(child).status == 0
    assert len(batches.results()) == 2


def test_a_stuck_worker_is_replaced(batches: Batches) -> None:
    batches.write(1)
    batches.foretrace.environment["FORETRACE_BATCH__STUCK"] = "5"
    batches.plays(("bash", "true"), seconds=3)
    child = batches.start()
    batches.at_work(1, child)
    os.kill(batches.worker_of(child), signal.SIGSTOP)
    ended = finish(child)
    assert ended.status == 0, ended
    assert "is stuck" in ended.err
    assert batches.counts() == {"unresolved": 1}


def test_ctrl_c_waits_for_what_runs_and_a_second_one_does_not(batches: Batches) -> None:
    batches.write(3)
    batches.plays(("bash", "true"), seconds=3)
    child = batches.start("-j", 1)
    batches.at_work(1, child)
    child.send_signal(signal.SIGINT)
    ended = finish(child)
    assert ended.status == 130, ended
    assert batches.counts() == {"unresolved": 1, "waiting": 2}
    batches.plays(("bash", "true"), seconds=60)
    child = batches.start("-j", 1, "--resume")
    batches.at_work(1, child)
    child.send_signal(signal.SIGINT)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    ended = finish(child)
    assert ended.status == 130, ended
    assert batches.counts() == {"unresolved": 1, "stopped": 1, "waiting": 1}
    assert batches.status().stage == "stopped"
    assert [each["reason"] for each in batches.results() if each["status"] == "failed"] == [
        "stopped by the user"
    ]


def test_a_batch_is_told_things_while_it_runs(batches: Batches) -> None:
    batches.write(3)
    batches.plays(("bash", "true"), seconds=2)
    child = batches.start("-j", 1)
    batches.at_work(1, child)
    assert batches.ctl("pause").status == 0
    until(lambda: batches.status().stage == "paused", child)
    until(lambda: batches.counts().get("unresolved") == 1, child)
    assert batches.ctl("concurrency", 2).status == 0
    until(lambda: batches.status().concurrency == 2, child)
    assert batches.counts() == {"unresolved": 1, "waiting": 2}
    assert batches.ctl("requeue", "clamp-0").status == 0
    assert batches.ctl("resume").status == 0
    batches.at_work(2, child)
    ended = finish(child)
    assert ended.status == 0, ended
    assert batches.counts() == {"unresolved": 3}
    assert sorted(str(each["issue"]) for each in batches.results()) == [
        *("clamp-0", "clamp-0", "clamp-1", "clamp-2")
    ]
    for words, why in (
        (("pause",), "nobody runs the batch"),
        (("requeue", "nonsense"), "no issue 'nonsense'"),
        (("concurrency",), "needs a number"),
        (("stop", "3"), "takes nothing"),
    ):
        refused = batches.ctl(*words)
        assert refused.status == 2
        assert why in refused.err
    assert batches.ctl("requeue", "clamp-1").status == 0
    assert batches("--resume").status == 0
    assert len(batches.results()) == 5
    log = [json.loads(line)["what"] for line in batches.folder.log.read_text().splitlines()]
    assert log.count("began") == 2
