"""Images from a registry: pulled, made into bases; and every way a registry can disappoint."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from sandboxes.environment import store
from sandboxes.environment.base import BaseSettings, ensure_base, find_base, pull
from sandboxes.environment.build import silent
from sandboxes.environment.detect import EnvironmentSettings
from sandboxes.environment.images import ensure_repository_image
from sandboxes.errors import SandboxError, UnsuitableImage
from sandboxes.hostnet import host_network
from sandboxes.repository.checkout import prepare_checkout
from tests.sandboxes.environment.registry import Registry, served
from tests.sandboxes.environment.test_base import _CHECK, look_inside

pytestmark = [pytest.mark.engine, pytest.mark.network]

SLIM = "python:3.11-slim"

# What a registry's slim image of a Python lacks and what it brings: no git, no user, no environment
# and Debian's own servers as sources, which a host with a mirror may not reach.
_SLIMMED = """
set -e
apt-get purge -y git less patch procps > /dev/null
! command -v git
userdel --remove agent 2> /dev/null
rm -rf /opt/* /etc/gitconfig /testbed /var/lib/apt/lists/*
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo "deb ADDRESS bookworm main" > /etc/apt/sources.list
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def slim(engine: Engine, base_image: str) -> AsyncIterator[Registry]:
    """A registry that offers an image like the slim ones of Python's own, known nowhere else."""
    mirror = host_network().apt_sources_for("bookworm")
    address = "http://127.0.0.1:9/debian" if mirror else "http://deb.debian.org/debian"
    api, name = engine.client.api, "foretrace-test-slim"
    labels = engine.owner_labels("test", scratch=True)
    script = ["bash", "-c", _SLIMMED.replace("ADDRESS", address)]
    with served() as registry:
        host = api.create_host_config(network_mode="none")
        made = api.create_container(
            base_image, script, user="0:0", labels=labels, host_config=host
        )["Id"]
        engine.keep_track(container=made)
        try:
            api.start(made)
            assert api.wait(made)["StatusCode"] == 0, api.logs(made)
            # No label of ours: the image is a stranger's.
            blank = "\n".join(f'LABEL {label}=""' for label in [*labels, store.KEY])
            image = api.commit(made, name, "x", changes=blank)["Id"]
        finally:
            await engine.remove_container(made)
        try:
            await engine.call(registry.hold, engine, image, SLIM)
        finally:
            await engine.remove_image(f"{name}:x")
        yield registry


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry that holds nothing."""
    with served() as empty:
        yield empty


@contextlib.asynccontextmanager
async def _gone_afterwards(engine: Engine, name: str) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await engine.remove_image(name)


def _settings(registry: Registry, cache: Path, **more: float) -> BaseSettings:
    return BaseSettings(pull=f"{registry.address}/python:{{python}}-slim", cache=cache, **more)


async def test_a_base_is_made_of_what_a_registry_has(
    engine: Engine, slim: Registry, tmp_path: Path
) -> None:
    settings = _settings(slim, tmp_path)
    name = settings.pull.format(python="3.11")
    told: list[str] = []
    assert not store.has_image(engine, name)
    async with _gone_afterwards(engine, name):
        base = await ensure_base(engine, settings=settings, progress=told.append)
        async with _gone_afterwards(engine, base.id):
            assert told[0] == f"pulling {name}"
            assert not any("bootstrap" in line for line in told)
            assert sum("/blobs/" in path for path in slim.asked) >= 2
            assert (base.python, base.notes) == ("3.11", ())
            look_inside(engine, base.id, _CHECK)
            async with DockerSandbox(engine, base.id) as sandbox:
                result = await sandbox.run("git init -q . && git add . && python -c 'print(6 * 7)'")
                assert result.text == "42\n"
            slim.asked.clear()
            assert await ensure_base(engine, settings=settings) == base
            assert slim.asked == []


async def test_a_users_image_is_pulled_and_told_what_it_lacks(
    engine: Engine, slim: Registry, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.py").write_text("")
    checkout = prepare_checkout(
        str(source), base=None, cache=tmp_path / "cache", into=tmp_path / "into"
    )
    name = f"{slim.address}/{SLIM}"
    async with _gone_afterwards(engine, name):
        with pytest.raises(UnsuitableImage) as caught:
            await ensure_repository_image(
                engine,
                checkout,
                EnvironmentSettings(image=name),
                base=BaseSettings(cache=tmp_path / "cache"),
            )
        assert caught.value.message == f"the image {name} lacks git"
        assert store.has_image(engine, name)


@pytest.mark.parametrize(
    ("status", "said"), [(0, "manifest"), (401, "authori"), (500, "500|go away")]
)
async def test_a_registry_that_has_nothing_for_us_is_asked_once(
    engine: Engine, registry: Registry, tmp_path: Path, status: int, said: str
) -> None:
    registry.refuses = status
    settings = _settings(registry, tmp_path)
    name = settings.pull.format(python="3.11")
    told: list[str] = []
    assert not await pull(engine, name, settings, told.append)
    (line,) = told
    assert line.startswith(f"{name} cannot be pulled: ")
    assert "\n" not in line
    registry.asked.clear()
    assert not await pull(engine, name, settings, silent)
    assert registry.asked == []


async def test_a_registry_that_never_answers_is_given_up(
    engine: Engine, registry: Registry, tmp_path: Path
) -> None:
    registry.holding.clear()
    settings = _settings(registry, tmp_path, pull_seconds=0.2)
    told: list[str] = []
    assert not await pull(engine, f"{registry.address}/{SLIM}", settings, told.append)
    assert told[0].endswith("no answer in 0.2 s")


async def test_where_the_registry_lacks_it_the_base_is_bootstrapped(
    engine: Engine, registry: Registry, tmp_path: Path
) -> None:
    settings = _settings(registry, tmp_path)
    told: list[str] = []
    started = asyncio.Event()

    def progress(line: str) -> None:
        told.append(line)
        if "bootstrapping" in line or "finishing" in line:
            started.set()

    making = asyncio.create_task(ensure_base(engine, settings=settings, progress=progress))
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({making, waiting}, return_when=asyncio.FIRST_COMPLETED)
    making.cancel()  # how it goes on other tests look at
    with pytest.raises(asyncio.CancelledError):
        await making
    assert started.is_set()
    assert "cannot be pulled" in told[0]
    assert await find_base(engine, settings=settings) is None


async def test_a_name_may_go_without_a_tag(
    engine: Engine, registry: Registry, base_image: str, tmp_path: Path
) -> None:
    await engine.call(registry.hold, engine, base_image, "some/thing:latest")
    name = f"{registry.address}/some/thing"
    async with _gone_afterwards(engine, f"{name}:latest"):
        assert await pull(engine, name, BaseSettings(cache=tmp_path), silent)
