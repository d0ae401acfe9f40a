"""What a coordinator is given: what it is to do, and who sees how it goes on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.batch.folder import BatchFolder
from agent.batch.issuelist import Entries
from agent.batch.log import BatchEvent
from agent.batch.summary import BatchStatus
from agent.config import Settings


class Watch(Protocol):
    """Sees a batch go on."""

    def event(self, event: BatchEvent) -> None:
        """Something happened."""
        ...

    def status(self, status: BatchStatus) -> None:
        """How it stands, about once a second."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What a coordinator is to do.

    Attributes:
        folder: of the batch; made already.
        settings: of the runs and of the batch.
        script: for the scripted policy.
        entries: the issues to freeze; None where they are frozen already.
        strict: whether an entry that is no issue ends the batch.
    """

    folder: BatchFolder
    settings: Settings
    script: Path | None
    entries: Entries | None
    strict: bool = False
