"""The processes in a sandbox: who descends from whom, and ending all of a family for certain.

The shell server is a subreaper: whatever its commands start stays below it, even what detached
itself. Runs inside sandboxes: standard library only, Python 3.6 and later.
"""

import ctypes
import os
import signal

AGENT = 1000
"""User and group that commands and file operations run as."""

_SET_DUMPABLE = 4
_SET_NAME = 15
_SET_CHILD_SUBREAPER = 36
_SET_NO_NEW_PRIVS = 38


def protect_server() -> None:
    """Make this process inherit its orphaned descendants and unreadable for others."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_NAME, b"foretrace", 0, 0, 0)
    for option, value in (
        (_SET_CHILD_SUBREAPER, 1),
        (_SET_NO_NEW_PRIVS, 1),
        (_SET_DUMPABLE, 0),
    ):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(%d) failed" % option)


def become_agent() -> None:
    """Give up root for good; to be called in a forked child."""
    # The kernel's choice when memory runs out must not fall on the server.
    try:
        oom = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(oom, b"500")
        os.close(oom)
    except OSError:
        pass
    if os.getuid() == 0:
        try:
            os.setgroups([AGENT])
        except OSError:
            pass  # not allowed in some user namespaces; nothing is lost
        os.setresgid(AGENT, AGENT, AGENT)
        os.setresuid(AGENT, AGENT, AGENT)


class Process(object):
    """One line of the process table.

    Attributes:
        pid: its id.
        parent: its parent's id.
        session: its session's id.
        started: when, in clock ticks since the boot: with the pid it names the process for good.
        state: ``Z`` for one that is dead and not yet waited for.
        name: of its program, shortened by the kernel.
    """

    def __init__(self, pid: int, stat: bytes) -> None:
        # The name in parentheses may hold spaces and parentheses itself.
        head, _, rest = stat.rpartition(b")")
        fields = rest.split()
        self.pid = pid
        self.name = head.partition(b"(")[2].decode("utf-8", "replace")
        self.state = fields[0].decode()
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.started = int(fields[19])


def table() -> "dict[int, Process]":
    """All processes in the sandbox by id."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry, "rb", 0) as file:
                    found[int(entry)] = Process(int(entry), file.read())
            except (OSError, IndexError, ValueError):
                pass  # gone meanwhile
    return found


def below(root: int, spared: "dict[int, int]") -> "list[Process]":
    """The living descendants of a process, without some and what belongs to these.

    Args:
        root: the process.
        spared: by id, the start times of processes to leave out, with their descendants and
            sessions.
    """
    everything = table()
    children = {}  # type: dict[int, list[Process]]
    for each in everything.values():
        children.setdefault(each.parent, []).append(each)
    known = [everything[pid] for pid in spared if pid in everything]
    sessions = {each.session for each in known if spared[each.pid] == each.started}
    found = []
    waiting = list(children.get(root, ()))
    while waiting:
        each = waiting.pop()
        if spared.get(each.pid) == each.started or each.session in sessions:
            continue
        waiting.extend(children.get(each.pid, ()))
        if each.state not in "ZX":
            found.append(each)
    return found


def signal_all(processes: "list[Process]", number: int) -> None:
    """Send a signal to each; those that are gone do not matter."""
    for each in processes:
        try:
            os.kill(each.pid, number)
        except OSError:
            pass


def kill_below(root: int, spared: "dict[int, int]") -> "list[Process]":
    """Kill the descendants of a process; returns those that were found alive.

    They are stopped before they are killed: a fork bomb would outrun a killing that goes through a
    list. The caller repeats this until nothing is returned.
    """
    seen = {}  # type: dict[int, Process]
    while True:
        found = below(root, spared)
        new = [each for each in found if each.pid not in seen]
        if not new:
            break
        signal_all(new, signal.SIGSTOP)
        seen.update((each.pid, each) for each in new)
    signal_all(list(seen.values()), signal.SIGKILL)
    return list(seen.values())


class Counter(object):
    """A counter of this container's cgroup, such as how often memory ran out.

    Args:
        key: the counter's name within its file.
        paths: where the file may be; without any of them nothing is ever counted.
    """

    def __init__(self, key: bytes, paths: "list[str]") -> None:
        self._key = key
        self._file = -1
        for path in paths:
            try:
                self._file = os.open(path, os.O_RDONLY)
                break
            except OSError:
                pass
        self._last = self._read()

    def _read(self) -> int:
        if self._file < 0:
            return 0
        for line in os.pread(self._file, 4096, 0).splitlines():
            name, _, value = line.partition(b" ")
            if name == self._key:
                return int(value)
        return 0

    def gained(self) -> int:
        """By how much it grew since the last call."""
        before, self._last = self._last, self._read()
        return self._last - before


def memory_kills() -> Counter:
    """Counts the processes killed because memory ran out."""
    return Counter(b"oom_kill", _places("memory", "memory.oom_control", "memory.events"))


def refused_forks() -> Counter:
    """Counts the processes that were not started because there were too many."""
    return Counter(b"max", _places("pids", "pids.events", "pids.events"))


def _places(controller: str, first: str, second: str) -> "list[str]":
    """Where a file of this cgroup may be, in both versions of the kernel's interface."""
    own = ""
    try:
        with open("/proc/self/cgroup") as file:
            for line in file:
                number, names, path = line.strip().split(":", 2)
                if number == "0" and not names:
                    own = path.rstrip("/")
    except (OSError, ValueError):
        pass
    return [
        "/sys/fs/cgroup/%s/%s" % (controller, first),
        "/sys/fs/cgroup%s/%s" % (own, second),
        "/sys/fs/cgroup/%s" % second,
    ]
