"""Reading a trajectory while it is being written: what is there, then what is new."""

from pathlib import Path

from agent.errors import TrajectoryCorrupt
from agent.trajectory import Event, parse_event


class Follower:
    """Reads each event of a trajectory once, however often it is asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0
        self._lines = 0

    def news(self) -> list[Event]:
        """The events since the last call; those that are not written to their end come later.

        Raises:
            TrajectoryCorrupt: a line is not an event, and others follow it.
            OSError: the file cannot be read.
        """
        with self._path.open("rb") as file:
            file.seek(self._place)
            lines = file.read().splitlines(keepends=True)
        events: list[Event] = []
        for number, line in enumerate(lines, start=1):
            try:
                event = parse_event(line)
            except (ValueError, KeyError, TypeError) as error:
                if number < len(lines):
                    where = f"{self._path}, line {self._lines + number}"
                    raise TrajectoryCorrupt(f"{where}: not an event") from error
                break
            if not line.endswith(b"\n"):
                break
            events.append(event)
            self._place += len(line)
        self._lines += len(events)
        return events
