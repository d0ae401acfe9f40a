"""A small HTTP/1.1 server for tests, which can misbehave on purpose and notices who hangs up."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(eq=False)
class Request:
    """A request as it came in.

    Attributes:
        method, path, headers, body: of it; header names in lower case.
        connection: which connection it came over, from 0.
        hung_up: whether the client left before its answer was complete.
        over: set when nothing more happens with it.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    hung_up: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class Exchange:
    """A request, and the means to answer it."""

    def __init__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.keep_alive = request.headers.get("connection", "").lower() != "close"
        self._writer = writer

    async def send(
        self,
        body: bytes | str | dict | list,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        """A whole answer."""
        if isinstance(body, dict | list):
            body = json.dumps(body)
            headers = {"Content-Type": "application/json"} | (headers or {})
        raw = body.encode() if isinstance(body, str) else body
        self._head(status, {"Content-Length": str(len(raw))} | (headers or {}))
        await self.raw(raw)

    async def begin(self, status: int = 200, kind: str = "text/event-stream") -> None:
        """The head of an answer in chunks."""
        self._head(status, {"Content-Type": kind, "Transfer-Encoding": "chunked"})
        await self._writer.drain()

    async def chunk(self, data: bytes | str) -> None:
        raw = data.encode() if isinstance(data, str) else data
        if raw:
            await self.raw(b"%x\r\n%b\r\n" % (len(raw), raw))

    async def end(self) -> None:
        """The end of an answer in chunks."""
        await self.raw(b"0\r\n\r\n")

    async def raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def reset(self) -> None:
        """Tear the connection down the rude way, so that the client sees a reset."""
        self.keep_alive = False
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        """Close the connection politely, and perhaps too early."""
        self.keep_alive = False

    def _head(self, status: int, headers: dict[str, str]) -> None:
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "?"
        lines = [f"HTTP/1.1 {status} {phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


Handler = Callable[[Exchange], Awaitable[None]]


class HttpServer:
    """Answers on loopback as long as its ``async with`` lasts."""

    def __init__(self, handler: Handler, port: int = 0) -> None:
        self._handler = handler
        self._port = port
        self._connections: set[asyncio.Task[None]] = set()
        self._count = 0

    @property
    def port(self) -> int:
        return self._port

    async def __aenter__(self) -> "HttpServer":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connection(reader, writer, self._count))
        self._count += 1
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        first = b""
        try:
            while (request := await _read_request(first, reader, number)) is not None:
                exchange = Exchange(request, writer)
                try:
                    first = await self._answer(exchange, reader)
                finally:
                    request.over.set()
                if not exchange.keep_alive or request.hung_up:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(self, exchange: Exchange, reader: asyncio.StreamReader) -> bytes:
        """Answer, unless the client hangs up; what it sent of its next request meanwhile."""
        answer = asyncio.ensure_future(self._handler(exchange))
        watch = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({answer, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done() and (watch.exception() or not watch.result()):
                exchange.request.hung_up = True
                return b""
            try:
                await answer
            except ConnectionError:
                exchange.request.hung_up = True
            if not watch.done():
                watch.cancel()
                await asyncio.wait({watch})
            return b"" if watch.cancelled() or watch.exception() else watch.result()
        finally:
            for task in (answer, watch):
                task.cancel()
            await asyncio.gather(answer, watch, return_exceptions=True)


async def _read_request(
    first: bytes, reader: asyncio.StreamReader, connection: int
) -> Request | None:
    head = first + await reader.readuntil(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, path, _ = start.split(" ")
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body, connection)
