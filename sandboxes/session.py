"""The host's side of a persistent session: one shell server inside a container, and its stream.

The server's source travels over the stream itself, so that an image needs nothing of ours. The
stream is a docker exec's: a socket of whatever kind the engine listens on, read and written by the
event loop without blocking. Requests carry numbers; answers find their way back by them.
"""

import asyncio
import contextlib
import functools
import json
import socket
import ssl
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING

from sandboxes.engine import uncancelled
from sandboxes.errors import SandboxError, UnsuitableImage
from sandboxes.guest.wire import Malformed, Unpacker, packed

if TYPE_CHECKING:
    from sandboxes.engine import Engine

Answer = tuple[dict[str, object], list[bytes]]

_LARGEST_ANSWER = 1 << 30
_HELLO_SECONDS = 60.0
_CHUNK = 1 << 18
_COMPLAINTS = 4096

_MODULES = ("wire", "processes", "files", "state", "events", "bash", "command", "shell")

# Only a Python that the unprivileged user cannot have replaced may run as root, so PATH comes last.
_START = """
for python in /usr/local/bin/python3 /usr/bin/python3 /opt/conda/bin/python3 \
/opt/miniconda3/bin/python3 "$(command -v python3)"; do
    [ -x "$python" ] && exec "$python" -I -S -c "$1"
done
echo "there is no python3" >&2
exit 127
"""

# Short, as it stands in the list of processes: the rest comes over standard input, up to a NUL.
_READ = r'import os;exec(b"".join(iter(lambda:os.read(0,1)or os._exit(1),b"\0")))'

_BOOTSTRAP = b"""
import sys
if sys.version_info < (3, 6):
    sys.exit("Python %d.%d is too old: 3.6 is the least" % sys.version_info[:2])
import json, os, types
def take(count):
    data = b""
    while len(data) < count:
        more = os.read(0, count - len(data))
        if not more:
            sys.exit("the host hung up")
        data += more
    return data
for name, source in json.loads(take(int(take(8))).decode("ascii")):
    module = sys.modules[name] = types.ModuleType(name)
    parent, _, leaf = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], leaf, module)
    exec(compile(source, name, "exec"), module.__dict__)
sys.modules["sandboxes.guest.shell"].main()
\0"""


class ConnectionLost(Exception):
    """The stream to the shell server broke.

    Attributes:
        complaints: the last the server said on its standard error.
    """

    def __init__(self, complaints: str = "") -> None:
        super().__init__(complaints or "the stream ended")
        self.complaints = complaints


class Session:
    """A shell server that is running. Made by `open`.

    Attributes:
        facts: what the server found when it looked around.
        fell_silent: whether it went away.
        number: of the last request.
    """

    def __init__(self, stream: "_Stream", on_event: Callable[[dict[str, object]], None]) -> None:
        self._stream = stream
        self._on_event = on_event
        self._unpacker = Unpacker(_LARGEST_ANSWER)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self.number = 0
        self._complaints = b""
        self.facts: dict[str, object] = {}
        self.fell_silent = False

    @classmethod
    async def open(
        cls,
        engine: "Engine",
        container: str,
        *,
        disk: int,
        previous: int = 0,
        on_event: Callable[[dict[str, object]], None],
    ) -> "Session":
        """Start a shell server in a running container.

        Args:
            engine: where the container is.
            container: its id.
            disk: bytes that may be written before the server asks.
            previous: the process id of the server before, which is to be ended.
            on_event: gets what the server says without being asked.

        Raises:
            UnsuitableImage: there is no shell, no Python or no bash that could run it.
            SandboxError: the engine did not do it.
        """
        opening = asyncio.ensure_future(engine.call(_open_stream, engine, container))
        try:
            stream = await asyncio.shield(opening)
        except asyncio.CancelledError:
            with contextlib.suppress(SandboxError):
                (await uncancelled(opening)).close()
            raise
        session = cls(stream, on_event)
        stream.start(session._take, session._end)
        sources = json.dumps(bundle()).encode("ascii")
        stream.write(_BOOTSTRAP + b"%08d" % len(sources) + sources)
        try:
            hello = session.post({"do": "hello", "disk": disk, "previous": previous})
            session.facts, _ = await asyncio.wait_for(hello, _HELLO_SECONDS)
        except ConnectionLost as lost:
            session.close()
            raise UnsuitableImage(
                f"the image cannot run a session: {lost.complaints or 'it has no working shell'}",
                "a sandbox needs bash, git and Python 3.6 or later in its image",
            ) from None
        except TimeoutError:
            session.close()
            raise SandboxError("the shell server did not start in time") from None
        except BaseException:
            session.close()
            raise
        return session

    def post(self, header: dict[str, object], *blobs: bytes) -> "asyncio.Future[Answer]":
        """Send a request; the future gets the answer, or `ConnectionLost`."""
        self.number += 1
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if self.fell_silent:
            future.set_exception(self._lost())
            return future
        self._waiting[self.number] = future
        self._stream.write(packed({**header, "id": self.number}, *blobs))
        return future

    def tell(self, header: dict[str, object]) -> None:
        """Send something that is not answered."""
        if not self.fell_silent:
            self._stream.write(packed(header))

    def close(self) -> None:
        """Hang up; the server ends what it runs, and itself."""
        self._stream.close()
        self._end()

    def _take(self, kind: int, data: bytes) -> None:
        if kind == _STDERR:
            self._complaints = (self._complaints + data)[-_COMPLAINTS:]
            return
        try:
            messages = self._unpacker.feed(data)
        except Malformed as problem:
            self._complaints = f"the shell server sent no message: {problem}".encode()
            self.close()
            return
        for header, blobs in messages:
            number = header.pop("id", None)
            future = self._waiting.pop(number, None) if isinstance(number, int) else None
            if future is None:
                self._on_event(header)
            elif not future.done():
                future.set_result((header, blobs))

    def _end(self) -> None:
        self.fell_silent = True
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(self._lost())
                future.exception()  # somebody may have stopped waiting for it

    def _lost(self) -> ConnectionLost:
        lines = self._complaints.decode("utf-8", "replace").strip().splitlines()
        return ConnectionLost(lines[-1] if lines else "")


