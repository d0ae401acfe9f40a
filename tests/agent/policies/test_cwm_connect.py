"""From settings to a model that answers, or to one clear line that says why not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import AgentError, ConfigProblem
from agent.policies.cwm.connect import Connected, connect
from agent.policies.cwm.settings import ModelSettings
from model.errors import (
    KeyRefused,
    ModelError,
    ModelMisconfigured,
    ModelUnknown,
    ServerUnreachable,
    TokenizerProblem,
)
from tests.model.server import MODEL, model_server
from tests.model.tokenizers import special_tokens

NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache is a folder of the test, and no key is set."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("FORETRACE_MODEL_KEY", raising=False)
    return tmp_path / "hub"


async def reach(
    url: str, *, cost: float | None = None, said: list[str] | None = None, **settings: object
) -> Connected:
    """What comes of settings; the connection is closed again."""
    model = ModelSettings.model_validate({"url": url, **settings})
    progress: Callable[[str], None] = (said if said is not None else []).append
    async with connect(model, 0, cost, progress) as connected:
        return connected


async def refused(url: str, **settings: object) -> AgentError | ModelError:
    """The error that comes of settings: one line, and a hint where there is something to do."""
    with pytest.raises((AgentError, ModelError)) as caught:
        await reach(url, **settings)
    assert "\n" not in caught.value.message
    return caught.value


def without_traces(file: Path, folder: Path) -> Path:
    """The tokenizer of a relative of CWM's: no trace tokens."""
    content = json.loads(file.read_text())
    content["added_tokens"] = [
        {**each, "content": each["content"].replace("_sep|>", "_other|>")}
        for each in special_tokens(content["added_tokens"][0]["id"])
    ]
    folder.mkdir(parents=True)
    (folder / "tokenizer.json").write_text(json.dumps(content))
    return folder / "tokenizer.json"


def put_into(hub: Path, name: str, tokenizer: bytes) -> None:
    """Let the hub's cache have a model's tokenizer."""
    snapshot = hub / f"models--{name.replace('/', '--')}" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "tokenizer.json").write_bytes(tokenizer)


async def test_the_tokenizer_decides_how_a_model_is_spoken_to(tokenizer_file: Path) -> None:
    async with model_server() as server:
        connected = await reach(server.url, name=MODEL, tokenizer=str(tokenizer_file))
        assert connected.profile.name == "cwm"
        assert connected.connection.tokenizer is not None
        assert connected.notes == ()
        connected = await reach(server.url, name=MODEL, tokenizer=str(tokenizer_file.parent))
        assert connected.profile.name == "cwm"


async def test_without_a_tokenizer_the_chat_endpoint_is_used_and_that_is_said() -> None:
    async with model_server() as server:
        connected = await reach(server.url, name=MODEL)
    assert connected.profile.name == "chat"
    assert connected.connection.tokenizer is None
    assert connected.notes == ("no tokenizer of the model is here, so the chat endpoint is used",)


async def test_a_tokenizer_without_trace_tokens_is_not_cwms(
    tokenizer_file: Path, tmp_path: Path
) -> None:
    other = str(without_traces(tokenizer_file, tmp_path / "other"))
    async with model_server() as server:
        connected = await reach(server.url, name=MODEL, tokenizer=other)
        assert connected.profile.name == "chat"
        assert "has no trace tokens, so the chat endpoint is used" in connected.notes[0]
        connected = await reach(server.url, name=MODEL, tokenizer=other, profile="cwm")
        assert connected.profile.name == "cwm"
        assert connected.notes == ()


async def test_a_models_own_tokenizer_of_another_kind_is_passed_over(hub: Path) -> None:
    put_into(hub, "some/model", b"{}")
    async with model_server(models={"some/model": 4_096}) as server:
        connected = await reach(server.url, name="some/model")
        assert connected.profile.name == "chat"
        assert "is not the tokenizer of a CWM, so the chat endpoint is used" in connected.notes[0]
        wrong = await refused(server.url, name="some/model", profile="cwm")
        assert isinstance(wrong, TokenizerProblem)


@pytest.mark.parametrize("profile", ["cwm", ""])
async def test_a_tokenizer_that_is_named_must_be_one(tmp_path: Path, profile: str) -> None:
    missing = await refused(NOWHERE, name=MODEL, tokenizer="no/where", profile=profile)
    assert isinstance(missing, TokenizerProblem)
    assert "no/where" in missing.message
    (tmp_path / "tokenizer.json").write_text('{"model": ')
    broken = await refused(NOWHERE, name=MODEL, tokenizer=str(tmp_path), profile=profile)
    assert isinstance(broken, TokenizerProblem)
    assert broken.hint


