"""From settings to a model that questions can be put to."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from agent.config import Settings
from agent.predicting import open_nano, predictor_here, predictor_of, uses_nano
from model.budget import Budget
from model.errors import ModelMisconfigured
from model.questions.question import Model
from model.questions.speaking import Said


@asynccontextmanager
async def open_model(
    settings: Settings, progress: Callable[[str], None], budget: Budget
) -> AsyncIterator[tuple[Model, str]]:
    """A model, and its name, for as long as the context lasts.

    Args:
        settings: ``model`` says which, and how it is spoken to: in its own tokens with the ``cwm``
            profile, on the chat endpoint with any other. Without any it is nano, here.
        progress: gets a line while its server is waited for, and one for each thing to know of it.
        budget: of all that is asked.

    Raises:
        ConfigProblem: a wrong profile.
        ModelError: the address, the key, the tokenizer or the model is not to be had.
    """
    if uses_nano(settings):
        engine = await open_nano(settings, progress, budget)
        yield Model(Wordless(engine.model), predictor_here(engine, settings)), engine.model
        return
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


class Wordless:
    """The `model.questions.speaking.Speaker` of a model that writes traces and nothing else.

    Args:
        model: its name.
    """

    def __init__(self, model: str) -> None:
        self._model = model

    async def say(
        self, system: str, user: str, *, reasoning: bool, samples: int, seed: int, most: int
    ) -> list[Said]:
        """Nothing.

        Raises:
            ModelMisconfigured: always.
        """
        raise ModelMisconfigured(
            f"{self._model} writes only traces, and this is to be answered in words",
            "name another model with --model-url and --model",
        )
