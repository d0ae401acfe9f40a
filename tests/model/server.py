"""A scripted, OpenAI-compatible model server: real HTTP on loopback, every misbehaviour on demand.

    async with model_server(rate_limited(after=1), say("<tool: bash>\\nls\\n</tool>")) as server:
        ...  # talk to server.url
        assert server.asked[0].json["max_tokens"] == 100

Each request for an answer takes the next reply of the script; `tests.model.replies` has those there
are. `threaded_model_server` is the same for tests without an event loop, or with a blocked one.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from tests.model.http import Exchange, HttpServer, Request
from tests.model.replies import Reply, refuse, unknown_model, wrong_key

MODEL = "scripted"

Encode = Callable[[str], Sequence[int]]


def by_bytes(text: str) -> list[int]:
    """Token ids when no tokenizer is given: UTF-8's bytes."""
    return list(text.encode("utf-8", "replace"))


@dataclass
class ModelServer:
    """What the server is, and what it was asked.

    Attributes:
        models: what it serves, with the size of each context.
        key: what it wants as a bearer token; empty for none.
        encode: its tokenizer.
        knows: the request fields it takes; empty for all. Others are a 400.
        loading: how many more requests, of any kind, it answers with 503.
        has_health: whether there is a ``/health``.
        script: replies to come.
        fallback: the reply when the script has run out.
        requests: all that came in, in order.
        url: its address, with ``/v1``.
        arrived: set when the first request for an answer is in.
    """

    models: dict[str, int | None] = field(default_factory=lambda: {MODEL: 131_072})
    key: str = ""
    encode: Encode = by_bytes
    knows: frozenset[str] = frozenset()
    loading: int = 0
    has_health: bool = True
    script: list[Reply] = field(default_factory=list)
    fallback: Reply | None = None
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _prompts: list[list[object]] = field(default_factory=list)

    @property
    def asked(self) -> list[Request]:
        """The requests for an answer."""
        return [request for request in self.requests if request.method == "POST"]

    async def handle(self, exchange: Exchange) -> None:
        request = exchange.request
        self.requests.append(request)
        if request.method == "POST":
            self.arrived.set()
        if self.loading > 0:
            self.loading -= 1
            await refuse(503, "Loading model")(exchange, self)
        elif request.path == "/health" and self.has_health:
            await exchange.send(b"")
        elif self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            await wrong_key()(exchange, self)
        elif request.path == "/v1/models":
            await exchange.send({"object": "list", "data": [*map(self._listed, self.models)]})
        elif request.path in ("/v1/completions", "/v1/chat/completions"):
            await self._next(request)(exchange, self)
        else:
            await exchange.send({"detail": "Not Found"}, 404)

    def usage(self, request: Request, output: int) -> dict[str, object]:
        """Tokens, where a prompt's longest common beginning with an earlier one is cached."""
        prompt = self._tokens(request.json)
        cached = max((_common(prompt, earlier) for earlier in self._prompts), default=0)
        self._prompts.append(prompt)
        return {
            "prompt_tokens": len(prompt),
            "completion_tokens": output,
            "total_tokens": len(prompt) + output,
            "prompt_tokens_details": {"cached_tokens": cached},
        }

    def _next(self, request: Request) -> Reply:
        body = request.json
        if body["model"] not in self.models:
            return unknown_model(body["model"])
        if self.knows and (strange := sorted(set(body) - self.knows)):
            return refuse(400, f"Unrecognized request arguments supplied: {', '.join(strange)}")
        if self.script:
            return self.script.pop(0)
        return self.fallback or refuse(404, "the test's script has run out")

    def _listed(self, name: str) -> dict[str, object]:
        entry: dict[str, object] = {"id": name, "object": "model", "owned_by": "tests"}
        if self.models[name] is not None:
            entry["max_model_len"] = self.models[name]
        return entry

    def _tokens(self, body: dict) -> list[object]:
        if "prompt" in body:
            prompt = body["prompt"]
            return list(self.encode(prompt)) if isinstance(prompt, str) else list(prompt)
        text = "".join(f"{m.get('role')}\n{m.get('content')}\n" for m in body["messages"])
        return list(self.encode(text))


@asynccontextmanager
async def model_server(
    *script: Reply, port: int = 0, **settings: object
) -> AsyncIterator[ModelServer]:
    """A server that gives these replies, one a request.

    Args:
        script: replies.
        port: to listen at; 0 for any.
        settings: as for `ModelServer`.
    """
    server = ModelServer(script=list(script), **settings)
    async with HttpServer(server.handle, port) as http:
        server.url = f"http://127.0.0.1:{http.port}/v1"
        yield server


@contextmanager
def threaded_model_server(*script: Reply, **settings: object) -> Iterator[ModelServer]:
    """The same in a thread of its own."""
    ready: list[ModelServer] = []
    started, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with model_server(*script, **settings) as server:
            ready.append(server)
            started.set()
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        finally:
            started.set()

    thread = threading.Thread(target=run, name="model server")
    thread.start()
    started.wait()
    try:
        yield ready[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


def _common(one: Sequence[object], other: Sequence[object]) -> int:
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))
