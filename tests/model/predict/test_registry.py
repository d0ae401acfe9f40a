"""Predictors by name."""

import subprocess
import sys

import pytest

from model.errors import ModelMisconfigured, TokenizerProblem
from model.predict.means import Means
from model.predict.registry import PREDICTORS, open_predictor
from model.tokenizer import Tokenizer
from tests.model.predict.programs import FRAMES, GOOD, PROGRAM, WRITTEN, asking, write
from tests.model.replies import say


@pytest.mark.parametrize("name", sorted(PREDICTORS.keys() - {"nano"}))
async def test_each_predicts_the_same_frames(name: str, small_tokenizer: Tokenizer) -> None:
    reply = write(small_tokenizer, WRITTEN) if name == "cwm" else say(GOOD)
    async with asking(reply) as (_, client):
        predictor = open_predictor(name, Means(client, small_tokenizer))
        (found,) = await predictor.traces(PROGRAM)
    assert predictor.name == name
    assert found.frames == FRAMES
    assert found.ended


async def test_the_means_choose_where_nobody_does(small_tokenizer: Tokenizer) -> None:
    named = {"<|end_of_text|>": small_tokenizer.special("<|end_of_text|>")}
    plain = Tokenizer(small_tokenizer._ordinary, {}, named, verbatim=True)
    async with asking() as (_, client):
        chosen = [
            open_predictor("", Means(client, tokenizer)).name
            for tokenizer in (small_tokenizer, plain, None)
        ]
        with pytest.raises(TokenizerProblem):
            open_predictor("cwm", Means(client, plain))
    assert chosen == ["cwm", "chat", "chat"]


async def test_what_is_missing_is_told(small_tokenizer: Tokenizer) -> None:
    async with asking() as (_, client):
        with pytest.raises(ModelMisconfigured, match="tokenizer is needed"):
            open_predictor("cwm", Means(client))
    with pytest.raises(ModelMisconfigured, match="a model is needed"):
        open_predictor("cwm", Means(tokenizer=small_tokenizer))
    with pytest.raises(ModelMisconfigured, match="a model is needed"):
        open_predictor("", Means())
    with pytest.raises(ModelMisconfigured, match="no predictor 'x y'") as caught:
        open_predictor("x\ny", Means())
    assert caught.value.hint == "there are: cwm, chat, nano"
    with pytest.raises(ModelMisconfigured, match="nano has to be loaded"):
        open_predictor("nano", Means(tokenizer=small_tokenizer))


def test_nothing_slow_is_imported() -> None:
    code = "import sys, model.predict.registry, model.predict.verdict; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert not loaded & {
        "openai",
        "tokenizers",
        "docker",
        "httpx",
        "libcst",
        "numpy",
        "agent",
        "tools",
    }
