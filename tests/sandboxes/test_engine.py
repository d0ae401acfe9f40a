"""The connection to the engine: finding it, losing it, whatever socket; and the sweeping."""

import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sandboxes.docker import DockerSandbox
from sandboxes.engine import NAMESPACE, OWNER, SCRATCH, Engine, sweep, uncancelled
from sandboxes.errors import EngineRefused, EngineUnavailable, SandboxDied
from sandboxes.owner import Owner

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    "url", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:9", "no address", "http://[::1"]
)
def test_where_nothing_answers_there_is_one_clear_line(url: str) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        Engine.connect(url)
    assert url.strip() in caught.value.message
    assert "\n" not in caught.value.message
    assert "DOCKER_HOST" in caught.value.hint


def test_the_environment_names_the_engine(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineUnavailable):
        Engine.connect()
    monkeypatch.setenv("DOCKER_HOST", engine.url)
    other = Engine.connect()
    assert other.url == engine.url
    assert "API" in other.describe()
    other.close()


async def test_errors_are_ours(engine: Engine) -> None:
    with pytest.raises(EngineRefused) as caught:
        await engine.call(engine.client.api.inspect_container, "no-such-container")
    assert caught.value.status == 404
    assert "no-such-container" in caught.value.message


async def test_uncancelled_work_is_finished_first() -> None:
    done = []

    async def work() -> None:
        await asyncio.sleep(0.1)
        done.append(1)

    task = asyncio.create_task(uncancelled(work()))
    for _ in range(3):
        await asyncio.sleep(0.01)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [1]


_LEAVER = """
import asyncio, os, sys
from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine

async def main():
    sandbox = await DockerSandbox(Engine.connect(), sys.argv[1]).__aenter__()
    snapshot = await sandbox.snapshot()
    other = await (await sandbox.fork(snapshot)).__aenter__()
    deeper = await other.snapshot()
    print(sandbox.id, other.id, snapshot.image, deeper.image, flush=True)
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), 9)
    if sys.argv[2] == "wait":
        sys.stdin.read()

asyncio.run(main())
"""


async def _leave(image: str, how: str) -> tuple[asyncio.subprocess.Process, list[str]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _LEAVER, image, how),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    names = (await process.stdout.readline()).decode().split()
    assert len(names) == 4
    return process, names


def _there(engine: Engine) -> set[str]:
    containers = engine.client.api.containers(all=True)
    return {each["Id"] for each in [*containers, *engine.client.api.images(all=True)]}


async def test_what_a_killed_process_left_is_swept(engine: Engine, base_image: str) -> None:
    living, living_names = await _leave(base_image, "wait")
    killed, killed_names = await _leave(base_image, "killed")
    await killed.wait()
    assert set(killed_names) <= _there(engine)
    swept = await sweep(engine)
    assert set(killed_names[2:]) <= set(swept.images)
    assert len(swept.containers) >= 2
    assert not set(killed_names) & _there(engine)
    assert set(living_names) <= _there(engine)
    living.kill()
    await living.wait()
    await sweep(engine)
    assert not set(living_names) & _there(engine)


async def test_a_process_that_ends_early_still_cleans_up(engine: Engine, base_image: str) -> None:
    process, names = await _leave(base_image, "ends")
    await process.wait()
    assert not set(names) & _there(engine)


async def test_what_others_own_is_left_alone(engine: Engine, base_image: str) -> None:
    api = engine.client.api
    labels = engine.owner_labels("sandbox")
    boot, pid, start = labels[OWNER].split(".")
    reused = f"{boot}.{pid}.{int(start) + 1}"
    owners = {
        "reused": {OWNER: reused},
        "elsewhere": {OWNER: f"{boot[::-1]}.1.1"},
        "other namespace": {OWNER: reused, NAMESPACE: "1"},
        "nobody": {OWNER: ""},
        "odd": {OWNER: "a.b.c.d"},
    }
    made = {
        name: api.create_container(
            base_image, ["sleep", "60"], labels={**labels, **owner}, network_disabled=True
        )["Id"]
        for name, owner in owners.items()
    }
    api.start(made["elsewhere"])
    try:
        await sweep(engine)
        left = _there(engine)
        assert made["reused"] not in left
        assert set(made.values()) - {made["reused"]} <= left
    finally:
        for container in made.values():
            await engine.remove_container(container)


