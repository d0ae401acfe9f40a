"""The policies by name. A new one is its file and a line here."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from agent.config import Settings
from agent.errors import ConfigProblem, WrongUse
from agent.policies.policy import Policy
from agent.predicting import runs_here

Progress = Callable[[str], None]


class NewPolicy(Protocol):
    """Makes the policy of one run."""

    def __call__(self, seed: int | None = None) -> Policy:
        """Args: seed: of this run; that of the settings without one."""
        ...


Opened = AbstractAsyncContextManager[NewPolicy]
"""What the policies of several runs share, a model's client above all, is there inside of it."""


@asynccontextmanager
async def _cwm(
    settings: Settings, script: Path | None, progress: Progress
) -> AsyncIterator[NewPolicy]:
    from agent.policies.cwm.connect import connect
    from agent.policies.cwm.policy import ModelPolicy

    async with connect(settings.model, settings.seed, settings.limits.cost, progress) as connected:
        timeout = settings.sandbox.command_timeout

        def new(seed: int | None = None) -> Policy:
            own = settings.seed if seed is None else seed
            return ModelPolicy(connected, settings.model, own, timeout)

        yield new


@asynccontextmanager
async def _repair(
    settings: Settings, script: Path | None, progress: Progress
) -> AsyncIterator[NewPolicy]:
    from agent.policies.repair.policy import RepairPolicy

    yield lambda seed=None: RepairPolicy(settings.repair)


@asynccontextmanager
async def _scripted(
    settings: Settings, script: Path | None, progress: Progress
) -> AsyncIterator[NewPolicy]:
    from agent.policies.scripted import ScriptedPolicy

    if script is None:
        raise WrongUse("the scripted policy plays a script", "name it with --script FILE")
    # Read once here, so that a script that cannot be read is told before anything is started.
    ScriptedPolicy.from_file(script)
    yield lambda seed=None: ScriptedPolicy.from_file(script)


POLICIES: dict[str, Callable[[Settings, Path | None, Progress], Opened]] = {
    "cwm": _cwm,
    "repair": _repair,
    "scripted": _scripted,
}
"""How each policy is made from the settings and the script the user named."""


def policy_name(settings: Settings, script: Path | None) -> str:
    """The policy to use: the one named; else a configured model's; else the built-in repairer.

    nano, and models like it, predict and decide nothing.

    Raises:
        ConfigProblem: there is no policy of that name, or not with that model.
    """
    decides = settings.model.given and not runs_here(settings.model)
    default = "cwm" if decides else "repair"
    name = settings.policy or ("scripted" if script else default)
    if name not in POLICIES:
        raise ConfigProblem(f"there is no policy {name!r}", f"there are: {', '.join(POLICIES)}")
    if name == "cwm" and runs_here(settings.model):
        raise ConfigProblem(
            f"{settings.model.name} predicts executions, and cannot decide what to do",
            "leave out --policy cwm, or name another model",
        )
    return name
