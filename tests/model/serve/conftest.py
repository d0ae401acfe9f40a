"""A real vLLM that all tests of it share: it takes most of a minute to start."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from model.client import ModelClient
from model.settings import ClientSettings
from tests.agent.test_cli_serve import free_port
from tests.model.serve.realvllm import NAME, Served, make_model, serving


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint."""
    return make_model(tmp_path_factory.mktemp("model") / NAME)


@pytest.fixture(scope="session")
def served(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(model, tmp_path_factory.mktemp("here"), free_port()) as made:
        yield made


@pytest.fixture
async def client(served: Served) -> AsyncIterator[ModelClient]:
    async with ModelClient(ClientSettings(served.url, NAME, in_flight=64)) as made:
        yield made
