"""A circuit breaker: when what all runs need is down, nothing new starts until it answers again."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from agent.config import Settings

Needed = Literal["engine", "model"]

KINDS: dict[str, Needed] = {
    "EngineUnavailable": "engine",
    "SandboxDied": "engine",
    "ServerUnreachable": "model",
    "ServerFailed": "model",
}
"""What is down, by the kind of a failure."""

LOST = "lost"
"""The kind of failure of a run whose process was killed."""

PASSING = frozenset({*KINDS, LOST, "EngineRefused", "SandboxError", "OSError"})
"""Kinds of failures after which another try may help."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


@dataclass(slots=True)
class Breaker:
    """Counts failures of a kind in a row.

    Attributes:
        most: from which number on it is open.
        down: what is down; None while it is closed.
        message: of the last failure.
    """

    most: int
    down: Needed | None = None
    message: str = ""
    _in_a_row: int = 0
    _of: Needed | None = None

    def ended(self, kind: str, message: str) -> None:
        """A run ended.

        Args:
            kind: of the failure that ended it; empty for none.
            message: one line.
        """
        needed = KINDS.get(kind)
        if needed is None:
            self._in_a_row, self._of = 0, None
            return
        self._in_a_row = self._in_a_row + 1 if needed == self._of else 1
        self._of = needed
        if self._in_a_row >= self.most:
            self.trip(needed, message)

    def trip(self, needed: Needed, message: str) -> None:
        """Open it at once."""
        self.down, self.message = needed, message

    def close(self) -> None:
        """What was down answers."""
        self.down, self.message, self._in_a_row, self._of = None, "", 0, None


async def probe(needed: Needed, settings: "Settings") -> None:
    """Ask the engine, or the model's server, whether it is there.

    Raises:
        SandboxError, ModelError: it is not.
    """
    if needed == "model":
        from agent.policies.cwm.connect import describe_server

        await describe_server(settings.model)
        return
    from sandboxes.engine import Engine

    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    await asyncio.to_thread(engine.close)
