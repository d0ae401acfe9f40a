"""A trajectory that grows, read from where it was left off."""

import json
from array import array
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
        self._places = array("Q")  # where the line of each event that was handed out begins

    @property
    def read(self) -> int:
        """How many events were handed out so far."""
        return len(self._places)

    def more(self) -> list[Event]:
        """The events written since the last call, at most some megabytes of them.

        A line without its end is left for the next time. Where the file cannot be read there is
        nothing.
        """
        events = []
        place = self._offset
        for line in self._lines():
            try:
                events.append(parse_event(line))
            except (ValueError, KeyError, TypeError):
                self.unreadable += 1
            else:
                self._places.append(place)
            place += len(line)
        return events

    def again(self, number: int) -> Event | None:
        """An event that was handed out, counted from 0; None where the file has it no longer."""
        try:
            return parse_event(self._line(number))
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def may_hold(self, number: int, text: str) -> bool:
        """Whether an event that was handed out can hold a text, whatever its case.

        That it does is not said: it costs a fraction of reading it anew.
        """
        if not (text.isascii() and text.isprintable()):
            return True  # which may be written in more than one way
        try:
            line = self._line(number).decode("utf-8", "replace")
        except (OSError, IndexError):
            return False
        return json.dumps(text.lower())[1:-1] in line.lower()

    def _line(self, number: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self._places[number])
            return file.readline()

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
        return whole.splitlines(keepends=True)
