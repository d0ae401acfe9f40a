"""A list of issues about one tiny repository."""

from pathlib import Path

import pytest

from tests.agent.batch.batches import Batches
from tests.agent.conftest import CommandLine


@pytest.fixture
def batches(foretrace: CommandLine, tmp_path: Path) -> Batches:
    return Batches(foretrace, tmp_path)
