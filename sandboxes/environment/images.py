"""Images that sandboxes start from: an environment once, the repository on top of it per commit.

The *environment image* is a base image with everything a project and its tests need, found again by
the content of the files that decide it. The *repository image* adds the checkout at its base
commit, installs the project from there, and notes which files that generated. An image of the
user's own takes the environment's place when one is named.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.environment import store
from sandboxes.environment.assemble import (
    Workshop,
    adopt_image,
    build_environment,
    build_repository,
)
from sandboxes.environment.base import BaseImage, BaseSettings, ensure_base
from sandboxes.environment.build import Progress, silent
from sandboxes.environment.buildlog import BuildLog
from sandboxes.environment.detect import (
    EnvironmentPlan,
    EnvironmentSettings,
    plan_environment,
    repository_settings,
)
from sandboxes.environment.project import dependency_content
from sandboxes.environment.registry import pull
from sandboxes.environment.store import StoredImage, exclusive, find_image
from sandboxes.errors import BuildFailed, SandboxError, UnsuitableImage
from sandboxes.hostnet import host_network

if TYPE_CHECKING:
    from sandboxes.engine import Engine
    from sandboxes.repository.checkout import Checkout

BUILDER = 3
"""Counts the changes of how images are built: what another count made is not used."""


@dataclass(frozen=True, slots=True)
class EnvironmentImage:
    """An image with what a project and its tests need, without the project.

    Attributes:
        id: the engine's id.
        python: the interpreter, as ``3.11``; empty for a user's image.
        plan: how it was made; without steps for a user's image.
        notes: what the user should know.
        cached: it was there already.
        foreign: it is the user's own image.
    """

    id: str
    python: str
    plan: EnvironmentPlan
    notes: tuple[str, ...] = ()
    cached: bool = True
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class RepositoryImage:
    """An image that sandboxes of one repository at one commit start from.

    Attributes:
        id: the engine's id.
        environment: the id of the environment image below it.
        python: the interpreter, as ``3.11``; empty for a user's image.
        notes: what the user should know.
        cached: it was there already.
        test_command: how tests are run, when the settings say; else empty.
    """

    id: str
    environment: str
    python: str
    notes: tuple[str, ...] = ()
    cached: bool = True
    test_command: str = ""


async def ensure_environment(
    engine: "Engine",
    checkout: "Checkout",
    settings: EnvironmentSettings,
    *,
    base: BaseSettings | None = None,
    log: Path | None = None,
    progress: Progress = silent,
) -> EnvironmentImage:
    """The environment image of a checkout, built if it is not there.

    Args:
        engine: where to look and to build.
        checkout: the repository.
        settings: the user's; the repository's own ``foretrace.toml`` completes them.
        base: how base images are made.
        log: where the output of a build goes; added to what is there.
        progress: is told what is going on.

    Raises:
        ConfigurationProblem: the repository's settings or ``pyproject.toml`` cannot be read.
        BaseImageFailed: there is no base image and none could be made.
        BuildFailed: a step failed.
        UnsuitableImage: the named image does not exist.
    """
    base = base or BaseSettings()
    settings = repository_settings(checkout.path, settings)
    if settings.image:
        return await _foreign(engine, settings.image, base, progress)
    plan = plan_for(checkout, settings, base)
    root = await ensure_base(
        engine, plan.python, constraint=plan.constraint, settings=base, progress=progress
    )
    key = store.digest(BUILDER, root.id, *_needs(checkout, settings, plan))

    async def build() -> None:
        shop = await _workshop(engine, checkout, settings, log, progress)
        await _build_environment(shop, plan, settings, root, key)

    lock = base.cache / "locks" / f"environment-{key}.lock"
    image, cached = await _found_or_built(engine, "environment", key, lock, build, progress)
    # The build may have had to see newer packages than planned: then the project's does, too.
    seen = date.fromisoformat(image.exclude_newer) if image.exclude_newer else None
    notes = (*root.notes, *plan.notes, *image.notes)
    return EnvironmentImage(image.id, root.python, replace(plan, exclude_newer=seen), notes, cached)


async def ensure_repository_image(
    engine: "Engine",
    checkout: "Checkout",
    settings: EnvironmentSettings,
    *,
    base: BaseSettings | None = None,
    log: Path | None = None,
    progress: Progress = silent,
) -> RepositoryImage:
    """The repository image of a checkout, built if it is not there; its environment too.

    Arguments and errors are those of `ensure_environment`; also:

    Raises:
        UnsuitableImage: the user's image lacks bash, git or a Python.
    """
    base = base or BaseSettings()
    environment = await ensure_environment(
        engine, checkout, settings, base=base, log=log, progress=progress
    )
    merged = repository_settings(checkout.path, settings)
    steps = [step.command for step in environment.plan.steps if step.of_project]
    source = (checkout.base_commit, checkout.version)
    key = store.digest(BUILDER, environment.id, environment.foreign, source, steps)

    async def build() -> None:
        shop = await _workshop(engine, checkout, merged, log, progress)
        progress(f"putting {checkout.name} into an image")

        def labelled(notes: tuple[str, ...]) -> tuple[dict[str, str], str]:
            labels = store.labels(
                "repository",
                key,
                name=checkout.name,
                python=environment.python,
                notes=notes,
                below=environment.id,
            )
            return labels, store.tag_of("repository", key)

        if environment.foreign:
            await adopt_image(shop, merged.image or environment.id, labelled)
        else:
            await build_repository(shop, environment.plan, environment.id, labelled)

    lock = base.cache / "locks" / f"repository-{key}.lock"
    image, cached = await _found_or_built(engine, "repository", key, lock, build, progress)
    return RepositoryImage(
        image.id,
        environment.id,
        environment.python,
        (*environment.notes, *image.notes),
        cached,
        merged.test or "",
    )


def plan_for(
    checkout: "Checkout", settings: EnvironmentSettings, base: BaseSettings | None = None
) -> EnvironmentPlan:
    """How the environment of a checkout would be made; nothing is built.

    Raises:
        ConfigurationProblem: the repository's settings or ``pyproject.toml`` cannot be read.
    """
    return plan_environment(
        checkout.path,
        repository_settings(checkout.path, settings),
        default_python=(base or BaseSettings()).python,
        source_date=checkout.date.date() if checkout.date else None,
    )


def needs(
    checkout: "Checkout", settings: EnvironmentSettings, base: BaseSettings | None = None
) -> str:
    """What tells the environment of a checkout from others, on the same base; nothing is built.

    Raises:
        ConfigurationProblem: the repository's settings or ``pyproject.toml`` cannot be read.
    """
    merged = repository_settings(checkout.path, settings)
    if merged.image:
        return store.digest(merged.image)
    return store.digest(*_needs(checkout, merged, plan_for(checkout, settings, base)))


def _needs(
    checkout: "Checkout", settings: EnvironmentSettings, plan: EnvironmentPlan
) -> tuple[object, ...]:
    """Everything that an environment comes from, but for the base image."""
    contents = [dependency_content(checkout.path, name) for name in plan.dependency_files]
    lenient = settings.exclude_newer == "auto"  # may end with newer packages than planned
    return replace(plan, notes=()), lenient, contents


async def _found_or_built(
    engine: "Engine",
    kind: store.Kind,
    key: str,
    lock: Path,
    build: Callable[[], Awaitable[None]],
    progress: Progress,
) -> tuple[StoredImage, bool]:
    """The image with a key, and whether it was there before anybody had to build it."""
    found = await find_image(engine, kind, key)
    if found is not None:
        return found, True
    async with exclusive(lock, f"another process builds this {kind} image", progress):
        found = await find_image(engine, kind, key)
        if found is not None:
            return found, True
        await build()
        found = await find_image(engine, kind, key)
    if found is None:
        raise SandboxError(f"the {kind} image that was just built is gone")
    return found, False


async def _workshop(
    engine: "Engine",
    checkout: "Checkout",
    settings: EnvironmentSettings,
    log: Path | None,
    progress: Progress,
) -> Workshop:
    network = await asyncio.to_thread(host_network)
    return Workshop(
        engine, checkout, network, BuildLog(log, network), progress, settings.step_seconds
    )


async def _build_environment(
    shop: Workshop,
    plan: EnvironmentPlan,
    settings: EnvironmentSettings,
    root: BaseImage,
    key: str,
) -> None:
    """Build an environment; once more with today's packages where those of its time will not do."""

    def labelled(notes: tuple[str, ...]) -> tuple[dict[str, str], str]:
        labels = store.labels(
            "environment",
            key,
            name=shop.checkout.name,
            python=root.python,
            notes=(*extra, *notes),
            exclude_newer=plan.exclude_newer.isoformat() if plan.exclude_newer else "",
            below=root.id,
        )
        return labels, store.tag_of("environment", key)

    extra: tuple[str, ...] = ()
    shop.progress(f"building the environment of {shop.checkout.name}")
    try:
        await build_environment(shop, plan, root.id, labelled)
    except BuildFailed as error:
        if plan.exclude_newer is None or settings.exclude_newer != "auto":
            raise
        extra = (
            f"with the packages of {plan.exclude_newer} `{error.step.splitlines()[0]}` failed;"
            " those of today are used",
        )
        shop.progress(extra[0])
        plan = replace(plan, exclude_newer=None)
        await build_environment(shop, plan, root.id, labelled)


async def _foreign(
    engine: "Engine", name: str, base: BaseSettings, progress: Progress
) -> EnvironmentImage:
    """The user's own image in the place of an environment; pulled where the engine lacks it."""
    if not await engine.call(store.has_image, engine, name):
        refusal = await pull(
            engine, name, seconds=base.pull_seconds, cache=base.cache, progress=progress
        )
        if refusal is not None:
            raise UnsuitableImage(
                f"there is no image {name} here, and {refusal.reason}",
                "docker pull or docker load it first",
            )
    image = await engine.call(engine.client.images.get, name)
    return EnvironmentImage(str(image.id), "", EnvironmentPlan(python=""), foreign=True)
