"""Records generated programs fast: a process that goes on living takes one after the other.

This is no sandbox (see `agent.nano.worker`), so it is for programs of our own grammar only; what
others wrote is recorded with `sandboxes.recording`.
"""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import sandboxes
from model.predict.predictor import Program
from model.trace.recording import Recording, read_recording
from model.trace.writing import MARKER

EVENTS = 200
"""Of a recording; a program that does not end is cut here, or earlier."""

_WORKER = Path(__file__).with_name("worker.py")


class Recorder:
    """Records programs one by one; to be closed, or used as a context.

    Attributes:
        frames: whether comprehensions are frames of their own there, as nano is to see them.
    """

    def __init__(self) -> None:
        python, self.frames = _python()
        tracer = Path(next(iter(sandboxes.__path__))) / "guest" / "tracer.py"
        self._process = subprocess.Popen(
            [python, "-I", "-S", str(_WORKER), str(tracer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def record(self, program: Program, entry: str | None = None, events: int = EVENTS) -> Recording:
        """Run a program and read what was recorded.

        Args:
            program: made by `Program.of_call`, or `Program.of_function` with its entry.
            entry: the function of the source to begin with; None for the wrapper of a call.
            events: after which it is cut.
        """
        source, wrapper, name = program.source, None, entry
        if name is None:
            source, name, wrapper = _apart(program.source)
        asked = {
            "source": source.replace(MARKER, ""),
            "wrapper": wrapper,
            "entry": name,
            "events": events,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked).encode("ascii") + b"\n")
        self._process.stdin.flush()
        length = int(self._process.stdout.readline())
        return read_recording(self._process.stdout.read(length).decode("ascii"))


def _apart(source: str) -> tuple[str, str, str]:
    """The program, the name of the function that was added to it, and that function."""
    head = source.index("def ", source.rindex("\n", 0, source.index(MARKER)) + 1)
    wrapper = source[head:].replace(MARKER, "")
    return source[:head], wrapper[len("def ") : wrapper.index("(")], wrapper


def _python() -> tuple[str, bool]:
    """A Python whose comprehensions are frames of their own, and whether it is one."""
    if int(platform.python_version_tuple()[1]) < 12:
        return sys.executable, True
    older = shutil.which("python3.11")
    return (older, True) if older else (sys.executable, False)
