"""Base images: the same behaviour whichever way they were made, and made once."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandboxes.engine import Engine
from sandboxes.environment import store
from sandboxes.environment.base import (
    BaseImage,
    BaseSettings,
    ensure_base,
    find_base,
    nearest_python,
)
from sandboxes.errors import BaseImageFailed

pytestmark = pytest.mark.engine

_CHECK = r"""
set -e
test "$(id -un)" = agent && test "$(id -u):$(id -g)" = 1000:1000
test "$(command -v python)" = /opt/env/bin/python
python -c 'import sys; assert sys.version_info[:2] == (3, 11) and sys.prefix == "/opt/env"'
python -m pip --version && uv --version && git --version
test "$(git config safe.directory)" = '*'
test "$(git config core.excludesFile)" = /opt/foretrace/generated
test -w /testbed && test -w /opt/env && ! test -w /opt/foretrace && ! test -w /etc
test "$(pwd)" = /testbed
test -f /etc/ssl/certs/ca-certificates.crt
test -z "$(ls -A /testbed)" && ! test -e /opt/foretrace/build
test -z "$(ls /var/lib/apt/lists | grep _)"
env
"""


def look_inside(engine: Engine, image: str, script: str) -> str:
    """What a script says in a container without network, as the unprivileged user."""
    output: bytes = engine.client.containers.run(
        image,
        ["bash", "-c", script],
        user="1000:1000",
        network_mode="none",
        remove=True,
        stderr=True,
        labels=engine.owner_labels("test"),
    )
    return output.decode()


@pytest.fixture
async def bootstrapped(engine: Engine, base_image: str) -> str:
    """The name of the plain Debian that the base image was made from."""
    for image in await store.list_images(engine):
        if image.kind == "root" and image.python == "3.11":
            return image.id
    pytest.skip("the base image came from a registry")


@pytest.fixture
async def another(engine: Engine, bootstrapped: str, tmp_path: Path) -> AsyncIterator[BaseSettings]:
    """Settings that make a base image of the test's own, from an image that is there already."""
    name = f"foretrace-test-{uuid.uuid4().hex[:8]}"
    engine.client.images.get(bootstrapped).tag(name, "3.11")
    settings = BaseSettings(pull=name + ":{python}", cache=tmp_path)
    yield settings
    made = await find_base(engine, settings=settings)
    if made is not None:
        await engine.remove_image(made.id)
    await engine.call(engine.client.api.remove_image, f"{name}:3.11", noprune=True)


async def test_what_a_base_image_offers(engine: Engine) -> None:
    base = await ensure_base(engine)
    assert (await find_base(engine)) == base
    said = look_inside(engine, base.id, _CHECK)
    assert "LANG=C.UTF-8" in said
    assert not any(word in said.upper() for word in ("_CERT", "PROXY", "INDEX"))
    image = engine.client.images.get(base.id)
    assert image.attrs["Config"]["Entrypoint"] in (None, [])
    assert image.attrs["Size"] < 400e6


async def test_it_is_made_once_from_an_image_that_is_there(
    engine: Engine, another: BaseSettings
) -> None:
    told: list[str] = []
    both = [ensure_base(engine, settings=another, progress=told.append) for _ in range(2)]
    first, second = await asyncio.gather(*both)
    assert first == second
    assert sum("finishing" in line for line in told) == 1
    assert sum("waiting" in line for line in told) == 1
    look_inside(engine, first.id, _CHECK)
    assert await ensure_base(engine, settings=another) == first
    assert (another.cache / "logs" / "base-3.11.log").read_text()


async def test_a_cancelled_build_leaves_nothing(engine: Engine, another: BaseSettings) -> None:
    started = asyncio.Event()

    def progress(line: str) -> None:
        if "finishing" in line:
            started.set()

    making = asyncio.create_task(ensure_base(engine, settings=another, progress=progress))
    await started.wait()
    await asyncio.sleep(0.3)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert await find_base(engine, settings=another) is None
    left = engine.client.api.containers(
        all=True, filters={"label": [f"{k}={v}" for k, v in engine.owner_labels("build").items()]}
    )
    assert left == []


async def test_another_python_comes_with_a_note(
    engine: Engine, base_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("UV_PYTHON_INSTALL_DIR", "PYENV_ROOT"):  # this host may have one
        monkeypatch.setenv(place, str(tmp_path))
    settings = BaseSettings(pull="", cache=tmp_path)
    if await find_base(engine, "3.11", settings=settings) is None:
        settings = BaseSettings(cache=tmp_path)
    if await find_base(engine, "3.10", settings=settings) is not None:
        pytest.skip("a registry gave a Python 3.10")
    base = await ensure_base(engine, "3.10", constraint=">=3.10,<3.13", settings=settings)
    assert isinstance(base, BaseImage)
    assert base.python == "3.11" or not base.notes
    assert base.python == "3.10" or "3.11 is used instead" in base.notes[0]


@pytest.mark.parametrize(
    ("wanted", "constraint", "nearest"),
    [
        ("3.11", "", "3.11"),
        ("3.12", "", "3.13"),
        ("3.12", "<3.13", "3.11"),
        ("3.8", ">=3.6", "3.9"),
        ("3.10", ">=3.9.2", "3.11"),
        ("3.14", ">=3.10", "3.13"),
    ],
)
def test_the_nearest_python(wanted: str, constraint: str, nearest: str) -> None:
    assert nearest_python(wanted, constraint) == nearest


@pytest.mark.parametrize(
    ("wanted", "constraint"), [("2.7", ""), ("3.6", "<3.7"), ("3.14", ">=3.14")]
)
def test_no_python_near(wanted: str, constraint: str) -> None:
    with pytest.raises(BaseImageFailed) as raised:
        nearest_python(wanted, constraint)
    assert raised.value.hint
    assert "\n" not in raised.value.message
