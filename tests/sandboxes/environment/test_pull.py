"""Base images that a registry has: pulled, completed, and done without when it refuses."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sandboxes.engine import Engine
from sandboxes.environment.base import BaseSettings, ensure_base, find_base, pull
from sandboxes.environment.store import has_image
from tests.sandboxes.environment.registryserver import Registry, registry
from tests.sandboxes.environment.test_base import look_inside

pytestmark = [pytest.mark.engine, pytest.mark.network]

_NAME = "python:{python}-slim"


@pytest.fixture
def server() -> Iterator[Registry]:
    with registry() as running:
        yield running


@pytest.fixture
def settings(server: Registry, tmp_path: Path) -> BaseSettings:
    return BaseSettings(pull=f"{server.address}/{_NAME}", cache=tmp_path / "cache")


@pytest.fixture
async def slim(engine: Engine, base_image: str) -> AsyncIterator[str]:
    """An image with a Python and without git, as the registry's slim ones are."""
    api = engine.client.api
    script = (
        "dpkg --purge --force-depends git && rm -rf /opt/env /opt/uv /opt/foretrace /testbed"
        " /etc/gitconfig && userdel --remove agent && ! command -v git"
    )
    labels = engine.owner_labels("test", scratch=True)
    plain = {"Labels": labels, "Env": ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]}
    container = api.create_container(
        base_image, ["bash", "-c", script], user="0:0", working_dir="/", labels=labels
    )["Id"]
    engine.keep_track(container=container)
    api.start(container)
    assert api.wait(container)["StatusCode"] == 0, api.logs(container)
    image = str(api.commit(container, conf=plain)["Id"])
    engine.keep_track(image=image)
    await engine.remove_container(container)
    yield image
    if has_image(engine, image):
        await engine.remove_image(image)


async def test_a_slim_image_is_pulled_and_completed(
    engine: Engine, slim: str, server: Registry, settings: BaseSettings, tmp_path: Path
) -> None:
    name = settings.pull.format(python="3.11")
    server.add(engine, slim, "python:3.11-slim", tmp_path)
    await engine.remove_image(slim)
    assert not has_image(engine, name)
    told: list[str] = []
    try:
        base = await ensure_base(engine, settings=settings, progress=told.append)
        assert f"pulling {name}" in told
        assert any(line.startswith("GET") and "/blobs/" in line for line in server.asked)
        said = look_inside(
            engine, base.id, "set -e; id -un; git --version; uv --version; pip --version; pwd"
        )
        assert said.startswith("agent\ngit version")
        assert said.endswith("/testbed\n")
        server.refuses = 500  # what was made is found again without asking anybody
        assert await ensure_base(engine, settings=settings) == base
    finally:
        made = await find_base(engine, settings=settings)
        if made is not None:
            await engine.remove_image(made.id)
        if has_image(engine, name):
            engine.client.api.remove_image(name)


@pytest.mark.parametrize("status", [0, 401, 500])
async def test_a_registry_that_refuses_is_done_without(
    engine: Engine, server: Registry, settings: BaseSettings, status: int
) -> None:
    server.refuses = status  # 0: it does not have the image
    name = settings.pull.format(python="3.11")
    told: list[str] = []
    assert not await pull(engine, name, settings, told.append)
    assert told == []
    asked = len(server.asked)
    assert asked > 0
    assert not await pull(engine, name, settings, told.append)
    assert len(server.asked) == asked  # its refusal is remembered


@pytest.mark.parametrize("name", ["{address}/python", "{address}/python@sha256:" + "0" * 64])
async def test_names_without_a_tag(
    engine: Engine, server: Registry, settings: BaseSettings, name: str
) -> None:
    assert not await pull(engine, name.format(address=server.address), settings, lambda line: None)
    assert any("/v2/python/manifests/" in line for line in server.asked)
