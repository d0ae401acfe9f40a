"""The picture of a calibration; it is drawn where matplotlib is, as `make test-models` has it."""

from pathlib import Path

import pytest

from agent.nano.evaluation import summed_up
from agent.nano.reliabilityplot import plot
from tests.agent.nano.test_evaluation import RIGHT, TEST, WRONG

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.torch


@pytest.mark.parametrize("found", [[RIGHT, WRONG, TEST], []], ids=["some", "none"])
def test_it_is_drawn(tmp_path: Path, found: list) -> None:
    plot(summed_up(found, of=len(found), sure=0.5), tmp_path / "calibration.svg")
    assert b"<svg" in (tmp_path / "calibration.svg").read_bytes()
