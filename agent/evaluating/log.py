"""The results of an evaluation on disk: JSON lines, appended as they come, gone on with later.

The first line says what is evaluated, each further one is a `model.questions.results.Result`. A
process that is killed loses the tasks in flight; a last line that it left torn is cut off.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import WrongUse
from model.questions.results import Result


class Evaluation(BaseModel):
    """What is evaluated. Results of another one do not go into the same file.

    Attributes:
        question, mode, samples, seed, most: see `model.questions.question`.
        model: its name.
        data: the data set's file, in full: ids are unique within one only.
        format: of the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    mode: str
    model: str
    data: str
    samples: int = 1
    seed: int = 0
    most: int = 16_384
    format: int = 1


class ResultLog:
    """A file of results. Use it in ``with``.

    Attributes:
        results: those that were there, by the ids of their tasks.

    Args:
        path: of the file; made where it is not there.
        evaluation: what it is of.

    Raises:
        WrongUse: the file is of another evaluation, is no such file, is written by another process,
            or cannot be written.
    """

    def __init__(self, path: Path, evaluation: Evaluation) -> None:
        self.results: dict[str, Result] = {}
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
        except OSError as error:
            raise WrongUse(f"cannot write {path}: {error.strerror or error}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._begin(evaluation)
        except BlockingIOError:
            self._file.close()
            raise WrongUse(f"another process is writing {path}") from None
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, result: Result) -> None:
        """Keep a result."""
        self._write(result)
        self.results[result.id] = result

    def _begin(self, evaluation: Evaluation) -> None:
        self._file.seek(0)
        data = self._file.read()
        whole = data[: data.rfind(b"\n") + 1]
        first, *lines = whole.splitlines() or [b""]
        if whole:
            self._compare(first, evaluation)
        for number, line in enumerate(lines, 2):
            try:
                result = Result.model_validate_json(line)
            except ValidationError:
                raise WrongUse(f"{self._path}, line {number}: it is no result") from None
            self.results[result.id] = result
        if len(whole) < len(data):
            self._file.truncate(len(whole))
        if not whole:
            self._write(evaluation)

    def _compare(self, first: bytes, evaluation: Evaluation) -> None:
        try:
            before = Evaluation.model_validate_json(first)
        except ValidationError:
            raise WrongUse(f"{self._path} is no file of results") from None
        ours, theirs = evaluation.model_dump(), before.model_dump()
        other = [f"{name} {theirs[name]!r}" for name in ours if ours[name] != theirs[name]]
        if other:
            raise WrongUse(
                f"{self._path} holds results of another evaluation: {', '.join(other)}",
                "name another folder with --out, or remove the file",
            )

    def _write(self, line: BaseModel) -> None:
        self._file.write(line.model_dump_json().encode() + b"\n")
        self._file.flush()
        os.fdatasync(self._file.fileno())
