"""What a torture check is: commands one after another, and what must hold of each answer."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.contenders.process import Reply

Subject = Literal[
    "state",
    "codes",
    "shell",
    "input",
    "time-outs",
    "jobs",
    "output",
    "bytes",
    "submission",
    "limits",
]


@dataclass(frozen=True, slots=True)
class Step:
    """One command and what is expected of it; what is None is not looked at.

    Attributes:
        command: bash source.
        code: the exit code; ``"not 0"`` also takes a refusal without one.
        says: the output, whitespace around it aside.
        exact: the output to the byte.
        has: must be somewhere in the output.
        lacks: must not be in the output.
        timeout: seconds the contender is told.
        timed_out: whether it must say that the time was over.
        within: seconds after which an answer comes too late.
        memory: bytes by which the contender's process may grow on our side.
    """

    command: str
    code: int | Literal["not 0"] | None = None
    says: str | None = None
    exact: bytes | None = None
    has: str | None = None
    lacks: str | None = None
    timeout: float = 5.0
    timed_out: bool | None = False
    within: float | None = None
    memory: int | None = None

    def fault(self, reply: Reply) -> str:
        """What is wrong with an answer, in a few words; empty when nothing is."""
        return self._fault_of_ending(reply) or self._fault_of_output(reply)

    def _fault_of_ending(self, reply: Reply) -> str:
        if self.timed_out is not None and reply.timed_out != self.timed_out:
            return "timed out" if reply.timed_out else "no time-out reported"
        if self.code == "not 0":
            if reply.exit_code == 0:
                return "exit code 0"
        elif self.code is not None and reply.exit_code != self.code:
            error = reply.error.partition("\n")[0][:60]
            return error or f"exit code {reply.exit_code} instead of {self.code}"
        if self.within is not None and reply.seconds > self.within:
            return f"took {reply.seconds:.0f} s"
        if self.memory is not None and reply.memory > self.memory:
            return f"took {reply.memory / 1e6:.0f} MB of the host's memory"
        return ""

    def _fault_of_output(self, reply: Reply) -> str:
        text = reply.output.decode("utf-8", "replace")
        wrong = (
            (self.exact is not None and reply.output != self.exact)
            or (self.says is not None and text.strip() != self.says)
            or (self.has is not None and self.has not in text)
            or (self.lacks is not None and self.lacks in text)
        )
        return f"answered {text[-40:]!r}" if wrong else ""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold.

    Attributes:
        name: says what.
        subject: what it is about.
        steps: the commands; after the last, a simple command must still be answered.
        dirty: whether what did as it was told is not fit for the next check: its container when
            the subject is limits, else its shell.
    """

    name: str
    subject: Subject
    steps: tuple[Step, ...]
    dirty: bool = False


USABLE = Step("echo usable-$((6*7))", code=0, has="usable-42")
"""What must hold after every check."""
