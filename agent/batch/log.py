"""What happens to a batch as a whole: ``log.jsonl``."""

import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

What = Literal[
    "began",
    "reading",
    "read",
    "skipped",
    "run",
    "again",
    "worker",
    "paused",
    "resumed",
    "concurrency",
    "requeued",
    "waiting",
    "going on",
    "stopping",
    "stopped",
    "ended",
]


class BatchEvent(BaseModel):
    """One line.

    Attributes:
        what: happened. ``began``: a coordinator did; ``reading``, ``read``: the list of issues;
            ``skipped``: an entry of it; ``run``: an attempt ended; ``again``: it is made once more;
            ``worker``: one was replaced; ``waiting``: nothing new starts, and why; ``stopping``: no
            more starts; ``stopped``: before its end; the others are what they say.
        text: one line, as it was written: not safe to print.
        number: runs at once, of ``began`` and ``concurrency``; lines so far, of ``read``.
        time: seconds since the epoch.
    """

    model_config = ConfigDict(frozen=True)

    what: What
    text: str = ""
    number: int = 0
    time: float = Field(default_factory=time.time)
