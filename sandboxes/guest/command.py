"""One command, from its bash's start to the last process of it that has to end.

Runs inside sandboxes: standard library only, Python 3.6 and later.
"""

import os
import signal
import time

from sandboxes.guest import processes
from sandboxes.guest.bash import Bash, Shell, Spare, Start
from sandboxes.guest.events import Events, Output
from sandboxes.guest.state import State

LARGEST_STATE = 32 * 1024 * 1024
"""Bytes of state carried over; they are read and written anew for every command."""

_ENDING_SECONDS = 0.05
"""What a command started may take that long to end by itself before it counts as left behind."""
_ASKING_SECONDS = 0.4
"""What a stopped command started may take that long to end after SIGINT, before SIGKILL."""
_DISK_SECONDS = 0.1
_NAMED = 8


class Command(object):
    """One command.

    Args:
        shell: what it runs with.
        events: of the server.
        request: the host's: ``timeout``, ``limit``, ``environment``.
        state: what it starts from; None for a fresh shell.
        named: whether the state it leaves is kept.
        spare: a bash that may be waiting for it.
    """

    def __init__(
        self,
        shell: Shell,
        events: Events,
        request: "dict[str, object]",
        state: "State | None",
        named: bool,
        spare: "Spare | None",
    ) -> None:
        self._shell = shell
        self._events = events
        self._state = state
        self._named = named
        self._spare = spare
        self._timeout = float(str(request["timeout"]))
        self._output = Output(int(str(request["limit"])))
        lent = request["environment"]
        assert isinstance(lent, dict)
        self._lent = {encoded(name): encoded(value) for name, value in lent.items()}
        self._pipe = -1
        self._pid = 0
        self._spared = {}  # type: dict[int, int]
        self.facts = {}  # type: dict[str, object]

    def run(self, text: bytes, stdin: bytes) -> "tuple[bytes, bytes, State | None]":
        """Run it; what became of it is in `facts` then.

        Returns:
            Head and tail of its output, and the state it left, if it did.
        """
        began = time.monotonic()
        self._shell.forks.gained()  # what was refused before is not this command's
        start = Start(self._shell, self._state, self._named, self._lent)
        if not self._events.childless:
            found = processes.below(os.getpid(), {})
            spare = self._events.spare
            self._spared = {each.pid: each.started for each in found if each.pid != spare}
        bash = self._waiting_bash(text, bool(stdin))
        if bash is None:
            bash = start.command(self._events, text, stdin)
        self._events.watched = self._pid = bash.pid
        self._pipe = bash.pipe
        self._events.listen(self._pipe, self._output)
        status = self._watch(began + self._timeout)
        if status != "exited":
            self._stop()
        self._settle()
        self._events.watched = 0
        code = exit_code(self._events.ended.pop(self._pid, 0))
        head, tail = self._output.parts()
        state = self._saved_state(bash)
        self.facts.update(
            status=status,
            code=code if status == "exited" else None,
            omitted=self._output.total - len(head) - len(tail),
            memory=self._shell.memory.gained(),
            cleared=self._events.cleared,
            refused=self._shell.told[1],
            seconds=time.monotonic() - began,
        )
        self._events.cleared = 0
        if self._shell.told[0]:
            self.facts["cwd"] = start.cwd.decode("utf-8", "replace")
        return head, tail, state

    def _waiting_bash(self, text: bytes, unusual: bool) -> "Bash | None":
        """The spare, told what to run, if there is one and it can."""
        if self._spare is None:
            return None
        state = self._state if self._named else None
        return self._spare.run(self._events, state, text, unusual or bool(self._lent))

    def _watch(self, deadline: float) -> str:
        """Wait until the bash has ended, or must."""
        events = self._events
        while self._pid not in events.ended:
            now = time.monotonic()
            if events.gone or events.current in events.interrupts:
                return "interrupted"
            if now >= deadline:
                return "timeout"
            if events.check_disk():
                return "disk"
            events.turn(min(deadline - now, _DISK_SECONDS))
        return "exited"

    def _stop(self) -> None:
        """End everything the command started; what it can still say goes to the output."""
        events = self._events
        try:  # the bash itself must not go on with its next line
            os.kill(self._pid, signal.SIGSTOP)
        except OSError:
            pass
        others = self._others()
        processes.signal_all(others, signal.SIGINT)
        limit = time.monotonic() + _ASKING_SECONDS
        while others and time.monotonic() < limit and not events.gone:
            events.turn(0.01)
            others = self._others()
        events.end_all(self._spared)
        self._drain()

    def _drain(self) -> None:
        """Take what is in the pipe now; those who still write to it might never stop."""
        waiting = self._events.waiting(self._pipe)
        while waiting > 0:
            count = self._events.pump(self._pipe, waiting)
            waiting = waiting - count if count else 0

    def _others(self) -> "list[processes.Process]":
        """What the command started, without its bash."""
        return [e for e in processes.below(os.getpid(), self._spared) if e.pid != self._pid]

    def _settle(self) -> None:
        """After the bash's end: take what it wrote, see what it left running."""
        events = self._events
        events.reap()
        left = [] if events.childless else processes.below(os.getpid(), self._spared)
        limit = time.monotonic() + _ENDING_SECONDS
        while left and time.monotonic() < limit:
            events.turn(0.005)
            left = processes.below(os.getpid(), self._spared)
        self._drain()
        refused = self._shell.forks.gained()
        if refused:  # and what could not be started now could not be later
            ended = 0 if events.childless else events.end_all(self._spared)
            self.facts["bomb" if ended else "forks"] = ended or refused
            left = []
        if left:
            self.facts["left"] = len(left)
            self.facts["names"] = [[each.pid, each.name] for each in left[:_NAMED]]
            events.discard(self._pipe)
        else:
            events.close(self._pipe)

    def _saved_state(self, bash: Bash) -> "State | None":
        """The state the bash left; None when it left none or none is kept."""
        if not self._named:
            return None
        data = bash.saved(LARGEST_STATE)
        state = State.saved(data or b"", self._state, list(self._lent))
        if state is None:
            self.facts["state"] = "large" if data is None else "lost"
        return state


def encoded(text: str) -> bytes:
    """Text of the host's as bytes, whatever was in it."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def exit_code(status: int) -> int:
    """A wait status as a shell gives it."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
