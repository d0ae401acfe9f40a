"""Podman behind its compatible socket does what the Docker Engine does for a sandbox."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine, sweep
from sandboxes.errors import EngineUnavailable

_READY_SECONDS = 30.0


def _why_not() -> str:
    if os.geteuid() != 0:
        return "rootless Podman needs the user's set-up"
    missing = [name for name in ("podman", "runc", "catatonit") if not shutil.which(name)]
    return f"there is no {missing[0]} on this machine" if missing else ""


pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(_why_not()), reason=_why_not() or "-"),
]


@pytest.fixture(scope="module")
def podman(engine: Engine, base_image: str) -> Iterator[tuple[Engine, str]]:
    """A Podman of the test's own, and the base image in it."""
    # Not pytest's own folder: a socket's path may have 108 bytes only.
    folder = Path(tempfile.mkdtemp(prefix="foretrace-podman-"))
    own = ["podman", "--root", folder / "root", "--runroot", folder / "run"]
    own += ["--tmpdir", folder / "tmp", "--network-config-dir", folder / "networks"]
    own += ["--runtime", "runc", "--cgroup-manager", "cgroupfs"]
    url = f"unix://{folder}/podman.sock"
    with (folder / "log").open("wb") as log:
        service = subprocess.Popen(
            [*own, "system", "service", "--time=0", url], stdout=log, stderr=log
        )
    connected = None
    try:
        connected = _connected(url, service)
        (image,) = connected.client.images.load(engine.client.api.get_image(base_image))
        # Podman removes images without a name together with what was made from them.
        image.tag("foretrace-test", "base")
        yield connected, str(image.id)
        assert connected.client.api.containers(all=True) == []
    finally:
        if connected is not None:
            connected.close()
        service.terminate()
        service.wait(30)
        # Not `system reset`, which goes beyond the folders it is given.
        _end_all(folder)
        for command in (["rm", "--all", "--force"], ["rmi", "--all", "--force"]):
            subprocess.run([*own, *command], check=True, capture_output=True)
        _unmount_all(folder)
        shutil.rmtree(folder)


def _connected(url: str, service: "subprocess.Popen[bytes]") -> Engine:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            return Engine.connect(url)
        except EngineUnavailable:
            assert service.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _end_all(folder: Path) -> None:
    """End what watches over commands that have ended: it would wait for minutes."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{folder}/".encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


def _unmount_all(folder: Path) -> None:
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    places = [line.split()[4] for line in mounts]
    for place in reversed([each for each in places if each.startswith(f"{folder}/")]):
        subprocess.run(["umount", place], check=True)


async def test_a_sandbox_works_as_ever(podman: tuple[Engine, str]) -> None:
    engine, image = podman
    assert engine.podman
    async with DockerSandbox(engine, image) as sandbox:
        assert (await sandbox.run("x=1; cd /tmp; id -u")).text == "1000\n"
        result = await sandbox.run("echo $x $PWD; ls /sys/class/net; exit 7")
        assert (result.text, result.exit_code) == ("1 /tmp\nlo\n", 7)
        assert (await sandbox.run("sleep 600", timeout=0.3)).status == "timeout"
        data = bytes(range(256)) * 5_000
        await sandbox.write_file("/tmp/file", data)
        assert await sandbox.read_file("/tmp/file") == data


async def test_snapshots_are_kept_apart_and_removed(podman: tuple[Engine, str]) -> None:
    engine, image = podman
    before = {each["Id"] for each in engine.client.api.images(all=True)}
    async with DockerSandbox(engine, image) as sandbox:
        await sandbox.run("x=1; echo before > /tmp/file")
        snapshot = await sandbox.snapshot()
        await sandbox.run("x=2; echo after > /tmp/file")
        async with await sandbox.fork(snapshot) as other:
            assert (await other.run("echo $x; cat /tmp/file")).text == "1\nbefore\n"
            upper = await other.snapshot()
        await sandbox.discard(upper)  # and not what it rests on
        await sandbox.restore(snapshot)
        assert (await sandbox.run("echo $x; cat /tmp/file")).text == "1\nbefore\n"
    assert {each["Id"] for each in engine.client.api.images(all=True)} == before
    assert (await sweep(engine)).containers == ()