async def test_the_cwm_profile_wants_a_tokenizer() -> None:
    error = await refused(NOWHERE, name=MODEL, profile="cwm")
    assert isinstance(error, TokenizerProblem)
    assert "the cwm profile needs the model's tokenizer" in error.message
    assert "model.tokenizer" in error.hint


async def test_the_chat_and_tools_profiles_want_none() -> None:
    async with model_server() as server:
        for profile in ("chat", "tools"):
            connected = await reach(server.url, name=MODEL, tokenizer="no/where", profile=profile)
            assert connected.profile.name == profile
            assert connected.notes == ()


async def test_a_profile_there_is_not_is_told_with_those_there_are() -> None:
    error = await refused(NOWHERE, profile="cvm")
    assert isinstance(error, ConfigProblem)
    assert "'cvm'" in error.message
    assert error.hint == "there are: cwm, chat, tools"


async def test_a_wrong_prompt_is_told_before_the_server_is_asked(tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text("$isue")
    error = await refused(NOWHERE, prompts=tmp_path)
    assert isinstance(error, ConfigProblem)
    assert "issue.md wants $isue" in error.message


@pytest.fixture
def cwm_in_hub(hub: Path, tokenizer_file: Path) -> None:
    put_into(hub, "facebook/cwm", tokenizer_file.read_bytes())


@pytest.mark.usefixtures("cwm_in_hub")
async def test_a_servers_only_model_needs_no_name() -> None:
    async with model_server(models={"facebook/cwm": 40_960}) as server:
        connected = await reach(server.url)
    assert connected.connection.model == "facebook/cwm"
    assert connected.connection.context == 40_960
    # Its name is enough to find its tokenizer.
    assert connected.profile.name == "cwm"


async def test_of_several_models_one_must_be_named() -> None:
    async with model_server(models={"one": None, "two\x1b[2J": None}) as server:
        error = await refused(server.url)
        assert isinstance(error, ModelMisconfigured)
        assert "Give its name" in error.message
        assert "one, two" in error.hint
        assert "\x1b" not in error.hint
        unknown = await refused(server.url, name="three")
        assert isinstance(unknown, ModelUnknown)
        assert "has no model 'three'" in unknown.message
        assert "one, two" in unknown.hint


async def test_a_server_that_is_not_there_is_not_waited_for() -> None:
    for name in ("", MODEL):
        said: list[str] = []
        error = await refused(NOWHERE, name=name, said=said)
        assert isinstance(error, ServerUnreachable)
        assert said == []


async def test_a_server_that_loads_is_waited_for() -> None:
    for name in ("", MODEL):
        said: list[str] = []
        async with model_server(loading=2) as server:
            connected = await reach(server.url, name=name, said=said)
        assert connected.connection.model == MODEL
        assert "waiting for the model server" in said[0]
        assert "Loading model" in said[0]


async def test_a_wrong_key_is_told_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with model_server(key="right") as server:
        for key in ("", "wrong-secret"):
            monkeypatch.setenv("MY_KEY", key)
            error = await refused(server.url, name=MODEL, key_variable="MY_KEY")
            assert isinstance(error, KeyRefused)
            assert "wrong-secret" not in error.message + error.hint
        (tmp_path / "key").write_text("right\n")
        monkeypatch.delenv("MY_KEY")
        connected = await reach(
            server.url, name=MODEL, key_variable="MY_KEY", key_file=tmp_path / "key"
        )
        assert connected.connection.model == MODEL


@pytest.mark.parametrize(
    ("served", "set_", "context"),
    [
        (16_384, None, 16_384),
        (16_384, 8_192, 8_192),
        (16_384, 99_999, 16_384),
        (None, 8_192, 8_192),
        (None, None, 131_072),
    ],
)
async def test_the_context_is_the_smaller_of_what_is_served_and_set(
    served: int | None, set_: int | None, context: int
) -> None:
    async with model_server(models={MODEL: served}) as server:
        connected = await reach(server.url, name=MODEL, context=set_)
    assert connected.connection.context == context


async def test_a_limit_on_cost_without_prices_is_remarked() -> None:
    async with model_server() as server:
        notes = (await reach(server.url, name=MODEL, profile="chat", cost=1.0)).notes
        assert "no prices are set" in notes[0]
        prices = {"input": 0, "output": 0}
        connected = await reach(server.url, name=MODEL, profile="chat", cost=1.0, prices=prices)
        assert connected.notes == ()
