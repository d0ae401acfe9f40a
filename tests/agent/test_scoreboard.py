"""The example of our own: what the demo shows of a prediction, on a real engine."""

import json
from pathlib import Path

import pytest

from agent.events import Compared, Forecasted
from agent.trajectory import read_events
from model.nano.checkpoint import shipped
from tests.agent.conftest import CommandLine

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TEST = "tests/test_places.py::test_best_score_comes_first"
WEIGHTS = (shipped() / "model.safetensors").exists()

pytestmark = [pytest.mark.engine, pytest.mark.network]


@pytest.mark.skipif(not WEIGHTS, reason="there are no weights")
def test_it_is_repaired_with_its_execution_predicted_first(
    foretrace: CommandLine,
) -> None:
    foretrace.environment["FORETRACE_SIMULATE__SAMPLES"] = "1"
    foretrace.environment["FORETRACE_REPAIR__FORETOLD"] = "4"
    ended = foretrace(
        *("run", EXAMPLES / "scoreboard.txt", "--repo", EXAMPLES / "scoreboard", "--test", TEST),
        *("--policy", "repair", "--simulate", "advise", "--model", "nano"),
    )
    assert ended.status == 0, ended.err
    folder = foretrace.run_folder()
    result = json.loads((folder / "result.json").read_text())
    assert result["status"] == "resolved"
    assert "+        if other > score:" in (folder / "patch.diff").read_text()
    events = [event.data for event in read_events(folder / "events.jsonl")]
    forecasts = [each for each in events if isinstance(each, Forecasted) and each.test == TEST]
    assert forecasts
    assert all(each.model == "nano" and each.trace for each in forecasts)
    (last,) = [each for each in events if isinstance(each, Compared) and each.trace]
    assert last.outcome == "passed"
    assert "predicted:" in ended.err
    assert "│ > def " in ended.err
    assert "1 passed" in ended.err
