"""A batch on disk: what lies where, and what it set out to do (``batch.json``).

::

    batch.json          what it set out to do; written once
    issues.jsonl        the issues as they were read, frozen; issues.partial until all are
    skipped.jsonl       what was no issue, and why
    control.jsonl       what it was told while it ran; appended to
    log.jsonl           what happened to it as a whole; appended to
    runs/               an ordinary run's folder for every attempt, failed ones included
    predictions.jsonl   the patches, as the SWE-bench harness reads them
    summary.json        the counts, when it last looked

What has become of an issue is told from ``runs/`` alone.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import ConfigProblem, WrongUse
from agent.runfolder import write_json
from agent.sources.source import slug
from sandboxes.owner import Owner

FORMAT = 1


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """One attempt at one issue.

    Attributes:
        issue: its id.
        number: from 1.
    """

    issue: str
    number: int

    def __str__(self) -> str:
        return self.issue if self.number == 1 else f"{self.issue}, attempt {self.number}"


class BatchRecord(BaseModel):
    """``batch.json``.

    Attributes:
        format: of this file.
        source: where the issues were read from.
        attempts: at each of them.
        policy: what decides.
        script: for the scripted policy.
        started: when it first was.
        settings: those that were set; the others are the defaults.
        versions: of what ran it first.
    """

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    source: str
    attempts: int
    policy: str
    script: Path | None = None
    started: datetime
    settings: dict[str, object]
    versions: dict[str, str] = {}


class BatchFolder:
    """The places in a batch's folder.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "batch.json"
        self.issues = path / "issues.jsonl"
        self.reading = path / "issues.partial"
        self.skipped = path / "skipped.jsonl"
        self.control = path / "control.jsonl"
        self.log = path / "log.jsonl"
        self.runs = path / "runs"
        self.predictions = path / "predictions.jsonl"
        self.summary = path / "summary.json"
        self.locks = path / "locks"
        self.words = path / "workers.log"

    @property
    def lock(self) -> Path:
        """Held by the coordinator; says who that is."""
        return self.locks / "batch.lock"

    def attempt_lock(self, attempt: Attempt) -> Path:
        """Held by whoever makes the attempt."""
        name = f"{attempt.number} {attempt.issue}".encode()
        return self.locks / f"attempt-{hashlib.sha256(name).hexdigest()[:24]}.lock"

    def create(self, record: BatchRecord) -> None:
        """Make the folder, with ``batch.json`` in it.

        Raises:
            ConfigProblem: it cannot be written.
        """
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            self.locks.mkdir(exist_ok=True)
            if not (self.path.parent / ".gitignore").exists():
                (self.path.parent / ".gitignore").write_text("*\n", encoding="ascii")
            write_json(self.record, record)
        except OSError as error:
            raise ConfigProblem(
                f"cannot write a batch to {self.path}: {error.strerror}",
                "choose another folder with --out",
            ) from None

    def read(self) -> BatchRecord:
        """What the batch set out to do.

        Raises:
            WrongUse: there is no batch, or one of a newer Foretrace.
        """
        try:
            record = BatchRecord.model_validate_json(self.record.read_bytes())
        except FileNotFoundError:
            raise WrongUse(f"there is no batch in {self.path}") from None
        except OSError as error:
            raise WrongUse(f"cannot read {self.record}: {error.strerror}") from None
        except ValidationError:
            raise WrongUse(f"{self.record} is not a batch's") from None
        if record.format > FORMAT:
            raise WrongUse(f"{self.path} was written by a newer Foretrace", "upgrade this one")
        return record

    def coordinator(self) -> int:
        """The process that runs the batch now; 0 for none."""
        try:
            owner = Owner.parse(self.lock.read_text(encoding="ascii", errors="replace"))
        except OSError:
            return 0
        return owner.pid if owner is not None and owner.alive() else 0


def is_batch(path: Path) -> bool:
    """Whether a folder is a batch's."""
    return (path / "batch.json").is_file()


def batch_at(out: Path, name: str) -> BatchFolder:
    """The batch that the user named: a folder, or the name of one where runs are written."""
    return BatchFolder(Path(name) if is_batch(Path(name)) else out / name)


def name_for(source: str) -> str:
    """What a batch is called that the user gave no name."""
    name = source.partition("#")[0]
    return f"batch-{slug(Path(name).stem if Path(name).exists() else source)[:60]}"
