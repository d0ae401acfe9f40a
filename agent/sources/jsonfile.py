"""Issues from a JSON file (``FILE.json``): an array, or one object after the other.

The file is read piece by piece, and an entry is decoded when it is asked for.
"""

import json
import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from agent.sources.forms import issue_from
from agent.sources.source import ListSource, Placed, Progress, Skipped, open_file

MAX_ENTRY = 64 * 1024 * 1024
"""Characters of an entry; after a longer one reading ends."""

_PIECE = 1024 * 1024
_BLANK = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n,]*")


def _read(source: str, progress: Progress) -> Iterator[Placed]:
    with (
        open_file(Path(source)) as file,
        TextIOWrapper(file, "utf-8-sig", "replace", newline="") as text,
    ):
        number = 0
        try:
            for number, value in enumerate(_values(_Pieces(text)), start=1):
                yield issue_from(value, f"entry {number}")
        except _Broken as error:
            yield Skipped(f"entry {number + 1}", f"{error}; nothing after it can be read")


class _Broken(Exception):
    """What follows cannot be told apart any more."""


class _Pieces:
    """The part of a file that is being looked at."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._ended = False

    def skip(self, pattern: re.Pattern[str]) -> str:
        """Pass over what may stand here; the sign after it, empty at the end."""
        while True:
            found = pattern.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def step(self) -> None:
        """Pass over one sign."""
        self._at += 1

    def value(self) -> object:
        """Decode what begins here."""
        decoder, complaint = json.JSONDecoder(), ""
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            except ValueError as error:
                complaint = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            except RecursionError:
                raise _Broken("not JSON that can be read: it is nested too deeply") from None
            if self._ended:
                raise _Broken(f"not JSON ({complaint})")
            if len(self._text) - self._at > MAX_ENTRY:
                raise _Broken(f"not JSON, or longer than {MAX_ENTRY >> 20} MiB")
            self._read_on()

    def _read_on(self) -> None:
        """Twice as much each time, so that a long entry is not decoded over and over."""
        rest = self._text[self._at :]
        more = self._file.read(max(_PIECE, len(rest)))
        self._text, self._at, self._ended = rest + more, 0, not more


def _values(pieces: _Pieces) -> Iterator[object]:
    in_array = pieces.skip(_BLANK) == "["
    if in_array:
        pieces.step()
    while (sign := pieces.skip(_BETWEEN)) != ("]" if in_array else ""):
        if not sign:
            raise _Broken("the file breaks off")
        yield pieces.value()


JSON_FILE = ListSource(claims=lambda source: Path(source).suffix == ".json", read=_read)
"""A JSON array of issues; also a single one, and JSON lines under this name."""
