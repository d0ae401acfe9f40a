"""Whether a model server is there, has the model, and is done loading it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from model.errors import (
    Infrastructure,
    ModelError,
    ModelMisconfigured,
    ModelUnknown,
    RequestRefused,
    ServerFailed,
)
from model.refusals import one_line
from model.transport import Refused, Transport

T = TypeVar("T")

_REMIND = 15.0
"""Seconds between two lines that say the same."""

_NAMES = 12
"""Models named in a message at most; gateways have hundreds."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a server says of itself.

    Attributes:
        models: those it has; empty where it does not say.
        context: tokens the model's context holds; None where it does not say.
    """

    models: tuple[str, ...]
    context: int | None


class _Meta(BaseModel):
    n_ctx: int | None = None
    n_ctx_train: int | None = None


class _Model(BaseModel):
    """A model in a server's list; its context has a name of its own on every kind of server."""

    id: str
    max_model_len: int | None = None
    context_length: int | None = None
    context_window: int | None = None
    meta: _Meta | None = None

    def context(self) -> int | None:
        meta = self.meta or _Meta()
        return (
            self.max_model_len
            or self.context_length
            or self.context_window
            or meta.n_ctx
            or meta.n_ctx_train
        )


class _Models(BaseModel):
    data: list[_Model]


async def check(transport: Transport, model: str) -> ServerInfo:
    """See `ModelClient.check`."""
    models = await _models(transport)
    names = tuple(one.id for one in models)
    # Ollama lists "name:tag" and takes "name".
    ours = [one for one in models if one.id == model or one.id.startswith(f"{model}:")]
    if models and not ours:
        raise _named(ModelUnknown(f"the server at {transport.url} has no model {model!r}"), names)
    return ServerInfo(names, ours[0].context() if ours else None)


async def only_model(
    transport: Transport, progress: Callable[[str], None], seconds: float, every: float = 1.0
) -> str:
    """The name of a server's one model; waits for the server as `wait_ready` does.

    Raises:
        ModelMisconfigured: it has several, or does not say.
        ServerUnreachable, ServerFailed, KeyRefused, RequestRefused: it cannot be asked.
    """
    models = await _patiently(lambda: _models(transport), transport, progress, seconds, every)
    if len(models) == 1:
        return models[0].id
    names = tuple(one.id for one in models)
    hint = _named(ModelUnknown(""), names).hint or "it does not say which it has"
    raise ModelMisconfigured(f"which model of {transport.url}? Give its name", hint)


async def wait_ready(
    transport: Transport,
    model: str,
    progress: Callable[[str], None],
    seconds: float,
    every: float,
) -> ServerInfo:
    """See `ModelClient.wait_ready`."""
    return await _patiently(lambda: check(transport, model), transport, progress, seconds, every)


async def _patiently(
    ask: Callable[[], Awaitable[T]],
    transport: Transport,
    progress: Callable[[str], None],
    seconds: float,
    every: float,
) -> T:
    """What a server answers, once it is ready to."""
    started = time.monotonic()
    said, said_at = "", 0.0
    while True:
        try:
            await _healthy(transport)
            return await ask()
        except Infrastructure as error:
            if not error.passing:
                raise
            problem = error
        waited = time.monotonic() - started
        if waited + every > seconds:
            if seconds:
                problem.message += f" (waited {waited:.0f} s)"
                problem.args = (problem.message,)
            raise problem
        if problem.message != said or waited - said_at >= _REMIND:
            said, said_at = problem.message, waited
            progress(f"waiting for the model server ({waited:.0f} s): {said}")
        await asyncio.sleep(every)


async def with_names(transport: Transport, error: ModelUnknown) -> ModelError:
    """The same error, with the models there are, if the server tells."""
    try:
        return _named(error, tuple(one.id for one in await _models(transport)))
    except ModelError:
        return error


async def _healthy(transport: Transport) -> None:
    """Pass when the server's health endpoint does not object; many servers have none.

    llama.cpp lists its models while it still loads them, so that the list alone says too little.
    """
    try:
        await transport.get(f"{transport.root}/health")
    except Refused as error:
        problem = transport.error(error.refusal)
        if isinstance(problem, ServerFailed):
            raise problem from None


async def _models(transport: Transport) -> list[_Model]:
    try:
        content = await transport.get("/models")
    except Refused as error:
        problem = transport.error(error.refusal)
        if isinstance(problem, RequestRefused) and problem.status in (404, 405):
            return []
        raise problem from None
    try:
        return _Models.model_validate(content).data
    except ValidationError:
        raise ServerFailed(
            f"{transport.url} answers, but not as a model server does",
            "the address usually ends with /v1",
            passing=False,
        ) from None


def _named(error: ModelUnknown, names: tuple[str, ...]) -> ModelUnknown:
    if not names:
        return error
    shown = ", ".join(one_line(name) for name in names[:_NAMES])
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ModelUnknown(error.message, f"it has: {shown}{more}", served=names)