async def test_labels_name_the_owner(engine: Engine) -> None:
    labels = engine.owner_labels("sandbox", run="r")
    assert Owner.parse(labels[OWNER]) == Owner.current()
    assert set(labels) == set(engine.owner_labels("x", scratch=True))
    assert (labels[SCRATCH], engine.owner_labels("x", scratch=True)[SCRATCH]) == ("", "yes")


@contextlib.asynccontextmanager
async def _proxy(
    target: str, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, Callable[[], None]]]:
    """A TCP port that leads to the engine's socket, and a way to break all its connections."""
    writers: set[asyncio.StreamWriter] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        if writer.can_write_eof():
            with contextlib.suppress(OSError):
                writer.write_eof()
        else:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(target)
        writers.update((writer, inner_writer))
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))
        for each in (writer, inner_writer):
            each.close()
            writers.discard(each)

    def break_all() -> None:
        for each in list(writers):
            each.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], break_all
    finally:
        server.close()
        break_all()
        await asyncio.sleep(0.05)


async def _use(engine: Engine, image: str) -> None:
    """The main things through a connection, large pieces both ways included."""
    async with DockerSandbox(engine, image) as sandbox:
        assert (await sandbox.run("x=1; pwd")).text == "/testbed\n"
        data = bytes(range(256)) * 20_000
        await sandbox.write_file("large", data)
        assert await sandbox.read_file("large") == data
        assert (await sandbox.run("echo $x; cat large", output_limit=len(data) + 2)).ok
        running = asyncio.create_task(sandbox.run("sleep 60"))
        await asyncio.sleep(0.2)
        assert await sandbox.interrupt()
        assert (await running).status == "interrupted"


async def test_over_tcp(engine: Engine, base_image: str) -> None:
    async with _proxy(engine.url.removeprefix("unix://")) as (port, _):
        remote = await asyncio.to_thread(Engine.connect, f"tcp://127.0.0.1:{port}")
        await _use(remote, base_image)
        await asyncio.to_thread(remote.close)


async def test_over_tls(
    engine: Engine, base_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    await asyncio.to_thread(
        subprocess.run,
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x"
        f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    (tmp_path / "ca.pem").write_bytes(certificate.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    async with _proxy(engine.url.removeprefix("unix://"), context) as (port, _):
        remote = await asyncio.to_thread(Engine.connect, f"tcp://127.0.0.1:{port}")
        await _use(remote, base_image)
        await asyncio.to_thread(remote.close)


async def test_a_broken_connection_is_made_anew(engine: Engine, base_image: str) -> None:
    """What a restarting engine that keeps its containers looks like from here."""
    async with _proxy(engine.url.removeprefix("unix://")) as (port, break_all):
        remote = await asyncio.to_thread(Engine.connect, f"tcp://127.0.0.1:{port}")
        async with DockerSandbox(remote, base_image) as sandbox:
            before = sandbox.id
            await sandbox.run("x=1; cd /usr")
            running = asyncio.create_task(sandbox.run("touch /tmp/began; sleep 60"))
            await asyncio.sleep(0.3)
            break_all()
            result = await running
            assert result.status == "interrupted"
            assert "new shell" in result.notes[0]
            after = await sandbox.run("echo $x $PWD; ls /tmp/began; pgrep -u 1000 sleep")
            assert after.text == "1 /usr\n/tmp/began\n"
            break_all()
            await asyncio.sleep(0.2)
            again = await sandbox.run("echo $x")
            assert (again.text, sandbox.id) == ("1\n", before)
        await asyncio.to_thread(remote.close)


async def test_an_engine_that_stays_away_is_reported(engine: Engine, base_image: str) -> None:
    async with _proxy(engine.url.removeprefix("unix://")) as (port, break_all):
        remote = await asyncio.to_thread(Engine.connect, f"tcp://127.0.0.1:{port}")
        sandbox = await DockerSandbox(remote, base_image).__aenter__()
        running = asyncio.create_task(sandbox.run("sleep 60"))
        await asyncio.sleep(0.3)
    break_all()
    with pytest.raises(SandboxDied, match="engine went away"):
        await running
    with pytest.raises(EngineUnavailable):
        await sandbox.__aexit__()
    await engine.remove_container(sandbox.id)
    await asyncio.to_thread(remote.close)
