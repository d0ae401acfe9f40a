"""Issues from a list in JSON lines (``FILE.jsonl``), read line by line."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from agent.sources.forms import issue_from_json
from agent.sources.source import ListSource, Placed, Progress, Skipped, open_file

MAX_LINE = 64 * 1024 * 1024
"""Bytes of a line; a longer one is passed over instead of being held in memory."""


def _read(source: str, progress: Progress) -> Iterator[Placed]:
    with open_file(Path(source)) as file:
        for number, line in enumerate(_lines(file), start=1):
            where = f"line {number}"
            if line is None:
                yield Skipped(where, f"longer than {MAX_LINE >> 20} MiB")
                continue
            text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").rstrip()
            if text:
                yield issue_from_json(text, where)


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines; None in the place of one that is too long."""
    while line := file.readline(MAX_LINE):
        whole = len(line) < MAX_LINE or line.endswith(b"\n")
        yield line if whole else None
        while not whole and (line := file.readline(MAX_LINE)):
            whole = line.endswith(b"\n")


LINES = ListSource(claims=lambda source: Path(source).suffix == ".jsonl", read=_read)
"""JSON lines, one issue each; blank lines are passed over."""
