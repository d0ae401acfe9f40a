"""The policies by name. A new one is its file and a line here."""

from collections.abc import Callable
from pathlib import Path

from agent.config import Settings
from agent.errors import WrongUse
from agent.policies.policy import Policy


def _repair(settings: Settings, script: Path | None) -> Policy:
    from agent.policies.repair.policy import RepairPolicy

    return RepairPolicy(settings.repair)


def _scripted(settings: Settings, script: Path | None) -> Policy:
    from agent.policies.scripted import ScriptedPolicy

    if script is None:
        raise WrongUse("the scripted policy plays a script", "name it with --script FILE")
    return ScriptedPolicy.from_file(script)


POLICIES: dict[str, Callable[[Settings, Path | None], Policy]] = {
    "repair": _repair,
    "scripted": _scripted,
}
"""How each policy is made from the settings and the script the user named."""
