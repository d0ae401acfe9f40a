"""Runs that are killed at a moment of the test's choosing, and what becomes of them after that."""

import json
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.events import Event
from agent.replay.reading import RecordedRun, open_run
from agent.trajectory import read_events
from tests.agent.conftest import FAILING, CommandLine, Ended
from tests.agent.replay.recorded import write_script
from tests.agent.scriptedmodel import prices_repository, until

Seen = Callable[[list[Event]], object]


@dataclass(frozen=True)
class Losing:
    """A repository, an issue about it, and a command line that runs are lost of."""

    foretrace: CommandLine
    home: Path

    @classmethod
    def at(cls, home: Path) -> "Losing":
        home.mkdir(exist_ok=True)
        made = cls(CommandLine(home), home)
        made.foretrace.environment["FORETRACE_VERIFY__REPEATS"] = "1"
        prices_repository(home / "prices")
        (home / "clamp.txt").write_text("clamp(11, 0, 9) gives 11, it should give 9.\n")
        return made

    def script(self, actions: Iterable[tuple[str, str]]) -> Path:
        return write_script(self.home / "script.jsonl", actions)

    def lose(self, seen: Seen, *flags: object) -> Path:
        """Begin a run, and kill it as soon as that is seen in its events."""
        tests = [word for test in FAILING for word in ("--test", test)]
        where = (self.home / "clamp.txt", "--repo", self.home / "prices")
        return self.killed(self.foretrace.start("run", *where, *tests, *flags), seen)

    def killed(self, child: subprocess.Popen[str], seen: Seen) -> Path:
        """Kill a run's process as soon as that is seen in the events of the newest run."""
        before = self.folders()
        until(lambda: len(self.folders()) > len(before) or seen_now(self.folders(), seen), child)
        until(lambda: seen_now(self.folders(), seen), child)
        child.kill()
        child.communicate()
        return self.folders()[-1]

    def resume(self, run: Path, *flags: object) -> Ended:
        ended = self.foretrace("replay", run.name, "--resume", *flags)
        assert "Traceback" not in ended.err, ended.err
        return ended

    def folders(self) -> list[Path]:
        """Of all runs, in the order in which they began."""
        found = list(self.foretrace.runs.glob("*/run.json"))
        began = {path.parent: json.loads(path.read_text())["started"] for path in found}
        return sorted(began, key=lambda folder: began[folder])

    def newest(self) -> RecordedRun:
        return open_run(self.folders()[-1])


def seen_now(folders: list[Path], seen: Seen) -> object:
    path = folders[-1] / "events.jsonl" if folders else None
    return path is not None and path.exists() and seen(list(read_events(path)))


def step_runs(number: int) -> Seen:
    """The action of a step was asked for."""
    return lambda events: any(e.type == "action" and e.data.step == number for e in events)  # type: ignore[union-attr]


def actions(run: RecordedRun) -> list[tuple[int, str | None, str]]:
    found = (event.data for event in run.events if event.type == "action")
    return [(data.step, data.tool, data.argument) for data in found]  # type: ignore[union-attr]


def cut_after_asking(folder: Path, tool: str) -> None:
    """Leave a run's events as they were when its policy had just asked for a tool."""
    path = folder / "events.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    asked = (at for at, line in enumerate(lines) if f'"tool":"{tool}"' in line)
    path.write_text("".join(lines[: next(asked) + 1]))
