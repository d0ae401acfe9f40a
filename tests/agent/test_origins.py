"""Where settings come from, and that no key is told."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from agent.config import load_settings
from agent.origins import Setting, settings_file, told


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def by_name(config: Path | None = None, **flags: object) -> dict[str, Setting]:
    return {each.name: each for each in told(load_settings(config, flags), config)}


def leaves(model: BaseModel) -> int:
    values = [value for _, value in model]
    return sum(leaves(value) if isinstance(value, BaseModel) else 1 for value in values)


def test_every_setting_is_told_once() -> None:
    settings = by_name()
    assert len(settings) == leaves(load_settings(None, {}))
    assert {"out", "sandbox.memory", "model.url", "environment.install"} <= set(settings)
    assert {each.origin for each in settings.values()} == {"default"}
    assert settings["model.prices"] == Setting("model.prices", "", "default")
    assert settings["limits.turns"].line == "limits.turns = 128"


def test_a_flag_wins_over_the_environment_and_that_over_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("foretrace.toml").write_text(
        'seed = 1\nout = "a"\n[limits]\nturns = 2\nseconds = 3\n[model.prices]\ninput = 1\n'
        "output = 2\n"
    )
    monkeypatch.setenv("FORETRACE_SEED", "5")
    monkeypatch.setenv("FORETRACE_LIMITS", '{"turns": 6}')
    monkeypatch.setenv("FORETRACE_LIMITS__TOKENS", "7")
    settings = by_name(out=Path("b"))
    assert settings["out"] == Setting("out", '"b"', "flag")
    assert settings["seed"] == Setting("seed", "5", "environment")
    assert settings["limits.turns"] == Setting("limits.turns", "6", "environment")
    assert settings["limits.tokens"] == Setting("limits.tokens", "7", "environment")
    assert settings["limits.seconds"] == Setting("limits.seconds", "3.0", "file")
    assert settings["model.prices.input"] == Setting("model.prices.input", "1.0", "file")
    assert settings["limits.cost"].origin == "default"


def test_the_file_may_be_another(tmp_path: Path) -> None:
    assert settings_file(None) is None
    file = tmp_path / "mine.toml"
    file.write_text('[verify]\nscope = "named"\n')
    assert settings_file(file) == file
    assert by_name(file)["verify.scope"] == Setting("verify.scope", '"named"', "file")


def test_no_key_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETRACE_MODEL_KEY", "sk-verysecret")
    monkeypatch.setenv("FORETRACE_MODEL__NAME", "sk-verysecret")
    monkeypatch.setenv("FORETRACE_ENGINE", "tcp://me:hunter2@host:1")
    monkeypatch.setenv(
        "FORETRACE_ENVIRONMENT__INSTALL", '["pip install -i https://u:tok3n@host/simple x"]'
    )
    settings = by_name()
    text = "\n".join(each.line for each in settings.values())
    assert not any(secret in text for secret in ("verysecret", "hunter2", "tok3n"))
    assert settings["engine"].value == '"tcp://…@host:1"'
    assert settings["model.name"].value == '"[key]"'
    assert settings["model.key_variable"].value == '"FORETRACE_MODEL_KEY"'


def test_a_line_is_one_of_a_settings_file(tmp_path: Path) -> None:
    lines = [each.line for each in told(load_settings(None, {}), None) if each.value]
    file = tmp_path / "all.toml"
    file.write_text("\n".join(lines) + "\n")
    assert load_settings(file, {}).model_dump() == load_settings(None, {}).model_dump()
