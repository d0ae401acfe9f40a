"""The environments that a list of issues needs: told apart, and each built once.

First every source is looked at, one for each repository, commit and way to build that occurs; which
environments these need is told from their files. Then each environment is built, or found.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.atonce import at_once
from agent.config import Settings
from agent.environments.offered import (
    Offer,
    environment_of,
    offered_image,
    take_offer,
    with_offered_image,
)
from agent.failing import Failure
from agent.issue import Issue
from agent.scratch import scratch_folder
from agent.sources.source import slug
from sandboxes.environment.detect import EnvironmentSettings

if TYPE_CHECKING:
    from sandboxes.engine import Engine
    from sandboxes.environment.images import EnvironmentImage

Progress = Callable[[str], None]
State = Literal["built", "there", "failed"]


@dataclass(frozen=True, slots=True)
class Needed:
    """An environment that issues need, or a source that cannot be looked at.

    Attributes:
        key: what tells it from others; of a source that cannot be looked at, the source itself.
        issue: one of those that need it.
        issues: ids of them all.
        name: the project's name; the repository where that is not known.
        failure: why the source cannot be looked at; else None.
    """

    key: str
    issue: Issue
    issues: tuple[str, ...]
    name: str
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """What became of an environment. Texts are as they were written: not safe to print.

    Attributes:
        name: the project's.
        issues: ids of those that need it.
        state: ``there``: before anybody had to build it.
        image: the engine's id; empty where it failed.
        python: its interpreter, as ``3.11``; empty where that is not known.
        notes: what the user should know.
        failure: why it is not there; else None.
        log: where the build wrote what it did; empty where none was kept.
        seconds: it took.
    """

    name: str
    issues: tuple[str, ...]
    state: State
    image: str = ""
    python: str = ""
    notes: tuple[str, ...] = ()
    failure: Failure | None = None
    log: str = ""
    seconds: float = 0.0


async def needed_environments(
    issues: Iterable[Issue], settings: Settings, engine: "Engine", progress: Progress
) -> list[Needed]:
    """The environments that issues need, in the order of the first that needs each.

    Args:
        issues: any number; what is the same about them is looked at once.
        settings: the user's; also how many sources are looked at at once.
        engine: has the images that issues offer, or pulls them.
        progress: gets a line now and then.
    """
    sources: dict[str, list[Issue]] = {}
    for issue in issues:
        sources.setdefault(_source(issue), []).append(issue)
    work = (partial(_look, alike, settings, engine, progress) for alike in sources.values())
    looks = at_once(work, settings.batch.concurrency)
    async with aclosing(looks):
        found = {each.issue.id: each async for each in looks}
    merged: dict[str, Needed] = {}
    for alike in sources.values():
        each = found[alike[0].id]
        first = merged.get(each.key)
        ids = (*first.issues, *each.issues) if first else each.issues
        merged[each.key] = replace(first or each, issues=ids)
    return list(merged.values())


def built(
    needed: Sequence[Needed],
    settings: Settings,
    engine: "Engine",
    logs: Path,
    progress: Progress,
) -> AsyncGenerator[Environment, None]:
    """Build environments, as many at once as the settings say; they come as they are ready.

    Args:
        needed: as `needed_environments` tells them apart.
        settings: the user's.
        engine: where.
        logs: a folder for what builds write; made where something is.
        progress: gets a line now and then.
    """
    work = (partial(_build, each, settings, engine, logs, progress) for each in needed)
    return at_once(work, settings.batch.concurrency)


def _source(issue: Issue) -> str:
    """What all issues have in common that are looked at together."""
    at_start = issue.tests_from is not None and issue.tests_from.when == "start"
    extras = issue.tests_from if at_start else None
    return repr((issue.repo, issue.base, issue.python, issue.install, offered_image(issue), extras))


async def _look(
    alike: Sequence[Issue], settings: Settings, engine: "Engine", progress: Progress
) -> Needed:
    """The environment that issues of one source need."""
    from sandboxes.engine import uncancelled

    issue, ids = alike[0], tuple(each.id for each in alike)
    try:
        offer = await take_offer(issue, settings, engine, progress)
        key, name = await uncancelled(asyncio.to_thread(_key, issue, offer, settings))
    except Exception as error:  # the others go on
        return Needed(_source(issue), issue, ids, issue.repo, Failure.of(error))
    return Needed(key, issue, ids, name)


def _key(issue: Issue, offer: Offer, settings: Settings) -> tuple[str, str]:
    """What tells an issue's environment from others, and the project's name. Blocks."""
    from agent.prepare import check_out
    from sandboxes.environment.images import needs

    with scratch_folder(settings.cache) as scratch:
        checkout, _ = check_out(issue, settings.cache, scratch / "checkout")
        key = needs(checkout, environment_of(issue, settings), settings.images)
        return offer.image or key, checkout.name


async def _ensured(
    issue: Issue, settings: Settings, engine: "Engine", log: Path, progress: Progress
) -> tuple["EnvironmentImage", tuple[str, ...]]:
    """An issue's environment image, built where it is not there, and notes on it."""
    from agent.prepare import check_out
    from sandboxes.engine import uncancelled
    from sandboxes.environment.images import EnvironmentImage, ensure_environment

    with scratch_folder(settings.cache) as scratch:
        into = scratch / "checkout"
        checkout, _ = await uncancelled(asyncio.to_thread(check_out, issue, settings.cache, into))

        async def make(environment: EnvironmentSettings) -> EnvironmentImage:
            return await ensure_environment(
                engine, checkout, environment, base=settings.images, log=log, progress=progress
            )

        image, notes = await with_offered_image(issue, settings, engine, make, progress)
    return image, (*notes, *image.notes)


async def _build(
    needed: Needed, settings: Settings, engine: "Engine", logs: Path, progress: Progress
) -> Environment:
    """Build one, or find it; whatever goes wrong is part of what comes back."""
    if needed.failure is not None:
        return Environment(needed.name, needed.issues, "failed", failure=needed.failure)
    started = time.monotonic()
    digest = hashlib.sha256(needed.key.encode()).hexdigest()[:12]
    log = logs / f"{slug(needed.name)}-{digest}.log"

    def tell(line: str) -> None:
        progress(f"{needed.name}: {line}")

    try:
        image, notes = await _ensured(needed.issue, settings, engine, log, tell)
    except Exception as error:  # the others go on
        ended = Environment(needed.name, needed.issues, "failed", failure=Failure.of(error))
    else:
        state: State = "there" if image.cached else "built"
        ended = Environment(needed.name, needed.issues, state, image.id, image.python, notes)
    seconds = round(time.monotonic() - started, 1)
    return replace(ended, log=str(log) if log.exists() else "", seconds=seconds)
