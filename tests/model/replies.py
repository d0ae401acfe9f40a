"""What the scripted model server can reply: good answers, and everything else that happens.

A reply is ``async def reply(exchange, server)``.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING

from tests.model.http import Exchange, Request

if TYPE_CHECKING:
    from tests.model.server import ModelServer

LIKELY = -0.125
"""The log-probability of tokens of which the test says nothing."""

Reply = Callable[[Exchange, "ModelServer"], Awaitable[None]]


def say(
    text: str = "",
    *,
    finish: str | None = "stop",
    stop_id: int | None = None,
    ids: Sequence[int] | None = None,
    reasoning: str = "",
    calls: Sequence[tuple[str, str]] = (),
    logprobs: Sequence[float] = (),
    piece: int = 7,
    pause: float = 0.0,
    whole: bool = False,
    usage: bool = True,
    cost: float | None = None,
    done: bool = True,
    dies: bool = False,
    hangs: bool = False,
    separators: str = "\n",
) -> Reply:
    """An answer.

    Args:
        text: of it.
        finish: the reason given for its end; None for none.
        stop_id: the stop token, given as vLLM does: last of the ids, and as ``stop_reason``.
        ids: of the text, where the server's tokenizer is not to be asked.
        reasoning: split off, for the chat endpoint.
        calls: native ones, as name and arguments, for the chat endpoint.
        logprobs: if asked for: of each id, the stop token's included; in a chat, of each event.
            Those beyond are `LIKELY`.
        piece: characters in each event.
        pause: seconds before each event.
        whole: do not stream, though asked to.
        usage: count tokens, if asked to.
        cost: in the usage.
        done: end the stream with its mark.
        dies: reset the connection after half of the events.
        hangs: fall silent after half of the events.
        separators: what lines of the stream end with.
    """

    async def reply(exchange: Exchange, server: "ModelServer") -> None:
        body = exchange.request.json
        given = list(server.encode(text) if ids is None else ids)
        if stop_id is not None:
            given.append(stop_id)
        counted = server.usage(exchange.request, len(given))
        if cost is not None:
            counted["cost"] = cost
        form = _Form(exchange.request, body, logprobs)
        if whole or not body.get("stream"):
            choice = form.whole(text, reasoning, calls) | form.likely([text], given)
            await exchange.send(form.event([choice | form.end(finish, stop_id, given)], counted))
            return
        await exchange.begin()
        events = list(form.events(text, reasoning, calls, given, piece))
        for number, choice in enumerate(events):
            if (dies or hangs) and number >= len(events) // 2:
                if dies:
                    exchange.reset()
                else:
                    await asyncio.Event().wait()
                return
            await asyncio.sleep(pause)
            await exchange.chunk(_data(form.event([choice], None), separators))
        if finish is not None:
            last = form.whole("", "", ()) | form.end(finish, stop_id, None)
            await exchange.chunk(_data(form.event([form.as_piece(last)], None), separators))
        if usage and body.get("stream_options", {}).get("include_usage"):
            await exchange.chunk(_data(form.event([], counted), separators))
        if done:
            await exchange.chunk(f"data: [DONE]{separators * 2}")
        await exchange.end()

    return reply


def endless(text: str = "word ", pause: float = 0.0) -> Reply:
    """An answer that ignores every limit."""

    async def reply(exchange: Exchange, server: "ModelServer") -> None:
        form = _Form(exchange.request, exchange.request.json)
        await exchange.begin()
        while True:
            await asyncio.sleep(pause)
            await exchange.chunk(_data(form.event(list(form.events(text, "", (), [], 99)), None)))

    return reply


def refuse(
    status: int,
    message: str = "no",
    *,
    code: str | int | None = None,
    headers: dict[str, str] | None = None,
    **more: object,
) -> Reply:
    """An error in OpenAI's form."""

    async def reply(exchange: Exchange, server: "ModelServer") -> None:
        error = {"message": message, "type": "error", "code": code} | more
        await exchange.send({"error": error}, status, headers)

    return reply


def rate_limited(after: str | float | None = None) -> Reply:
    """429, perhaps with a Retry-After, which may be a number or a date."""
    headers = {} if after is None else {"Retry-After": str(after)}
    return refuse(429, "Rate limit reached", code="rate_limit_exceeded", headers=headers)


def wrong_key() -> Reply:
    """401, in the words of a careless server: it repeats what it got."""

    async def reply(exchange: Exchange, server: "ModelServer") -> None:
        got = exchange.request.headers.get("authorization", "nothing")
        await refuse(401, f"Incorrect API key provided: {got}.")(exchange, server)

    return reply


def unknown_model(name: str) -> Reply:
    """404, in vLLM's form."""
    return refuse(404, f"The model `{name}` does not exist.", code=404, type="NotFoundError")


