"""Models that say what a test wants, for questions put to them."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from model.predict.chat import ChatPredictor
from model.questions.question import Answer, Model, Ran, Task, Way
from model.questions.speaking import ChatSpeaker
from tests.model.predict.programs import asking
from tests.model.replies import Reply
from tests.model.server import ModelServer


@asynccontextmanager
async def questioned(*script: Reply) -> AsyncIterator[tuple[ModelServer, Model]]:
    """A server with a script, and its model to put questions to."""
    async with asking(*script) as (server, client):
        yield server, Model(ChatSpeaker(client), ChatPredictor(client))


async def answers(task: Task, way: Way, *script: Reply) -> list[Answer]:
    """What a task's answers are if the model says this."""
    async with questioned(*script) as (_, model):
        return await task.answers(model, way, NothingRuns())


class NothingRuns:
    """For answers that are marked without running anything."""

    async def run(self, harness: str, given: object, seconds: float) -> Ran:
        raise AssertionError(f"{harness} is run with {given}")


def frames(*events: Mapping[str, object], ended: bool = True) -> str:
    """Frames as a chat model writes them."""
    return "\n".join(map(json.dumps, [*events, *([{"event": "end"}] if ended else [])]))
