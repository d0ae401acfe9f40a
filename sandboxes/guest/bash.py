"""The bash that a command runs in: started for it, or ahead of it.

Every command gets a bash of its own. Starting one and bringing a state back takes most of a short
command's time; so while nothing is asked for, the server keeps a spare that has done both, and
waits at a pipe for what it is to run. Only usual commands run in it: whatever a bash must know
from its start (its standard input, variables lent to it, options that show its own lines) gets one
started for it. Runs inside sandboxes: standard library only, Python 3.6 and later.
"""

import errno
import mmap
import os
import signal

from sandboxes.guest import processes
from sandboxes.guest.events import Events
from sandboxes.guest.state import NAME, STATE_FD, State, has_usual_options, keeps_trap, script

REPOSITORY = b"/testbed"

_LARGEST_ARGUMENT = 100 * 1024
_LARGEST_TOLD = 60 * 1024
"""Bytes told to a spare: they have room in its pipe, so that writing them never waits."""
_LARGEST_SPARE_STATE = 1024 * 1024
_TEXT_FD = 248
# What the spare runs once its pipe has said what that is. Errors in it read as those of `bash -c`.
_SPARE_TEXT = b'\\builtin eval -- "$BASH_EXECUTION_STRING"'
_WAIT = b"BASH_EXECUTION_STRING=\n\\builtin . /proc/self/fd/%d\n" % _TEXT_FD
_TOLD = b"BASH_EXECUTION_STRING='%s' SECONDS=0; \\builtin exec %d<&-\n"


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


class Bash(object):
    """One bash, running.

    Attributes:
        pid: its id, and of the session it leads.
        pipe: where its output is read; the caller's to close.
    """

    def __init__(self, pid: int, pipe: int, file: int, script_length: int) -> None:
        self.pid = pid
        self.pipe = pipe
        self._file = file
        self._script_length = script_length

    def saved(self, largest: int) -> "bytes | None":
        """What it wrote of its state, None when that is too large; to be called once."""
        if self._file < 0:
            return b""
        size = os.fstat(self._file).st_size - self._script_length
        data = os.pread(self._file, size, self._script_length) if size <= largest else None
        os.close(self._file)
        return data

    def forget(self) -> None:
        """Close what belongs to it."""
        os.close(self.pipe)
        if self._file >= 0:
            os.close(self._file)


class Start(object):
    """How a bash is to be started.

    Args:
        shell: what with.
        state: what it starts from; None for a fresh shell.
        named: whether the state it leaves is kept.
        lent: variables for this command only.
    """

    def __init__(
        self, shell: Shell, state: "State | None", named: bool, lent: "dict[bytes, bytes]"
    ) -> None:
        self._shell = shell
        self._state = state
        self._named = named
        self._lent = lent
        self.cwd = REPOSITORY if state is None else state.cwd

    def command(self, events: Events, text: bytes, stdin: bytes) -> Bash:
        """Start a bash that runs a command."""
        files = {}  # descriptors by the numbers they get in the child
        files[0] = unnamed_file(stdin, rewind=True) if stdin else os.open(os.devnull, os.O_RDONLY)
        code = self._script(text) if self._named else b""
        if len(text) > _LARGEST_ARGUMENT:  # the kernel takes no argument that long
            files[_TEXT_FD] = unnamed_file(b"builtin exec %d<&-;" % _TEXT_FD + text)
            text = b". /proc/self/fd/%d" % _TEXT_FD
        return self._start(events, text, code, files)

    def spare(self, events: Events, gate: int) -> Bash:
        """Start a bash that waits at a pipe, which stays the caller's."""
        files = {0: os.open(os.devnull, os.O_RDONLY), _TEXT_FD: os.dup(gate)}
        return self._start(events, _SPARE_TEXT, self._script(b"") + _WAIT, files)

    def _script(self, text: bytes) -> bytes:
        startup = self._shell.environment.get(b"BASH_ENV", b"")
        return script(self._state, self._shell.fresh, startup, text, self._lent)

    def _start(self, events: Events, text: bytes, code: bytes, files: "dict[int, int]") -> Bash:
        environment = dict(self._shell.environment)
        arguments = [b"bash", b"--norc", b"--noprofile"]
        file = -1
        if self._named:
            if self._state is not None:
                # The state brings its variables; only what bash has no names for comes this way.
                environment = {k: v for k, v in environment.items() if not NAME.match(k)}
            file = unnamed_file(code)
            environment[b"BASH_ENV"] = b"/proc/self/fd/%d" % STATE_FD
        else:
            environment.update(self._lent)
            arguments += [b"-O", b"expand_aliases"]  # else the script does that, when it is time
        reader, writer = os.pipe()
        self._shell.told[:2] = b"\0\0"
        numbered = dict(files)
        numbered[1] = numbered[2] = writer
        if file >= 0:
            numbered[STATE_FD] = file
        pid = events.fork()
        if pid == 0:
            self._become_bash(arguments + [b"-c", text], environment, numbered)
        for fd in list(files.values()) + [writer]:
            os.close(fd)
        return Bash(pid, reader, file, len(code))

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
            for cwd in (self.cwd, REPOSITORY, b"/"):
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


class Spare(object):
    """A bash that has a state already and waits for what it is to run.

    Args:
        shell: what it is started with.
        state: what it starts from.
    """

    def __init__(self, shell: Shell, state: State) -> None:
        self._shell = shell
        self._state = state
        self._start = Start(shell, state, True, {})
        self._place = None  # type: tuple[int, int, int] | None
        self._gate = -1
        self._bash = None  # type: Bash | None

    def prepare(self, events: Events) -> None:
        """Start it, if this state can be had ahead of time; it counts as no child of a command."""
        self._place = _place(self._start.cwd)
        if (
            not events.knows_children
            or self._place is None
            or not has_usual_options(self._state, self._shell.fresh)
            or len(self._state.pack()) > _LARGEST_SPARE_STATE
        ):
            return
        reader, self._gate = os.pipe()
        os.fchmod(reader, 0o644)  # bash opens it by its name, as another user
        try:
            self._bash = self._start.spare(events, reader)
            events.spare = self._bash.pid
        except OSError as error:  # there is no room for one more: the next command will see to it
            os.close(self._gate)
            if error.errno not in (errno.EAGAIN, errno.ENOMEM):
                raise
        finally:
            os.close(reader)

    def run(
        self, events: Events, state: "State | None", text: bytes, unusual: bool
    ) -> "Bash | None":
        """Let it run a command if it can; else it is ended, and there is None."""
        bash, self._bash = self._bash, None
        if bash is None:
            return None
        alive, events.spare = events.spare == bash.pid, 0
        told = _TOLD % (text.replace(b"'", b"'\\''"), _TEXT_FD)
        fits = (
            alive
            and state is self._state
            and not unusual
            and len(told) <= _LARGEST_TOLD
            and b"\0" not in text
            and not keeps_trap(text)
            and not self._shell.told[0]
            and _place(self._start.cwd) == self._place
        )
        try:
            if fits:
                os.write(self._gate, told)
                return bash
        except OSError:
            pass  # it has ended meanwhile
        finally:
            os.close(self._gate)
        if alive:
            os.kill(bash.pid, signal.SIGKILL)
            os.waitpid(bash.pid, 0)
        bash.forget()
        return None


def _place(path: bytes) -> "tuple[int, int, int] | None":
    """Which directory that is right now, and that nothing in it has changed."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_dev, about.st_ino, about.st_ctime_ns


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
