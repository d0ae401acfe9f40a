"""What an agent's own code costs in a step: the same actions, the same answers for every agent.

``python -m benchmarks.stepping NAME STEPS FOLDER ...`` plays STEPS steps, with a model and a
command that answer at once, and prints one JSON object: for each step the seconds it took of this
process's processor time, the bytes it had written by then, and, where the model is on a server, the
tokens of its prompt and the seconds of that time from the answer's end to the next request.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time

COMMAND = "cd /testbed && python -m pytest -q tests/test_module.py::test_case"
THOUGHT = "The slice drops the last element. I will look at what the test says of it. " * 4
OUTPUT = "tests/test_module.py::test_case FAILED: assert [1, 2] == [1, 2, 3]\n" * 30
"""Two kilobytes: what an ordinary command of an ordinary run prints."""


@dataclass
class Clock:
    """Takes an agent's own time, from a question to the next; waiting for others costs none.

    Attributes:
        seconds: of processor time, by step.
        written: bytes by then.
        between: seconds of them from an answer's end to the next request, as a server sees them.
        prompts: tokens of each question.
    """

    seconds: list[float] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    between: list[float] = field(default_factory=list)
    prompts: list[int] = field(default_factory=list)
    _begun: float = 0.0
    _before: int = 0

    def start(self) -> None:
        """The loop is about to begin."""
        self._before = _bytes_written()
        self._begun = process_time()

    def asked(self) -> None:
        """The model is asked: a step of the agent's own work ends."""
        now = process_time()
        self.seconds.append(now - self._begun)
        self.written.append(_bytes_written() - self._before)
        self._begun = process_time()


def _bytes_written() -> int:
    """Bytes this process has handed to the operating system to write."""
    for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    raise RuntimeError("the kernel does not count")


Play = Callable[..., None]
"""Takes the number of steps, a folder, the clock, and arguments of its own, which are texts."""
