"""How a batch goes on: how much at once, and when it waits."""

import os

from pydantic import BaseModel, ByteSize, ConfigDict, Field

_MOST_WORKERS = 4


class BatchSettings(BaseModel):
    """What a batch may take, and how patient it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(default=4, ge=1)
    """Runs at once."""

    attempts: int = Field(default=1, ge=1)
    """Runs of each issue; each has a seed of its own."""

    workers: int | None = Field(default=None, ge=1)
    """Processes that the runs are spread over; without it one a core, four at most."""

    builds: int = Field(default=2, ge=1)
    """Runs that may prepare their source and image at once."""

    requests: int | None = Field(default=None, ge=1)
    """Requests at the model at once; without it as many as there are runs."""

    retries: int = Field(default=2, ge=0)
    """Further tries of a run whose infrastructure failed."""

    breaker: int = Field(default=5, ge=1)
    """Failures of one kind in a row after which nothing new starts until the engine, or the model,
    answers again."""

    free_disk: ByteSize = Field(default=ByteSize(2 * 1024**3), ge=0)
    """With less free where the batch is written nothing new starts."""

    free_memory: ByteSize = Field(default=ByteSize(1024**3), ge=0)
    """With less memory available nothing new starts."""

    stuck: float = Field(default=120.0, gt=0)
    """Seconds after which a worker that says nothing is taken for stuck, and replaced."""

    def worker_count(self) -> int:
        """Processes to start: never more than there are runs, or requests, at once."""
        count = self.workers or min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
        return min(count, self.concurrency, self.requests or count)

    def shares(self, workers: int) -> list[int]:
        """Requests that each worker may have under way, so that all together keep the limit."""
        each, rest = divmod(self.requests or self.concurrency, workers)
        return [max(each + (number < rest), 1) for number in range(workers)]
