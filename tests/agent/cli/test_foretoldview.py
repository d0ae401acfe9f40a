"""A prediction as a run shows it below its line: the trace in short, the first difference."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from agent.cli.foretoldview import lines_below
from agent.cli.live import Live
from agent.events import Acted, Answered, Compared, DivergedAt, Forecasted, Tried
from agent.trajectory import Trajectory
from model.trace.frame import Frame
from model.trace.writing import write_frames

LOOP = "    for item in items:\n"
TRACE = [
    Frame("call", "def main():\n", {}),
    Frame("line", "    return test_sum()\n", {}),
    Frame("call", "def test_sum():\n", {}),
    Frame("line", "    assert add_up([1, 2]) == 3\n", {}),
    Frame("call", "def add_up(items):\n", {"items": "[1, 2]"}),
    Frame("line", "    total = 0\n", {"items": ".."}),
    Frame("line", LOOP, {"items": "..", "total": "0"}),
    Frame("line", "        total += item\n", {"items": "..", "total": "..", "item": "1"}),
    Frame("line", LOOP, {"items": "..", "total": "1", "item": ".."}),
    Frame("line", "        total += item\n", {"items": "..", "total": "..", "item": "2"}),
    Frame("line", LOOP, {"items": "..", "total": "3", "item": ".."}),
    Frame("line", "    return total\n", {"items": "..", "total": "..", "item": ".."}),
    Frame("return", "    return total\n", value="3"),
    Frame("return", "    assert add_up([1, 2]) == 3\n", value="None"),
    Frame("return", "    return test_sum()\n", value="None"),
]
FORECAST = Forecasted(
    step=3,
    test="tests/test_a.py::test_sum",
    predictor="nano",
    model="nano",
    verdict="pass",
    confidence=0.7,
    reason="returns",
    trace="traces/001-predicted.jsonl.gz",
)
COMPARED = Compared(
    step=3,
    test="tests/test_a.py::test_sum",
    predictor="nano",
    model="nano",
    verdict="pass",
    confidence=0.7,
    outcome="passed",
    right=True,
    trace="traces/002-recorded.jsonl.gz",
)

TRIAL = Tried(
    number=1,
    operator="o",
    path="a.py",
    line=1,
    before="a",
    after="b",
    failing="fail",
    seconds=0.1,
)
PASSED = {"counts": {"passed": 1}}


def written(folder: Path, frames: Sequence[Frame]) -> Path:
    lines = [{"source": "..."}, {"trace": write_frames(frames)}]
    _keep(folder / FORECAST.trace, lines)
    return folder


def recorded(folder: Path, count: int) -> Path:
    event = {"k": "l", "f": 0, "n": 1, "fn": "f", "d": 0, "s": 1, "v": {}}
    lines = [{"format": 1}, {"file": 0, "path": "a.py", "text": "x\n"}, *[event] * count]
    _keep(folder / COMPARED.trace, lines)
    return folder


def _keep(path: Path, lines: Sequence[object]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress("".join(json.dumps(each) + "\n" for each in lines).encode()))


def shown(data: Forecasted | Compared, folder: Path, width: int = 100) -> list[str]:
    return [click.unstyle(line) for line in lines_below(data, folder, width)]


def test_a_short_trace_is_that_of_the_test_with_what_changes(tmp_path: Path) -> None:
    short = [*TRACE[:6], *TRACE[11:]]
    lines = shown(FORECAST, written(tmp_path, short))
    assert [" ".join(line.split("│ ")[1].split()) for line in lines] == [
        "> def test_sum():",
        "assert add_up([1, 2]) == 3",
        "> def add_up(items): items = [1, 2]",
        "total = 0",
        "return total",
        "< return total 3",
        "< assert add_up([1, 2]) == 3 None",
    ]
    assert "main" not in "".join(lines)


def test_a_long_trace_is_shown_from_both_ends(tmp_path: Path) -> None:
    longer = [*TRACE[:7], *TRACE[7:11] * 5, *TRACE[11:]]
    lines = shown(FORECAST, written(tmp_path, longer))
    assert len(lines) == 13
    assert lines[8].strip() == f"│ … {len(longer) - 3 - 12} more"
    assert max(map(len, shown(FORECAST, tmp_path, 40))) <= 40


def test_nothing_is_shown_of_a_trace_that_is_not_there(tmp_path: Path) -> None:
    assert shown(FORECAST, tmp_path) == []
    assert shown(FORECAST.model_copy(update={"trace": ""}), tmp_path) == []
    assert shown(FORECAST.model_copy(update={"trace": "../../etc/passwd"}), tmp_path) == []
    assert shown(COMPARED, tmp_path) == []


def test_traces_that_agree_are_said_to(tmp_path: Path) -> None:
    assert shown(COMPARED, recorded(tmp_path, 7)) == ["       7 frames ran, each as predicted"]
    unsure = COMPARED.model_copy(update={"right": None})
    assert shown(unsure, tmp_path) == []


def test_the_first_difference_is_shown_with_both_sides(tmp_path: Path) -> None:
    apart = DivergedAt(
        what="locals",
        predicted=4,
        recorded=4,
        recorded_line=LOOP,
        names={"total": ("7", "3"), "item": (None, "2")},
    )
    lines = shown(COMPARED.model_copy(update={"divergence": apart}), recorded(tmp_path, 7))
    assert lines == [
        "       total: predicted 7, recorded 3",
        "       item: predicted nothing, recorded 2",
    ]


def test_other_differences_have_their_lines(tmp_path: Path) -> None:
    left = DivergedAt(what="line", predicted=4, recorded=4, predicted_line=LOOP, recorded_line="x")
    over = DivergedAt(what="ended", predicted=None, recorded=9, recorded_line="return 1")
    value = DivergedAt(what="value", predicted=4, recorded=4, values=("1", "\x1b[2J2"))
    said = [
        shown(COMPARED.model_copy(update={"divergence": each}), tmp_path)
        for each in (left, over, value)
    ]
    assert said[0] == ["       predicted for item in items:, recorded x"]
    assert said[1] == ["       predicted the end, recorded return 1"]
    assert "\x1b" not in said[2][0]


def test_a_difference_is_told_of_a_trace_that_was_not_believed(tmp_path: Path) -> None:
    apart = DivergedAt(
        what="locals", predicted=4, recorded=4, recorded_line=LOOP, names={"total": ("7", "3")}
    )
    lines = shown(COMPARED.model_copy(update={"right": None, "divergence": apart}), tmp_path)
    assert lines == [
        "     its trace parts from what ran at for item in items:",
        "       total: predicted 7, recorded 3",
    ]


def test_a_run_shows_the_trace_before_the_result_and_what_came_of_it_after(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(written(tmp_path, TRACE), 12)
    with Trajectory(tmp_path / "events.jsonl") as trajectory:
        trajectory.watch(Live(folder=tmp_path).show)
        trial = TRIAL.model_copy(update={"number": 1})
        trajectory.append(Acted(step=2, tool="bash", argument="true"))
        for right in (True, False):
            trajectory.append(trial)
            trajectory.append(FORECAST)
            trajectory.append(COMPARED.model_copy(update={"right": right}))
        trajectory.append(Acted(step=3, tool="test", argument="tests/test_a.py::test_sum"))
        trajectory.append(FORECAST)
        trajectory.append(COMPARED)
        trajectory.append(Answered(step=3, tool="test", ok=True, output="", data=PASSED))
    lines = click.unstyle(capsys.readouterr().err).splitlines()
    told = [" ".join(line.split()) for line in lines if "│" not in line and line.strip()]
    assert told[-6:] == [
        "2 edits tried were predicted first, 1 rightly",
        "3 test tests/test_a.py::test_sum",
        "predicted: pass (0.70), returns",
        "1 passed (0.0 s)",
        "the prediction was right",
        "12 frames ran, each as predicted",
    ]
    assert sum("│" in line for line in lines) == 12
