"""Reading data sets: JSON lines or a JSON array, packed with gzip or not, record by record."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from pydantic import BaseModel, ValidationError

from model.questions.question import BadRow, Question, Row, Task
from model.questions.replies import whole

_LONGEST = 64 * 1024**2
"""Characters of one record; LiveCodeBench has some of many megabytes."""

Shape = TypeVar("Shape", bound=BaseModel)


class DataProblem(ValueError):
    """A data set cannot be read at all; the message is one line."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that is not asked about.

    Attributes:
        place: where it is, as ``line 7``.
        why: in one line.
    """

    place: str
    why: str


def read_tasks(path: Path, question: Question) -> tuple[list[Task], list[Skipped]]:
    """The tasks of a file, and the records that are none. Of two of one id the first counts.

    Raises:
        DataProblem: the file cannot be read.
    """
    tasks: dict[str, Task] = {}
    skipped: list[Skipped] = []
    for place, row in read_rows(path):
        try:
            if isinstance(row, str):
                raise BadRow(row)
            task = question.read(row)
            if task.id in tasks:
                raise BadRow(f"the id {task.id!r} was there before")
        except BadRow as problem:
            skipped.append(Skipped(place, str(problem)))
        else:
            tasks[task.id] = task
    return list(tasks.values()), skipped


def read_rows(path: Path) -> Iterator[tuple[str, Row | str]]:
    """The records of a file, each with its place; for one that is none, why.

    A record without an ``id`` of any name has its number for one, see `row_id`.

    Raises:
        DataProblem: the file cannot be read.
    """
    try:
        with _opened(path) as file:
            yield from _array(file) if _first(file) == "[" else _lines(file)
    except OSError as error:
        raise DataProblem(f"cannot read {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, EOFError, zlib.error) as error:
        raise DataProblem(f"cannot read {path}: {error}") from None


def checked(shape: type[Shape], row: Row) -> Shape:
    """A record in a shape.

    Raises:
        BadRow: it has another; the message names the first field that is wrong.
    """
    try:
        return shape.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadRow(f"{where}: {first['msg'].lower()}" if where else str(first["msg"])) from None


def row_id(row: Row, *names: str) -> str:
    """The id of a record: the first of these fields that it has, or its number."""
    for name in (*names, NUMBER):
        value = row.get(name)
        if isinstance(value, str | int) and str(value).strip():
            return whole(str(value))
    return ""


NUMBER = "\0number"
"""The field under which a record carries its number, whatever stood there before."""


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _first(file: IO[str]) -> str:
    """The first character that is no white space; the file is back at its beginning then."""
    first = " "
    while first and first.isspace():
        first = file.read(1)
    file.seek(0)
    return first


def _lines(file: IO[str]) -> Iterator[tuple[str, Row | str]]:
    number = 0
    while line := file.readline(_LONGEST):
        number += 1
        if len(line) >= _LONGEST:
            while line and not line.endswith("\n"):
                line = file.readline(_LONGEST)
            yield f"line {number}", "it is too long"
        elif line.strip():
            yield f"line {number}", _parsed(line, number)


def _array(file: IO[str]) -> Iterator[tuple[str, Row | str]]:
    try:
        values = json.loads(file.read(16 * _LONGEST))
    except (ValueError, RecursionError) as error:
        raise DataProblem(f"it begins like a JSON array and is none: {error}") from None
    for number, value in enumerate(values, 1):
        yield f"record {number}", _numbered(value, number)


def _parsed(line: str, number: int) -> Row | str:
    try:
        return _numbered(json.loads(line), number)
    except (ValueError, RecursionError):
        return "it is not JSON"


def _numbered(value: object, number: int) -> Row | str:
    return {**value, NUMBER: number} if isinstance(value, Mapping) else "it is not a JSON object"
