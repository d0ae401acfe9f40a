"""From settings to a predictor: which one it is, and what is said where there can be none."""

import json
from pathlib import Path

import pytest

from agent.config import Settings
from agent.errors import ConfigProblem
from agent.predicting import open_predictor
from model.errors import ModelUnknown, TokenizerProblem
from tests.model.predict.programs import FRAMES, PROGRAM
from tests.model.replies import say
from tests.model.server import MODEL, model_server
from tests.model.tokenizers import small_tokenizer_file


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's cache is a folder of the test."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


async def kind(url: str, **model: object) -> tuple[str, list[str]]:
    """The name of the predictor that comes of settings, and what was said."""
    said: list[str] = []
    settings = Settings.model_validate({"model": {"url": url, **model}})
    async with open_predictor(settings, said.append) as predictor:
        return predictor.name, said


async def test_a_tokenizer_with_traces_makes_it_the_model_s_own_form(tmp_path: Path) -> None:
    file = small_tokenizer_file(tmp_path)
    async with model_server() as server:
        name, said = await kind(server.url, tokenizer=str(file))
    assert name == "cwm"
    assert f"{MODEL} at {server.url} predicts, profile cwm" in said


@pytest.mark.parametrize("profile", ["", "chat", "tools"])
async def test_any_other_way_to_speak_is_the_chat(profile: str) -> None:
    async with model_server() as server:
        name, said = await kind(server.url, profile=profile)
    assert name == "chat"
    assert any("chat endpoint" in line for line in said) == (profile == "")


async def test_samples_are_drawn_as_the_settings_say() -> None:
    settings = {"name": MODEL, "temperature": 0.5, "top_p": 0.9}
    async with model_server(say("{}"), say("{}")) as server:
        chosen = Settings.model_validate({"model": {"url": server.url, **settings}})
        async with open_predictor(chosen, lambda line: None) as predictor:
            await predictor.traces(PROGRAM, samples=2)
        asked = [request.json for request in server.asked]
    assert [(each["temperature"], each["top_p"]) for each in asked] == [(0.5, 0.9)] * 2
    assert FRAMES[0].source.strip() in json.dumps(asked[0]["messages"])


async def test_without_a_model_it_is_told_how_to_set_one() -> None:
    with pytest.raises(ConfigProblem, match="need a model") as caught:
        async with open_predictor(Settings(), lambda line: None):
            pass
    assert "--model-url" in caught.value.hint


async def test_what_is_set_wrongly_is_refused(tmp_path: Path) -> None:
    async with model_server() as server:
        with pytest.raises(TokenizerProblem, match="needs the model's tokenizer"):
            await kind(server.url, profile="cwm")
        with pytest.raises(ConfigProblem, match="no profile"):
            await kind(server.url, profile="morse")
        with pytest.raises(ModelUnknown):
            await kind(server.url, name="another")
