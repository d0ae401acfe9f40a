"""What tests of every package share: the engine, an image, a sandbox with a repository."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from sandboxes.docker import DockerSandbox
from sandboxes.engine import OWNER, Engine
from sandboxes.environment.base import ensure_base
from sandboxes.errors import EngineUnavailable
from sandboxes.owner import Owner

_REPOSITORY = """
set -e
git init -q -b main .
mkdir -p calc tests
printf 'def add(a, b):\\n    return a + b\\n' > calc/__init__.py
printf 'from calc import add\\n\\n\\ndef test_add():\\n    assert add(1, 2) == 3\\n' \\
    > tests/test_add.py
git add .
git -c user.name=test -c user.email=test@localhost commit -qm 'First'
"""


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The container engine. Without one these tests fail: they are never skipped."""
    try:
        connected = Engine.connect()
    except EngineUnavailable as error:
        pytest.fail(f"these tests need a container engine: {error.message} ({error.hint})")
    try:
        yield connected
        left = _left_behind(connected)
    finally:
        connected.close()
    assert not left, f"the tests left behind: {left}"


@pytest.fixture(scope="session")
def base_image(engine: Engine) -> str:
    """The id of a base image, made when it is not there."""
    return asyncio.run(ensure_base(engine)).id


@pytest.fixture
async def sandbox(engine: Engine, base_image: str) -> AsyncIterator[DockerSandbox]:
    """A fresh sandbox with a small git repository."""
    async with DockerSandbox(engine, base_image, run=f"test-{uuid.uuid4().hex[:8]}") as made:
        result = await made.run(_REPOSITORY, state=None)
        assert result.ok, result.text
        yield made


def _left_behind(engine: Engine) -> list[str]:
    """Containers and scratch images of this process."""
    mine = {"label": [f"{OWNER}={Owner.current().token}"]}
    containers = engine.client.api.containers(all=True, filters=mine)
    images = engine.client.api.images(all=True, filters=mine)
    return [str(each["Id"]) for each in [*containers, *images]]
