"""From an issue to a place to work on it: the source, its environment, clean sandboxes of both."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.environments.offered import with_offered_image
from agent.errors import WrongUse
from agent.issue import Issue
from agent.scratch import scratch_folder
from agent.verify import Judgement
from sandboxes.environment.detect import EnvironmentSettings
from sandboxes.sandbox import Sandbox
from tools.registry import ToolSettings

if TYPE_CHECKING:
    from sandboxes.engine import Engine
    from sandboxes.repository.checkout import Checkout

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Workplace:
    """A repository at its base, ready to be worked on.

    Attributes:
        engine: where its sandboxes run.
        image: the repository image; every sandbox starts from it.
        base_commit: what patches are taken against.
        files: paths of all files in the base commit.
        test_command: how this repository's tests are run.
        judgement: what judges a patch, with everything it needs from outside.
        notes: what the user should know of how it came about.
        seconds: how long that took.
        settings: of the run.
        run: the run's id, for the containers' labels.
    """

    engine: "Engine"
    image: str
    base_commit: str
    files: frozenset[str]
    test_command: str
    judgement: Judgement
    notes: tuple[str, ...]
    seconds: float
    settings: Settings
    run: str

    def sandbox(self) -> Sandbox:
        """A clean sandbox, not yet entered."""
        from sandboxes.docker import DockerSandbox

        return DockerSandbox(
            self.engine, self.image, limits=self.settings.sandbox.limits(), run=self.run
        )


async def prepare(
    issue: Issue,
    settings: Settings,
    engine: "Engine",
    *,
    run: str,
    log: Path,
    progress: Progress,
) -> Workplace:
    """Bring the repository in, build what its environment lacks, and put both into an image.

    An image that the issue offers for its environment is taken where it can be had.

    Args:
        issue: names the repository, the base and the tests.
        settings: of this run.
        engine: where to build.
        run: the run's id.
        log: where a build writes what it does.
        progress: gets a line now and then.

    Raises:
        WrongUse: the issue names no repository.
        CheckoutFailed: the repository, the revision or a source archive is not to be had.
        BuildFailed: a step of the build failed.
        SandboxError: the engine or the base image is not there.
    """
    from sandboxes.engine import uncancelled
    from sandboxes.environment.images import RepositoryImage, ensure_repository_image

    started = time.monotonic()
    progress(f"source of {issue.repo}")
    with scratch_folder(settings.cache) as scratch:
        checkout, files = await uncancelled(  # its thread goes on writing there anyway
            asyncio.to_thread(check_out, issue, settings.cache, scratch / "checkout")
        )
        files_at_base = await asyncio.to_thread(_files_below, checkout.path)

        async def make(environment: EnvironmentSettings) -> RepositoryImage:
            return await ensure_repository_image(
                engine, checkout, environment, base=settings.images, log=log, progress=progress
            )

        image, offered = await with_offered_image(issue, settings, engine, make, progress)
    return Workplace(
        engine=engine,
        image=image.id,
        base_commit=checkout.base_commit,
        files=files_at_base,
        test_command=image.test_command or ToolSettings().test_command,
        judgement=Judgement.of(issue, files),
        notes=(*checkout.notes, *offered, *image.notes),
        seconds=round(time.monotonic() - started, 2),
        settings=settings,
        run=run,
    )


def check_out(issue: Issue, cache: Path, into: Path) -> tuple["Checkout", Mapping[str, bytes]]:
    """Bring an issue's repository in, with the tests in it that are there from the start. Blocks.

    Args:
        issue: names the repository, the base and the tests.
        cache: where sources are kept.
        into: where the checkout goes; does not exist.

    Returns:
        It, and the test files from outside, by path, whenever they are for.

    Raises:
        WrongUse: the issue names no repository.
        CheckoutFailed: the repository, the revision or a source archive is not to be had.
    """
    from sandboxes.repository.checkout import prepare_checkout

    if not issue.repo:
        raise WrongUse("which repository?", "give --repo with a path, a URL or pypi:NAME==VERSION")
    files = _fetch_tests(issue, cache)
    at_start = issue.tests_from is not None and issue.tests_from.when == "start"
    checkout = prepare_checkout(
        issue.repo,
        base=issue.base,
        cache=cache / "sources",
        into=into,
        extra_files=files if at_start else {},
        extra_patch=issue.tests_from.patch if issue.tests_from and at_start else None,
    )
    return checkout, files


def _files_below(root: Path) -> frozenset[str]:
    """Relative paths of all files; links are not followed."""
    paths = (Path(folder, name) for folder, _, names in os.walk(root) for name in names)
    return frozenset(path.relative_to(root).as_posix() for path in paths)


def _fetch_tests(issue: Issue, cache: Path) -> Mapping[str, bytes]:
    from sandboxes.repository.release import fetch_files

    source = issue.tests_from
    if source is None or source.pypi is None:
        return {}
    return fetch_files(source.pypi, source.files, cache / "sources")
