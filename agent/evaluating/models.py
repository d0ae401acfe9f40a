"""From settings to a model that questions can be put to."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from agent.config import Settings
from agent.errors import ConfigProblem
from agent.predicting import predictor_of
from model.budget import Budget
from model.questions.question import Model


@asynccontextmanager
async def open_model(
    settings: Settings, progress: Callable[[str], None], budget: Budget
) -> AsyncIterator[tuple[Model, str]]:
    """A model, and its name, for as long as the context lasts.

    Args:
        settings: ``model`` says which, and how it is spoken to: in its own tokens with the ``cwm``
            profile, on the chat endpoint with any other.
        progress: gets a line while its server is waited for, and one for each thing to know of it.
        budget: of all that is asked.

    Raises:
        ConfigProblem: no model is set, or a wrong profile.
        ModelError: the address, the key, the tokenizer or the model is not to be had.
    """
    if not settings.model.given:
        raise ConfigProblem(
            "questions are put to a model, and none is set",
            "give --model-url and --model, or set model.url and model.name in foretrace.toml",
        )
    from agent.policies.cwm.connect import connect
    from model.predict.asking import Chance
    from model.questions.speaking import ChatSpeaker, TokenSpeaker

    chance = Chance(settings.model.temperature, settings.model.top_p)
    async with connect(settings.model, settings.seed, budget.cost, progress) as connected:
        connection = connected.connection
        client, tokenizer = connection.client, connection.tokenizer
        client.budget = budget
        for note in connected.notes:
            progress(note)
        predictor = predictor_of(connected, settings)
        if connected.profile.by_tokens and tokenizer is not None:
            yield Model(TokenSpeaker(client, tokenizer, chance), predictor), connection.model
        else:
            yield Model(ChatSpeaker(client, chance), predictor), connection.model
