"""Batches that a screen starts: processes of their own, which outlive it."""

import time
from dataclasses import dataclass
from pathlib import Path

from agent.batch.folder import BatchFolder, batch_at, is_batch, name_for
from agent.errors import WrongUse
from agent.tui.runs import last_words
from agent.tui.workspace import Workspace

_PATIENCE_SECONDS = 60.0
_LATER_SECONDS = 5.0
_TAIL_BYTES = 4096
_LAST = "foretrace: "
"""What a command's last word begins with."""


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
            "--attempts": self.attempts,
            "--policy": self.policy,
            "--model": self.model,
            "--model-url": self.model_url,
            "--simulate": self.simulate,
            "--script": self.script,
        }
        flags = [f"{flag}={value}" for flag, value in named.items() if value]
        return [f"-j{self.at_once}", *flags] if self.at_once else flags


def start(wanted: Wanted, place: Workspace) -> BatchFolder:
    """Start a batch, and wait until it has begun.

    Raises:
        WrongUse: there is one of that name; or its process ended before, and this is its last word.
    """
    folder = batch_at(place.out, wanted.name or name_for(wanted.source))
    if is_batch(folder.path):
        raise WrongUse(f"there is a batch {folder.path.name} already", "give this one a name")
    _spawn(["batch", wanted.source, *wanted.flags()], folder, place)
    return folder


def go_on(folder: BatchFolder, place: Workspace) -> None:
    """Run a batch on that nobody runs, and wait until it goes on.

    Raises:
        WrongUse: somebody does; or its process ended before, and this is its last word.
    """
    if pid := folder.coordinator():
        raise WrongUse(f"process {pid} runs it")
    _spawn(["batch", str(folder.path.absolute()), "--resume"], folder, place)


def why_over(folder: BatchFolder, place: Workspace) -> str:
    """Why the process that was started here for a batch gave up; empty where it did not say so.

    The line is as it was written: not safe to draw.
    """
    log = place.starter.log_of(folder.path.name)
    try:
        if log.stat().st_mtime < folder.log.stat().st_mtime - _LATER_SECONDS:
            return ""  # somebody else has run it since
        lines = log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    said = [line for line in lines if line.startswith(_LAST)]
    return said[-1].removeprefix(_LAST) if said else ""


def _spawn(words: list[str], folder: BatchFolder, place: Workspace) -> None:
    log = place.starter.log_of(folder.path.name)
    before = _size(folder.log)
    pid = place.starter.spawn(words, log)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _size(folder.log) == before:
        if _over(pid) and _size(folder.log) == before:
            raise WrongUse(last_words(log))
        if time.monotonic() > deadline:
            raise WrongUse("it has not begun yet", f"look again in a while; it writes to {log}")
        time.sleep(0.1)


def _over(pid: int) -> bool:
    """Whether a process has ended, also where nobody has asked yet how."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2]
    except OSError:
        return True
    return state[:1] in ("Z", "X")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
