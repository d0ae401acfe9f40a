"""An engine that restarts, or goes for good, while sandboxes run on it."""

import asyncio
import gc
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from agent.trajectory import read_events
from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from sandboxes.errors import EngineUnavailable, SandboxDied
from tests.agent.conftest import CODE, CommandLine, Project
from tests.sandboxes import privateengine
from tests.sandboxes.privateengine import Daemon

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(privateengine.why_not()), reason=privateengine.why_not() or "-"),
    pytest.mark.asyncio(loop_scope="module"),
    # The docker SDK leaves a socket that could not be connected to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

IMAGE = "foretrace-test:base"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(engine: Engine, base_image: str) -> AsyncIterator[Daemon]:
    """An engine of our own that has the base image."""
    async with privateengine.daemon() as made:
        own = Engine.connect(made.url)
        pieces = engine.client.api.get_image(base_image)
        await asyncio.to_thread(own.client.api.load_image, pieces)
        own.client.images.get(base_image).tag(*IMAGE.split(":"))
        own.close()
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def own(daemon: Daemon) -> AsyncIterator[Engine]:
    """The connection to it; nothing may be left there at the end."""
    await asyncio.to_thread(daemon.stop)
    await asyncio.to_thread(daemon.start)
    connected = await asyncio.to_thread(Engine.connect, daemon.url)
    yield connected
    await asyncio.to_thread(connected.close)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Such sockets are collected while their warning is expected, not in a later test."""
    yield
    gc.collect()


def _containers(engine: Engine) -> list[str]:
    return [each["Id"] for each in engine.client.api.containers(all=True)]


async def test_a_sandbox_outlives_a_restart(own: Engine, daemon: Daemon) -> None:
    async with DockerSandbox(own, IMAGE) as sandbox:
        before = sandbox.id
        assert (await sandbox.run("x=1; f() { echo f; }; cd /usr; echo kept > /tmp/file")).ok
        snapshot = await sandbox.snapshot()
        await asyncio.to_thread(daemon.stop)
        await asyncio.to_thread(daemon.start)
        result = await sandbox.run("echo $x $PWD; f; cat /tmp/file")
        assert (result.text, sandbox.id) == ("1 /usr\nf\nkept\n", before)
        assert "new shell" in result.notes[0]
        assert (await sandbox.run("echo $x")).notes == ()
        await sandbox.write_file("/tmp/file", b"changed")
        await sandbox.restore(snapshot)
        assert await sandbox.read_file("/tmp/file") == b"kept\n"
    assert _containers(own) == []


async def test_a_restart_in_the_midst_of_a_command_breaks_it_off(
    own: Engine, daemon: Daemon
) -> None:
    async with DockerSandbox(own, IMAGE) as sandbox:
        await sandbox.run("x=1")
        running = asyncio.create_task(sandbox.run("touch /tmp/began; sleep 600"))
        await asyncio.to_thread(_wait_until_it_began, own, sandbox.id)
        await asyncio.to_thread(daemon.stop)
        await asyncio.sleep(0.5)
        assert not running.done()  # it waits for the engine
        await asyncio.to_thread(daemon.start)
        assert (await running).status == "interrupted"
        after = await sandbox.run("echo $x; pgrep -u 1000 sleep")
        assert after.text == "1\n"
    assert _containers(own) == []


def _wait_until_it_began(engine: Engine, container: str) -> None:
    inside = engine.client.containers.get(container)
    while inside.exec_run("test -e /tmp/began").exit_code != 0:
        time.sleep(0.1)


async def test_an_engine_gone_for_good_is_told_in_one_line(daemon: Daemon) -> None:
    await asyncio.to_thread(daemon.stop)
    await asyncio.to_thread(daemon.start, keeps=False)
    own = await asyncio.to_thread(Engine.connect, daemon.url)
    sandbox = await DockerSandbox(own, IMAGE).__aenter__()
    running = asyncio.create_task(sandbox.run("sleep 600"))
    await asyncio.sleep(0.3)
    await asyncio.to_thread(daemon.stop)
    try:
        with pytest.raises(SandboxDied, match="engine went away") as caught:
            await running
        assert "\n" not in caught.value.message
        with pytest.raises(SandboxDied):
            await sandbox.run("true")
        with pytest.raises(EngineUnavailable):
            await sandbox.__aexit__()
    finally:
        await asyncio.to_thread(daemon.start)
    assert _containers(own) == [sandbox.id]
    await asyncio.to_thread(own.close)  # removes what was left
    again = await asyncio.to_thread(Engine.connect, daemon.url)
    assert _containers(again) == []
    await asyncio.to_thread(again.close)


async def test_a_run_whose_engine_goes_for_good_is_failed_not_judged(
    daemon: Daemon, tmp_path: Path
) -> None:
    await asyncio.to_thread(daemon.stop)
    await asyncio.to_thread(daemon.start, keeps=False)
    project = Project(tmp_path / "prices")
    project.put("prices.py", CODE)
    project.git("init", "--quiet")
    project.commit()
    (tmp_path / "issue.txt").write_text("The prices are wrong.\n")
    (tmp_path / "script.jsonl").write_text('{"tool": "bash", "argument": "sleep 300"}\n')
    foretrace = CommandLine(tmp_path)
    child = await asyncio.to_thread(
        foretrace.start,
        *("run", "issue.txt", "--repo", project.path, "--script", "script.jsonl"),
        *("--engine", daemon.url, "--image", IMAGE),
    )
    try:
        await asyncio.to_thread(_wait_for_action, foretrace, child)
        await asyncio.to_thread(daemon.stop)
        _, said = await asyncio.to_thread(child.communicate, timeout=60)
    finally:
        child.kill()
        await asyncio.to_thread(daemon.start)
    assert child.returncode == 3, said
    assert "there is no container engine at" in said
    assert "Traceback" not in said
    assert foretrace.result()["status"] == "failed"
    assert "\n" not in str(foretrace.result()["reason"])
    events = list(read_events(foretrace.run_folder() / "events.jsonl"))
    assert [event.type for event in events[-2:]] == ["failure", "ended"]
    assert (await asyncio.to_thread(foretrace, "clean", "--engine", daemon.url)).status == 0
    own = await asyncio.to_thread(Engine.connect, daemon.url)
    assert _containers(own) == []
    await asyncio.to_thread(own.close)


def _wait_for_action(foretrace: CommandLine, child: "subprocess.Popen[str]") -> None:
    while child.poll() is None:
        for log in foretrace.runs.glob("*/events.jsonl"):
            if any(event.type == "action" for event in read_events(log)):
                return
        time.sleep(0.05)
    raise AssertionError(child.communicate())
