"""Runs to look at again: real ones, made by the command line, and folders made by hand."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.events import EventData
from agent.issue import Issue
from agent.runfolder import Parent, RunRecord, RunResult, write_json
from agent.trajectory import Trajectory
from tests.agent.conftest import FAILING, REPAIR, CommandLine, Project
from tests.agent.scriptedmodel import prices_repository

ABOVE = FAILING[0]
NOISE = "date; mktemp -d; time sleep 0.05; python3 -c 'print(object())'"
"""What is never the same twice."""
HAND_IN = (("bash", "git diff > /tmp/fix.diff"), ("submit", "/tmp/fix.diff"))
ACTIONS = (
    ("test", ABOVE),
    ("bash", NOISE),
    ("edit", REPAIR),
    ("nonsense", "x"),
    ("test", "all"),
    *HAND_IN,
)
"""Of the run that `record` makes: the end is its eighth step."""


@dataclass(frozen=True)
class Recorded:
    """A run that has been, and the command line it was made with."""

    foretrace: CommandLine
    project: Project
    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    def newest(self) -> Path:
        """The folder of the last run; a fork, where there was one."""
        return sorted(path for path in self.folder.parent.iterdir() if path.is_dir())[-1]


def record(home: Path) -> Recorded:
    """Let the scripted policy resolve an issue, and keep the run."""
    tests = [word for test in FAILING for word in ("--test", test)]
    return record_with(home, {}, ACTIONS, *tests)


def record_with(
    home: Path,
    variables: Mapping[str, str],
    actions: Iterable[tuple[str, str]],
    *flags: object,
) -> Recorded:
    """The same with these actions, flags and variables, which are not kept."""
    home.mkdir(exist_ok=True)
    foretrace = CommandLine(home)
    before = {**foretrace.environment, "FORETRACE_VERIFY__REPEATS": "1"}
    foretrace.environment = {**before, **variables}
    project = prices_repository(home / "prices")
    issue = home / "clamp.txt"
    issue.write_text("clamp(11, 0, 9) gives 11, and it should give 9.\n")
    script = write_script(home / "script.jsonl", actions)
    ended = foretrace("run", issue, "--repo", project.path, "--script", script, *flags)
    assert ended.status == 0, ended
    foretrace.environment = before
    return Recorded(foretrace, project, foretrace.run_folder())


def write_script(path: Path, actions: Iterable[tuple[str, str]]) -> Path:
    rows = [json.dumps({"tool": tool, "argument": argument}) for tool, argument in actions]
    path.write_text("\n".join(rows) + "\n")
    return path


def run_folder(
    out: Path,
    *events: EventData,
    name: str = "20260101-000000-clamp-0000",
    parent: Parent | None = None,
    result: RunResult | None = None,
    **issue: object,
) -> Path:
    """A run's folder, made by hand; what is in it need not be true."""
    folder = out / name
    folder.mkdir(parents=True)
    about = {"id": "clamp", "text": "clamp is wrong", "repo": "/nowhere", **issue}
    record = RunRecord(
        id=name,
        issue=Issue.model_validate(about),
        policy="scripted",
        seed=0,
        started=datetime(2026, 1, 1, tzinfo=UTC),
        settings={},
        versions={"foretrace": "0.1.0"},
        parent=parent,
    )
    write_json(folder / "run.json", record)
    with Trajectory(folder / "events.jsonl") as trajectory:
        for data in events:
            trajectory.append(data)
    if result is not None:
        write_json(folder / "result.json", result)
    return folder
