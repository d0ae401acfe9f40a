"""The building itself: a plan's steps in a container, and what they leave behind put in order."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandboxes.environment.base import GENERATED
from sandboxes.environment.build import ROOT, BuildContainer, Progress, archive_of
from sandboxes.environment.buildlog import BuildLog
from sandboxes.environment.detect import EnvironmentPlan, Step
from sandboxes.errors import BuildFailed, EngineRefused, SandboxDied, UnsuitableImage
from sandboxes.hostnet import BUILD_FOLDER, BuildNetwork
from sandboxes.repository.archive import BASE_GIT
from sandboxes.sandbox import REPOSITORY

if TYPE_CHECKING:
    from sandboxes.engine import Engine
    from sandboxes.repository.checkout import Checkout

Labelled = Callable[[tuple[str, ...]], tuple[Mapping[str, str], str]]
"""An image's labels and its name, given the notes on its build."""

_CONSTRAINTS = f"{BUILD_FOLDER}/constraints.txt"
_LITTER = "/home/agent/.cache /root/.cache /tmp/* /var/tmp/*"
_MOST_NAMES = 16 * 1024**2  # bytes of names of generated files

# The user's image may hold anything; this is what it must have and what it gets.
_ADOPT = f"""
mkdir -p {REPOSITORY} /opt/foretrace /home/agent
rm -rf {REPOSITORY}/.git /opt/foretrace/base.git
: > {GENERATED}
git config --system --replace-all safe.directory '*'
git config --system --replace-all core.excludesFile {GENERATED}
command -v python >/dev/null || ln -s "$(command -v python3)" /usr/local/bin/python
"""

# Images made for SWE-bench hold a project's Python in a conda environment that only an interactive
# shell would enter.
_CONDA_PATH = """
folder=/opt/miniconda3/envs/testbed/bin
[ ! -x $folder/python ] || printf %s "$folder:$PATH"
"""

