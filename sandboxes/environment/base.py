"""Base images: one for each Python, from which every environment is built.

A base image is pulled from a registry where one answers and bootstrapped from Debian packages
where none does; a Python that Debian does not carry is taken from those that uv or pyenv installed
on this host. All ways end in the same finishing steps: bash, git, certificates, a Python with a
virtual environment at ``/opt/env`` that comes first on PATH, uv, and the unprivileged user
``agent``. A finished image is found again by its label; two processes never build the same one.
"""

import asyncio
import json
import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from pydantic import BaseModel, ConfigDict, Field

from sandboxes.environment import debian, store
from sandboxes.environment.build import ROOT, BuildContainer, Progress, silent
from sandboxes.environment.buildlog import BuildLog
from sandboxes.environment.hostpython import HostPython, find_host_python, host_suite
from sandboxes.environment.registry import Refusal, pull
from sandboxes.environment.store import has_image
from sandboxes.errors import BaseImageFailed, BuildFailed
from sandboxes.hostnet import BuildNetwork, host_network

if TYPE_CHECKING:
    from sandboxes.engine import Engine

RECIPE = 1
"""Counts the changes of the recipe: a base image made by another count is not used."""

DEFAULT_PYTHON = "3.11"
ENVIRONMENT = "/opt/env"
GENERATED = "/opt/foretrace/generated"
UV_OLDEST = (3, 8)
"""The oldest Python that uv installs for; pip does it below."""

_PULLABLE = tuple(f"3.{minor}" for minor in range(6, 15))


