"""A batch's issues: read from where the user said, frozen in the batch's folder, found by id.

Only ids and places are held in memory: a list may have any length.
"""

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel

from agent.batch.folder import BatchFolder
from agent.batch.lines import append
from agent.errors import IssueProblem
from agent.issue import Issue
from agent.sources.source import Skipped

CHUNK = 200
"""Entries read at once."""

Entries = Iterator[Issue | Skipped]


class SkippedLine(BaseModel):
    """A line of ``skipped.jsonl``: where it stood, why it is no issue, its id where it has one."""

    where: str
    why: str
    id: str = ""


def ids_in(path: Path) -> Iterator[str]:
    """Ids of the frozen issues in a file.

    Raises:
        OSError: it cannot be read.
    """
    for _, issue in _places(path):
        yield issue


def _places(path: Path) -> Iterator[tuple[int, str]]:
    """Where each line begins, and whose it is; a torn last line is left out."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield offset, str(json.loads(line)["id"])
            offset += len(line)


class IssueList:
    """The issues, read a chunk at a time.

    Attributes:
        complete: whether all are read.
        skipped: entries that were no issues.
    """

    def __init__(self, folder: BatchFolder, entries: Entries | None) -> None:
        """Args: entries: what to freeze; None to read what was frozen before.

        Raises:
            OSError: the folder cannot be written.
        """
        self.complete = False
        self.skipped = 0
        self._folder = folder
        self._entries = entries
        self._offsets: dict[str, int] = {}
        if entries is None:
            self._file: BinaryIO = folder.issues.open("rb")
            self._frozen = _places(folder.issues)
        else:
            folder.skipped.unlink(missing_ok=True)
            self._file = folder.reading.open("w+b")
            self._frozen = iter(())

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, issue: str) -> Issue:
        """Raises KeyError where there is no such issue."""
        return Issue.model_validate_json(self._line(self._offsets[issue]))

    def __contains__(self, issue: str) -> bool:
        return issue in self._offsets

    def more(self, *, strict: bool = False) -> tuple[list[str], list[Skipped]]:
        """The next ids, and what was skipped among them. Blocks.

        Args:
            strict: whether an entry that is no issue ends it.

        Raises:
            IssueProblem: there was one, or the list cannot be read.
            SourceUnavailable: what it is read from does not answer.
            OSError: the folder cannot be written.
        """
        if self._entries is None:
            places = list(islice(self._frozen, CHUNK))
            self._offsets.update((issue, offset) for offset, issue in places)
            self.complete = len(places) < CHUNK
            return [issue for _, issue in places], []
        entries = list(islice(self._entries, CHUNK))
        bad = [each for each in entries if isinstance(each, Skipped)]
        if bad and strict:
            raise IssueProblem(f"{bad[0].where}: {bad[0].why}", "--on-bad skip leaves such out")
        for each in bad:
            self.skipped += 1
            line = SkippedLine(where=each.where, why=each.why, id=each.id)
            append(self._folder.skipped, line)
        ids = [self._freeze(each) for each in entries if isinstance(each, Issue)]
        self._file.flush()
        if len(entries) < CHUNK:
            os.fsync(self._file.fileno())
            self._folder.reading.replace(self._folder.issues)
            self.complete = True
        return ids, bad

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _freeze(self, issue: Issue) -> str:
        self._offsets[issue.id] = self._file.seek(0, os.SEEK_END)
        self._file.write(issue.model_dump_json().encode() + b"\n")
        return issue.id

    def _line(self, offset: int) -> bytes:
        """Reads beside the writing, which may go on in a thread."""
        parts = []
        while True:
            part = os.pread(self._file.fileno(), 65536, offset)
            line, end, _ = part.partition(b"\n")
            parts.append(line)
            if end or not part:
                return b"".join(parts)
            offset += len(part)
