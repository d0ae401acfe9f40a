"""What a fork has from its parent is counted once."""

from pathlib import Path

from agent.events import Acted, Compared, EventData, Forecasted, Forked
from agent.preflight.calibration import all_events, calibrate, trajectories
from agent.runfolder import Parent, usage_of
from agent.trajectory import Trajectory
from tests.agent.replay.recorded import run_folder


def events(step: int) -> tuple[EventData, ...]:
    about = {"step": step, "test": "t.py::a", "predictor": "cwm", "model": "m", "verdict": "pass"}
    return (
        Acted(step=step, tool="test", usage={"input_tokens": 100, "cost": 0.5}),
        Forecasted.model_validate({**about, "confidence": 0.9, "reason": ""}),
        Compared.model_validate({**about, "confidence": 0.9, "outcome": "passed", "right": True}),
    )


def test_predictions_and_tokens_of_the_parent_are_the_parent_s(tmp_path: Path) -> None:
    run_folder(tmp_path, *events(1), name="a")
    parent = Parent(run="a", step=1)
    fork = run_folder(
        tmp_path, *events(1), Forked(run="a", step=1), *events(2), name="b", parent=parent
    )
    (found,) = calibrate(all_events(trajectories([tmp_path])))
    assert (found.forecasts, found.compared) == (2, 2)
    with Trajectory(fork / "events.jsonl") as trajectory:
        assert usage_of(trajectory) == {"input_tokens": 100, "cost": 0.5}
