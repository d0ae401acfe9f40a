"""Server-sent events, as far as model servers use them: the data of each event.

Lines end with LF or CRLF only. Libraries that split at every Unicode line separator tear answers
apart that hold one inside a JSON string, which is allowed there.
"""

from collections.abc import Iterator

from model.errors import ServerFailed

LONGEST_EVENT = 32 * 1024 * 1024
"""Bytes. The largest honest event repeats a prompt of 131,072 token ids, which is about 1 MB."""


class EventReader:
    """Takes bytes as they come, gives the data of each event that is complete.

    Attributes:
        whole: the answer does not stream but is one event: it begins like a JSON object, or the
            server said so at once.

    Raises:
        ServerFailed: an event is longer than any honest one.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self.whole = whole
        self._begun = whole
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The events that this piece completes."""
        start = len(self._rest)
        self._rest += piece
        if not self._begun and (begin := self._rest.lstrip()[:1]):
            self._begun, self.whole = True, begin == b"{"
        if self.whole:
            start = len(self._rest)
        # Looking for a line's end only where it can be new keeps long lines linear.
        while (end := self._rest.find(b"\n", start)) >= 0:
            line = bytes(self._rest[:end]).removesuffix(b"\r")
            del self._rest[: end + 1]
            start = 0
            yield from self._line(line)
        if len(self._rest) + self._size > LONGEST_EVENT:
            raise ServerFailed("the answer holds an event without an end", passing=False)

    def finish(self) -> Iterator[bytes]:
        """What is left when the stream ends; some servers leave out the last empty line."""
        if self.whole:
            yield bytes(self._rest)
            return
        yield from self._line(bytes(self._rest).removesuffix(b"\r"))
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[bytes]:
        if not line:
            if self._data:
                yield b"\n".join(self._data)
            self._data, self._size = [], 0
        elif line.startswith(b"data:"):
            value = line[5:].removeprefix(b" ")
            self._data.append(value)
            self._size += len(value)
