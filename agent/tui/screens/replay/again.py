"""Doing a run's actions again from a screen: the settings, the engine, and what was found."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.replay.execute import Execution, Repeated
from agent.replay.reading import RecordedRun


@dataclass(slots=True)
class Found:
    """What doing a run again has given so far.

    Attributes:
        repeated: the last result of each step that was done again.
        executions: by the step that they went up to.
    """

    repeated: dict[int, Repeated] = field(default_factory=dict)
    executions: dict[int, Execution] = field(default_factory=dict)

    def begin(self) -> None:
        """Forget the steps' results: they are had anew."""
        self.repeated.clear()

    @property
    def marks(self) -> Mapping[int, str]:
        """What each step's result is beside the one it had."""
        return {number: _mark(each) for number, each in self.repeated.items()}

    @property
    def differing(self) -> list[int]:
        """Steps whose results are others now."""
        return [number for number, mark in self.marks.items() if mark == "other"]


def _mark(each: Repeated) -> str:
    if not each.same:
        return "other"
    return "over" if each.why_not else "same"


def in_words(done: Execution) -> str:
    """What came of it, in a line."""
    again = sum(each.again is not None for each in done.repeated)
    found = done.difference
    if found is not None:
        return f"step {found.number} is the first whose result is another one"
    return f"all {again} actions that were done again gave what they gave then"


async def act_again(
    run: RecordedRun,
    config: Path | None,
    until: int,
    progress: Callable[[str], None],
    watch: Callable[[Repeated], None],
) -> Execution:
    """Do a run's actions again, up to a step, in a sandbox of their own.

    Args:
        run: whose.
        config: the settings file that was named.
        until: the last step to do again.
        progress: gets a line now and then; not safe to draw.
        watch: gets each step once it is done.

    Raises:
        AgentError, SandboxError: there is no place to do it, as of any run.
    """
    from agent.config import load_settings
    from agent.replay.execute import execute
    from agent.replay.settings import settings_of
    from sandboxes.engine import Engine, sweep

    settings = settings_of(run.record, load_settings(config, {}))
    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    try:
        await sweep(engine)
        return await execute(run, settings, engine, until=until, progress=progress, watch=watch)
    finally:
        engine.close()
