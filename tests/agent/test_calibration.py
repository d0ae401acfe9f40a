"""What runs say together of a model's verdicts: figures worked out by hand, then the command."""

import json
from pathlib import Path

import pytest

from agent.events import Compared, Event, EventData, Forecasted
from agent.preflight.calibration import Calibration, calibrate
from agent.trajectory import Trajectory
from tests.agent.conftest import CommandLine


def forecast(verdict: str, confidence: float = 0.8, *, refused: bool = False) -> Forecasted:
    return Forecasted(
        step=1,
        test="t.py::t",
        predictor="cwm",
        model="m",
        verdict=verdict,
        confidence=confidence,
        reason="so",
        refused=refused,
    )


def comparison(
    verdict: str, outcome: str, confidence: float = 0.8, *, refused: bool = False
) -> Compared:
    right = None if verdict == "unsure" else (verdict == "pass") == (outcome == "passed")
    return Compared(
        step=1,
        test="t.py::t",
        predictor="cwm",
        model="m",
        verdict=verdict,
        confidence=confidence,
        outcome=outcome,
        right=right,
        refused=refused,
    )


EVENTS: tuple[EventData, ...] = (
    forecast("pass"),
    comparison("pass", "passed", 0.9),
    comparison("pass", "passed", 0.9),
    comparison("pass", "failed", 0.6),
    forecast("fail", refused=True),
    forecast("endless", refused=True),
    comparison("fail", "failed", 1.0),
    comparison("error", "error", 0.7),
    comparison("fail", "passed", 0.5, refused=True),
    forecast("unsure", 0.0),
    comparison("unsure", "passed", 0.0),
)


@pytest.fixture
def calibration(tmp_path: Path) -> Calibration:
    with Trajectory(tmp_path / "events.jsonl") as trajectory:
        for data in EVENTS:
            trajectory.append(data)
    (only,) = calibrate(trajectory.events)
    return only


def test_precision_and_recall_are_of_both_verdicts(calibration: Calibration) -> None:
    def shares(said: str) -> list[tuple[int, int]]:
        return [(s.hits, s.of) for s in (calibration.precision(said), calibration.recall(said))]

    assert shares("pass") == [(2, 3), (2, 3)]
    assert shares("fail") == [(2, 3), (2, 3)]
    assert calibration.compared == 6
    assert (calibration.forecasts, calibration.unsure) == (4, 1)


def test_the_brier_score_is_the_mean_squared_error(calibration: Calibration) -> None:
    errors = [0.1, 0.1, 0.6, 0.0, 0.3, 0.5]
    assert calibration.brier == pytest.approx(sum(each**2 for each in errors) / 6)


def test_runs_saved_are_those_that_were_not_made(calibration: Calibration) -> None:
    assert (calibration.refused, calibration.wrongly_refused, calibration.saved) == (2, 1, 1)


def test_a_run_that_was_refused_and_made_all_the_same_is_none_saved() -> None:
    insisted = Calibration("m", "cwm")
    with_rights = (comparison("fail", "failed", refused=True), comparison("unsure", "passed"))
    for number, data in enumerate((forecast("fail", refused=True), *with_rights)):
        insisted.add(Event(id=number, parent=None, time=0.0, type=data.type, data=data))
    assert (insisted.refused, insisted.insisted, insisted.saved) == (1, 1, 0)
    assert insisted.wrongly_refused == 0


def test_reliability_counts_every_verdict_once(calibration: Calibration) -> None:
    bins = calibration.reliability()
    assert sum(one.right.of for one in bins) == 6
    last = bins[-1]
    assert (last.right.hits, last.right.of) == (3, 3)
    assert last.confidence == pytest.approx((0.9 + 0.9 + 1.0) / 3)


def test_nothing_compared_is_no_division_by_nothing() -> None:
    empty = Calibration("m", "cwm")
    assert empty.brier is None
    assert empty.precision("pass").value is None


def test_stats_read_runs_and_folders_of_runs(foretrace: CommandLine) -> None:
    folder = foretrace.runs / "one"
    folder.mkdir(parents=True)
    with Trajectory(folder / "events.jsonl") as trajectory:
        for data in EVENTS:
            trajectory.append(data)
    shown = foretrace("stats")
    assert shown.status == 0, shown
    assert "m (predictor cwm), 1 run" in shown.out
    assert "67% (2 of 3)" in shown.out
    assert "test runs saved 1, wrongly skipped 1" in shown.out
    (read,) = json.loads(foretrace("stats", folder, "--json").out)
    assert read["precision_fail"] == {"hits": 2, "of": 3}
    assert read["compared"] == 6


def test_stats_say_what_is_missing(foretrace: CommandLine) -> None:
    ended = foretrace("stats", "nowhere")
    assert ended.status == 2
    assert "there is no run in nowhere" in ended.err
    folder = foretrace.runs / "one"
    folder.mkdir(parents=True)
    Trajectory(folder / "events.jsonl").close()
    assert "none with predictions" in foretrace("stats").out