class BaseSettings(BaseModel):
    """How base images are made.

    Attributes:
        python: the Python of projects that do not say which they want.
        pull: the image to pull for a Python, ``{python}`` standing for ``3.11`` and the like;
            empty to pull nothing.
        pull_seconds: how long a registry may take to say that it knows the image.
        cache: the folder for locks and logs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    python: str = Field(default=DEFAULT_PYTHON, pattern=r"^3\.\d+$")
    pull: str = "python:{python}-slim"
    pull_seconds: float = Field(default=20.0, gt=0)
    cache: Path = Field(
        default_factory=lambda: (
            Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "foretrace"
        )
    )


@dataclass(frozen=True, slots=True)
class BaseImage:
    """A base image that is there.

    Attributes:
        id: the engine's id of the image.
        python: its Python, as ``3.11``.
        notes: what the user should know, such as another Python than the one asked for.
    """

    id: str
    python: str
    notes: tuple[str, ...] = ()


async def ensure_base(
    engine: "Engine",
    python: str = DEFAULT_PYTHON,
    *,
    constraint: str = "",
    settings: BaseSettings | None = None,
    progress: Progress = silent,
) -> BaseImage:
    """The base image with a Python, made if it is not there.

    Args:
        engine: where it is looked for and made.
        python: ``3.11`` and the like.
        constraint: what else will do when that one cannot be had, as in ``requires-python``.
        settings: how images are made.
        progress: is told what is going on.

    Raises:
        BaseImageFailed: neither pulling nor bootstrapping gave an image.
    """
    settings = settings or BaseSettings()
    found = await find_base(engine, python, settings=settings)
    if found is not None:
        return found
    wanted = ".".join(python.split(".")[:2])
    refusal = await _pull(engine, wanted, settings, progress)
    if refusal is None or wanted in debian.SUITES:
        return await _found_or_made(engine, wanted, settings, refusal, progress)
    why = refusal.reason
    host = await asyncio.to_thread(find_host_python, wanted)
    if host is not None:
        try:
            return await _found_or_made(engine, wanted, settings, refusal, progress, host)
        except BaseImageFailed as error:
            why = f"{why}, and {host} of this host is no use: {error.message}"
    nearest = nearest_python(wanted, constraint, why=why)
    note = f"Python {wanted} cannot be had here ({why}); Python {nearest} is used instead"
    base = await _found_or_made(engine, nearest, settings, refusal, progress)
    return replace(base, notes=(note,))


async def _found_or_made(
    engine: "Engine",
    python: str,
    settings: BaseSettings,
    refusal: Refusal | None,
    progress: Progress,
    host: HostPython | None = None,
) -> BaseImage:
    lock = settings.cache / "locks" / f"base-{python}.lock"
    waiting = f"another process makes the base image for Python {python}"
    async with store.exclusive(lock, waiting, progress):
        found = await find_base(engine, python, settings=settings)
        if found is None:
            made = await _make(engine, python, settings, refusal, progress, host)
            found = BaseImage(made, python)
    return found


def nearest_python(wanted: str, constraint: str = "", *, why: str = "no registry answers") -> str:
    """The Python nearest to a wanted one among those that Debian carries.

    Args:
        wanted: ``3.11`` and the like.
        constraint: what else will do, as in ``requires-python``.
        why: the wanted one was not pulled, a clause.

    Raises:
        BaseImageFailed: none satisfies the constraint, or what is wanted is no Python 3.
    """
    allowed = SpecifierSet(constraint)
    minor = Version(wanted).minor
    # A patch release of .99 stands for "some patch release of that minor".
    fitting = [p for p in debian.SUITES if allowed.contains(f"{p}.99") or allowed.contains(p)]
    if Version(wanted).major != 3 or not fitting:
        raise BaseImageFailed(
            f"Python {wanted}{f' ({constraint})' if constraint else ''} cannot be had here:"
            f" {why}, and Debian carries {', '.join(debian.SUITES)}",
            "let the engine reach a registry, or give an image with --image",
        )
    return min(fitting, key=lambda p: (abs(Version(p).minor - minor), -Version(p).minor))


def _key(python: str, settings: BaseSettings) -> str:
    parts = (RECIPE, python, settings.pull, debian.PACKAGES, _FINISH, _VENV, _CONFIG)
    return store.digest(*parts, *([_PIP] if _without_uv(python) else []))


def _without_uv(python: str) -> bool:
    return int(python.split(".")[1]) < UV_OLDEST[1]


async def find_base(
    engine: "Engine", python: str = DEFAULT_PYTHON, *, settings: BaseSettings | None = None
) -> BaseImage | None:
    """The base image with a Python, if it has been made already."""
    wanted = ".".join(python.split(".")[:2])
    found = await store.find_image(engine, "base", _key(wanted, settings or BaseSettings()))
    return BaseImage(found.id, wanted) if found else None


async def _pull(
    engine: "Engine", python: str, settings: BaseSettings, progress: Progress
) -> Refusal | None:
    """Have the image to pull; None when it is there already, or gets there now."""
    if not settings.pull or python not in _PULLABLE:
        return Refusal("no image is pulled for it")
    name = settings.pull.format(python=python)
    if await engine.call(has_image, engine, name):
        return None
    return await pull(
        engine, name, seconds=settings.pull_seconds, cache=settings.cache, progress=progress
    )


async def _make(
    engine: "Engine",
    python: str,
    settings: BaseSettings,
    refusal: Refusal | None,
    progress: Progress,
    host: HostPython | None,
) -> str:
    """Make a base image: the root file system, then the finishing steps."""
    network = await asyncio.to_thread(host_network)
    log = BuildLog(settings.cache / "logs" / f"base-{python}.log", network)
    log.start()
    started = time.monotonic()
    name = settings.pull.format(python=python)
    pulled = bool(settings.pull) and await engine.call(has_image, engine, name)
    debians = _below(settings) if host else python
    try:
        root = name if pulled else await _bootstrap(engine, debians, network, log, progress)
    except BaseImageFailed as error:
        why = f"{refusal.reason}, and " if refusal else ""
        raise BaseImageFailed(f"{why}{error.message}", error.hint) from error
    progress(f"finishing the base image for Python {python}")
    source = name if pulled else f"Debian {debian.SUITES[debians]}"
    source = f"{source} with {host}" if host else source
    labels = store.labels("base", _key(python, settings), name=source, python=python)
    try:
        async with BuildContainer(engine, root, network=network, log=log) as container:
            await container.install_packages(debian.PACKAGES if not pulled else _PULLED_PACKAGES)
            if host is not None:
                await _put_host_python(container, host)
            await container.run(_FINISH, user=ROOT, folder="/", shown="finish the base image")
            await container.run(_VENV, folder="/", shown="make the virtual environment")
            if _without_uv(python):
                await container.run(_PIP, folder="/", shown="renew pip")
            image = await container.commit(
                labels, store.tag_of("base", _key(python, settings)), changes=_CONFIG
            )
    except BuildFailed as error:
        last = error.tail.splitlines()[-1] if error.tail else ""
        raise BaseImageFailed(f"{error.message}: {last}", f"see {error.log}") from error
    size = (await engine.call(engine.client.api.inspect_image, image))["Size"] / 1e6
    seconds = time.monotonic() - started
    progress(f"base image for Python {python}: {size:.0f} MB in {seconds:.0f} s")
    return image


def _below(settings: BaseSettings) -> str:
    """The Debian below a host's interpreter, by its Python: the host's own, or the usual one."""
    suite = host_suite()
    own = (python for python, name in debian.SUITES.items() if name == suite)
    return next(own, settings.python if settings.python in debian.SUITES else DEFAULT_PYTHON)


async def _put_host_python(container: BuildContainer, host: HostPython) -> None:
    """Put a host's interpreter into an image, as its ``python3``.

    Raises:
        BaseImageFailed: it cannot be read.
        BuildFailed: it does not run there.
    """
    await container.run(host.making_room(), user=ROOT, folder="/", shown=f"make room for {host}")
    with tempfile.TemporaryDirectory(prefix="foretrace-base-") as folder:
        archive = Path(folder) / "python.tar"
        try:
            await asyncio.to_thread(host.pack, archive)
        except OSError as error:
            raise BaseImageFailed(f"{host} cannot be read: {error.strerror}") from error
        with archive.open("rb") as file:
            await container.put(file)
    await container.run(host.linking(), user=ROOT, folder="/", shown="link it")
    await container.run(host.trying(), folder="/", shown=f"try {host}")


async def _bootstrap(
    engine: "Engine",
    python: str,
    network: BuildNetwork,
    log: BuildLog,
    progress: Progress,
) -> str:
    """An image that holds a minimal Debian with the Python; kept, for the next recipe."""
    suite = debian.SUITES[python]
    key = store.digest(suite, debian.PACKAGES, debian.RECIPE)
    found = await store.find_image(engine, "root", key)
    if found is not None:
        return found.id
    assert log.path is not None
    with tempfile.TemporaryDirectory(prefix="foretrace-base-") as folder:
        archive = Path(folder) / "root.tar"
        await asyncio.to_thread(
            debian.bootstrap, suite, archive, network=network, log=log.path, progress=progress
        )
        progress("importing the base image")
        labels = store.labels("root", key, name=f"Debian {suite}", python=python)
        return await engine.call(_import, engine, archive, suite, labels)


def _import(engine: "Engine", archive: Path, suite: str, labels: dict[str, str]) -> str:
    answer = engine.client.api.import_image_from_file(
        str(archive),
        repository="foretrace-root",
        tag=suite,
        changes=[f"LABEL {name}={text}" for name, text in labels.items()],
    )
    status = str(json.loads(answer.strip().splitlines()[-1]).get("status", ""))
    if not status.startswith("sha256:"):
        raise BaseImageFailed(f"the engine did not import the base image: {answer[:200]}")
    return status


# A pulled image has its own Python: Debian's would be a second one.
_PULLED_PACKAGES = tuple(p for p in debian.PACKAGES if not p.startswith("python"))

_FINISH = f"""
getent group 1000 >/dev/null || groupadd --gid 1000 agent
getent passwd 1000 >/dev/null ||
    useradd --uid 1000 --gid 1000 --home-dir /home/agent --create-home --shell /bin/bash agent
