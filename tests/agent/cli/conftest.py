"""One recorded run for all tests of a module that only look at it."""

import pytest

from tests.agent.replay.recorded import Recorded, record


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("recorded") / "here")
