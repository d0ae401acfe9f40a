"""What a coordinator and its workers say to one another: JSON lines over pipes.

A worker's first line of input is a `Setup`; after it come `Start` and `Stop`. The end of its input
means that nobody coordinates any more: it stops what runs, and ends.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agent.issue import Issue


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class Setup(_Message):
    """How all runs of a worker go.

    Attributes:
        folder: of the batch.
        settings: those that are set.
        script: for the scripted policy.
        requests: this worker's share of the requests at the model.
    """

    folder: Path
    settings: dict[str, object]
    script: Path | None
    requests: int


class Start(_Message):
    """Make an attempt. ``lost`` is a run of it to go on from, where one was killed before."""

    do: Literal["start"] = "start"
    issue: Issue
    attempt: int
    lost: Path | None = None


class Stop(_Message):
    """Stop every run now, and end."""

    do: Literal["stop"] = "stop"


Order = Annotated[Start | Stop, Field(discriminator="do")]
ORDER: TypeAdapter[Start | Stop] = TypeAdapter(Order)


class Ready(_Message):
    """The worker can be given attempts; also its sign of life from then on."""

    what: Literal["ready"] = "ready"


class Broken(_Message):
    """The worker cannot be: what it needs is not to be had. It ends.

    Attributes:
        kind: of the error.
        message, hint: of it.
        status: that the error means for a command.
    """

    what: Literal["broken"] = "broken"
    kind: str
    message: str
    hint: str = ""
    status: int


class Began(_Message):
    """An attempt has a run's folder now."""

    what: Literal["began"] = "began"
    issue: str
    attempt: int
    folder: Path


class Finished(_Message):
    """An attempt ended.

    Attributes:
        issue, attempt: which.
        status: as in ``result.json``; ``stopped``; ``busy``: another process makes it.
        kind: of the error that ended it; empty where none did.
        reason: one line.
    """

    what: Literal["finished"] = "finished"
    issue: str
    attempt: int
    status: Literal["resolved", "submitted", "unresolved", "failed", "stopped", "busy"]
    kind: str = ""
    reason: str = ""


Word = Annotated[Ready | Broken | Began | Finished, Field(discriminator="what")]
WORD: TypeAdapter[Ready | Broken | Began | Finished] = TypeAdapter(Word)
