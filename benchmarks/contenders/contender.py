"""What a contender is asked to do, and what it answers."""

from dataclasses import dataclass, field
from typing import Protocol

LIMITS = {"pids": 512, "memory": 4 * 1024**3, "cpus": 2.0}
"""Every contender's container gets the same: a fork bomb would take the machine down otherwise."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a contender says of one command.

    Attributes:
        exit_code: None when it has none to give.
        output: as its user would get it.
        timed_out: whether it says that the time was over.
        cut: bytes it left out of the output by design, and said so.
    """

    exit_code: int | None
    output: bytes
    timed_out: bool = False
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contender starts its container.

    Attributes:
        image: what to start it from; it holds everything that any contender needs inside.
        labels: the container must carry them, so that whoever started us can remove it.
        run: names this start; ours finds its labels by it.
    """

    image: str
    labels: dict[str, str] = field(default_factory=dict)
    run: str = ""

    @property
    def docker_arguments(self) -> list[str]:
        """Labels and limits as arguments of ``docker run``."""
        labels = [f"--label={name}={value}" for name, value in self.labels.items()]
        return [
            *labels,
            f"--pids-limit={LIMITS['pids']}",
            f"--memory={LIMITS['memory']}",
            f"--memory-swap={LIMITS['memory']}",
            f"--cpus={LIMITS['cpus']}",
        ]


class Contender(Protocol):
    """A way to run commands in a container. Blocking calls are fine: it has its process alone."""

    async def start(self, place: Place) -> None:
        """Bring a container up, ready for commands."""
        ...

    async def run(self, command: str, timeout: float) -> Answer:
        """Run one command in the way its documentation describes; it may raise."""
        ...

    async def new_shell(self) -> None:
        """Begin anew in the same container, where commands share a shell; else there is nothing
        to do."""
        ...

    async def stop(self) -> None:
        """Let go of the container."""
        ...
