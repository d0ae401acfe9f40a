"""The shell server: what the host talks to inside a sandbox.

It runs on the stream of one docker exec, as root with no capability but to become another user and
to signal. Each command gets a bash of its own, as the unprivileged user and in its own session;
its exit code comes from the kernel, so that no output can forge it. The server stays a parent of
all that commands leave behind, and ends it with itself when the host hangs up. Runs inside
sandboxes: standard library only, Python 3.6 and later.
"""

import os
import pwd
import signal
import sys
import time

from sandboxes.guest import files, processes, wire
from sandboxes.guest.bash import REPOSITORY, Shell, Spare
from sandboxes.guest.command import Command, encoded
from sandboxes.guest.events import LARGEST_REQUEST, Events
from sandboxes.guest.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PLACES = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_IDLE_SECONDS = 1.0


class Server(object):
    """Answers the host's requests, one after another."""

    def __init__(self) -> None:
        self._events = Events()
        self._shell = Shell(b"", {})
        self._states = {}  # type: dict[str, State]
        self._spare = None  # type: Spare | None

    def serve(self) -> None:
        """Answer until the host hangs up; then end what still runs."""
        events = self._events
        while not events.gone:
            if events.requests:
                self._handle(*events.requests.popleft())
            else:
                events.turn(None if events.childless else _IDLE_SECONDS)
                if not events.childless and events.check_disk():
                    events.end_all({})
        events.end_all({})

    def _handle(self, request: "dict[str, object]", blobs: "list[bytes]") -> None:
        """Do what is asked, and answer."""
        what = request["do"]
        self._events.current = request["id"]
        answer = {}  # type: dict[str, object]
        pieces = []  # type: list[bytes]
        if what == "run":
            answer, pieces = self._run(request, blobs[0], blobs[1])
        elif what == "read":
            path, limit = encoded(str(request["path"])), int(str(request["limit"]))
            answer, pieces = self._as_agent(lambda: files.read(path, limit))
        elif what == "write":
            path, data = encoded(str(request["path"])), blobs[0]
            new, parents = bool(request["new"]), bool(request["parents"])
            answer, _ = self._as_agent(lambda: files.write(path, data, new, parents))
        elif what == "load":
            state = State.unpack(blobs[0])
            if state is not None:
                self._states[str(request["state"])] = state
        elif what == "hello":
            answer = self._hello(request)
        self._events.current = None
        self._events.answer(dict(answer, id=request["id"]), *pieces)
        if what == "run" and request["state"] is not None:
            self._keep_spare(str(request["state"]))

    def _keep_spare(self, name: str) -> None:
        """Start the bash of the next command ahead of it."""
        state = self._states.get(name)
        if state is not None:
            self._spare = Spare(self._shell, state)
            self._spare.prepare(self._events)

    def _run(
        self, request: "dict[str, object]", text: bytes, stdin: bytes
    ) -> "tuple[dict[str, object], list[bytes]]":
        """Run a command; besides its output the answer holds the state, when that is another."""
        name = "" if request["state"] is None else str(request["state"])
        before = self._states.get(name)
        spare, self._spare = self._spare, None
        command = Command(self._shell, self._events, request, before, bool(name), spare)
        head, tail, state = command.run(text, stdin)
        blob = b""
        if state is not None:
            blob = state.pack()
            if before is not None and blob == before.pack():
                blob = b""
            self._states[name] = state
        for each in self._events.interrupts.pop(request["id"], ()):
            stopped = command.facts["status"] == "interrupted"
            self._events.answer({"id": each, "stopped": stopped})
        return command.facts, [head, tail, blob]

    def _as_agent(self, work: "Callable[[], bytes]") -> "tuple[dict[str, object], list[bytes]]":
        """Do something with files in a child that has given up root."""
        reader, writer = os.pipe()
        if self._events.fork() == 0:
            try:
                self._become_agent()
                try:
                    told = wire.packed({}, work())
                except OSError as error:
                    refused = files.explained(error)
                    told = wire.packed({"kind": refused.kind, "error": str(refused)}, b"")
                except files.Refused as refusal:
                    told = wire.packed({"kind": refusal.kind, "error": str(refusal)}, b"")
                except (ValueError, MemoryError) as problem:
                    told = wire.packed({"kind": "other", "error": str(problem)}, b"")
                _write_all(writer, told)
            finally:
                os._exit(0)
        os.close(writer)
        messages = wire.Unpacker(LARGEST_REQUEST).feed(_read_all(reader))
        if not messages:
            return {"kind": "other", "error": "the file operation was killed"}, [b""]
        return messages[0]

    def _become_agent(self) -> None:
        if not self._shell.as_root:
            processes.become_agent()

    # Getting to know each other -----------------------------------------------------------------

    def _hello(self, request: "dict[str, object]") -> "dict[str, object]":
        """Look around; take over from an earlier server if there was one."""
        if request["previous"]:
            _take_over(int(str(request["previous"])))
        self._events.allow_disk(int(str(request["disk"])))
        user, home = _agent()
        environment = dict(os.environb)
        for name in (b"HOSTNAME", b"PWD", b"OLDPWD", b"SHLVL", b"_"):
            environment.pop(name, None)
        for name, value in (
            (b"PATH", _PLACES),
            (b"LANG", b"C.UTF-8"),
            (b"TERM", b"dumb"),
            (b"PAGER", b"cat"),
        ):
            environment.setdefault(name, value)
        search = _PLACES + b":" + environment[b"PATH"]
        bash = _find(b"bash", search)
        environment.update({b"HOME": os.fsencode(home), b"SHELL": bash or b"/bin/sh"})
        environment.update({b"USER": os.fsencode(user), b"LOGNAME": os.fsencode(user)})
        self._shell = Shell(bash, environment)
        return {
            "pid": os.getpid(),
            "python": "%d.%d.%d" % sys.version_info[:3],
            "bash": self._look_at_bash() if bash else "",
            "git": bool(_find(b"git", search)),
            "user": "root" if self._shell.as_root else user,
            "repository": os.path.isdir(REPOSITORY),
        }

    def _look_at_bash(self) -> str:
        """Bash's version, "" when it does not run; learns a fresh bash's options too."""
        for self._shell.as_root in (False, True):
            reader, writer = os.pipe()
            if self._events.fork() == 0:
                try:
                    os.dup2(writer, 1)
                    self._become_agent()
                    show = 'echo "$BASH_VERSION"; echo "$BASHOPTS/$SHELLOPTS"'
                    arguments = ["bash", "--norc", "--noprofile", "-c", show]
                    os.execve(self._shell.bash, arguments, {"PATH": os.fsdecode(_PLACES)})
                finally:
                    os._exit(127)
            os.close(writer)
            lines = _read_all(reader).splitlines()
            if len(lines) == 2:
                self._shell.fresh = lines[1]
                return lines[0].decode("ascii", "replace")
        return ""


