"""Measurements summed up: each share of what it is said to be a share of."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import WrongUse
from agent.nano.evaluation import Report, spread, summed_up, threshold
from agent.nano.held import as_json, read_split, set_sure
from agent.nano.measuring import Measurement
from model.trace.score import MEASURES, Count

RIGHT = Measurement(
    id="1",
    form="call",
    constructs=("for",),
    frames=10,
    ended=True,
    scores=dict.fromkeys(MEASURES, Count(1, 1)),
    whole=True,
    singles=Count(10, 10),
    output=True,
    halting=True,
    halts=True,
    told=True,
    value=True,
    verdict="pass",
    confidence=0.7,
    right=True,
    passes=True,
    lowest=0.95,
    tokens=100,
    seconds=0.1,
)
WRONG = replace(
    RIGHT,
    constructs=("for", "while"),
    frames=40,
    scores=dict.fromkeys(MEASURES, Count(0, 1)),
    whole=False,
    singles=Count(20, 40),
    output=False,
    value=False,
    right=False,
    lowest=0.4,
)
TEST = replace(RIGHT, form="test", value=None, passes=False)
ENDLESS = replace(
    RIGHT, ended=False, whole=False, output=None, value=None, verdict="endless", passes=False,
    halts=False,
)  # fmt: skip
SILENT = replace(WRONG, form="test", value=None, verdict="unsure", right=None, lowest=0.99)


def shares(report: Report) -> dict[str, tuple[float, int]]:
    return {line.name: (line.count.hits, line.count.of) for line in report.lines}


def test_every_share_is_of_those_that_it_is_about() -> None:
    report = summed_up([RIGHT, WRONG, TEST, ENDLESS, SILENT], of=6, sure=0.5)
    assert (report.programs, report.left_out, report.tokens) == (5, 1, 500)
    assert report.speed == pytest.approx(1000)
    assert shares(report) == {
        "whole traces, up to 30 frames": (2, 2),
        "whole traces, all that end": (2, 4),
        "single frames, told from the right ones": (70, 110),
        "the same, traces up to 30 frames": (20, 20),
        "output": (2, 4),
        "output at once, without a trace": (1, 2),
        "whether it ends": (5, 5),
        "of those without an end, told so": (1, 1),
        "asked whether it halts: it does": (4, 4),
        "asked whether it halts: it does not": (1, 1),
        "verdicts of tests": (0, 2),
    }
    assert [(each.name, each.count.of) for each in report.lengths if each.count.of] == [
        ("1 to 10 frames", 2),
        ("31 to 45 frames", 2),
    ]
    assert report.published["valid format"].share == 0.5


def test_constructs_come_with_the_commonest_first() -> None:
    report = summed_up([RIGHT, WRONG, WRONG], of=3, sure=0)
    assert [each.name for each in report.constructs] == ["for", "while"]
    assert report.constructs[0].wholes == Count(1, 3)
    assert report.constructs[1].outputs == Count(0, 2)


def test_constructs_say_whether_it_was_told_what_halts() -> None:
    silent, cut = replace(ENDLESS, told=False), replace(ENDLESS, halts=None, told=None)
    report = summed_up([RIGHT, ENDLESS, silent, cut], of=4, sure=0)
    assert report.constructs[0].halts == Count(2, 3)
    assert report.constructs[0].endless == Count(1, 2)


def test_what_is_believed_has_a_certainty_and_says_something() -> None:
    report = summed_up([RIGHT, WRONG, TEST, SILENT], of=4, sure=0.5)
    assert report.said.said == Count(2, 4)
    assert report.said.right == Count(2, 2)
    assert report.said.tests == Count(1, 2)
    assert report.said.verdicts == Count(0, 1)
    assert report.said.beyond == Count(0, 4)
    foreign = summed_up([RIGHT, replace(RIGHT, beyond=True)], of=2, sure=0.5)
    assert (foreign.said.beyond, foreign.said.said) == (Count(1, 2), Count(1, 2))
    assert report.traces.found == 3
    assert report.traces.brier == pytest.approx((0.05**2 * 2 + 0.4**2) / 3)
    (low,) = [each for each in report.traces.bins if each.low == 0.25]
    assert (low.right.hits, low.right.of) == (0, 1)


def test_the_threshold_is_the_least_from_which_enough_is_right() -> None:
    right = [replace(RIGHT, lowest=0.9 - n / 1000) for n in range(36)]
    wrong = [replace(WRONG, lowest=lowest) for lowest in (0.8, 0.8, 0.8, 0.8, 0.4)]
    assert threshold([*right, *wrong], 0.9) == 0.8
    assert threshold([*right, *wrong], 0.95) == pytest.approx(0.865)
    beyond = replace(WRONG, lowest=0.95, beyond=True)
    assert threshold([*right, beyond], 1) == pytest.approx(0.865)
    assert threshold([SILENT], 0.9) == 1


def test_nothing_is_believed_for_the_sake_of_a_few_traces() -> None:
    assert threshold([replace(RIGHT, lowest=0.9)] * 19, 0.9) == 1
    assert threshold([replace(RIGHT, lowest=0.9)] * 20, 0.9) == 0.9


def test_a_report_of_nothing_is_json() -> None:
    content = as_json(summed_up([], of=0, sure=1))
    text = json.dumps(content, allow_nan=False)
    assert json.loads(text)["published"]["valid JSON"]["share"] is None
    assert math.isclose(json.loads(text)["said"]["sure"], 1)


def test_programs_are_spread_over_all() -> None:
    numbers = list(range(1000))
    assert spread(numbers, 10) == list(range(0, 1000, 100))  # type: ignore[arg-type, comparison-overlap]
    assert spread(numbers[:7], 10) == numbers[:7]  # type: ignore[arg-type, comparison-overlap]


def test_a_threshold_is_written_beside_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "nano.json"
    path.write_text('{"context": 512, "sure": 0.5, "names": ["len"]}')
    set_sure(tmp_path, 0.87)
    assert json.loads(path.read_text()) == {"context": 512, "sure": 0.87, "names": ["len"]}
    assert [each.name for each in tmp_path.iterdir()] == ["nano.json"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read"),
        (b"", "is empty"),
        (b"no gzip at all", "cannot read"),
        (b"\x1f\x8b\x08\x00", "cannot read"),
    ],
)
def test_data_that_cannot_be_read_is_told_in_a_line(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "test.jsonl.gz").write_bytes(content)
    with pytest.raises(WrongUse, match=said) as caught:
        read_split(tmp_path, "test")
    assert "\n" not in caught.value.message
