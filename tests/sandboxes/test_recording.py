"""Recording in a sandbox: what comes back, whatever the program does to its recorder."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from sandboxes.recording import (
    CallTarget,
    Recording,
    RecordingLimits,
    ScriptTarget,
    TestTarget,
    completed,
    record,
)
from sandboxes.sandbox import CommandResult

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]

Call = Callable[..., Awaitable[Recording]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(engine: Engine, base_image: str) -> AsyncIterator[DockerSandbox]:
    """One sandbox for all: what runs in it is to leave the next recording alone."""
    async with DockerSandbox(engine, base_image) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def call(shared: DockerSandbox) -> Call:
    """Records ``f()`` of a program."""

    async def run(source: str, **limits: float) -> Recording:
        await shared.write_file("program.py", source.encode())
        chosen = RecordingLimits(**{"seconds": 20, **limits})  # type: ignore[arg-type]
        return await record(shared, CallTarget("program.py", "f()"), chosen)

    return run


def parsed(recording: Recording) -> list[dict[str, object]]:
    return [json.loads(line) for line in recording.text.splitlines()]


async def test_a_call_comes_back_with_its_sources_and_locals(call: Call) -> None:
    recording = await call("def f():\n    x = [1, 'é']\n    return x\n")
    header, *lines, last = parsed(recording)
    assert header["format"] == 1
    assert [line["path"] for line in lines if "path" in line] == ["<call>", "/testbed/program.py"]
    assert [line["k"] for line in lines if "k" in line] == ["c", "l", "c", "l", "l", "r", "r"]
    assert {"x": "[1, 'é']"} in [line.get("v") for line in lines]
    assert (recording.end, last["end"], last["events"]) == ("left", "left", 7)


async def test_a_script_and_what_it_prints(shared: DockerSandbox) -> None:
    await shared.write_file("told.py", b"import sys\nword = sys.argv[1]\nprint(word)\n")
    recording = await record(shared, ScriptTarget("told.py", ("hello",)))
    assert parsed(recording)[-1]["stdout"] == "hello\n"
    assert {"word": "'hello'"} in [line.get("v") for line in parsed(recording)]


async def test_a_test_without_pytest_says_what_is_missing(shared: DockerSandbox) -> None:
    recording = await record(shared, TestTarget("tests/test_it.py::test_it"))
    assert recording.end == "error"
    assert recording.error == ("ModuleNotFoundError", "No module named 'pytest'")


@pytest.mark.parametrize(
    ("body", "end"),
    [
        ("os.kill(os.getppid(), 9); os.kill(os.getpid(), 9)", "killed"),
        ("os.kill(os.getppid(), 19)", "time"),
        ("os.kill(os.getpid(), 11)", "killed"),
        ("os._exit(7)", "exit"),
        ("os.closerange(0, 100)", "left"),
        ("time.sleep(1000)", "time"),
        ("subprocess.Popen(['sleep', '1000'])", "left"),
        ("[print('x' * 10 ** 6) for _ in range(100)]", "left"),
        ("[open(p, 'wb').close() for p in glob.glob('/tmp/foretrace-trace-*/*.jsonl')]", "killed"),
        ("[os.remove(p) for p in glob.glob('/tmp/foretrace-trace-*/*.jsonl')]", "left"),
        ("shutil.rmtree(glob.glob('/tmp/foretrace-trace-*')[0])", "left"),
    ],
)
async def test_whatever_it_does_there_is_a_bounded_recording_with_an_end(
    call: Call, shared: DockerSandbox, body: str, end: str
) -> None:
    source = f"import glob, os, shutil, subprocess, time\ndef f():\n    before = 1\n    {body}\n"
    recording = await call(source, seconds=2)
    last = parsed(recording)[-1]
    assert (recording.end, last["end"]) == (end, end), recording.text[-600:]
    assert len(recording.text) < 1 << 17
    assert (await shared.run("ls -d /tmp/foretrace-trace-*", state=None)).exit_code == 2


async def test_strings_hash_alike_every_time(call: Call) -> None:
    source = "def f():\n    return {'one', 'two', 'three', 'four', 'five'}\n"
    assert (await call(source)).text == (await call(source)).text


def result(status: str = "exited", code: int | None = 137) -> CommandResult:
    return CommandResult(status, code, b"")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "end", "events"),
    [
        (b'{"format": 1}\n{"k": "c"}\n{"k": "l", "n\0\0\0\0', "killed", 1),
        (b'{"k": "c"}\n{"end": "left"', "killed", 1),
        (b"", "killed", 0),
        (b'[]\n"end"\n', "killed", 0),
        (b'{"end": "left", "error": 5}\n', "left", 0),
        (b"\xff\xfe\n", "killed", 0),
        (b"[" * 100_000 + b"\n", "killed", 0),
    ],
)
async def test_a_recording_that_breaks_off_is_completed(data: bytes, end: str, events: int) -> None:
    recording = completed(data, result())
    assert recording.end == end
    last = json.loads(recording.text.splitlines()[-1])
    assert last["end"] == end
    assert last.get("events", 0) == events
    if end == "killed":
        assert completed(data, result("timeout", None)).end == "time"