mkdir -p /home/agent /opt/foretrace {ENVIRONMENT} /opt/uv/bin /testbed
chown 1000:1000 /home/agent {ENVIRONMENT} /testbed
: > {GENERATED}
git config --system safe.directory '*'
git config --system core.excludesFile {GENERATED}
git config --system user.name agent
git config --system user.email agent@localhost
git config --system advice.detachedHead false
python3 -m venv /tmp/uv
# No uv for the oldest Pythons: pip installs there.
/tmp/uv/bin/python -m pip install --no-cache-dir uv && cp /tmp/uv/bin/uv /opt/uv/bin/ || true
rm -rf /tmp/uv /root/.cache
"""

_VENV = f"""
if [ -x /opt/uv/bin/uv ]; then
    # Nothing but pip: projects that want setuptools get one of their own time.
    /opt/uv/bin/uv venv --no-cache --python "$(command -v python3)" {ENVIRONMENT}
    /opt/uv/bin/uv pip install --no-cache --python {ENVIRONMENT} pip
else
    python3 -m venv {ENVIRONMENT}
fi
rm -rf ~/.cache
"""

# The pip that comes with the oldest Pythons takes the variable that builds set for a folder's name.
_PIP = f"{ENVIRONMENT}/bin/python -m pip install --no-cache-dir --upgrade pip; rm -rf ~/.cache"

_CONFIG = (
    f"ENV PATH={ENVIRONMENT}/bin:/opt/uv/bin:/usr/local/sbin:/usr/local/bin"
    ":/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    "ENV PIP_DISABLE_PIP_VERSION_CHECK=1",
)