def _agent() -> "tuple[str, str]":
    """Name and home of the unprivileged user."""
    try:
        entry = pwd.getpwuid(processes.AGENT)
        return entry.pw_name, entry.pw_dir
    except KeyError:
        return "agent", "/home/agent" if os.path.isdir("/home/agent") else "/tmp"


def _find(name: bytes, search: bytes) -> bytes:
    """The program of that name along a search path, or nothing."""
    for place in search.split(b":"):
        path = os.path.join(place, name)
        if place and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return b""


def _take_over(previous: int) -> None:
    """End the server before this one, and all that belongs to the unprivileged user."""
    while True:
        found = [
            each
            for each in processes.table().values()
            if each.state not in "ZX"
            and (each.pid == previous or _owner(each.pid) == processes.AGENT)
        ]
        if not found:
            return
        processes.signal_all(found, signal.SIGSTOP)
        processes.signal_all(found, signal.SIGKILL)
        time.sleep(0.005)


def _owner(pid: int) -> int:
    try:
        return os.stat("/proc/%d" % pid).st_uid
    except OSError:
        return -1


def _read_all(fd: int) -> bytes:
    """What comes out of a pipe until its end; closes it."""
    chunks = []  # type: list[bytes]
    while True:
        chunk = os.read(fd, 1 << 20)
        if not chunk:
            os.close(fd)
            return b"".join(chunks)
        chunks.append(chunk)


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def main() -> None:
    """Serve the host on standard input and output."""
    processes.protect_server()
    Server().serve()
