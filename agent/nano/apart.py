"""The programs that a data set teaches, as what is held out is compared with them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.nano.held import read_split
from model.nano.programs.likeness import tokens
from model.nano.record import Record
from model.trace.writing import MARKER


def learnt(folders: Sequence[Path]) -> Iterator[tuple[str, ...]]:
    """The tokens of every program of the ``train`` parts of data sets, once for each source.

    Raises:
        WrongUse: one of them cannot be read.
    """
    seen: set[str] = set()
    for folder in folders:
        for record in read_split(folder, "train"):
            source = program_of(record)
            if source not in seen:
                seen.add(source)
                yield tokens(source)


def program_of(record: Record) -> str:
    """The program alone, without the function that calls it, or its test."""
    source = record.source
    if record.form == "suite":
        return source[: source.rindex("\n# ") + 1]  # where the file of the test begins
    return source[: source.rindex("\n", 0, source.index(MARKER)) + 1]
