"""What a sandbox may use of the machine, and that using all of it breaks nothing."""

from collections.abc import AsyncIterator

import pytest

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from sandboxes.errors import FileProblem
from sandboxes.sandbox import SandboxLimits

pytestmark = pytest.mark.engine

MEGABYTE = 1024**2
LIMITS = SandboxLimits(memory=96 * MEGABYTE, cpus=1.5, pids=60, disk=48 * MEGABYTE)


@pytest.fixture
async def small(engine: Engine, base_image: str) -> AsyncIterator[DockerSandbox]:
    """A sandbox with little of everything."""
    async with DockerSandbox(engine, base_image, limits=LIMITS) as made:
        yield made


async def test_a_gigabyte_of_output_keeps_its_ends(small: DockerSandbox) -> None:
    result = await small.run(
        "echo start; head -c 1G /dev/zero; echo; echo end", output_limit=10_000, timeout=120
    )
    assert result.ok
    assert result.head.startswith(b"start\n\0\0\0")
    assert result.tail.endswith(b"\0\0\0\nend\n")
    assert (len(result.head), len(result.tail)) == (5000, 5000)
    assert result.omitted == 2**30 + 11 - 10_000
    assert str(result.omitted) in result.text


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 12, 70_000])
async def test_output_around_the_limit_is_counted_exactly(small: DockerSandbox, size: int) -> None:
    result = await small.run(f"head -c {size} /dev/urandom | tee /tmp/all", output_limit=10)
    whole = await small.read_file("/tmp/all")
    if size <= 10:
        assert (result.head, result.tail, result.omitted) == (whole, b"", 0)
    else:
        assert (result.head, result.tail, result.omitted) == (whole[:5], whole[-5:], size - 10)


async def test_memory_running_out_is_told(small: DockerSandbox) -> None:
    await small.run("x=1")
    result = await small.run("python3 -c 'x = bytearray(300 << 20)'", timeout=60)
    assert result.exit_code == 137
    assert "Memory ran out" in result.notes[0]
    result = await small.run("python3 -c 'x = bytearray(300 << 20)' || echo went on", timeout=60)
    assert (result.exit_code, "went on" in result.text) == (0, True)
    assert "Memory ran out" in result.notes[0]
    result = await small.run("big=$(head -c 200M /dev/zero | tr '\\0' x)", timeout=60)
    assert "Memory ran out" in result.notes[0]
    after = await small.run("echo $x ${#big}")
    assert (after.text, after.notes) == ("1 0\n", ())


@pytest.mark.parametrize(
    "bomb",
    [
        ":(){ :|:& };:",
        "bomb() { while :; do bomb & done; }; bomb",
        "python3 -c 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass'",
        "for i in $(seq 200); do setsid nohup sleep 300 >/dev/null 2>&1 & done; wait",
    ],
)
async def test_too_many_processes(small: DockerSandbox, bomb: str) -> None:
    await small.run("x=1")
    result = await small.run(bomb, timeout=2)
    assert result.status in ("exited", "timeout")
    assert any("limit of 60 processes" in note for note in result.notes)
    after = await small.run("echo $x; pgrep -u 1000 -c .")
    assert (after.text, after.notes) == ("1\n1\n", ())


async def test_processes_left_behind_make_room(small: DockerSandbox) -> None:
    # As many as there may be, without ever asking for one too many.
    result = await small.run(
        "while [ $(cat /sys/fs/cgroup/pids/pids.current /sys/fs/cgroup/pids.current 2>/dev/null)"
        " -lt 57 ]; do sleep 300 & done"
    )
    assert "running" in result.notes[-1]
    for _ in range(3):
        assert (await small.run("echo fine | cat | cat | cat | cat | cat")).status == "exited"
    assert (await small.run("pkill sleep; echo fine")).text.endswith("fine\n")


async def test_a_full_disk_stops_the_command_and_can_be_cleaned(small: DockerSandbox) -> None:
    result = await small.run("x=1; head -c 20M /dev/zero > a")
    assert result.ok
    result = await small.run("while :; do head -c 4M /dev/zero >> b; done", timeout=60)
    assert (result.status, result.exit_code) == ("disk", None)
    assert "disk" in result.notes[0]
    assert (await small.run("rm a b; echo cleaned")).text == "cleaned\n"
    result = await small.run("head -c 20M /dev/zero > c && sleep 0.5")
    assert result.ok
    assert (await small.run("while :; do head -c 4M /dev/zero >> b; done", timeout=60)).status == (
        "disk"
    )


async def test_a_full_disk_in_the_background(small: DockerSandbox) -> None:
    result = await small.run("(sleep 0.2; while :; do head -c 4M /dev/zero >> b; done) & :")
    assert result.ok
    for _ in range(60):
        # Between two heads there is none; the loop around them is what must be gone.
        if (await small.run("sleep 0.5; pgrep -u 1000 -c .")).text == "1\n":
            break
    assert (await small.run("rm b; pgrep -u 1000 -c .")).text == "1\n"


async def test_the_limits_are_those_of_the_container(small: DockerSandbox, engine: Engine) -> None:
    host = engine.client.api.inspect_container(small.id)["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (
        LIMITS.memory,
        LIMITS.memory,
        60,
    )
    assert host["NanoCpus"] == 1_500_000_000
    assert (await small.run("ulimit -c")).text == "0\n"


async def test_files_that_do_not_fit(small: DockerSandbox) -> None:
    assert (await small.run("head -c 63M /dev/zero > /dev/shm/much")).ok
    with pytest.raises(FileProblem) as caught:
        await small.write_file("/dev/shm/more", bytes(2 * MEGABYTE))
    assert caught.value.kind == "full"
    assert (await small.run("ls -A /dev/shm; rm /dev/shm/much")).text == "much\n"
    await small.run("head -c 2M /dev/zero > two")
    with pytest.raises(FileProblem) as caught:
        await small.read_file("two", limit=MEGABYTE)
    assert caught.value.kind == "too_large"
