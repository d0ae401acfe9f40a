"""What the tests of environments share."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandboxes.engine import Engine
from sandboxes.environment import store
from sandboxes.environment.base import BaseSettings
from tests.sandboxes.environment.builds import Place


@pytest.fixture
async def place(engine: Engine, base_image: str, tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(engine, f"thing-{uuid.uuid4().hex[:8]}", tmp_path, BaseSettings())
    yield made
    await store.prune_images(engine, name=made.name)
    assert [
        image.name for image in await store.list_images(engine) if image.name == made.name
    ] == []
