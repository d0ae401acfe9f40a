"""A circuit breaker: while what all runs need is down, or full, nothing new starts."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from agent.config import Settings

Needed = Literal["engine", "model", "disk"]

KINDS: dict[str, Needed] = {
    "EngineUnavailable": "engine",
    "SandboxDied": "engine",
    "ServerUnreachable": "model",
    "ServerFailed": "model",
    "OSError": "disk",
}
"""What is down, by the kind of a failure."""

LOST = "lost"
"""The kind of failure of a run whose process was killed."""

PASSING = frozenset({*KINDS, LOST, "EngineRefused", "SandboxError"})
"""Kinds of failures after which another try may help."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0

_ROOM = 1024**2
"""Bytes that have to fit on the disk before it counts as there."""


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


async def probe(needed: Needed, settings: "Settings", folder: Path) -> None:
    """Ask the engine, or the model's server, whether it is there; or the disk for a little room.

    Args:
        needed: which of them.
        settings: say where they are.
        folder: that is to be written to.

    Raises:
        SandboxError, ModelError, OSError: it is not.
    """
    if needed == "disk":
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_ROOM))
            file.flush()
        return
    if needed == "model":
        from agent.policies.cwm.connect import describe_server

        await describe_server(settings.model)
        return
    from sandboxes.engine import Engine

    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    await asyncio.to_thread(engine.close)
