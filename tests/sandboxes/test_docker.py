"""The container around a session: isolation, files, snapshots, and that it is always removed."""

import asyncio
import random
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from docker.errors import ImageNotFound

from sandboxes.docker import DockerSandbox
from sandboxes.engine import OWNER, RUN, Engine
from sandboxes.errors import FileProblem, SandboxDied, SandboxError, UnsuitableImage
from sandboxes.owner import Owner
from sandboxes.sandbox import Sandbox

pytestmark = pytest.mark.engine


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(engine: Engine, base_image: str) -> AsyncIterator[DockerSandbox]:
    """One sandbox for all that is refused in it."""
    async with DockerSandbox(engine, base_image) as made:
        assert (await made.run("mkdir calc; : > calc/__init__.py; mkfifo fifo; ln -s loop loop")).ok
        yield made


async def test_it_is_shut_off_from_everything(
    sandbox: DockerSandbox, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORETRACE_SECRET", "of the host")
    about = engine.client.api.inspect_container(sandbox.id)
    host = about["HostConfig"]
    assert (host["NetworkMode"], host["Binds"], about["Mounts"]) == ("none", None, [])
    assert host["CapDrop"] == ["ALL"]
    assert sorted(name.removeprefix("CAP_") for name in host["CapAdd"]) == [
        "KILL",
        "SETGID",
        "SETUID",
    ]
    assert (host["SecurityOpt"], host["Privileged"]) == (["no-new-privileges"], False)
    result = await sandbox.run(
        "id -u; hostname; env | grep -c SECRET; ls /sys/class/net; ls -d /var/run/docker.sock;"
        " touch /etc/x; cat /etc/shadow; kill -9 1; su -c id; echo; mount -t tmpfs x /mnt"
    )
    assert result.text.startswith("1000\nsandbox\n0\nlo\nls: cannot access")
    for refusal in ("cannot touch '/etc/x'", "/etc/shadow: Perm", "Operation not", "mount: "):
        assert refusal in result.text


async def test_it_offers_what_the_protocol_says(sandbox: DockerSandbox) -> None:
    as_protocol: Sandbox = sandbox
    assert len(as_protocol.id) == 64
    result = await sandbox.run(
        "git log --format=%s; git status --short; whoami; echo $HOME", state=None
    )
    assert result.text == "First\nagent\n/home/agent\n"


async def test_files_are_written_whole_and_keep_their_mode(sandbox: DockerSandbox) -> None:
    data = bytes(range(256)) * 5000
    await sandbox.write_file("new/deep/file", data, parents=True)
    assert await sandbox.read_file("/testbed/new/deep/file") == data
    await sandbox.run("chmod 751 new/deep/file; ln -s deep/file new/link; ln new/deep/file hard")
    await sandbox.write_file("new/link", b"other")
    assert await sandbox.read_file("new/deep/file") == b"other"
    result = await sandbox.run("stat -c '%a %U %F' new/deep/file new/link; ls -A new new/deep")
    assert result.text == (
        "751 agent regular file\n777 agent symbolic link\nnew:\ndeep\nlink\n\nnew/deep:\nfile\n"
    )
    await sandbox.write_file("ünï \n'name", b"")
    assert await sandbox.read_file("ünï \n'name") == b""
    assert b"Name:" in await sandbox.read_file("/proc/self/status")


async def test_a_file_in_a_closed_folder_is_still_written(sandbox: DockerSandbox) -> None:
    await sandbox.run("mkdir closed; echo old > closed/file; chmod 555 closed")
    await sandbox.write_file("closed/file", b"new")
    assert await sandbox.read_file("closed/file") == b"new"
    await sandbox.run("chmod 444 closed/file")
    with pytest.raises(FileProblem):
        await sandbox.write_file("closed/file", b"newer")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("nothing", "missing"),
        ("calc", "is_directory"),
        ("calc/__init__.py/x", "not_a_directory"),
        ("/etc/shadow", "denied"),
        ("/dev/zero", "other"),
        ("fifo", "other"),
        ("loop", "other"),
        ("x" * 300, "other"),
        ("a\0b", "other"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_files_that_cannot_be_read(shared: DockerSandbox, path: str, kind: str) -> None:
    with pytest.raises(FileProblem) as caught:
        await shared.read_file(path)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("calc", "is_directory"),
        ("calc/", "is_directory"),
        ("missing/file", "missing"),
        ("calc/__init__.py/x", "not_a_directory"),
        ("/etc/file", "denied"),
        ("/etc/passwd", "denied"),
        ("fifo", "other"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_files_that_cannot_be_written(shared: DockerSandbox, path: str, kind: str) -> None:
    with pytest.raises(FileProblem) as caught:
        await shared.write_file(path, b"x")
    assert caught.value.kind == kind
    assert (await shared.run("ls -A . calc")).text == (
        ".:\ncalc\nfifo\nloop\n\ncalc:\n__init__.py\n"
    )


async def test_a_new_file_must_be_new(sandbox: DockerSandbox) -> None:
    await sandbox.run("ln -s nowhere dangling")
    for path in ("calc/__init__.py", "dangling", "calc"):
        with pytest.raises(FileProblem) as caught:
            await sandbox.write_file(path, b"x", new=True)
        assert caught.value.kind == "exists"
    await sandbox.write_file("brand-new", b"x", new=True)
    assert await sandbox.read_file("brand-new") == b"x"


async def test_snapshots_bring_files_and_state_back(sandbox: DockerSandbox, engine: Engine) -> None:
    await sandbox.run("echo one > /testbed/file; cd calc; x=1; f() { echo f$x; }; sleep 300 &")
    snapshot = await sandbox.snapshot()
    before = sandbox.id
    await sandbox.run("rm -rf /testbed/*; x=2; unset -f f; touch /tmp/later; sleep 300 &")
    await sandbox.restore(snapshot)
    result = await sandbox.run("pwd; f; cat ../file; ls /tmp; pgrep -u 1000 -c sleep")
    assert result.text == "/testbed/calc\nf1\none\n0\n"
    assert sandbox.id != before
    containers = [each["Id"] for each in engine.client.api.containers(all=True)]
    assert before not in containers


async def test_forks_go_their_own_ways(sandbox: DockerSandbox, engine: Engine) -> None:
    await sandbox.run("x=1; echo base > file")
    first = await sandbox.snapshot()
    await sandbox.run("x=2; echo later > file")
    async with await sandbox.fork(first) as old, await sandbox.fork() as new:
        assert (await old.run("echo $x; cat file; echo old > file")).text == "1\nbase\n"
        assert (await new.run("echo $x; cat file; echo new > file")).text == "2\nlater\n"
        again = await old.fork()
    async with again:
        assert (await again.run("echo $x; cat file")).text == "1\nold\n"
    assert (await sandbox.run("cat file")).text == "later\n"
    last = await sandbox.snapshot()
    await sandbox.discard(last)
    with pytest.raises(ImageNotFound):
        engine.client.images.get(last.image)
    await sandbox.discard(first)  # another snapshot may rest on it: then it goes later


async def test_snapshots_go_with_the_last_of_the_family(engine: Engine, base_image: str) -> None:
    async with DockerSandbox(engine, base_image) as first:
        snapshot = await first.snapshot()
        second = await first.fork(snapshot)
        third = await first.fork()
    images = [each["Id"] for each in engine.client.api.images(all=True)]
    assert snapshot.image in images
    async with second, third:
        deeper = await second.snapshot()
        await second.restore(deeper)
        deepest = await second.snapshot()
    images = [each["Id"] for each in engine.client.api.images(all=True)]
    assert not {snapshot.image, deeper.image, deepest.image} & set(images)


async def test_a_lost_snapshot_leaves_the_sandbox_as_it_was(sandbox: DockerSandbox) -> None:
    snapshot = await sandbox.snapshot()
    await sandbox.discard(snapshot)
    await sandbox.run("x=1")
    with pytest.raises(UnsuitableImage):
        await sandbox.restore(snapshot)
    assert (await sandbox.run("echo $x")).text == "1\n"


async def test_unsuitable_images_are_named(engine: Engine, base_image: str) -> None:
    with pytest.raises(UnsuitableImage, match="there is no image"):
        await DockerSandbox(engine, "foretrace-test:none").__aenter__()
    async with DockerSandbox(engine, base_image):
        pass
    for removed, lacking in (
        ("rm -f $(which -a git)", "git"),
        ("rm -f /usr/bin/bash /bin/bash", "bash"),
        ("rm -f /usr/bin/python3* /usr/local/bin/python3* /opt/env/bin/python*", "python3"),
        ("rm -f /usr/bin/python3; printf '#!/bin/sh\\nexit 1' > /usr/bin/python3", "session"),
        ("rm -f /usr/bin/dash /bin/sh", "sh"),
        ("rm -f /usr/bin/sleep /bin/sleep", "/bin/sleep"),
    ):
        image = await asyncio.to_thread(_without, engine, base_image, removed)
        try:
            with pytest.raises(UnsuitableImage, match=lacking):
                await DockerSandbox(engine, image).__aenter__()
        finally:
            engine.client.images.remove(image, force=True, noprune=True)


def _without(engine: Engine, image: str, command: str) -> str:
    """An image like another, after a command has run as root."""
    labels = engine.owner_labels("test", scratch=True)
    container = engine.client.containers.run(
        image, ["sh", "-c", command], user="0:0", network_mode="none", labels=labels, detach=True
    )
    try:
        container.wait()
        changes = [f'LABEL {name}="{text}"' for name, text in labels.items()]
        return str(container.commit(changes="\n".join(changes)).id)
    finally:
        container.remove(force=True)


async def test_a_dead_container_is_reported_at_once(sandbox: DockerSandbox, engine: Engine) -> None:
    running = asyncio.create_task(sandbox.run("sleep 60"))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await engine.call(engine.client.api.kill, sandbox.id)
    with pytest.raises(SandboxDied, match="137"):
        await running
    assert time.monotonic() - began < 20
    for action in (sandbox.run("echo"), sandbox.read_file("x"), sandbox.snapshot()):
        with pytest.raises(SandboxDied):
            await action


async def test_a_removed_container_is_reported(sandbox: DockerSandbox, engine: Engine) -> None:
    await engine.call(engine.client.api.remove_container, sandbox.id, force=True)
    with pytest.raises(SandboxDied, match="removed"):
        await sandbox.run("echo")


async def test_a_dead_server_is_replaced(sandbox: DockerSandbox, engine: Engine) -> None:
    await sandbox.run("x=1; cd calc; sleep 300 &")
    await sandbox.run("who=other", state="other")
    running = asyncio.create_task(sandbox.run("echo some; sleep 60"))
    await asyncio.sleep(0.3)
    await _kill_server(sandbox, engine)
    result = await running
    assert (result.status, result.exit_code) == ("interrupted", None)
    assert "new shell" in result.notes[0]
    after = await sandbox.run("echo $x $PWD; pgrep -u 1000 sleep")
    assert (after.text, after.notes) == ("1 /testbed/calc\n", ())
    assert (await sandbox.run("echo $who", state="other")).text == "other\n"
    await _kill_server(sandbox, engine)
    again = await sandbox.run("echo $x")
    assert (again.status, again.text) == ("exited", "1\n")
    assert "new shell" in again.notes[0]


async def _kill_server(sandbox: DockerSandbox, engine: Engine) -> None:
    api = engine.client.api
    command = ["kill", "-9", str(sandbox.facts["pid"])]
    made = await engine.call(api.exec_create, sandbox.id, command, user="0:0")
    await engine.call(api.exec_start, made["Id"])
    await asyncio.sleep(0.2)


async def test_a_sandbox_that_was_not_entered_says_so(engine: Engine, base_image: str) -> None:
    sandbox = DockerSandbox(engine, base_image)
    with pytest.raises(SandboxError, match="not running"):
        await sandbox.run("echo")
    assert not await sandbox.interrupt()


async def test_it_is_removed_wherever_it_is_cancelled(engine: Engine, base_image: str) -> None:
    """Ctrl-C is a cancellation: at any moment of a sandbox's life it must leave nothing."""
    run = "cancelled"
    dice = random.Random(7)

    async def life() -> None:
        async with DockerSandbox(engine, base_image, run=run) as sandbox:
            await sandbox.run("sleep 0.1; x=1")
            snapshot = await sandbox.snapshot()
            async with await sandbox.fork(snapshot) as other:
                await other.restore(snapshot)
                await other.run("sleep 0.1")

    began = time.monotonic()
    await life()
    whole = time.monotonic() - began
    for _ in range(9):
        task = asyncio.create_task(life())
        await asyncio.sleep(dice.random() * whole)
        task.cancel()
        if dice.random() < 0.5:
            await asyncio.sleep(dice.random() * 0.1)
            task.cancel()
        await asyncio.wait({task})
        assert task.cancelled() or task.exception() is None
        left = {"label": [f"{RUN}={run}", f"{OWNER}={Owner.current().token}"]}
        assert engine.client.api.containers(all=True, filters=left) == []
        assert engine.client.api.images(filters=left) == []


async def test_starting_and_stopping_many_at_once(engine: Engine, base_image: str) -> None:
    async def one(number: int) -> str:
        async with DockerSandbox(engine, base_image) as sandbox:
            return (await sandbox.run(f"echo {number} $PWD")).text

    texts = await asyncio.gather(*(one(number) for number in range(6)))
    assert texts == [f"{number} /testbed\n" for number in range(6)]


async def test_a_container_killed_while_it_starts_is_no_fault_of_its_image(
    engine: Engine, base_image: str
) -> None:
    mine = {"label": [f"{RUN}=killed-early", f"{OWNER}={Owner.current().token}"]}

    def kill() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for each in engine.client.api.containers(filters=mine):
                engine.client.api.kill(each["Id"])
                return

    async def life() -> None:
        killing = asyncio.create_task(asyncio.to_thread(kill))
        async with DockerSandbox(engine, base_image, run="killed-early") as sandbox:
            await killing
            await sandbox.run("true")

    with pytest.raises(SandboxDied):
        await life()
    assert engine.client.api.containers(all=True, filters=mine) == []
