"""A run's settings taken up again, and what is set now laid over them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.config import Settings
from agent.errors import ConfigProblem
from agent.replay.reading import read_record
from agent.replay.settings import same_settings, settings_of
from agent.runfolder import RunRecord
from sandboxes.environment.detect import repository_settings
from tests.agent.replay.recorded import run_folder


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    then = Settings.model_validate(
        {
            "out": "/then",
            "limits": {"turns": 7, "cost": 2.5},
            "sandbox": {"memory": "1GiB"},
            "model": {"url": "http://127.0.0.1:1/v1", "name": "old"},
            "seed": 3,
        }
    )
    made = read_record(run_folder(tmp_path))
    return made.model_copy(update={"policy": "cwm", "settings": then.model_dump(mode="json")})


def test_what_is_not_set_now_is_as_it_was(record: RunRecord) -> None:
    again = settings_of(record, Settings())
    assert (again.limits.turns, again.limits.cost, again.seed) == (7, 2.5, 3)
    assert again.sandbox.memory == 1024**3
    assert (again.model.url, again.model.name) == ("http://127.0.0.1:1/v1", "old")
    assert again.policy == "cwm"


def test_what_is_set_now_wins_part_by_part(record: RunRecord) -> None:
    now = Settings.model_validate({"limits": {"turns": 9}, "policy": "repair", "seed": 0})
    again = settings_of(record, now)
    assert (again.limits.turns, again.limits.cost) == (9, 2.5)
    assert (again.policy, again.seed) == ("repair", 0)


def test_a_variable_wins_as_a_flag_does(record: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETRACE_MODEL__NAME", "new")
    again = settings_of(record, Settings())
    assert (again.model.url, again.model.name) == ("http://127.0.0.1:1/v1", "new")


def test_what_belongs_to_the_machine_is_this_one_s(record: RunRecord, tmp_path: Path) -> None:
    now = Settings.model_validate({"out": tmp_path, "cache": tmp_path / "cache"})
    again = settings_of(record, now)
    assert (again.out, again.cache, again.confirm) == (tmp_path, tmp_path / "cache", "none")


def test_a_script_or_another_model_is_there_to_decide(record: RunRecord) -> None:
    repaired = record.model_copy(update={"policy": "repair"})
    assert settings_of(repaired, Settings()).policy == "repair"
    assert settings_of(repaired, Settings(), Path("a.jsonl")).policy == "scripted"
    same = Settings.model_validate({"model": {"name": "old"}})
    assert settings_of(repaired, same).policy == "repair"
    other = Settings.model_validate({"model": {"name": "new"}})
    assert settings_of(repaired, other).policy == "cwm"
    named = Settings.model_validate({"model": {"name": "new"}, "policy": "repair"})
    assert settings_of(repaired, named).policy == "repair"


@pytest.mark.parametrize("wrong", [{"limits": {"turns": 0}}, {"unheard_of": 1}])
def test_settings_that_do_not_fit_any_more_are_named(
    record: RunRecord, wrong: dict[str, object]
) -> None:
    with pytest.raises(ConfigProblem, match="do not fit") as caught:
        settings_of(record.model_copy(update={"settings": wrong}), Settings())
    assert next(iter(wrong)) in caught.value.message


def test_to_go_on_only_flags_win(record: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETRACE_MODEL__NAME", "new")
    now = Settings.model_validate({"limits": {"turns": 9}, "policy": "repair", "out": "/here"})
    again = same_settings(record, now, {"limits": {"seconds": 5}})
    assert (again.limits.turns, again.limits.seconds, again.limits.cost) == (7, 5, 2.5)
    assert (again.policy, again.model.name, again.out) == ("cwm", "old", Path("/here"))


@pytest.mark.parametrize("again", [settings_of, lambda record, now: same_settings(record, now, {})])
def test_what_the_repository_says_of_its_environment_still_holds(
    record: RunRecord, again: Callable[[RunRecord, Settings], Settings], tmp_path: Path
) -> None:
    then = Settings.model_validate({"environment": {"python": "3.12"}})
    old = record.model_copy(update={"settings": then.model_dump(mode="json")})
    (tmp_path / "foretrace.toml").write_text(
        '[environment]\npython = "3.9"\ntest = "make check"\ninstall = ["make install"]\n'
    )
    told = repository_settings(tmp_path, again(old, Settings()).environment)
    assert (told.python, told.test, told.install) == ("3.12", "make check", ("make install",))
