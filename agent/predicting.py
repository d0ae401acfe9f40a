"""From settings to a model that predicts executions."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import ConfigProblem

if TYPE_CHECKING:
    from agent.config import Settings
    from agent.policies.cwm.connect import Connected
    from agent.policies.cwm.settings import ModelSettings
    from model.budget import Budget
    from model.nano.engine import Engine
    from model.predict.predictor import Predictor

Progress = Callable[[str], None]

NANO = "nano"
"""The model that comes with this package, as ``--model`` names it."""


def runs_here(model: "ModelSettings") -> bool:
    """Whether the model that is set is run by ourselves: nano, or a folder with a model like it.

    What has an address is a server's, whatever it is called.
    """
    from model.nano.checkpoint import is_checkpoint

    if model.url or not model.name:
        return False
    return model.name == NANO or is_checkpoint(_path(model.name))


def uses_nano(settings: "Settings") -> bool:
    """Whether nano predicts, or a model like it: it is set, or nothing is."""
    return not settings.model.given or runs_here(settings.model)


def nano_folder(settings: "Settings") -> Path | None:
    """The folder with that model; None for the one that comes with this package."""
    if settings.model.name in ("", NANO):
        return settings.nano
    return _path(settings.model.name)


async def open_nano(settings: "Settings", progress: Progress, budget: "Budget | None") -> "Engine":
    """That model, loaded.

    Raises:
        ConfigProblem: it is to be spoken to in another way than its own.
        CheckpointProblem: it is not there, or something is wrong with it.
    """
    if settings.model.profile not in ("", "cwm") or settings.model.tokenizer:
        raise ConfigProblem(
            f"{settings.model.name or NANO} is spoken to in tokens of its own",
            "leave out --profile and --tokenizer; for a server give --model-url",
        )
    from model.nano.engine import Engine

    folder = nano_folder(settings)
    engine = await asyncio.to_thread(Engine.load, folder)
    engine.budget = budget
    where = "the built-in model" if folder is None else f"the model in {folder}"
    progress(f"{engine.model}, {where}, predicts")
    return engine


@asynccontextmanager
async def open_predictor(
    settings: "Settings", progress: Progress, budget: "Budget | None" = None
) -> AsyncIterator["Predictor"]:
    """A predictor, for as long as the context lasts.

    The ``cwm`` profile predicts in the model's own tokens; with any other the frames are asked for
    in words, on the chat endpoint. Without any model nano predicts, here.

    Args:
        settings: ``model`` says which model, and how it is spoken to; ``seed`` is of the pauses
            between tries.
        progress: gets a line when the model answers, one for each thing to know of it, and one
            while its server is waited for.
        budget: of all that is asked.

    Raises:
        ConfigProblem: a wrong profile.
        ModelError: the address, the key, the tokenizer or the model is not to be had.
    """
    if uses_nano(settings):
        yield predictor_here(await open_nano(settings, progress, budget), settings)
        return
    from agent.policies.cwm.connect import connect

    cost = budget.cost if budget else None
    async with connect(settings.model, settings.seed, cost, progress) as connected:
        client = connected.connection.client
        client.budget = budget
        progress(
            f"{connected.connection.model} at {client.settings.url} predicts, "
            f"profile {connected.profile.name}"
        )
        for note in connected.notes:
            progress(note)
        yield predictor_of(connected, settings)


def predictor_of(connected: "Connected", settings: "Settings") -> "Predictor":
    """What predicts with a model that is connected already."""
    from model.predict import registry
    from model.predict.asking import Chance
    from model.predict.means import Means

    connection = connected.connection
    means = Means(
        connection.client,
        connection.tokenizer if connected.profile.by_tokens else None,
        Chance(settings.model.temperature, settings.model.top_p),
    )
    return registry.open_predictor("", means)


def predictor_here(engine: "Engine", settings: "Settings") -> "Predictor":
    """What predicts with a model that is loaded already."""
    from model.predict import registry
    from model.predict.asking import Chance
    from model.predict.means import Means

    chance = Chance(settings.model.temperature, settings.model.top_p)
    return registry.open_predictor("", Means(chance=chance, engine=engine))


def within_reach(settings: "Settings") -> "Settings":
    """The settings, with no more source gathered for a prediction than the model can read.

    What the user set is left as it is.
    """
    if not uses_nano(settings) or "source_tokens" in settings.simulate.model_fields_set:
        return settings
    from model.nano.checkpoint import context_of, shipped

    # Half of the context is for the trace.
    room = context_of(nano_folder(settings) or shipped()) // 2
    if not 0 < room < settings.simulate.source_tokens:
        return settings
    simulate = settings.simulate.model_copy(update={"source_tokens": room})
    return settings.model_copy(update={"simulate": simulate})


def _path(name: str) -> Path:
    return Path(os.path.expanduser(name))  # noqa: PTH111 - Path's own raises for unknown users
