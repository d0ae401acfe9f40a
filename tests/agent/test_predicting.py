"""From settings to a predictor: which one it is, and what is said where there can be none."""

import json
from pathlib import Path

import pytest

from agent.config import Settings
from agent.errors import ConfigProblem
from agent.predicting import open_predictor, within_reach
from model.errors import ModelUnknown, TokenizerProblem
from tests.model.nano.checkpoints import write_checkpoint
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


async def test_without_a_model_nano_predicts(tmp_path: Path) -> None:
    folder, said = write_checkpoint(tmp_path / "small"), list[str]()
    async with open_predictor(Settings(nano=folder), said.append) as predictor:
        (found,) = await predictor.traces(PROGRAM, most=20)
    assert (predictor.name, predictor.model) == ("nano", "small")
    assert found.tokens.written == 20
    assert said == [f"small, the model in {folder}, predicts"]


async def test_a_server_s_model_of_that_name_is_the_server_s() -> None:
    async with model_server(models={"nano": 4096}) as server:
        name, said = await kind(server.url, name="nano")
    assert name == "chat"
    assert f"nano at {server.url} predicts, profile chat" in said


async def test_only_so_much_source_is_gathered_as_nano_reads(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "small", {"context": 400})
    given = {"model": {"name": str(folder)}, "simulate": {"source_tokens": 300}}
    assert within_reach(Settings(nano=folder)).simulate.source_tokens == 200
    assert within_reach(Settings.model_validate(given)).simulate.source_tokens == 300
    del given["simulate"]
    assert within_reach(Settings.model_validate(given)).simulate.source_tokens == 200
    served = Settings.model_validate({"model": {"url": "http://127.0.0.1:9"}, "nano": folder})
    assert within_reach(served) == served
    assert within_reach(Settings(nano=tmp_path)).simulate == Settings().simulate


async def test_what_is_set_wrongly_is_refused(tmp_path: Path) -> None:
    async with model_server() as server:
        with pytest.raises(TokenizerProblem, match="needs the model's tokenizer"):
            await kind(server.url, profile="cwm")
        with pytest.raises(ConfigProblem, match="no profile"):
            await kind(server.url, profile="morse")
        with pytest.raises(ModelUnknown):
            await kind(server.url, name="another")
