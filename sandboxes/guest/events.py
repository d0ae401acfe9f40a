"""All that the shell server waits for, in one place: the host, children, output, the disk.

Runs inside sandboxes: standard library only, Python 3.6 and later.
"""

import errno
import fcntl
import os
import select
import signal
import sys
import time
from collections import deque

from sandboxes.guest import processes, wire

LARGEST_REQUEST = 1 << 30

_CHUNK = 1 << 18
_USUAL_PIPE = 1 << 16
_LARGE_PIPE = 1 << 20
_SET_PIPE_SIZE = 1031
_BYTES_WAITING = 0x541B
_KILLING_SECONDS = 20.0
_CHILDREN = "/proc/thread-self/children"


class Output(object):
    """The head and the tail of a stream, within a limit of bytes.

    Attributes:
        total: bytes that came in.
    """

    def __init__(self, limit: int) -> None:
        self._head_size = limit // 2
        self._tail_size = limit - self._head_size
        self._head = bytearray()
        self._tail = deque()  # type: deque[bytes]
        self._tail_length = 0
        self.total = 0

    def add(self, data: memoryview) -> None:
        """Take in the next bytes; they are copied."""
        self.total += len(data)
        room = self._head_size - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if len(data) >= self._tail_size:
            self._tail.clear()
            self._tail_length = 0
            data = data[len(data) - self._tail_size :]
        self._tail.append(bytes(data))
        self._tail_length += len(data)
        while self._tail and self._tail_length - len(self._tail[0]) >= self._tail_size:
            self._tail_length -= len(self._tail.popleft())

    def parts(self) -> "tuple[bytes, bytes]":
        """Head and tail; all is in the head when nothing was left out."""
        tail = b"".join(self._tail)
        tail = tail[max(0, len(tail) - self._tail_size) :]
        if len(self._head) + len(tail) == self.total:
            return bytes(self._head) + tail, b""
        return bytes(self._head), tail


