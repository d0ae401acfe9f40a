"""What tests of policies share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from model.tokenizer import Tokenizer
from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from tests.agent.policies.modelruns import Player
from tests.model.tokenizers import small_tokenizer_file
from tests.repobox import Box, box


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small tokenizer with CWM's special tokens."""
    return small_tokenizer_file(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="session")
def tokenizer(tokenizer_file: Path) -> Tokenizer:
    return Tokenizer.from_file(tokenizer_file)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def calc(
    engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Box]:
    """An image with a project of two files."""
    source = tmp_path_factory.mktemp("calc")
    for name, text in {
        "calc/__init__.py": "def add(a, b):\n    return a + b\n",
        "tests/test_add.py": (
            "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
        ),
    }.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(text)
    async with box(engine, base_image, source) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worksite(calc: Box) -> AsyncIterator[DockerSandbox]:
    """A sandbox of that project, for the tests of a module."""
    async with calc.sandbox() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def play(
    worksite: DockerSandbox, tmp_path: Path, tokenizer: Tokenizer, tokenizer_file: Path
) -> Player:
    """Plays scripted models where nothing has changed yet; for tests marked with `IN_MODULE`."""
    clean = "git reset -q --hard && git clean -dfqx && rm -f /tmp/*"
    cleaned = await worksite.run(clean, state=None)
    assert cleaned.ok, cleaned.text
    return Player(worksite, tmp_path, tokenizer, tokenizer_file)
