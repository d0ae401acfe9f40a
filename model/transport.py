"""One HTTP exchange with a model server: the request out, events in, our errors for every failure.

The openai package makes the requests; its retries are off, and its stream reader is not used,
because it takes a stream that breaks off for one that ended.
"""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from model.errors import ModelError, ServerFailed, ServerUnreachable
from model.events import Event, read_event
from model.keys import hide
from model.refusals import Refusal, error_for, one_line, read_refusal, refusal_in_stream
from model.settings import ClientSettings, base_url, is_loopback
from model.sse import EventReader

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI, Omit

_KEEP_ALIVE = 4.0
"""Seconds an idle connection is kept. uvicorn, vLLM's server, closes its own after 5."""

_DONE = b"[DONE]"


class Refused(Exception):
    """The server answered with an error; not yet one of our own, for the caller may know better."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


Take = Callable[[Event | None], float]
"""Takes an event, or None for the mark at a stream's end; says how many seconds to wait for the
next one, 0 for no more."""


class Transport:
    """The connections to one server."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self.url = base_url(settings.url)
        self._key = settings.key
        self._opened: AsyncOpenAI | None = None

    @property
    def root(self) -> str:
        """The address without ``/v1``, where servers have what is theirs alone."""
        return self.url.removesuffix("/v1")

    async def aclose(self) -> None:
        """Close all connections. Requests that follow open new ones."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            await opened.close()

    def open(self) -> "AsyncOpenAI":
        """The openai package's client, made when first wanted: importing it takes a second."""
        if self._opened is None:
            import httpx2
            from openai import AsyncOpenAI

            settings = self._settings
            http = httpx2.AsyncClient(
                # Reading has deadlines of its own, which also hold where bytes only trickle.
                timeout=httpx2.Timeout(None, connect=settings.connect_seconds, write=60.0),
                limits=httpx2.Limits(
                    max_connections=None,
                    max_keepalive_connections=settings.in_flight,
                    keepalive_expiry=_KEEP_ALIVE,
                ),
                trust_env=not is_loopback(self.url),
                follow_redirects=False,
            )
            # Without a key the package would look for one meant for OpenAI, so it gets a word.
            key = settings.key.get_secret_value() if settings.key else "none"
            self._opened = AsyncOpenAI(
                api_key=key, base_url=self.url, max_retries=0, http_client=http
            )
            # These come from OPENAI_* variables, which were meant for another server.
            self._opened.organization = self._opened.project = None
        return self._opened

    async def exchange(self, path: str, body: bytes, take: Take) -> None:
        """Send a request and hand over the events of its answer.

        Returns when the answer is over, or broke off, or was taken enough of. However this ends,
        the connection is given back or closed, by which a server knows that it can stop as well.

        Raises:
            Refused: the server answered with an error.
            ServerUnreachable: no server answers.
            ServerFailed: it answers too late, or with what cannot be read.
        """
        settings = self._settings
        try:
            async with (
                asyncio.timeout(settings.answer_seconds) as whole,
                asyncio.timeout(settings.first_seconds) as patience,
                self._answer(path, body) as response,
                aclosing(response.aiter_bytes()) as pieces,
            ):
                await self._read(response, pieces, take, patience)
        except TimeoutError:
            if whole.expired():
                raise ServerFailed(
                    f"the answer was not complete after {settings.answer_seconds:g} s",
                    "a smaller limit on its tokens, or a longer time limit",
                    passing=False,
                ) from None
            if not patience.expired():
                raise  # the taker's own
            raise ServerFailed(f"the model server at {self.url} stopped answering") from None

    async def get(self, url: str, seconds: float = 30.0) -> object:
        """What a GET answers, as JSON; None when it is not JSON.

        Raises:
            Refused, ServerUnreachable, ServerFailed: as for `exchange`.
        """
        import httpx2

        client = self.open()
        try:
            async with asyncio.timeout(seconds):
                with self._translated():
                    response = await client.get(
                        url, cast_to=httpx2.Response, options={"headers": self._headers()}
                    )
        except TimeoutError:
            raise ServerFailed(f"the model server at {self.url} stopped answering") from None
        try:
            content: object = json.loads(response.content)
        except (ValueError, RecursionError):
            return None
        return content

    def error(self, refusal: Refusal) -> ModelError:
        """Our error for a server's."""
        return error_for(refusal, self.url, self._settings.model)

    @asynccontextmanager
    async def _answer(self, path: str, body: bytes) -> AsyncIterator["httpx2.Response"]:
        import httpx2
        from openai import AsyncStream

        streamed: bool = True  # typed as such, for the overload that can also give a response
        with self._translated():
            response = await self.open().post(
                path,
                cast_to=httpx2.Response,
                content=body,
                options={"headers": self._headers() | {"Content-Type": "application/json"}},
                stream=streamed,
                stream_cls=AsyncStream[object],
            )
        response = cast(httpx2.Response, response)  # what cast_to asked for
        try:
            yield response
        finally:
            await response.aclose()

    async def _read(
        self,
        response: "httpx2.Response",
        pieces: AsyncIterator[bytes],
        take: Take,
        patience: asyncio.Timeout,
    ) -> None:
        clock = asyncio.get_running_loop().time
        reader = EventReader(whole="json" in response.headers.get("content-type", ""))
        left = self._settings.answer_bytes
        with self._translated():
            async for piece in pieces:
                left -= len(piece)
                if left < 0:
                    raise ServerFailed("the model server's answer has no end", passing=False)
                wait = 0.0
                for data in reader.feed(piece):
                    wait = take(self._event(data))
                    if not wait:
                        return
                if wait:
                    patience.reschedule(clock() + wait)
            for data in reader.finish():
                event = self._event(data)
                take(event)
                if reader.whole:
                    if not (event and event.choices):
                        raise ServerFailed(f"{self.url} answered, but not as a model server does")
                    take(None)

    def _event(self, data: bytes) -> Event | None:
        if data.strip() == _DONE:
            return None
        event = read_event(data)
        if event.error:
            raise Refused(self._hidden(refusal_in_stream({"error": event.error})))
        return event

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Failures of the libraries below as our own."""
        import anyio
        import httpx2
        import openai

        problem: Exception
        try:
            yield
            return
        except openai.APIStatusError as error:
            answer = error.response
            refusal = read_refusal(error.status_code, answer.headers, answer.text)
            problem = Refused(self._hidden(refusal))
        except openai.APITimeoutError:
            problem = self._unreachable(f"no connection in {self._settings.connect_seconds:g} s")
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, httpx2.ConnectError):
                problem = self._unreachable(_system_reason(error))
            else:
                problem = self._broken(error.__cause__ or error)
        except (httpx2.HTTPError, httpx2.StreamError, ssl.SSLError, anyio.EndOfStream) as error:
            problem = self._broken(error)
        # Raised outside of the handlers: the libraries' errors hold the request and so the key.
        raise problem from None

    def _headers(self) -> "dict[str, str | Omit]":
        from openai import Omit

        return {} if self._key else {"Authorization": Omit()}

    def _unreachable(self, reason: str) -> ServerUnreachable:
        return ServerUnreachable(
            f"no model server answers at {self.url}: {one_line(hide(reason, self._key))}",
            "start it, or mend the model's address",
        )

    def _broken(self, error: BaseException) -> ServerFailed:
        reason = one_line(hide(str(error), self._key)) or type(error).__name__
        return ServerFailed(f"the connection to {self.url} broke: {reason}")

    def _hidden(self, refusal: Refusal) -> Refusal:
        return replace(
            refusal,
            message=hide(refusal.message, self._key),
            details=hide(refusal.details, self._key),
        )


def _system_reason(error: BaseException) -> str:
    """What the system said at the bottom of a chain of errors: ``Connection refused``, say."""
    reason = str(error)
    below: object = error
    while isinstance(below, BaseException):
        if isinstance(below, OSError) and below.errno is not None:
            known = below.errno > 0  # else it is of the name service, with words of its own
            return os.strerror(below.errno) if known else below.strerror or reason
        # The HTTP library cuts the chain, but keeps the cause as an argument.
        inner = below.exceptions if isinstance(below, BaseExceptionGroup) else below.args
        below = below.__cause__ or (inner[0] if inner else None)
    return reason