class Events(object):
    """What came in and what happened.

    Attributes:
        requests: what the host wants, oldest first.
        interrupts: the host's requests to stop a command: their ids, by the command's request.
        current: the number of the request that is being worked on.
        gone: whether the host has hung up.
        ended: the wait statuses of children that were to be watched and have ended, by pid.
        childless: whether there was no child at the last look, but for a spare.
        spare: the process id of a bash that waits for a command; 0 when there is none.
        knows_children: whether the kernel can name our children.
        cleared: processes killed to make room for new ones.
        disk_over: whether the host found that too much was written.
    """

    def __init__(self) -> None:
        self.requests = deque()  # type: deque[tuple[dict[str, object], list[bytes]]]
        self.interrupts = {}  # type: dict[object, list[object]]
        self.gone = False
        self.current = None  # type: object
        self.watched = 0
        self.ended = {}  # type: dict[int, int]
        self.childless = True
        self.spare = 0
        self.knows_children = os.path.exists(_CHILDREN)
        self.cleared = 0
        self.disk_over = False
        self._disk_asked = False
        self._disk_floor = 0
        self._unpacker = wire.Unpacker(LARGEST_REQUEST)
        self._sinks = {}  # type: dict[int, Output | None]
        self._buffer = memoryview(bytearray(_CHUNK))
        self._poll = select.poll()
        self._poll.register(0, select.POLLIN)
        self._wake, writer = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(writer, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writer)
        self._poll.register(self._wake, select.POLLIN)

    def turn(self, seconds: "float | None") -> None:
        """Wait until something happens, at most some seconds, and take it in."""
        wait = None if seconds is None else max(0, int(seconds * 1000) + 1)
        for fd, _ in self._poll.poll(wait):
            if fd == 0:
                self._receive()
            elif fd == self._wake:
                os.read(self._wake, 4096)
                self.reap()
            elif fd in self._sinks:
                self.pump(fd, _CHUNK)

    def answer(self, header: "dict[str, object]", *blobs: bytes) -> None:
        """Send something to the host."""
        rest = memoryview(wire.packed(header, *blobs))
        try:
            while rest:
                rest = rest[os.write(1, rest) :]
        except OSError:
            self.gone = True

    def reap(self) -> None:
        """Wait for children that have ended, so that none stays a zombie."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    self.childless = self.spare != 0 and _children() == [self.spare]
                    return
                if pid == self.spare:
                    self.spare = 0
                if pid == self.watched:
                    self.ended[pid] = status
        except ChildProcessError:
            self.childless = True

    def fork(self) -> int:
        """Fork. When there are too many processes, those left behind make room."""
        try:
            return os.fork()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOMEM):
                raise
        if self.spare:
            self.cleared -= 1  # nobody misses that one
        self.cleared += self.end_all({})
        return os.fork()

    def end_all(self, spared: "dict[int, int]") -> int:
        """Kill all descendants but some (start times by id); returns how many there were."""
        count = 0
        limit = time.monotonic() + _KILLING_SECONDS
        while time.monotonic() < limit:
            found = processes.kill_below(os.getpid(), spared)
            count = max(count, len(found))
            self.turn(0.002 if found else 0)
            self.reap()
            # A look at the process table may miss what starts another one and ends faster than it
            # can be read: the kernel must say so too, where nobody is spared.
            if not found and (self.childless or spared):
                break
        return count

    def listen(self, fd: int, sink: Output) -> None:
        """Read a pipe whenever something is in it."""
        self._sinks[fd] = sink
        self._poll.register(fd, select.POLLIN)

    def discard(self, fd: int) -> None:
        """Go on reading a pipe, for the sake of those who write to it, and forget what comes."""
        if fd in self._sinks:
            self._sinks[fd] = None

    def waiting(self, fd: int) -> int:
        """How many bytes are in a pipe right now."""
        if fd not in self._sinks:
            return 0
        answer = fcntl.ioctl(fd, _BYTES_WAITING, b"\0\0\0\0")
        return int.from_bytes(answer, sys.byteorder)

    def pump(self, fd: int, most: int) -> int:
        """Take bytes from a pipe to its sink; returns how many there were, 0 at its end."""
        if fd not in self._sinks:
            return 0
        sink = self._sinks[fd]
        count = os.readv(fd, [self._buffer[: min(most, _CHUNK)]])
        if count == 0:
            self.close(fd)
        elif sink is not None:
            if count == _USUAL_PIPE and sink.total == 0:
                try:  # much is coming: let it come in larger pieces
                    fcntl.fcntl(fd, _SET_PIPE_SIZE, _LARGE_PIPE)
                except OSError:
                    pass
            sink.add(self._buffer[:count])
        return count

    def close(self, fd: int) -> None:
        """Stop reading a pipe."""
        if fd in self._sinks:
            self._poll.unregister(fd)
            del self._sinks[fd]
            os.close(fd)

    def allow_disk(self, budget: int) -> None:
        """So many bytes may still be written before the host is asked again."""
        self.disk_over = budget <= 0
        self._disk_floor = _free_bytes() - budget
        self._disk_asked = False

    def check_disk(self) -> bool:
        """Whether too much was written; the host is asked when it may have been.

        The room left on the file system is seen at once but shared with others; the host can tell
        what this container alone has written, which takes longer.
        """
        if not self._disk_asked and _free_bytes() < self._disk_floor:
            self._disk_asked = True
            self.answer({"event": "disk"})
        return self.disk_over

    def _interrupt(self, command: object, number: object) -> None:
        """Stop a command if it runs or is about to; else there is nothing to stop any more."""
        if command == self.current or any(each["id"] == command for each, _ in self.requests):
            self.interrupts.setdefault(command, []).append(number)
        else:
            self.answer({"id": number, "stopped": False})

    def _receive(self) -> None:
        data = os.read(0, _CHUNK)
        if not data:
            self.gone = True
            self._poll.unregister(0)
            return
        for header, blobs in self._unpacker.feed(data):
            if header["do"] == "interrupt":
                self._interrupt(header["of"], header["id"])
            elif header["do"] == "disk":
                self.allow_disk(int(str(header["budget"])))
            else:
                self.requests.append((header, blobs))


def _children() -> "list[int]":
    """The ids of our children; of the dead ones too that nobody has waited for."""
    with open(_CHILDREN, "rb", 0) as file:
        return [int(each) for each in file.read().split()]


def _free_bytes() -> int:
    about = os.statvfs("/")
    return about.f_bavail * about.f_frsize
