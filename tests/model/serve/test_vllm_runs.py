"""Whole runs that think with a real vLLM: stopped, and gone on with when it was killed."""

import signal
from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine
from tests.agent.scriptedmodel import Child, Runs, finish
from tests.agent.test_cli_serve import free_port, until
from tests.model.serve.realvllm import NAME, Served, kill, serving

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    folder = tmp_path / "here"
    folder.mkdir()
    made = Runs(CommandLine(folder), tmp_path)
    # Without chance the model soon says the same again and again, and so comes to no end.
    made.set(temperature=0)
    return made


def begin(runs: Runs, url: str, model: Path, *flags: object) -> Child:
    how = ["--model-url", url, "--model", NAME, "--profile", "cwm", "--tokenizer", model]
    return runs.foretrace.start(*runs.arguments(*how, *flags))


def alive(child: Child) -> bool:
    assert child.poll() is None, child.communicate()
    return True


@pytest.mark.engine
def test_a_run_that_is_stopped_stops_its_request(served: Served, runs: Runs) -> None:
    child = begin(runs, served.url, served.model)
    try:
        until(lambda: alive(child) and served.metric("vllm:num_requests_running") == 1, 300)
        child.send_signal(signal.SIGINT)
        ended = finish(child)
    finally:
        child.kill()
    assert ended.status == 130, ended
    until(lambda: not served.metric("vllm:num_requests_running"))
    assert not served.metric("vllm:num_requests_waiting")
    assert runs.result["status"] == "failed"


@pytest.mark.engine
def test_a_run_goes_on_when_its_server_is_killed_and_started_anew(
    model: Path, runs: Runs, tmp_path: Path
) -> None:
    port = free_port()
    runs.set(action_tokens=400)  # some seconds of writing, in which the server is killed
    with serving(model, tmp_path, port) as served:
        child = begin(runs, served.url, model, "--turns", 3)
        until(lambda: alive(child) and malformed(runs) == 1, 300)
        until(lambda: alive(child) and served.metric("vllm:num_requests_running") == 1)
        kill(served)
    try:
        until(lambda: alive(child) and runs.of("retry"))
        with serving(model, tmp_path, port):
            child.wait(timeout=600)
            ended = finish(child)
    finally:
        child.kill()
    assert ended.status == 1, ended
    assert runs.result["status"] == "unresolved"
    assert malformed(runs) == 3  # a retry is no turn
    retries = runs.of("retry")
    assert [each.number for each in retries] == [*range(1, len(retries) + 1)]
    assert any("no model server answers" in each.reason for each in retries)
    asked = [reply.retries for reply in (event.reply for event in runs.of("format_error"))]
    assert asked == [0, len(retries), 0]


def malformed(runs: Runs) -> int:
    """Answers of the model that were no action, as those of random weights are."""
    if not runs.foretrace.runs.exists() or not list(runs.foretrace.runs.glob("*/events.jsonl")):
        return 0
    return len(runs.of("format_error"))
