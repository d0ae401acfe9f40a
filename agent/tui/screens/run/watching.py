"""One run being watched: its record, its events so far, and whether a process is at work on it.

No widget is known here; the screen asks for what is new and shows it.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path

from agent.alive import writers
from agent.errors import WrongUse
from agent.events import Event
from agent.following import Follower
from agent.progress import Progress
from agent.runfolder import RunRecord, RunResult
from agent.runstate import LIVE, State, read_or_none, state_of
from agent.tui.control import Request, listening, send


@dataclass(slots=True)
class Watching:
    """What is known of a run.

    Attributes:
        folder: of the run.
        record: what it set out to do; None until that can be read.
        result: what became of it; None while it goes on.
        progress: how far it has come.
        pid: the process at work; 0 for none.
        steerable: whether it listens.
        confirm: before which calls it asked when it began.
    """

    folder: Path
    record: RunRecord | None = None
    result: RunResult | None = None
    progress: Progress = field(default_factory=Progress)
    pid: int = 0
    steerable: bool = False
    confirm: str = "none"
    _follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        self._follower = Follower(self.folder / "events.jsonl")

    def more(self) -> list[Event]:
        """What happened since the last call, counted already."""
        events = self._follower.more()
        for event in events:
            self.progress.take(event)
        return events

    def look(self) -> None:
        """See whether the run has ended, and whether anybody is at work on it."""
        self.record = self.record or read_or_none(RunRecord, self.folder / "run.json")
        if self.result is None:
            # In this order: a run that ends in between has left a result, and is not lost.
            path = self._follower.path
            pid = writers([path]).get(path, 0)
            self.result = read_or_none(RunResult, self.folder / "result.json")
            self.pid = pid if self.result is None else 0
            said = listening(self.folder) if self.pid else None
            self.steerable = said is not None
            self.confirm = said.confirm if said else "none"

    @property
    def read(self) -> int:
        """How many events there were so far."""
        return self._follower.read

    def again(self, number: int) -> Event | None:
        """An event read anew, counted from 0; None where the file has it no longer."""
        return self._follower.again(number)

    def may_hold(self, number: int, text: str) -> bool:
        """Whether reading an event anew can find a text in it."""
        return self._follower.may_hold(number, text)

    @property
    def unreadable(self) -> int:
        """Lines of the trajectory that are no events, or of a kind that is not known here."""
        return self._follower.unreadable

    @property
    def state(self) -> State:
        """What the run is at."""
        return state_of(self.result, self.progress, self.pid)

    @property
    def live(self) -> bool:
        """Whether a process is at work on it."""
        return self.state in LIVE

    @property
    def seconds(self) -> float:
        """Since it began, or until it ended."""
        progress = self.progress
        if not progress.began:
            return 0.0
        return max((time.time() if self.live else progress.last) - progress.began, 0.0)

    def say(self, request: Request) -> None:
        """Steer it.

        Raises:
            WrongUse: it takes no word.
        """
        if not self.live:
            raise WrongUse("the run is over")
        send(self.folder, request)
