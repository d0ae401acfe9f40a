"""The board's own memory: issues that were added, and runs that were started for them.

``board.json`` in the runs' folder. Every change reads it, writes it anew and puts it in place at
once, under a lock, so that several terminal UIs on one folder do not undo one another's.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import ConfigProblem
from agent.issue import Issue
from agent.runfolder import write_json
from agent.sources.source import slug


class Started(BaseModel):
    """A run's process that was started here.

    Attributes:
        token: names it; the run's folder holds it as well, once there is one.
        issue: id of the issue.
        repo: of the issue.
        policy: that was asked for; empty for the default.
        time: when, seconds since the epoch.
        pid: its process.
        log: what it said, before it had a folder and after.
        resumes: id of the lost run that it goes on with; empty for none.
    """

    model_config = ConfigDict(frozen=True)

    token: str
    issue: str
    repo: str
    policy: str = ""
    time: float
    pid: int
    log: Path
    resumes: str = ""


class Board(BaseModel):
    """What is remembered."""

    model_config = ConfigDict(frozen=True)

    format: int = 1
    issues: tuple[Issue, ...] = ()
    started: tuple[Started, ...] = ()


class BoardFile:
    """The file, and the ways in which it changes.

    Attributes:
        path: where it is; it need not exist.
    """

    def __init__(self, out: Path) -> None:
        """Args: out: where runs are written."""
        self.path = out / "board.json"
        self._read: tuple[tuple[int, int, int], Board] | None = None

    def read(self) -> Board:
        """What it says; an empty board where there is none.

        A board that is read every second is parsed again only when the file is another.

        Raises:
            ConfigProblem: it cannot be read, or is none of ours.
        """
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                version = (status.st_ino, status.st_mtime_ns, status.st_size)
                before = self._read
                if before is not None and before[0] == version:
                    return before[1]
                board = Board.model_validate_json(file.read())
            self._read = version, board
            return board
        except FileNotFoundError:
            return Board()
        except OSError as error:
            raise ConfigProblem(f"cannot read {self.path}: {error.strerror}") from None
        except ValidationError:
            raise ConfigProblem(
                f"{self.path} is not a board", "move it away; the runs beside it stay as they are"
            ) from None

    def add(self, issues: list[Issue]) -> int:
        """Put issues on the board; one with the id and repository of another takes its place.

        Returns:
            How many are new.
        """
        issues = [_tidied(issue) for issue in issues]
        with self._changing() as board:
            known = {(each.id, each.repo): each for each in board.issues}
            before = len(known)
            known |= {(each.id, each.repo): each for each in issues}
            self._write(board.model_copy(update={"issues": tuple(known.values())}))
            return len(known) - before

    def remove(self, issues: set[tuple[str, str]], tokens: set[str]) -> None:
        """Take issues, by id and repository, and started processes off the board."""
        with self._changing() as board:
            kept = tuple(each for each in board.issues if (each.id, each.repo) not in issues)
            started = tuple(each for each in board.started if each.token not in tokens)
            self._write(board.model_copy(update={"issues": kept, "started": started}))

    def note(self, started: Started) -> None:
        """Remember a process."""
        with self._changing() as board:
            self._write(board.model_copy(update={"started": (*board.started, started)}))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Board]:
        """The board as it is, nobody else changing it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._read = None  # what is built on is what is there, whatever its times say
                yield self.read()
        except OSError as error:
            raise ConfigProblem(
                f"cannot write {self.path}: {error.strerror}", "choose another folder with --out"
            ) from None

    def _write(self, board: Board) -> None:
        write_json(self.path, board)


def _tidied(issue: Issue) -> Issue:
    """With an id that can be named on a command line, and a repository that any folder finds."""
    repo = issue.repo
    if repo and ":" not in repo and Path(repo).is_dir():
        repo = str(Path(repo).resolve())
    return issue.model_copy(update={"id": slug(issue.id), "repo": repo})