_STDERR = 2


class _Stream:
    """A docker exec's stream: what is written goes to its stdin, what comes is taken apart.

    Args:
        connection: the socket; plain or TLS.
        holder: what must live as long as the socket.
    """

    def __init__(self, connection: socket.socket, holder: object) -> None:
        self._socket = connection
        self._holder = holder
        self._loop: asyncio.AbstractEventLoop | None = None
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._writing = False

    def start(self, take: Callable[[int, bytes], None], end: Callable[[], None]) -> None:
        """Begin to read.

        Args:
            take: gets the stream's number (1 or 2) and what came on it.
            end: called once when the stream breaks.
        """
        self._take = take
        self._end = end
        self._socket.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def write(self, data: bytes) -> None:
        """Send all of it, now or as soon as there is room."""
        self._outgoing += data
        if not self._writing:
            self._writable()

    def close(self) -> None:
        """Hang up."""
        if self._socket.fileno() < 0:
            return
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._loop = None
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        # The HTTP response holds the socket too: it is closed when all have let go.
        response = getattr(self._holder, "_response", None)
        for each in (response, self._holder, self._socket):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                each.close()  # type: ignore[union-attr]
        self._holder = None

    def _broken(self) -> None:
        if self._loop is not None:
            self.close()
            self._end()

    def _readable(self) -> None:
        while self._loop is not None:
            try:
                data = self._socket.recv(_CHUNK)
            except (BlockingIOError, InterruptedError, ssl.SSLWantReadError):
                return
            except ssl.SSLWantWriteError:
                self._want_to_write(True)
                return
            except OSError:
                data = b""
            if not data:
                self._broken()
                return
            self._incoming += data
            self._take_frames()
            if len(data) < _CHUNK and not isinstance(self._socket, ssl.SSLSocket):
                return  # most likely empty; should it not be, the loop comes back

    def _take_frames(self) -> None:
        """Take apart what the engine put together: eight bytes of header before each piece."""
        at = 0
        buffer = self._incoming
        while len(buffer) - at >= 8:
            end = at + 8 + int.from_bytes(buffer[at + 4 : at + 8], "big")
            if len(buffer) < end:
                break
            self._take(buffer[at], bytes(buffer[at + 8 : end]))
            at = end
        del buffer[:at]

    def _writable(self) -> None:
        while self._outgoing and self._loop is not None:
            try:
                sent = self._socket.send(memoryview(self._outgoing)[:_CHUNK])
            except (BlockingIOError, InterruptedError, ssl.SSLWantWriteError):
                break
            except ssl.SSLWantReadError:
                break  # its answer makes the socket writable again soon enough
            except OSError:
                self._broken()
                return
            del self._outgoing[:sent]
        self._want_to_write(bool(self._outgoing))

    def _want_to_write(self, wanted: bool) -> None:
        if self._loop is None or wanted == self._writing:
            return
        self._writing = wanted
        if wanted:
            self._loop.add_writer(self._socket.fileno(), self._writable)
        else:
            self._loop.remove_writer(self._socket.fileno())


def _open_stream(engine: "Engine", container: str) -> _Stream:
    api = engine.client.api
    command = ["/bin/sh", "-c", _START, "sh", _READ]
    exec_id = api.exec_create(container, command, stdin=True, user="0:0", workdir="/")["Id"]
    holder = api.exec_start(exec_id, socket=True)
    connection: socket.socket = getattr(holder, "_sock", holder)  # type: ignore[arg-type]
    return _Stream(connection, holder)


@functools.cache
def bundle() -> list[tuple[str, str]]:
    """Names and sources of the shell server's modules, in the order of their imports."""
    guest = resources.files("sandboxes.guest")
    sources = [
        (f"sandboxes.guest.{name}", guest.joinpath(f"{name}.py").read_text(encoding="utf-8"))
        for name in _MODULES
    ]
    return [("sandboxes", ""), ("sandboxes.guest", ""), *sources]
