"""The settings of a run, taken up again: as they were then, but for what is set now."""

from collections.abc import Mapping

from pydantic import ValidationError

from agent.config import Settings
from agent.errors import ConfigProblem
from agent.issue import first_problem
from agent.runfolder import RunRecord

_OF_THIS_MACHINE = ("out", "cache", "engine", "images", "confirm")
"""What says nothing of the run, and may be otherwise here."""


def settings_of(record: RunRecord, now: Settings) -> Settings:
    """The settings to act again with, or to go on with.

    Args:
        record: of the run.
        now: of this call; what a flag, the environment or the settings file sets wins.

    Raises:
        ConfigProblem: what the run was set to does not fit any more.
    """
    then = {name: value for name, value in record.settings.items() if name not in _OF_THIS_MACHINE}
    then["policy"] = record.policy
    wanted = _laid_over(then, now.model_dump(mode="json", exclude_unset=True))
    here = {name: getattr(now, name) for name in _OF_THIS_MACHINE}
    try:
        return Settings.model_validate({**wanted, **here})
    except ValidationError as error:
        raise ConfigProblem(
            f"the settings of the run {record.id} do not fit: {first_problem(error)}",
            "another version of Foretrace made it; set what is named anew",
        ) from None


def _laid_over(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """Two trees of settings as one; where both have something, the upper one's counts."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        both = isinstance(value, dict) and isinstance(under, dict)
        merged[name] = _laid_over(under, value) if both else value  # type: ignore[arg-type]
    return merged
