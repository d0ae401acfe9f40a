"""What went wrong with one of many, kept instead of raised so that the others go on."""

from dataclasses import dataclass

from agent.errors import INFRASTRUCTURE, AgentError, exit_status
from sandboxes.errors import BuildFailed, SandboxError


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that ended one of many. Texts are as they were written: not safe to print.

    Attributes:
        kind: the error's.
        message: one line.
        infrastructure: whether it may go well next time: nothing is wrong with what was asked for,
            or the mistake is ours.
    """

    kind: str
    message: str
    infrastructure: bool

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """What an error says; of a build also the last thing that it printed."""
        if not isinstance(error, AgentError | SandboxError):
            return cls(type(error).__name__, str(error), True)
        message = error.message
        if isinstance(error, BuildFailed):
            said = [line.strip() for line in error.tail.splitlines() if line.strip()]
            message = f"{message}: {said[-1]}" if said else message
        return cls(type(error).__name__, message, exit_status(error) == INFRASTRUCTURE)

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"
