"""Records one generated program after the other, on stdin and stdout.

It is a process of its own, run by path with a Python 3.11 and nothing of ours but the tracer, whose
path is its argument; so what is recorded is what `sandboxes.recording` records in a sandbox. It is
no sandbox. Only programs of our own grammar ever run here, which can do no more than count; the
limits are for those that do not end.

A line of JSON comes in for each program::

    {"source": TEXT, "wrapper": TEXT | null, "entry": NAME, "events": N}

where the wrapper, if any, is the source of a function ENTRY that makes the call; else ENTRY is one
of the source. With 0 events the program just runs, to see whether it ends. What goes out is the
length of the recording in bytes, a line end, and the recording.
"""

import contextlib
import importlib.util
import io
import json
import os
import resource
import signal
import sys
import types
from types import FrameType
from typing import Any, NoReturn, TypedDict

_PATH = "/nano/program.py"
_SECONDS = 2
_PATIENCE = 0.5
"""Seconds for a program that just runs; one of ours that ends takes a hundredth of that."""
_MEMORY = 1 << 30
_DEEPEST = 1000


class Asked(TypedDict):
    """A program to record."""

    source: str
    wrapper: str | None
    entry: str
    events: int


class _Ended(BaseException):
    """The recording is over; the program has nothing that catches it."""


class _Tape:
    """Takes what the tracer writes, in place of the memory that a sandbox's parent shares."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.pieces.append(data)


def main(tracer_path: str) -> None:
    """Serve until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGVTALRM, _late)
    asking, answering = sys.stdin, sys.stdout.buffer
    sys.stdin = io.StringIO()
    tracer = _tracer(tracer_path)
    kind = _recorder(tracer)
    for line in asking:
        recording = _record(tracer, kind, json.loads(line))
        answering.write(b"%d\n" % len(recording) + recording)
        answering.flush()


def _tracer(path: str) -> Any:  # a module that is loaded by its path has no types
    spec = importlib.util.spec_from_file_location("tracer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _recorder(tracer: Any) -> Any:
    """The tracer's recorder, but that the process lives on when a recording ends."""

    class Recorder(tracer.Recorder):  # type: ignore[misc]
        said: dict[str, object] | None = None

        def end(self, why: str, detail: str = "", error: BaseException | None = None) -> NoReturn:
            sys.settrace(None)
            if self.said is None:
                self.said = {"end": why, "detail": detail, "error": None}
                if error is not None:
                    name, message = tracer.described(error)
                    self.said["error"] = {"type": name, "message": message}
            raise _Ended

    # Nothing forks here, and what is told of forks is never forgotten.
    tracer.os = types.SimpleNamespace(**{**vars(os), "register_at_fork": lambda **_: None})
    return Recorder


def _record(tracer: Any, kind: Any, asked: Asked) -> bytes:
    request = {"path": _PATH, "events": asked["events"], "value": 400, "repr_seconds": 1.0}
    tape = _Tape()
    recorder = kind(request, tape, None)
    header = {
        "format": 1,
        "python": ".".join(map(str, sys.version_info[:3])),
        "entry": asked["entry"],
        "comprehensions": "inlined" if sys.version_info >= (3, 12) else "frames",
    }
    recorder.put(json.dumps(header) + "\n")
    sys.setrecursionlimit(_DEEPEST)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS if asked["events"] else _PATIENCE)
    with contextlib.suppress(_Ended), contextlib.redirect_stdout(io.StringIO()):
        _run(tracer, asked, recorder)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    sys.settrace(None)
    said = recorder.said or {"end": "time", "detail": "it took too long", "error": None}
    said["events"] = sum(piece.startswith(b'{"k"') for piece in tape.pieces)
    return b"".join(tape.pieces) + json.dumps(said).encode("ascii") + b"\n"


def _run(tracer: Any, asked: Asked, recorder: Any) -> None:
    module = types.ModuleType("program")
    module.__file__ = _PATH
    names = vars(module)
    recorder.add_source(_PATH, asked["source"])
    try:
        exec(compile(asked["source"], _PATH, "exec", 0, True), names)
        if asked["wrapper"] is not None:
            recorder.add_source(tracer.CALL, asked["wrapper"])
            exec(compile(asked["wrapper"], tracer.CALL, "exec", 0, True), names)
    except Exception as error:
        recorder.end("error", "it cannot be loaded", error)
    if asked["events"]:
        tracer.finish(recorder, names[asked["entry"]])
    try:
        names[asked["entry"]]()
    except Exception as error:
        recorder.end("left", "", error)
    recorder.end("left")


def _late(number: int, frame: FrameType | None) -> NoReturn:
    raise _Ended


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main(sys.argv[1])
