"""What a batch is told while it runs: lines of ``control.jsonl``, which its coordinator follows."""

import time
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from agent.batch.folder import BatchFolder
from agent.batch.lines import append
from agent.errors import WrongUse

Do = Literal["pause", "resume", "concurrency", "requeue", "stop"]

DOES: tuple[Do, ...] = get_args(Do)


class Command(BaseModel):
    """One line.

    Attributes:
        do: ``pause``: start nothing new; ``resume``; ``concurrency``: runs at once, in ``number``;
            ``requeue``: make all attempts at ``issue`` anew, whatever became of them; ``stop``
            after what is running.
        number, issue: see ``do``.
        time: seconds since the epoch.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    do: Do
    number: int = 0
    issue: str = ""
    time: float = Field(default_factory=time.time)


def ctl(folder: BatchFolder, command: Command) -> None:
    """Tell a batch something. It is heard within a second; a requeued issue also by one that is
    resumed later.

    Raises:
        WrongUse: there is no such batch, nobody runs it, or what is said makes no sense.
    """
    folder.read()
    if command.do == "concurrency" and command.number < 1:
        raise WrongUse("at least one run at once")
    if command.do == "requeue":
        _check_known(folder, command.issue)
    elif not folder.coordinator():
        raise WrongUse(
            f"nobody runs the batch {folder.path.name}", "batch --resume goes on with it"
        )
    try:
        append(folder.control, command)
    except OSError as error:
        raise WrongUse(f"cannot write to {folder.control}: {error.strerror}") from None


def _check_known(folder: BatchFolder, issue: str) -> None:
    from agent.batch.issuelist import ids_in

    path = folder.issues if folder.issues.exists() else folder.reading
    try:
        known = any(each == issue for each in ids_in(path))
    except OSError as error:
        raise WrongUse(f"cannot read {path}: {error.strerror}") from None
    if not known:
        raise WrongUse(f"the batch has no issue {issue!r}")
