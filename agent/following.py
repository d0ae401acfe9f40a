"""A trajectory that grows, read from where it was left off."""

from pathlib import Path

from agent.events import Event
from agent.trajectory import parse_event

_CHUNK = 8 * 1024 * 1024
"""Bytes read at once: a reader that starts late gets to do other things in between."""


class Follower:
    """Reads the events of one run as they are written.

    Attributes:
        path: the ``events.jsonl``; it need not be there yet.
        unreadable: lines that are no events; they are passed over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unreadable = 0
        self._offset = 0

    def more(self) -> list[Event]:
        """The events written since the last call, at most some megabytes of them.

        A line without its end is left for the next time. Where the file cannot be read there is
        nothing.
        """
        events = []
        for line in self._lines():
            try:
                events.append(parse_event(line))
            except (ValueError, KeyError, TypeError):
                self.unreadable += 1
        return events

    def _lines(self) -> list[bytes]:
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_CHUNK)
                if data and b"\n" not in data:
                    data += file.readline()  # one line longer than a chunk
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.splitlines()
