"""Repositories with something to mend, and runs that have mended it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from agent.events import EventData, Prepared, Submitted, TestReport, Verified
from agent.replay.reading import RecordedRun, open_run
from agent.runfolder import RunResult, Status
from tests.agent.conftest import CODE
from tests.agent.replay.recorded import run_folder
from tests.sandboxes.repository.gitrepos import commit, git, repository

FIXED = CODE.replace("if value < high", "if value > high")
ABOVE = "tests/test_prices.py::test_above"


def prices(path: Path, *options: str) -> Path:
    """A repository with one wrong comparison."""
    made = repository(path, *options)
    commit(made, "Prices", prices_py=CODE, notes_txt="notes\n")
    return made


def change(place: Path, *changes: Callable[[Path], object]) -> str:
    """What changes do to a clean checkout of a repository's head, as a patch; it stays as it was.

    Without any the wrong comparison is mended.
    """
    before = git(place, "rev-parse", "HEAD")
    clone = place.parent / f"{place.name}-changed-{len(list(place.parent.iterdir()))}"
    git(place.parent, "clone", "--quiet", "--no-hardlinks", str(place), str(clone))
    for each in changes or (mended,):
        each(clone)
    git(clone, "add", "--all")
    flags = ("--cached", "--binary", "--full-index", "--find-renames", before)
    done = subprocess.run(["git", "diff", *flags], cwd=clone, check=True, capture_output=True)
    return done.stdout.decode()


def mended(place: Path) -> None:
    """Turn the comparison round."""
    (place / "prices.py").write_text(FIXED)


def run_of(
    out: Path,
    patch: str,
    base: str,
    *,
    status: Status = "resolved",
    notes: tuple[str, ...] = (),
    test: str = ABOVE,
    name: str = "20260101-000000-clamp-0000",
    **issue: object,
) -> RecordedRun:
    """A run that has ended, read from its folder."""
    return open_run(
        write_run(out, patch, base, status=status, notes=notes, test=test, name=name, **issue)
    )


def write_run(
    out: Path,
    patch: str,
    base: str,
    *,
    status: Status = "resolved",
    notes: tuple[str, ...] = (),
    test: str = ABOVE,
    name: str = "20260101-000000-clamp-0000",
    **issue: object,
) -> Path:
    """The folder of a run that has ended."""
    after = "passed" if status == "resolved" else "failed"
    verified = Verified(
        applied=True,
        resolved=status == "resolved",
        fail_to_pass=(TestReport(test=test, before="failed", after=after),),
        pass_to_pass=(
            TestReport(test="tests/test_prices.py::test_below", before="passed", after="passed"),
        ),
    )
    result = RunResult(
        id=name,
        issue="clamp",
        policy="scripted",
        status=status,
        reason="1 failing test(s) pass now" if status == "resolved" else "test_above still fails",
        submitted_by="policy",
        verification=None if status == "submitted" else verified,
        steps=7,
    )
    events: list[EventData] = [
        Prepared(base_commit=base, image="sha256:0", seconds=1.0, notes=notes)
    ]
    if patch:
        events.append(Submitted(patch=patch))
    return run_folder(out, *events, name=name, result=result, **issue)  # type: ignore[arg-type]


def served(path: Path, *, writable: bool = True) -> Path:
    """A bare repository for a server to serve, which takes what is pushed."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "--bare")
    git(path, "config", "http.receivepack", str(writable).lower())
    return path


def head(place: Path) -> str:
    return git(place, "rev-parse", "HEAD")