_HINTS = (
    (
        r"gcc|\bcc\b.*not found|C compiler|Python\.h|command 'x86_64|Microsoft Visual|clang",
        'a compiler is missing: packages = ["gcc", "libc6-dev", "python3-dev"] under [environment]'
        " in foretrace.toml",
    ),
    (
        r"dns error|Temporary failure in name|Could not resolve|ConnectTimeout|Connection refused",
        "the container engine's network does not reach the package index",
    ),
    (
        r"No solution found|not found in the package registry|No matching distribution",
        "name versions that fit under requires, or a day under exclude_newer, in [environment] of"
        " foretrace.toml",
    ),
)
_HINT = "say how it installs: install = [...] under [environment] in foretrace.toml, or --image"


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every build needs.

    Attributes:
        engine: where it happens.
        checkout: the repository.
        network: what of the host's network settings a build gets.
        log: where output goes.
        progress: is told what is going on.
        step_seconds: how long one step may take.
    """

    engine: "Engine"
    checkout: "Checkout"
    network: BuildNetwork
    log: BuildLog
    progress: Progress
    step_seconds: float

    def container(self, image: str, *, online: bool = True, started: bool = True) -> BuildContainer:
        """A container to build in."""
        return BuildContainer(
            self.engine,
            image,
            network=self.network,
            log=self.log,
            online=online,
            started=started,
        )


async def run_steps(
    shop: Workshop, container: BuildContainer, plan: EnvironmentPlan, steps: Sequence[Step]
) -> tuple[str, ...]:
    """Run steps; an optional one that fails leaves a note.

    Raises:
        BuildFailed: a step that is not optional failed.
    """
    if plan.constraints:
        text = "\n".join([*plan.constraints, ""]).encode()
        await container.put(archive_of({_CONSTRAINTS: text}))
    variables = _variables(plan) | _version_variables(shop.checkout)
    notes = []
    for step in steps:
        shop.progress(step.command.splitlines()[0])
        try:
            await container.run(
                step.command, timeout=shop.step_seconds, environment=variables, hint=_HINT
            )
        except BuildFailed as error:
            if not step.optional:
                error.hint = _hint(error.tail)
                raise
            last = next((line for line in reversed(error.tail.splitlines()) if line.strip()), "")
            notes.append(f"going on without `{error.step}`: {last.strip()}")
    return tuple(notes)


def _hint(tail: str) -> str:
    for pattern, hint in _HINTS:
        if re.search(pattern, tail, re.IGNORECASE):
            return hint
    return _HINT


def _variables(plan: EnvironmentPlan) -> dict[str, str]:
    """What installers are told beyond the network's settings."""
    variables = {
        "VIRTUAL_ENV": "/opt/env",
        "UV_NO_CACHE": "1",
        "UV_COMPILE_BYTECODE": "1",  # else every sandbox compiles anew what it imports
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_NO_INPUT": "1",
        "PIP_PROGRESS_BAR": "off",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if plan.exclude_newer is not None:
        variables["UV_EXCLUDE_NEWER"] = plan.exclude_newer.isoformat()
    if plan.constraints:
        names = ("UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "PIP_CONSTRAINT")
        variables |= dict.fromkeys(names, _CONSTRAINTS)
    return variables


def _version_variables(checkout: "Checkout") -> dict[str, str]:
    """The release's version for backends that ask git, whatever state the tree is in."""
    if checkout.version is None:
        return {}
    name = re.sub(r"[-_.]+", "_", checkout.name).upper()
    return {
        f"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_{name}": checkout.version,
        "PDM_BUILD_SCM_VERSION": checkout.version,
        "PBR_VERSION": checkout.version,
    }


async def put_checkout(shop: Workshop, container: BuildContainer) -> None:
    """Put the repository into a container, at its place."""
    from sandboxes.repository.checkout import sandbox_archive

    archive = await shop.engine.call(sandbox_archive, shop.checkout)
    with archive:
        await container.put(archive)


async def build_environment(
    shop: Workshop, plan: EnvironmentPlan, base: str, labelled: Labelled
) -> str:
    """Run a whole plan on a base image and keep everything but the repository.

    Args:
        shop: where and for whom.
        plan: what to run.
        base: the id of the base image.
        labelled: gives the image's labels and name, knowing the notes on the build.

    Returns:
        The image's id.

    Raises:
        BuildFailed: a step failed.
    """
    async with shop.container(base) as container:
        await put_checkout(shop, container)
        await container.install_packages(plan.packages)
        notes = await run_steps(shop, container, plan, plan.steps)
        # What the project's own build wrote next to its sources goes with them.
        await container.run(
            f"find {REPOSITORY} -mindepth 1 -delete; rm -rf {BASE_GIT} {_LITTER}",
            user=ROOT,
            folder="/",
            shown="take the repository out again",
        )
        return await container.commit(*labelled(notes))


async def build_repository(
    shop: Workshop, plan: EnvironmentPlan, environment: str, labelled: Labelled
) -> str:
    """Put the repository on its environment and install it from there; see `build_environment`."""
    steps = [step for step in plan.steps if step.of_project]
    if not steps:
        async with shop.container(environment, online=False, started=False) as container:
            await put_checkout(shop, container)
            return await container.commit(*labelled(()))
    async with shop.container(environment) as container:
        await put_checkout(shop, container)
        notes = await run_steps(shop, container, plan, steps)
        notes += await _tidy(shop, container)
        await container.run(f"rm -rf {_LITTER}", user=ROOT, folder="/", shown="clean up")
        return await container.commit(*labelled(notes))


async def adopt_image(shop: Workshop, image: str, labelled: Labelled) -> str:
    """Put the repository on an image of the user's own.

    Raises:
        UnsuitableImage: it lacks bash, git or a Python, or does not start.
    """
    try:
        async with shop.container(image, online=False) as container:
            await _examine(container, image)
            await container.run(_ADOPT, user=ROOT, folder="/", shown="prepare the image")
            await put_checkout(shop, container)
            own = f"chown 1000:1000 /home/agent && chown -R 1000:1000 {REPOSITORY}"
            await container.run(own, user=ROOT, folder="/", shown="hand the files over")
            notes = await _tidy(shop, container)
            path = (await container.read(_CONDA_PATH, user=ROOT, folder="/")).decode()
            changes = (f"ENV PATH={path}",) if re.fullmatch(r"[\w./:+-]+", path) else ()
            return await container.commit(*labelled(notes), changes=changes)
    except EngineRefused as error:
        raise UnsuitableImage(f"the image {image} does not start: {error.message}") from error


async def _examine(container: BuildContainer, image: str) -> None:
    try:
        script = "for p in git timeout; do command -v $p >/dev/null || echo $p; done"
        script += "; command -v python3 >/dev/null || command -v python >/dev/null || echo Python"
        missing = (await container.read(script, user=ROOT, folder="/")).decode().split()
    except SandboxDied:
        raise UnsuitableImage(
            f"the image {image} does not run", "every sandbox needs bash, git, coreutils, a Python"
        ) from None
    except (BuildFailed, EngineRefused):
        missing = ["bash"]
    if missing:
        raise UnsuitableImage(
            f"the image {image} lacks {', '.join(missing)}",
            "every sandbox needs bash, git, coreutils and a Python",
        )


async def _tidy(shop: Workshop, container: BuildContainer) -> tuple[str, ...]:
    """Note which files the build generated, and undo what it did to files of the repository."""
    names = await container.read(f"git ls-files --others -z | head -c {_MOST_NAMES}")
    generated = [ignore_pattern(name) for name in names.split(b"\0") if name]
    listing = b"".join(pattern + b"\n" for pattern in sorted(filter(None, generated)))
    await container.put(archive_of({GENERATED: listing}))
    changed = (await container.read("git diff --name-only")).decode("utf-8", "replace").split("\n")
    changed = [name for name in changed if name]
    if not changed:
        return ()
    await container.run("git checkout --quiet -- .", shown="undo changes to the repository")
    # Archives of releases hold metadata that every build writes anew: not worth a word.
    changed = [name for name in changed if ".egg-info/" not in name]
    if not changed:
        return ()
    some = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
    return (f"installing changed files of the repository, which was undone: {some}",)


def ignore_pattern(name: bytes) -> bytes:
    """The line of a git excludes file that means exactly one file; empty when there is none."""
    if b"\n" in name or b"\r" in name:
        return b""
    escaped = re.sub(rb"([\\*?\[\]!#])", rb"\\\1", name)
    stripped = escaped.rstrip(b" ")
    return b"/" + stripped + b"\\ " * (len(escaped) - len(stripped))
