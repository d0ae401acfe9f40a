"""A small checkpoint for the tests of what runs it."""

from pathlib import Path

import pytest

from tests.model.nano.checkpoints import write_checkpoint


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with a context of 400 tokens, whose every trace is believed."""
    return write_checkpoint(tmp_path_factory.mktemp("nano") / "small", {"context": 400, "sure": 0})
