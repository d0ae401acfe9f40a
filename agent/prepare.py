"""From an issue to a place to work on it: the source, its environment, clean sandboxes of both."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.errors import WrongUse
from agent.issue import Issue
from agent.scratch import scratch_folder
from agent.verify import Judgement
from sandboxes.environment.detect import EnvironmentSettings
from sandboxes.sandbox import Sandbox
from tools.registry import ToolSettings

if TYPE_CHECKING:
    from sandboxes.engine import Engine

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
    from sandboxes.environment.images import ensure_repository_image
    from sandboxes.repository.checkout import prepare_checkout

    if not issue.repo:
        raise WrongUse("which repository?", "give --repo with a path, a URL or pypi:NAME==VERSION")
    started = time.monotonic()
    files = await asyncio.to_thread(_fetch_tests, issue, settings.cache)
    at_start = issue.tests_from is not None and issue.tests_from.when == "start"
    progress(f"source of {issue.repo}")
    with scratch_folder(settings.cache) as scratch:
        checkout = await uncancelled(  # its thread goes on writing there anyway
            asyncio.to_thread(
                prepare_checkout,
                issue.repo,
                base=issue.base,
                cache=settings.cache / "sources",
                into=scratch / "checkout",
                extra_files=files if at_start else {},
                extra_patch=issue.tests_from.patch if issue.tests_from and at_start else None,
            )
        )
        files_at_base = await asyncio.to_thread(_files_below, checkout.path)
        image = await ensure_repository_image(
            engine,
            checkout,
            _environment(issue, settings),
            base=settings.images,
            log=log,
            progress=progress,
        )
    return Workplace(
        engine=engine,
        image=image.id,
        base_commit=checkout.base_commit,
        files=files_at_base,
        test_command=image.test_command or ToolSettings().test_command,
        judgement=Judgement.of(issue, files),
        notes=(*checkout.notes, *image.notes),
        seconds=round(time.monotonic() - started, 2),
        settings=settings,
        run=run,
    )


def _environment(issue: Issue, settings: Settings) -> EnvironmentSettings:
    """The user's environment settings, with what the issue itself says of Python and install."""
    said = {"python": issue.python, "install": issue.install}
    return settings.environment.model_copy(
        update={name: value for name, value in said.items() if value is not None}
    )


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
