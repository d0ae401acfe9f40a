"""Records generated programs fast: a process that goes on living takes one after the other.

This is no sandbox (see `agent.nano.worker`), so it is for programs of our own grammar only; what
others wrote is recorded with `sandboxes.recording`.
"""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Timer
from types import TracebackType

import sandboxes
from model.predict.predictor import Program
from model.trace.recording import Recording, read_recording
from model.trace.writing import MARKER

EVENTS = 200
"""Of a recording; a program that does not end is cut here, or earlier."""

SECONDS = 20
"""That a recording may take; the process itself gives up much earlier, if it can."""

_WORKER = Path(__file__).with_name("worker.py")


class Recorder:
    """Records programs one by one; to be closed, or used as a context.

    Attributes:
        python: the path of the Python that runs them.
        frames: whether comprehensions are frames of their own there, as nano is to see them.
    """

    def __init__(self) -> None:
        self.python, self.frames = _python()
        self._process = self._started()

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

    def record(self, program: Program, entry: str | None = None) -> Recording:
        """Run a program and read what was recorded.

        Args:
            program: made by `Program.of_call`, or `Program.of_function` with its entry.
            entry: the function of the source to begin with; None for the wrapper of a call.
        """
        return self._records([_asked(program, entry)])[0]

    def record_calls(self, programs: Sequence[Program]) -> list[Recording]:
        """Run several, made by `Program.of_call`; sooner done than one by one."""
        return self._records([_asked(program, None) for program in programs])

    def halts(self, program: Program, entry: str | None = None) -> bool | None:
        """Whether a program comes to an end: run, without a recording, for half a second.

        Running out of recursion is an end. None where the memory was what ended it.

        Args:
            program: as `record` takes it.
            entry: likewise.
        """
        (found,) = self._records([_asked(program, entry, events=0)])
        if found.end.error is not None and found.end.error[0] == "MemoryError":
            return None
        return found.end.why == "left"

    def _records(self, asked: list[bytes]) -> list[Recording]:
        found: list[Recording] = []
        while len(found) < len(asked):
            # A program that does not give the process back takes it along, and the rest waits.
            answers = self._some(asked, len(found))
            found += [read_recording(answer.decode("ascii")) for answer in answers]
        return found

    def _some(self, asked: list[bytes], start: int) -> list[bytes]:
        """The recordings from this one on, up to one that had to be given up, which is empty."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = Timer(SECONDS, self._process.kill)
        late.start()
        answers: list[bytes] = []
        try:
            self._process.stdin.write(b"".join(asked[start:]))
            self._process.stdin.flush()
            for _ in asked[start:]:
                length = self._process.stdout.readline()
                answers.append(self._process.stdout.read(int(length)) if length else b"")
                if not length:
                    break
        finally:
            late.cancel()
        if not answers[-1]:
            self._process.kill()
            self.close()
            self._process = self._started()
        return answers

    def _started(self) -> subprocess.Popen[bytes]:
        tracer = Path(next(iter(sandboxes.__path__))) / "guest" / "tracer.py"
        return subprocess.Popen(
            [self.python, "-I", "-S", str(_WORKER), str(tracer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        )


def _asked(program: Program, entry: str | None, events: int = EVENTS) -> bytes:
    """A line for the worker."""
    source, wrapper, name = program.source, None, entry
    if name is None:
        source, name, wrapper = _apart(program.source)
    plain = source.replace(MARKER, "")
    asked = {"source": plain, "wrapper": wrapper, "entry": name, "events": events}
    return json.dumps(asked).encode("ascii") + b"\n"


def _apart(source: str) -> tuple[str, str, str]:
    """The program, the name of the function that was added to it, and that function."""
    head = source.index("def ", source.rfind("\n", 0, source.index(MARKER)) + 1)
    wrapper = source[head:].replace(MARKER, "")
    return source[:head], wrapper[len("def ") : wrapper.index("(")], wrapper


def _python() -> tuple[str, bool]:
    """A Python whose comprehensions are frames of their own, and whether it is one."""
    if int(platform.python_version_tuple()[1]) < 12:
        return sys.executable, True
    older = shutil.which("python3.11")
    return (older, True) if older else (sys.executable, False)
