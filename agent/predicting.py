"""From settings to a model that predicts executions."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agent.errors import ConfigProblem

if TYPE_CHECKING:
    from agent.config import Settings
    from agent.policies.cwm.connect import Connected
    from model.budget import Budget
    from model.predict.predictor import Predictor

Progress = Callable[[str], None]


@asynccontextmanager
async def open_predictor(
    settings: "Settings", progress: Progress, budget: "Budget | None" = None
) -> AsyncIterator["Predictor"]:
    """A predictor, for as long as the context lasts.

    The ``cwm`` profile predicts in the model's own tokens; with any other the frames are asked for
    in words, on the chat endpoint.

    Args:
        settings: ``model`` says which model, and how it is spoken to; ``seed`` is of the pauses
            between tries.
        progress: gets a line when the model answers, one for each thing to know of it, and one
            while its server is waited for.
        budget: of all that is asked.

    Raises:
        ConfigProblem: no model is set, or a wrong profile.
        ModelError: the address, the key, the tokenizer or the model is not to be had.
    """
    if not settings.model.given:
        raise ConfigProblem(
            "predictions need a model, and none is set",
            "give --model-url and --model, or set model.url and model.name in foretrace.toml",
        )
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
