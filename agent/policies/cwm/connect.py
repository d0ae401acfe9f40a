"""From settings to a model that answers: its key, its tokenizer, its server, its profile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from agent.errors import ConfigProblem
from agent.policies.cwm.profiles.profile import Connection, Profile
from agent.policies.cwm.profiles.registry import PROFILES
from agent.policies.cwm.settings import LOCAL, ModelSettings
from agent.policies.cwm.texts import Texts
from model import readiness
from model.client import ModelClient
from model.errors import ServerFailed, TokenizerProblem
from model.keys import read_key
from model.prices import Prices
from model.retry import RetryPolicy
from model.settings import ClientSettings
from model.tokenizer import Tokenizer, find_tokenizer
from model.transport import Transport
from model.wire import CONTEXT

Progress = Callable[[str], None]
T = TypeVar("T")

_LOADING = 900.0
"""Seconds a server may take to load its model: 65 GB from a slow disk."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A model that answers, and how it is spoken to.

    Attributes:
        connection: to it.
        profile: how.
        notes: what the user should know of how that came about.
    """

    connection: Connection
    profile: Profile
    notes: tuple[str, ...]


@asynccontextmanager
async def connect(
    settings: ModelSettings, seed: int, cost_limit: float | None, progress: Progress
) -> AsyncIterator[Connected]:
    """A model, for as long as the context lasts.

    Args:
        settings: which, and how.
        seed: of pauses between tries.
        cost_limit: of a run, to say where it cannot hold.
        progress: gets a line while the server is waited for.

    Raises:
        ConfigProblem: there is no such profile, or a prompt of the user's is wrong.
        ModelError: the address, the key, the tokenizer or the model is not to be had.
    """
    # What is wrong here is told before any server is waited for.
    _chosen(settings)
    Texts.load(settings.prompts)
    if not settings.name:
        name = await _only_model(_client_settings(settings, seed), settings.wait, progress)
        settings = settings.model_copy(update={"name": name})
    tokenizer, profile, notes = await asyncio.to_thread(way_to_speak, settings)
    async with ModelClient(_client_settings(settings, seed)) as client:
        context = await _context(client, settings, progress)
        if cost_limit is not None and settings.prices is None:
            notes += ("no prices are set: the limit on cost holds only if the server tells costs",)
        yield Connected(Connection(client, settings.name, context, tokenizer), profile, notes)


def _client_settings(settings: ModelSettings, seed: int) -> ClientSettings:
    prices = settings.prices
    return ClientSettings(
        url=settings.url or LOCAL,
        model=settings.name,
        key=read_key(settings.key_variable, settings.key_file),
        prices=Prices(prices.input, prices.output, prices.cached) if prices else None,
        in_flight=settings.in_flight,
        answer_seconds=settings.answer_seconds,
        retry=RetryPolicy(retries=settings.retries),
        seed=seed,
    )


async def describe_server(settings: ModelSettings) -> str:
    """What a server says of itself, asked once: its address, the model, the context's size.

    Raises:
        ModelError: it does not answer, or not with the model.
    """
    client_settings = _client_settings(settings, 0)
    transport = Transport(client_settings)
    try:
        name = settings.name or await readiness.only_model(transport, lambda line: None, 0.0)
        info = await readiness.check(transport, name)
    finally:
        await transport.aclose()
    context = f", context {info.context:,} tokens" if info.context else ""
    return f"{name} at {transport.url}{context}"


def way_to_speak(settings: ModelSettings) -> tuple[Tokenizer | None, Profile, tuple[str, ...]]:
    """The tokenizer, where there is one, the profile, and why that one.

    Raises:
        ConfigProblem: there is no profile of that name.
        TokenizerProblem: a tokenizer is asked for that is not there, or is none.
    """
    chosen = _chosen(settings)
    if chosen is not None and not chosen.by_tokens:
        return None, chosen, ()
    path = find_tokenizer(settings.tokenizer, settings.name)
    if chosen is not None:
        if path is None:
            raise TokenizerProblem(
                f"the {chosen.name} profile needs the model's tokenizer, and there is none",
                f"set model.tokenizer to its tokenizer.json, or use --profile {_for_texts().name}",
            )
        return Tokenizer.from_file(path), chosen, ()
    if path is None:
        return _by_text("no tokenizer of the model is here")
    try:
        tokenizer = Tokenizer.from_file(path)
    except TokenizerProblem:
        if settings.tokenizer:
            raise
        return _by_text(f"{path} is not the tokenizer of a CWM")
    if not tokenizer.has_traces:
        return _by_text("the model's tokenizer has no trace tokens")
    return tokenizer, next(each for each in PROFILES.values() if each.by_tokens), ()


def _chosen(settings: ModelSettings) -> Profile | None:
    """The profile the user names, if they do."""
    if settings.profile and settings.profile not in PROFILES:
        raise ConfigProblem(
            f"there is no profile {settings.profile!r}", f"there are: {', '.join(PROFILES)}"
        )
    return PROFILES.get(settings.profile)


def _by_text(why: str) -> tuple[None, Profile, tuple[str, ...]]:
    """The way where there is no tokenizer to go by."""
    return None, _for_texts(), (f"{why}, so the chat endpoint is used",)


def _for_texts() -> Profile:
    return next(each for each in PROFILES.values() if not each.by_tokens)


async def _only_model(settings: ClientSettings, wait: float, progress: Progress) -> str:
    transport = Transport(settings)
    try:
        return await _patiently(
            lambda seconds: readiness.only_model(transport, progress, seconds), wait
        )
    finally:
        await transport.aclose()


async def _context(client: ModelClient, settings: ModelSettings, progress: Progress) -> int:
    """Tokens of the context, once the server is ready."""
    info = await _patiently(lambda seconds: client.wait_ready(progress, seconds), settings.wait)
    served = info.context or settings.context or CONTEXT
    return min(settings.context or served, served)


async def _patiently(ask: Callable[[float], Awaitable[T]], wait: float) -> T:
    """What a server answers: one that is not there is waited for as the user says.

    Args:
        ask: gets the seconds to wait at most.
        wait: for a server that does not answer at all.
    """
    try:
        return await ask(wait)
    except ServerFailed as error:
        if not error.passing:
            raise
        return await ask(_LOADING)