def context_exceeded(limit: int, style: str = "vllm") -> Reply:
    """400, in the words of ``vllm`` (``vllm-new``), ``openai`` or ``llama.cpp``."""
    asked = limit + 1000
    if style == "openai":
        words = (
            f"This model's maximum context length is {limit} tokens. However, your messages "
            f"resulted in {asked} tokens. Please reduce the length of the messages."
        )
        return refuse(400, words, code="context_length_exceeded", param="messages")
    if style == "llama.cpp":
        words = f"request ({asked} tokens) exceeds the available context size ({limit} tokens)"
        return refuse(400, words, code=400, type="exceed_context_size_error", n_ctx=limit)
    if style == "vllm-new":
        words = (
            f"You passed {asked} input tokens and requested 10 output tokens. However, the "
            f"model's context length is only {limit} tokens, resulting in a maximum input length "
            f"of {limit - 10} tokens."
        )
    else:
        words = (
            f"'max_tokens' or 'max_completion_tokens' is too large: {asked}. This model's maximum "
            f"context length is {limit} tokens and your request has 12 input tokens."
        )
    return refuse(400, words, code=400, type="BadRequestError")


def body(content: bytes | str, kind: str = "application/json", status: int = 200) -> Reply:
    """Exactly this, whatever it is: wrong JSON, a proxy's page, events of any kind."""

    async def reply(exchange: Exchange, server: "ModelServer") -> None:
        await exchange.send(content, status, {"Content-Type": kind})

    return reply


def silent() -> Reply:
    """No answer, ever."""

    async def reply(exchange: Exchange, server: "ModelServer") -> None:
        await asyncio.Event().wait()

    return reply


def dead() -> Reply:
    """A reset before the first byte of an answer."""

    async def reply(exchange: Exchange, server: "ModelServer") -> None:
        exchange.reset()

    return reply


def by_request(choose: Callable[[Request], Reply]) -> Reply:
    """The reply that a function chooses for the request."""

    async def reply(exchange: Exchange, server: "ModelServer") -> None:
        await choose(exchange.request)(exchange, server)

    return reply


class _Form:
    """Events in the form of the endpoint that was asked."""

    def __init__(self, request: Request, body: dict, logprobs: Sequence[float] = ()) -> None:
        self._chat = request.path.endswith("/chat/completions")
        self._ids = bool(body.get("return_token_ids"))
        self._logprobs = chain(logprobs, repeat(LIKELY)) if body.get("logprobs") else None
        self._stream = bool(body.get("stream"))
        self._model = body["model"]

    def event(self, choices: list[dict], usage: dict | None) -> dict:
        kind = "chat.completion" if self._chat else "text_completion"
        base = {"id": "cmpl-1", "object": kind, "created": int(time.time()), "model": self._model}
        return base | {"choices": choices} | ({"usage": usage} if usage else {})

    def whole(self, text: str, reasoning: str, calls: Sequence[tuple[str, str]]) -> dict:
        if not self._chat:
            return {"index": 0, "text": text}
        message: dict[str, object] = {"role": "assistant", "content": text}
        if reasoning:
            message["reasoning_content"] = reasoning
        if calls:
            message["tool_calls"] = [
                {"id": f"call-{n}", "type": "function", "function": {"name": a, "arguments": b}}
                for n, (a, b) in enumerate(calls)
            ]
        return {"index": 0, "message": message}

    def likely(self, parts: list[str], ids: Sequence[int]) -> dict:
        """The log-probabilities, in the form of the endpoint."""
        if self._logprobs is None:
            return {}
        if not self._chat:
            values = [next(self._logprobs) for _ in ids]
            return {"logprobs": {"token_logprobs": values, "tokens": [str(id_) for id_ in ids]}}
        tokens = [
            {"token": part, "bytes": list(part.encode()), "logprob": next(self._logprobs)}
            for part in parts
        ]
        return {"logprobs": {"content": tokens}}

    def as_piece(self, choice: dict) -> dict:
        if "message" in choice:
            choice["delta"] = choice.pop("message")
        return choice

    def end(self, finish: str | None, stop_id: int | None, ids: list[int] | None) -> dict:
        more = {"token_ids": ids} if self._ids and ids is not None else {}
        return {"finish_reason": finish, "stop_reason": stop_id} | more

    def events(
        self,
        text: str,
        reasoning: str,
        calls: Sequence[tuple[str, str]],
        ids: list[int],
        size: int,
    ) -> Iterator[dict]:
        for part in _cut(reasoning, size):
            yield self._piece({"reasoning_content": part})
        parts = _cut(text, size) or ([""] if ids else [])
        share = -(-len(ids) // max(len(parts), 1))
        for number, part in enumerate(parts):
            choice = self._piece({"content": part}) if self._chat else {"index": 0, "text": part}
            mine = ids[number * share : (number + 1) * share]
            if self._ids:
                choice["token_ids"] = mine
            choice |= self.likely([part], mine)
            yield choice | {"finish_reason": None}
        for number, (name, arguments) in enumerate(calls):
            first: dict = {"index": number, "id": f"call-{number}", "type": "function"}
            yield self._piece(
                {"tool_calls": [first | {"function": {"name": name, "arguments": ""}}]}
            )
            for part in _cut(arguments, size):
                piece = {"index": number, "function": {"arguments": part}}
                yield self._piece({"tool_calls": [piece]})

    def _piece(self, delta: dict) -> dict:
        return {"index": 0, "delta": {"role": "assistant"} | delta, "finish_reason": None}


def _cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _data(event: dict, newline: str = "\n") -> str:
    return f"data: {json.dumps(event, ensure_ascii=False)}{newline * 2}"
