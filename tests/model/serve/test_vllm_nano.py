"""nano, served by vLLM unchanged: the same greedy tokens as its own engine writes."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from model.answer import Completion, Sampling
from model.client import ModelClient
from model.nano.checkpoint import shipped
from model.nano.engine import Engine
from model.predict.predictor import Program
from model.predict.tokens import TokenPredictor
from model.settings import ClientSettings
from model.wire import STOPS
from tests.agent.test_cli_serve import free_port
from tests.model.serve.realvllm import Served, serving

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]

PROMPTS = 200
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_tokens=24, logprobs=True)
CLOSE = 2e-3
"""A difference of log-probabilities that the order of additions alone can make."""

SOURCE = """\
def step(total, value):
    if value % {k} == {r}:
        return total + value
    return total * 2 - {k}


def run(values):
    total = {r}
    for value in values:
        total = step(total, value)
    return total
"""


def programs() -> Iterator[Program]:
    """As many small programs as there are prompts, no two alike."""
    for number in range(PROMPTS):
        k, r = 2 + number % 7, number % 3
        values = [number, *((number * n + r) % 11 for n in range(number % 4))]
        yield Program.of_call(SOURCE.format(k=k, r=r), f"run({values})")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights that come with us; others of the form are held to transformers, which is fast."""
    return Path(shutil.copytree(shipped(), tmp_path_factory.mktemp("nano") / "nano"))


@pytest.fixture(scope="module")
def served(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    here = tmp_path_factory.mktemp("here")
    context = Engine.load(folder).reach.context
    with serving(folder, here, free_port(), context) as made:
        yield made


async def test_vllm_and_the_engine_write_the_same_tokens(folder: Path, served: Served) -> None:
    engine = Engine.load(folder)
    # What ends an answer at the server of itself has to be told to the engine.
    stops = tuple(engine.tokenizer.special(name) for name in STOPS)
    greedy = replace(GREEDY, stop_ids=stops)
    settings = ClientSettings(served.url, folder.name, in_flight=64)
    async with ModelClient(settings) as client:
        predictor = TokenPredictor(client, engine.tokenizer)
        prompts = [predictor.prompt(program, program.begun) for program in programs()]
        assert len({tuple(prompt) for prompt in prompts}) == PROMPTS
        theirs = await asyncio.gather(*(client.complete(each, greedy) for each in prompts))
    ours = [await engine.complete(prompt, greedy) for prompt in prompts]
    same = sum(a.ids == b.ids for a, b in zip(ours, theirs, strict=True))
    for one, other in zip(ours, theirs, strict=True):
        agree(one, other)
    assert same >= 0.95 * PROMPTS


def agree(ours: Completion, theirs: Completion) -> None:
    """They do up to where two tokens are as likely, if there is such a place."""
    assert ours.ids is not None
    assert theirs.ids is not None
    assert ours.logprobs is not None
    assert theirs.logprobs is not None
    for n, (a, b) in enumerate(zip(ours.ids, theirs.ids, strict=False)):
        assert ours.logprobs[n] == pytest.approx(theirs.logprobs[n], abs=CLOSE), n
        if a != b:
            return
    assert (len(ours.ids), ours.finish) == (len(theirs.ids), theirs.finish)
