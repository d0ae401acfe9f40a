"""Records one generated program after the other, on stdin and stdout.

It is a process of its own, run by path with a Python 3.11 and nothing of ours but the tracer, whose
path is its argument: what is recorded is what `sandboxes.recording` records in a sandbox. It is no
sandbox. Only programs of our own grammar ever run here, which can do no more than count; the limits
are for those that do not end.

A line of JSON comes in for each program::

    {"source": TEXT, "wrapper": TEXT | null, "entry": NAME, "events": N}

where the wrapper, if any, is the source of a function ENTRY that makes the call; else ENTRY is one
of the source. What goes out is the length of the recording in bytes, a line end, and the recording.
Each program runs in a fork, which ends with its recording.
"""

import contextlib
import importlib.util
import io
import json
import mmap
import os
import resource
import signal
import sys
import types
from typing import Any, TypedDict

_PATH = "/nano/program.py"
_BYTES = 1 << 18
_SECONDS = 2
_MEMORY = 1 << 30


class Asked(TypedDict):
    """A program to record."""

    source: str
    wrapper: str | None
    entry: str
    events: int


def main(tracer_path: str) -> None:
    """Serve until stdin ends."""
    tracer = _tracer(tracer_path)
    tape, control = mmap.mmap(-1, _BYTES), mmap.mmap(-1, 1 << 16)
    for line in sys.stdin:
        asked: Asked = json.loads(line)
        tape[:] = b"\0" * _BYTES
        control[:] = b"\0" * len(control)
        pid = os.fork()
        if pid == 0:
            try:
                _limit()
                _run(tracer, asked, tape, control)
            finally:
                os._exit(1)
        os.waitpid(pid, 0)
        recording = _whole(tape, control)
        sys.stdout.buffer.write(b"%d\n" % len(recording) + recording)
        sys.stdout.buffer.flush()


def _tracer(path: str) -> Any:  # a module that is loaded by its path has no types
    spec = importlib.util.spec_from_file_location("tracer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _limit() -> None:
    signal.alarm(_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.stdin = sys.stdout = io.TextIOWrapper(io.BytesIO())


def _run(tracer: Any, asked: Asked, tape: mmap.mmap, control: mmap.mmap) -> None:
    request = {
        "path": _PATH,
        "events": asked["events"],
        "value": 400,
        "repr_seconds": 1.0,
    }
    recorder = tracer.Recorder(request, tape, control)
    header = {
        "format": 1,
        "python": ".".join(map(str, sys.version_info[:3])),
        "entry": asked["entry"],
        "comprehensions": "inlined" if sys.version_info >= (3, 12) else "frames",
    }
    recorder.put(json.dumps(header) + "\n")
    module = types.ModuleType("program")
    module.__file__ = _PATH
    names = vars(module)
    recorder.add_source(_PATH, asked["source"])
    try:
        exec(compile(asked["source"], _PATH, "exec", 0, True), names)
        if asked["wrapper"] is not None:
            recorder.add_source(tracer.CALL, asked["wrapper"])
            exec(compile(asked["wrapper"], tracer.CALL, "exec", 0, True), names)
    except BaseException as error:
        recorder.end("error", "it cannot be loaded", error)
    tracer.finish(recorder, names[asked["entry"]])


def _whole(tape: mmap.mmap, control: mmap.mmap) -> bytes:
    """What was recorded, with the line that says how it ended."""
    said: dict[str, object] = {"end": "time", "detail": "it took too long", "error": None}
    length = control[:8].strip(b"\0 ")
    if length:
        said = json.loads(control[8 : 8 + int(length)])
    end = tape.rfind(b"\n") + 1
    return tape[:end] + json.dumps(said).encode("ascii") + b"\n"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main(sys.argv[1])
