"""Whole runs that are stopped while their model thinks: the request ends, the container goes."""

import signal
from pathlib import Path

import pytest

from sandboxes.engine import Engine
from tests.agent.conftest import CommandLine
from tests.agent.scriptedmodel import CHAT, Child, Runs, containers, finish, serving, until
from tests.model import replies
from tests.model.replies import Reply
from tests.model.server import ModelServer

pytestmark = pytest.mark.engine


@pytest.fixture
def runs(foretrace: CommandLine, tmp_path: Path) -> Runs:
    return Runs(foretrace, tmp_path)


def thinking(runs: Runs, server: ModelServer, engine: Engine) -> Child:
    """A run that waits for its model's second answer."""
    child = runs.start(server)
    until(lambda: len(server.asked) == 2, child)
    assert len(containers(engine, runs.folder.name)) == 1
    return child


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("reply", [replies.silent(), replies.endless(pause=0.01)])
def test_a_signal_ends_the_request_and_the_container(
    runs: Runs, engine: Engine, number: signal.Signals, reply: Reply
) -> None:
    with serving(CHAT.edit(), reply) as server:
        child = thinking(runs, server, engine)
        child.send_signal(number)
        ended = finish(child)
        until(lambda: server.asked[1].hung_up)
    assert ended.status == 128 + number
    assert ended.err.splitlines()[-1] == "stopped"
    assert containers(engine, runs.folder.name) == []
    assert len(server.asked) == 2
    assert runs.result["status"] == "failed"
    assert f"  trajectory: runs/{runs.folder.name}/events.jsonl" in ended.err
    assert runs.result["reason"] == "stopped by the user"
    assert runs.result["usage"].items() <= runs.of("action")[0].usage.items()
    assert runs.events()[-1].type == "ended"


def test_somebody_impatient_leaves_no_container_either(runs: Runs, engine: Engine) -> None:
    with serving(CHAT.edit(), replies.silent()) as server:
        child = thinking(runs, server, engine)
        for _ in range(2):
            child.send_signal(signal.SIGINT)
        ended = finish(child)
        until(lambda: server.asked[1].hung_up)
    assert ended.status == 128 + signal.SIGINT
    assert containers(engine, runs.folder.name) == []
    assert runs.result["status"] == "failed"


def test_a_signal_while_the_server_is_waited_for_ends_the_wait(runs: Runs) -> None:
    with serving(loading=10_000) as server:
        child = runs.start(server)
        until(lambda: server.requests, child)
        child.send_signal(signal.SIGTERM)
        ended = finish(child)
    assert ended.status == 128 + signal.SIGTERM
    assert ended.err.splitlines()[-1] == "stopped"
    assert not runs.foretrace.runs.exists()


def test_a_signal_between_two_tries_ends_the_run(runs: Runs, engine: Engine) -> None:
    with serving(CHAT.edit(), replies.rate_limited(after=100)) as server:
        child = thinking(runs, server, engine)
        until(lambda: runs.of("retry"), child)
        child.send_signal(signal.SIGINT)
        ended = finish(child)
    assert ended.status == 128 + signal.SIGINT
    assert containers(engine, runs.folder.name) == []
    assert runs.result["status"] == "failed"
    assert len(server.asked) == 2


def test_after_kill_9_the_trajectory_reads_and_clean_removes_the_container(
    runs: Runs, engine: Engine
) -> None:
    with serving(CHAT.edit(), replies.silent()) as server:
        child = thinking(runs, server, engine)
        child.kill()
        child.communicate()
        until(lambda: server.asked[1].hung_up)
    assert len(containers(engine, runs.folder.name)) == 1
    assert not (runs.folder / "result.json").exists()
    assert [event.type for event in runs.events()] == [
        *("started", "prepared", "model", "prompt", "action", "result")
    ]
    assert runs.of("action")[0].usage["input_tokens"] > 0
    assert runs.foretrace("clean").status == 0
    assert containers(engine, runs.folder.name) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_submitted_is_there_although_the_run_was_stopped(
    runs: Runs, engine: Engine, number: signal.Signals
) -> None:
    *script, _ = CHAT.resolution()
    with serving(*script, replies.silent()) as server:
        child = runs.start(server)
        until(lambda: len(server.asked) == 4, child)
        child.send_signal(number)
        finish(child)
    (submission,) = runs.of("submission")
    assert runs.patch == submission.patch
    if number == signal.SIGINT:
        assert runs.result["submitted_by"] == "policy"
    else:
        assert runs.foretrace("clean").status == 0
    assert containers(engine, runs.folder.name) == []
