"""Runs on disk: finding them by name, and reading what their folders say.

A run that still goes on, or was killed, reads like any other; it just has no result. What happened
step by step is the subject of `agent.replay.steps`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from agent.errors import WrongUse
from agent.events import Event
from agent.issue import first_problem
from agent.runfolder import FORMAT, RunRecord, RunResult
from agent.trajectory import read_events

Model = TypeVar("Model", bound=BaseModel)

_NAMED = 5


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run as its folder tells of it.

    Attributes:
        folder: itself.
        record: what it set out to do.
        events: everything that happened, oldest first.
        result: what became of it; None while it goes on, and when it was killed.
    """

    folder: Path
    record: RunRecord
    events: tuple[Event, ...] = field(repr=False)
    result: RunResult | None


def find_run(name: str, out: Path) -> Path:
    """The folder of a run.

    Args:
        name: a folder, a run's id, or the beginning of one that no other run shares.
        out: where runs are written.

    Raises:
        WrongUse: there is no such run, or more than one.
    """
    if _is_run(Path(name)):
        return Path(name)
    known = [path.name for path in runs_in(out)]
    if name in known:
        return out / name
    found = [each for each in known if name and each.startswith(name)]
    if len(found) == 1:
        return out / found[0]
    if found:
        more = ", ..." if len(found) > _NAMED else ""
        raise WrongUse(
            f"{len(found)} runs in {out} begin with {name}",
            f"name one of them: {', '.join(found[:_NAMED])}{more}",
        )
    last = f"the last one there is {known[-1]}" if known else f"there are none in {out}"
    raise WrongUse(f"there is no run {name}", f"name a run of {out}, or its folder; {last}")


def open_run(folder: Path) -> RecordedRun:
    """Read a run, also one that goes on.

    Raises:
        WrongUse: a file cannot be read, is none of ours, or is of a newer format.
        TrajectoryCorrupt: a line before the last is not an event.
    """
    record = read_record(folder)
    path = folder / "events.jsonl"
    try:
        events = tuple(read_events(path)) if path.exists() else ()
    except OSError as error:
        raise WrongUse(f"cannot read {path}: {error.strerror}") from None
    return RecordedRun(folder, record, events, read_result(folder))


def read_record(folder: Path) -> RunRecord:
    """What a run set out to do.

    Raises:
        WrongUse: ``run.json`` cannot be read, is none of ours, or is of a newer format.
    """
    record = _read(folder / "run.json", RunRecord)
    if record.format > FORMAT:
        raise WrongUse(
            f"{folder} has format {record.format}, and this Foretrace knows {FORMAT}",
            "it is of a newer version: update to read it",
        )
    return record


def read_result(folder: Path) -> RunResult | None:
    """What became of a run; None while that is open.

    Raises:
        WrongUse: ``result.json`` cannot be read or is none of ours.
    """
    path = folder / "result.json"
    return _read(path, RunResult) if path.exists() else None


def runs_in(out: Path) -> Sequence[Path]:
    """The folders of the runs in a folder, oldest first."""
    return sorted(path for path in out.iterdir() if _is_run(path)) if out.is_dir() else []


def _is_run(path: Path) -> bool:
    return (path / "run.json").is_file()


def _read(path: Path, kind: type[Model]) -> Model:
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise WrongUse(f"{path} is not as a run has it: {first_problem(error)}") from None
    except OSError as error:
        raise WrongUse(f"cannot read {path}: {error.strerror}") from None
