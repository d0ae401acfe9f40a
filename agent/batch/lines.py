"""Files of JSON lines that grow: appended to with one write a line, read from where it was left."""

import os
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound=BaseModel)


def append(path: Path, line: BaseModel) -> None:
    """Add one line.

    Raises:
        OSError: the file cannot be written.
    """
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(file, line.model_dump_json().encode() + b"\n")
    finally:
        os.close(file)


class Lines(Generic[T]):
    """Reads a file's lines as they are written; what is no such line is passed over."""

    def __init__(self, kind: type[T], path: Path, *, from_end: bool = False) -> None:
        """Args: from_end: leave out what is there already."""
        self._kind = kind
        self._path = path
        self._offset = 0
        if from_end:
            self._raw()

    def more(self) -> list[T]:
        """The lines written since the last call."""
        found = []
        for line in self._raw():
            try:
                found.append(self._kind.model_validate_json(line))
            except ValidationError:
                continue
        return found

    def count(self) -> int:
        """How many lines were written since the last call, whatever they say."""
        return len(self._raw())

    def _raw(self) -> list[bytes]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.splitlines()
