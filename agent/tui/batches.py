"""Batches that a screen starts: processes of their own, which outlive it."""

import time
from dataclasses import dataclass
from pathlib import Path

from agent.batch.folder import BatchFolder, batch_at, is_batch, name_for
from agent.errors import WrongUse
from agent.tui.runs import last_words
from agent.tui.workspace import Workspace

_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A batch to be started; what is empty is as the settings have it.

    Attributes:
        source: of its issues: a list, or a search on GitHub.
        name: of it.
        at_once: runs at once.
        attempts: at each issue.
        policy, model, model_url, simulate, script: as of one run.
    """

    source: str
    name: str = ""
    at_once: str = ""
    attempts: str = ""
    policy: str = ""
    model: str = ""
    model_url: str = ""
    simulate: str = ""
    script: str = ""

    def flags(self) -> list[str]:
        """As ``foretrace batch`` takes them."""
        named = {
            "--name": self.name,
            "-j": self.at_once,
            "--attempts": self.attempts,
            "--policy": self.policy,
            "--model": self.model,
            "--model-url": self.model_url,
            "--simulate": self.simulate,
            "--script": self.script,
        }
        return [word for flag, value in named.items() if value for word in (flag, value)]


def start(wanted: Wanted, place: Workspace) -> BatchFolder:
    """Start a batch, and wait until it has its folder.

    Raises:
        WrongUse: there is one of that name; or its process ended before, and this is its last word.
    """
    folder = batch_at(place.out, wanted.name or name_for(wanted.source))
    if is_batch(folder.path):
        raise WrongUse(f"there is a batch {folder.path.name} already", "give this one a name")
    log = place.starter.log_of(folder.path.name)
    pid = place.starter.spawn(["batch", wanted.source, *wanted.flags()], log)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_batch(folder.path):
        place.starter.reap()
        if not Path(f"/proc/{pid}").exists():
            raise WrongUse(last_words(log))
        if time.monotonic() > deadline:
            raise WrongUse("it is still reading the list", "look again in a while")
        time.sleep(0.1)
    return folder


def go_on(folder: BatchFolder, place: Workspace) -> None:
    """Run a batch on that nobody runs.

    Raises:
        WrongUse: somebody does, or the process cannot be started.
    """
    if pid := folder.coordinator():
        raise WrongUse(f"process {pid} runs it")
    log = place.starter.log_of(folder.path.name)
    place.starter.spawn(["batch", str(folder.path.absolute()), "--resume"], log)
