"""One command, from its bash's start to the last process of it that has to end.

Runs inside sandboxes: standard library only, Python 3.6 and later.
"""

import mmap
import os
import signal
import time

from sandboxes.guest import processes
from sandboxes.guest.events import Events, Output
from sandboxes.guest.state import NAME, STATE_FD, State, script

REPOSITORY = b"/testbed"
LARGEST_STATE = 32 * 1024 * 1024
"""Bytes of state carried over; they are read and written anew for every command."""

_LARGEST_ARGUMENT = 100 * 1024
_TEXT_FD = 248
_ENDING_SECONDS = 0.05
"""What a command started may take that long to end by itself before it counts as left behind."""
_ASKING_SECONDS = 0.4
"""What a stopped command started may take that long to end after SIGINT, before SIGKILL."""
_DISK_SECONDS = 0.1
_NAMED = 8


class Shell(object):
    """What a bash is started with.

    Attributes:
        bash: the program.
        environment: of a fresh bash.
        fresh: ``$BASHOPTS/$SHELLOPTS`` of a fresh bash.
        as_root: whether commands run as root, because nothing else is possible here.
    """

    def __init__(self, bash: bytes, environment: "dict[bytes, bytes]") -> None:
        self.bash = bash
        self.environment = environment
        self.fresh = b"/"
        self.as_root = False
        # What a child can tell before it is bash: [0] its directory is gone, [1] an errno.
        self.told = mmap.mmap(-1, mmap.PAGESIZE)
        self.memory = processes.memory_kills()
        self.forks = processes.refused_forks()


class Command(object):
    """One command.

    Args:
        shell: what it runs with.
        events: of the server.
        request: the host's: ``timeout``, ``limit``, ``environment``.
        state: what it starts from; None for a fresh shell.
        named: whether the state it leaves is kept.
    """

    def __init__(
        self,
        shell: Shell,
        events: Events,
        request: "dict[str, object]",
        state: "State | None",
        named: bool,
    ) -> None:
        self._shell = shell
        self._events = events
        self._state = state
        self._named = named
        self._cwd = REPOSITORY if state is None else state.cwd
        self._timeout = float(str(request["timeout"]))
        self._output = Output(int(str(request["limit"])))
        lent = request["environment"]
        assert isinstance(lent, dict)
        self._lent = {encoded(name): encoded(value) for name, value in lent.items()}
        self._file = -1
        self._script_length = 0
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
        if not self._events.childless:
            found = processes.below(os.getpid(), {})
            self._spared = {each.pid: each.started for each in found}
        self._start(text, stdin)
        status = self._watch(began + self._timeout)
        if status != "exited":
            self._stop()
        self._settle()
        self._events.watched = 0
        code = exit_code(self._events.ended.pop(self._pid, 0))
        head, tail = self._output.parts()
        state = self._saved_state()
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
            self.facts["cwd"] = self._cwd.decode("utf-8", "replace")
        return head, tail, state

    def _start(self, text: bytes, stdin: bytes) -> None:
        """Start the bash."""
        shell = self._shell
        environment = dict(shell.environment)
        files = {}  # descriptors by the numbers they get in the child
        if self._named:
            startup = environment.get(b"BASH_ENV", b"")
            if self._state is not None:
                # The state brings its variables; only what bash has no names for comes this way.
                environment = {k: v for k, v in environment.items() if not NAME.match(k)}
            code = script(self._state, shell.fresh, startup, text, self._lent)
            self._script_length = len(code)
            self._file = files[STATE_FD] = unnamed_file(code)
            environment[b"BASH_ENV"] = b"/proc/self/fd/%d" % STATE_FD
        else:
            environment.update(self._lent)
        files[0] = unnamed_file(stdin, rewind=True) if stdin else os.open(os.devnull, os.O_RDONLY)
        if len(text) > _LARGEST_ARGUMENT:  # the kernel takes no argument that long
            files[_TEXT_FD] = unnamed_file(b"builtin exec %d<&-;" % _TEXT_FD + text)
            text = b". /proc/self/fd/%d" % _TEXT_FD
        self._pipe, writer = os.pipe()
        files[1] = files[2] = writer
        shell.told[:2] = b"\0\0"
        arguments = [b"bash", b"--norc", b"--noprofile", b"-O", b"expand_aliases", b"-c", text]
        if self._named:
            del arguments[3:5]  # its script does that, at the right moment
        pid = self._events.fork()
        if pid == 0:
            self._become_bash(arguments, environment, files)
        self._events.watched = self._pid = pid
        self._events.listen(self._pipe, self._output)
        for fd in set(files.values()) - {self._file}:
            os.close(fd)

    def _become_bash(
        self,
        arguments: "list[bytes]",
        environment: "dict[bytes, bytes]",
        files: "dict[int, int]",
    ) -> None:
        """What the forked child does; it never returns."""
        told = self._shell.told
        try:
            os.setsid()
            for number, fd in files.items():
                os.dup2(fd, number)
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
                signal.signal(number, signal.SIG_DFL)
            if not self._shell.as_root:
                processes.become_agent()
            os.umask(int(self._state.umask, 8) if self._state is not None else 0o022)
            for cwd in (self._cwd, REPOSITORY, b"/"):
                try:
                    os.chdir(cwd)
                    environment[b"PWD"] = cwd
                    break
                except OSError:
                    told[0] = 1
            os.execve(self._shell.bash, arguments, environment)
        except OSError as error:
            told[1] = min(error.errno or 255, 255)
        finally:
            os._exit(127)

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
        if left and refused:  # else nothing could be started any more
            self.facts["bomb"] = events.end_all(self._spared)
            left = []
        elif refused:
            self.facts["forks"] = refused
        if left:
            self.facts["left"] = len(left)
            self.facts["names"] = [[each.pid, each.name] for each in left[:_NAMED]]
            events.discard(self._pipe)
        else:
            events.close(self._pipe)

    def _saved_state(self) -> "State | None":
        """The state the bash left; None when it left none or none is kept."""
        if not self._named:
            return None
        size = os.fstat(self._file).st_size - self._script_length
        data = os.pread(self._file, size, self._script_length) if size <= LARGEST_STATE else b""
        os.close(self._file)
        state = State.saved(data, self._state, list(self._lent))
        if state is None:
            self.facts["state"] = "lost" if size <= LARGEST_STATE else "large"
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


def unnamed_file(data: bytes, rewind: bool = False) -> int:
    """A file in memory, without a name; the descriptor stands at its end."""
    create = getattr(os, "memfd_create", None)
    if create is not None:
        fd = int(create("foretrace"))
    else:  # Python before 3.8
        fd = os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666)
        os.fchmod(fd, 0o666)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
    if rewind:
        os.lseek(fd, 0, os.SEEK_SET)
    return fd
