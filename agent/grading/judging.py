"""Judging one patch on clean sandboxes of its issue's image, unless that was done before."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.events import Verified
from agent.grading.cache import VerdictCache, verdict_key
from agent.issue import Issue
from agent.verify import verify_patch
from sandboxes.errors import SandboxDied

if TYPE_CHECKING:
    from agent.prepare import Progress, Workplace
    from sandboxes.engine import Engine

_TRIES = 2
"""Of a patch whose container died."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A patch that was judged.

    Attributes:
        verified: it, test by test.
        cached: whether that was known before.
        notes: on how the place came about that it was judged in.
    """

    verified: Verified
    cached: bool
    notes: tuple[str, ...] = ()


class Judge:
    """Judges patches; may be asked for several at once."""

    def __init__(self, settings: Settings, engine: "Engine", *, again: bool = False) -> None:
        """Args: again: whether to judge also what was judged before."""
        self._settings = settings
        self._engine = engine
        self._again = again
        self._cache = VerdictCache(settings.cache / "verdicts")
        self._builds = asyncio.Semaphore(settings.batch.builds)

    async def judge(self, patch: str, issue: Issue, log: Path, progress: "Progress") -> Judged:
        """Judge one patch.

        Args:
            patch: a diff; an empty one leaves everything as it is.
            issue: names the repository and the tests.
            log: where a build writes what it does.
            progress: gets a line now and then.

        Raises:
            WrongUse: the issue names no repository, or its tests do not fit its base.
            SandboxError: the infrastructure failed.
        """
        from agent.prepare import prepare

        if patch and not patch.endswith("\n"):
            patch += "\n"
        async with self._builds:
            place = await prepare(
                issue, self._settings, self._engine, run="grade", log=log, progress=progress
            )
        key = verdict_key(patch, place.judgement, place.image, place.test_command, self._settings)
        known = None if self._again else await asyncio.to_thread(self._cache.get, key)
        if known is not None:
            return Judged(known, True, place.notes)
        verified = await self._verified(patch, place, progress)
        with contextlib.suppress(OSError):  # what is not remembered is judged again
            await asyncio.to_thread(self._cache.put, key, verified)
        return Judged(verified, False, place.notes)

    async def _verified(self, patch: str, place: "Workplace", progress: "Progress") -> Verified:
        """The patch on clean sandboxes; on others where one of them dies."""
        for left in reversed(range(_TRIES)):
            try:
                return await verify_patch(
                    patch,
                    place.judgement,
                    start=place.sandbox,
                    tools=self._settings.tools(place.test_command),
                    settings=self._settings.verify,
                    progress=progress,
                )
            except SandboxDied as died:
                if not left:
                    raise
                progress(f"{died.message}; once more")
        raise AssertionError("it was judged or it raised")
