"""Batches of the command line, over one tiny repository: its image is made once."""

import json
import os
import signal
from pathlib import Path

from agent.batch.folder import BatchFolder
from agent.batch.store import BatchStore
from agent.batch.summary import BatchStatus
from tests.agent.conftest import FAILING, REPAIR, CommandLine, Ended
from tests.agent.scriptedmodel import Child, prices_repository, until

HAND_IN = (("bash", "git diff > /tmp/fix.diff"), ("submit", "/tmp/fix.diff"))
RESOLVES = (("edit", REPAIR), *HAND_IN)


class Batches:
    """A list of issues about that repository, and batches of it.

    Attributes:
        foretrace: the command line.
        list: the file with the issues.
        folder: of the batch.
    """

    def __init__(self, foretrace: CommandLine, folder: Path) -> None:
        foretrace.environment["FORETRACE_VERIFY__REPEATS"] = "1"
        foretrace.environment["FORETRACE_BATCH__FREE_MEMORY"] = "1MiB"
        foretrace.environment["FORETRACE_BATCH__FREE_DISK"] = "1MiB"
        self.foretrace = foretrace
        self.project = prices_repository(folder / "prices")
        self.list = folder / "many.jsonl"
        self.script = folder / "script.jsonl"
        self.folder = BatchFolder(foretrace.runs / "batch-many")
        self.write()
        self.plays(*RESOLVES)

    def write(self, count: int = 2, *lines: str, judged: bool = True) -> None:
        """A list of so many issues, with these lines after them; quicker where no test judges."""
        fields = {} if judged else {"tests": (), "keep": ()}
        rows = [json.dumps(self.row(f"clamp-{number}", **fields)) for number in range(count)]
        self.list.write_text("".join(f"{row}\n" for row in (*rows, *lines)))

    def row(self, name: str, **fields: object) -> dict[str, object]:
        about = {"id": name, "repo": str(self.project.path), "text": "clamp(11, 0, 9) gives 11."}
        return {**about, "tests": list(FAILING), **fields}

    def plays(self, *actions: tuple[str, str], seconds: float = 0.0) -> None:
        """What the scripted policy does, after so many seconds in which it can be disturbed."""
        waits = [("bash", f"sleep {seconds}")] if seconds else []
        rows = [{"tool": tool, "argument": argument} for tool, argument in (*waits, *actions)]
        self.script.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def arguments(self, *flags: object) -> list[object]:
        return ["batch", self.list, "--script", self.script, *flags]

    def __call__(self, *flags: object) -> Ended:
        return checked(self.foretrace(*self.arguments(*flags)))

    def start(self, *flags: object) -> Child:
        return self.foretrace.start(*self.arguments(*flags))

    def ctl(self, *words: object) -> Ended:
        return checked(self.foretrace("batch", "ctl", "batch-many", *words))

    def status(self) -> BatchStatus:
        """How the batch stands, told from the disk alone."""
        return BatchStore(self.folder).look()

    def counts(self) -> dict[str, int]:
        """Attempts by state, where there are any."""
        return {state: count for state, count in self.status().counts.items() if count}

    def results(self) -> list[dict[str, object]]:
        paths = sorted(self.folder.runs.glob("*/result.json"))
        return [json.loads(path.read_text()) for path in paths]

    def at_work(self, count: int, child: Child) -> None:
        """Wait until so many runs have come to their policy."""
        until(lambda: self._at_work() >= count, child)

    def _at_work(self) -> int:
        if not self.folder.record.exists():
            return 0
        rows = self.status().rows
        return sum(row.state == "running" and row.step >= 1 for row in rows)

    def worker_of(self, child: Child) -> int:
        """The process id of a worker of a batch."""
        return next(row.pid for row in self.status().rows if row.pid and row.pid != child.pid)


def checked(ended: Ended) -> Ended:
    assert "Traceback" not in ended.err, ended.err
    return ended


def kill(pid: int) -> None:
    """End a process by force."""
    assert pid != os.getpid()
    os.kill(pid, signal.SIGKILL)
