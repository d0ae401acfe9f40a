"""The settings of a run, taken up again: as they were then, but for what is set now."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from agent.config import Settings
from agent.errors import ConfigProblem
from agent.issue import first_problem
from agent.runfolder import RunRecord
from sandboxes.environment.detect import EnvironmentSettings

_OF_THIS_MACHINE = ("out", "cache", "engine", "images", "confirm", "tui")
"""What says nothing of the run, and may be otherwise here."""


def settings_of(record: RunRecord, now: Settings, script: Path | None = None) -> Settings:
    """The settings to act again with, or to go on with.

    Without another policy the run's own decides; a script is for the scripted one, and a model that
    is not the run's is there to decide.

    Args:
        record: of the run.
        now: of this call; what a flag, the environment or the settings file sets wins.
        script: that the user named.

    Raises:
        ConfigProblem: what the run was set to does not fit any more.
    """
    then = _as_recorded(record)
    then["policy"] = "scripted" if script else record.policy
    wanted = _laid_over(then, now.model_dump(mode="json", exclude_unset=True))
    if not now.policy and not script and _another_model(then, now):
        wanted["policy"] = "cwm"
    return _checked(record, wanted, now)


def same_settings(record: RunRecord, now: Settings, flags: Mapping[str, object]) -> Settings:
    """The settings to go on with as if the run had never been interrupted.

    Args:
        record: of the run.
        now: of this call; it says only where things are on this machine.
        flags: what the user has set by name, as a tree; that alone wins.

    Raises:
        ConfigProblem: what the run was set to does not fit any more.
    """
    wanted = _laid_over({**_as_recorded(record), "policy": record.policy}, flags)
    return _checked(record, wanted, now)


def _as_recorded(record: RunRecord) -> dict[str, object]:
    recorded = {
        name: each for name, each in record.settings.items() if name not in _OF_THIS_MACHINE
    }
    said = recorded.get("environment")
    if isinstance(said, dict):
        # What was recorded is the whole table; a default counts as not set, so that what the
        # repository's own file says still holds.
        usual = EnvironmentSettings().model_dump(mode="json")
        recorded["environment"] = {n: each for n, each in said.items() if each != usual.get(n)}
    return recorded


def _checked(record: RunRecord, wanted: Mapping[str, object], now: Settings) -> Settings:
    here = {name: getattr(now, name) for name in _OF_THIS_MACHINE}
    try:
        return Settings.model_validate({**wanted, **here})
    except ValidationError as error:
        raise ConfigProblem(
            f"the settings of the run {record.id} do not fit: {first_problem(error)}",
            "another version of Foretrace made it; set what is named anew",
        ) from None


def _another_model(then: Mapping[str, object], now: Settings) -> bool:
    """Whether a model is set now that the run did not have."""
    before = then.get("model")
    before = before if isinstance(before, dict) else {}
    told = now.model.model_dump(mode="json", exclude_unset=True)
    return any(told.get(name, before.get(name)) != before.get(name) for name in ("url", "name"))


def _laid_over(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """Two trees of settings as one; where both have something, the upper one's counts."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        both = isinstance(value, dict) and isinstance(under, dict)
        merged[name] = _laid_over(under, value) if both else value  # type: ignore[arg-type]
    return merged
