"""A list of issues about one tiny repository, and predictions for them."""

from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine
from tests.agent.grading.gradings import Gradings


@pytest.fixture
def gradings(foretrace: CommandLine, tmp_path: Path) -> Gradings:
    return Gradings(foretrace, tmp_path)
