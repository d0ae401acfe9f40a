"""The events an answer comes in, as servers send them.

These models accept what servers really send: text in ``delta`` or in ``message``, reasoning
under two names, tool calls in pieces or whole, usage in the last event, in each, or never,
log-probabilities in the form of either endpoint.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from model.errors import ServerFailed


def _joined(value: object) -> object:
    """Text that comes as a list of parts, as some servers send it."""
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return value


def _as_json(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


class Function(BaseModel):
    """What a call calls, or a piece of it."""

    name: str | None = None
    arguments: Annotated[str | None, BeforeValidator(_as_json)] = None


class CallPiece(BaseModel):
    """A native tool call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Message(BaseModel):
    """What the model says, or a piece of it."""

    content: Annotated[str | None, BeforeValidator(_joined)] = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[CallPiece] | None = None


class Choice(BaseModel):
    """One of the answers asked for, or a piece of it."""

    index: int = 0
    text: str | None = None
    delta: Message | None = None
    message: Message | None = None
    finish_reason: str | None = None
    stop_reason: int | str | None = None
    token_ids: list[int] | None = None
    logprobs: object = None


class Event(BaseModel):
    """One event of a stream, or a whole answer that did not stream."""

    choices: list[Choice] | None = None
    usage: dict[str, object] | None = None
    error: object = None


class Details(BaseModel):
    """Of a prompt's tokens."""

    cached_tokens: Annotated[int, Field(ge=0)] | None = None


class Usage(BaseModel):
    """What the server counted."""

    prompt_tokens: Annotated[int, Field(ge=0)]
    completion_tokens: Annotated[int, Field(ge=0)] = 0
    prompt_tokens_details: Details | None = None
    cost: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """How likely a token was.

    Attributes:
        logprob: the natural logarithm of its probability; None where that cannot be read.
        piece: what it stands for, in UTF-8; None where that is not said.
    """

    logprob: float | None
    piece: bytes | None


def read_event(data: bytes) -> Event:
    """One event.

    Raises:
        ServerFailed: it is not JSON, or not of this form.
    """
    try:
        return Event.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        what = f"{place}: {first['msg']}" if place else first["msg"]
        raise ServerFailed(f"the model server's answer cannot be read ({what})") from None


def read_usage(content: dict[str, object]) -> Usage | None:
    """What the server counted; None when it makes no sense, which costs nobody an answer."""
    try:
        return Usage.model_validate(content)
    except ValidationError:
        return None


def read_logprobs(content: object) -> list[TokenLogprob]:
    """How likely the tokens of a choice were: none, where nothing is said that we know.

    Some servers answer in the form of the chat endpoint on both.
    """
    if not isinstance(content, Mapping):
        return []
    listed = content.get("content")
    if isinstance(listed, list):
        entries = [entry if isinstance(entry, Mapping) else {} for entry in listed]
        return [TokenLogprob(_logprob(e.get("logprob")), _piece(e)) for e in entries]
    values = content.get("token_logprobs")
    return [TokenLogprob(_logprob(v), None) for v in values] if isinstance(values, list) else []


def _logprob(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    # Rounding makes some servers say that a token was likelier than certain.
    return min(float(value), 0.0)


def _piece(entry: Mapping[object, object]) -> bytes | None:
    """A token's bytes; its text will do, unless it is a part of a character only."""
    listed, text = entry.get("bytes"), entry.get("token")
    if isinstance(listed, list):
        numbers = [each for each in listed if isinstance(each, int) and 0 <= each < 256]
        return bytes(numbers) if len(numbers) == len(listed) else None
    return text.encode(errors="replace") if isinstance(text, str) else None
