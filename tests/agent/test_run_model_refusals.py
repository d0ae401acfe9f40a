"""What a run with a model says before it begins: every refusal in a line, with its exit status."""

import json
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine
from tests.agent.scriptedmodel import CHAT, Runs, serving
from tests.model.server import MODEL

KEY = "sk-secret/42+x"
LOOK = CHAT.act("bash", command="ls")


@pytest.fixture
def runs(foretrace: CommandLine, tmp_path: Path) -> Runs:
    return Runs(foretrace, tmp_path)


@dataclass(frozen=True)
class Refused:
    """A way to ask for a run that there is no model for.

    Attributes:
        said: what the lines hold.
        flags: of the command; ``{url}`` is the server's address, ``{closed}`` one where nobody is.
        server: what it is.
        settings: of the model, by environment variables.
        key: for the server.
        status: the exit status.
    """

    said: tuple[str, ...]
    flags: tuple[str, ...] = ("--model-url", "{url}")
    server: dict[str, object] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    key: str = ""
    status: int = 2


AT = ("--model-url", "{url}")

REFUSALS = {
    "no server": Refused(
        ("no model server answers at {closed}", "Connection refused"),
        ("--model-url", "{closed}", "--model", MODEL),
        status=3,
    ),
    "no server, no name": Refused(
        ("no model server answers at {closed}",), ("--model-url", "{closed}"), status=3
    ),
    "a wrong key": Refused(
        ("refused the key", "environment variable or file"), server={"key": "another"}, key=KEY
    ),
    "a model it does not have": Refused(
        ("has no model 'other'", "it has: scripted"), (*AT, "--model", "other")
    ),
    "several models": Refused(
        ("which model", "it has: one, two"), server={"models": {"one": None, "two": 9_000}}
    ),
    "an address with nothing there": Refused(("which model",), ("--model-url", "{url}/else")),
    "an address that is none": Refused(("not an HTTP address",), ("--model-url", "ftp://here")),
    "a profile there is not": Refused(
        ("there is no profile 'smoke'", "cwm, chat, tools"), (*AT, "--profile", "smoke")
    ),
    "no tokenizer for token ids": Refused(
        ("needs the model's tokenizer", "--profile chat"), (*AT, "--profile", "cwm")
    ),
    "a tokenizer that is not there": Refused(
        ("nowhere.json",), (*AT, "--tokenizer", "nowhere.json")
    ),
    "a tokenizer that is none": Refused(
        ("prices.py",), (*AT, "--tokenizer", "../prices/prices.py")
    ),
    "a key file that is not there": Refused(
        ("cannot read the key file nowhere",), settings={"key_file": "nowhere"}
    ),
    "a key file that holds no key": Refused(
        ("cannot be a key",), settings={"key_file": "../clamp.txt"}
    ),
    "prompts that are not there": Refused(
        ("there is no folder nowhere",), settings={"prompts": "nowhere"}
    ),
    "a setting out of its range": Refused(
        ("model.temperature", "less than or equal to 2"), settings={"temperature": 9}
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_begun_is_said_in_a_line(runs: Runs, case: str) -> None:
    refused = REFUSALS[case]
    runs.set(**refused.settings)
    runs.foretrace.environment["FORETRACE_MODEL_KEY"] = refused.key
    with serving(**refused.server) as server, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        places = {"url": server.url, "closed": f"http://127.0.0.1:{bound.getsockname()[1]}/v1"}
        ended = runs.foretrace(*runs.arguments(*(flag.format(**places) for flag in refused.flags)))
    assert ended.status == refused.status, ended
    for words in refused.said:
        assert words.format(**places) in ended.err
    assert "Traceback" not in ended.err
    assert "our mistake" not in ended.err
    assert len(ended.err.splitlines()) <= 4
    assert KEY not in ended.err
    assert ended.out == ""
    assert not runs.foretrace.runs.exists()


def test_without_a_key_the_server_that_wants_one_is_named(runs: Runs) -> None:
    with serving(key=KEY) as server:
        ended = runs(server)
        assert ended.status == 2, ended
        assert f"the model server at {server.url} refused the key" in ended.err
        assert "authorization" not in server.requests[-1].headers


def test_a_key_in_the_settings_file_is_refused_and_not_shown(runs: Runs) -> None:
    (runs.foretrace.folder / "foretrace.toml").write_text(f'[model]\nkey = "{KEY}"\n')
    ended = runs.foretrace(*runs.arguments())
    assert ended.status == 2, ended
    assert "model.key" in ended.err
    assert KEY not in ended.err


def test_a_password_in_the_address_is_refused_and_not_shown(runs: Runs) -> None:
    for address in ("http://me:hunter2@127.0.0.1:9/v1", "http://127.0.0.1:9/v1?api_key=hunter2"):
        ended = runs.foretrace(*runs.arguments("--model-url", address))
        assert ended.status == 2, ended
        assert "must not hold a user, a password or a query" in ended.err
        assert "hunter2" not in ended.err + ended.out
        assert not runs.foretrace.runs.exists()


@pytest.mark.engine
def test_a_server_that_loads_its_model_is_waited_for(runs: Runs) -> None:
    with serving(*CHAT.resolution(), loading=3) as server:
        ended = runs(server)
    assert ended.status == 0, ended
    first, second = ended.err.splitlines()[:2]
    assert first == "clamp: the cwm policy decides"
    assert second.startswith("  waiting for the model server (0 s): ")
    assert "Loading model" in second
    assert ended.err.count("waiting for the model server") == 1


@pytest.mark.engine
def test_flags_win_over_the_environment_and_that_over_the_file(runs: Runs) -> None:
    (runs.foretrace.folder / "foretrace.toml").write_text(
        '[model]\nurl = "http://127.0.0.1:9/v1"\nname = "from-file"\nprofile = "tools"\n'
        "temperature = 0.25\n[limits]\nturns = 1\n"
    )
    runs.set(name="from-environment", profile="chat")
    with serving(LOOK, models={"from-environment": 32_000}) as server:
        ended = runs(server)
    assert ended.status == 1, ended
    settings = json.loads((runs.folder / "run.json").read_text())["settings"]
    assert settings["model"]["url"] == server.url
    assert settings["model"]["name"] == "from-environment"
    assert runs.result["reason"] == "all 1 turns are used up"
    assert (runs.of("model")[0].profile, runs.of("model")[0].context) == ("chat", 32_000)
    (asked,) = server.asked
    assert (asked.json["temperature"], asked.json["model"]) == (0.25, "from-environment")


@pytest.mark.engine
def test_a_model_in_the_settings_file_decides_unless_a_policy_is_named(runs: Runs) -> None:
    with serving(LOOK) as server:
        (runs.foretrace.folder / "foretrace.toml").write_text(f'[model]\nurl = "{server.url}"\n')
        ended = runs.foretrace(*runs.arguments("--policy", "scripted"))
        assert ended.err.splitlines()[0] == "clamp: the scripted policy decides"
        assert server.requests == []
        ended = runs.foretrace(*runs.arguments("--turns", 1))
    assert ended.status == 1, ended
    assert ended.err.splitlines()[0] == "clamp: the cwm policy decides"
    assert len(server.asked) == 1
