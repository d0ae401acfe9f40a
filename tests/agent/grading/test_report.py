"""Reports: what is said of every verdict, and names that lead nowhere else."""

import json
from pathlib import Path

import pytest

from agent.errors import ConfigProblem
from agent.events import TestReport as Report
from agent.events import Verified
from agent.failing import Failure
from agent.grading.grading import Grade
from agent.grading.matching import Matched, match
from agent.grading.predictions import Prediction
from agent.grading.report import ReportFolder, instance_report, run_report
from agent.issue import Issue
from agent.sources.source import Skipped


def test_of_each_test_it_is_said_what_was_expected_and_what_came() -> None:
    verified = Verified(
        applied=True,
        resolved=False,
        fail_to_pass=(one("a", "failed", "passed"), one("b", "failed", "missing")),
        pass_to_pass=(
            *(one("c", "passed", "passed"), one("d", "passed", "failed")),
            *(one("e", "passed", "failed", flaky=True), one("f", "passed", "passed", flaky=True)),
            *(one("g", "failed", "failed"), one("h", "missing", "passed")),
        ),
    )
    grade = Grade(Prediction("i", "m", "diff"), "unresolved", verified)
    (report,) = instance_report(grade).values()
    assert isinstance(report, dict)
    assert report["tests_status"] == {
        "FAIL_TO_PASS": {"success": ["a"], "failure": ["b"]},
        "PASS_TO_PASS": {"success": ["c", "f"], "failure": ["d"]},
        "FAIL_TO_FAIL": {"success": ["h"], "failure": ["g"]},
        "PASS_TO_FAIL": {"success": [], "failure": ["e"]},
    }
    assert report["flaky_tests"] == ["e", "f"]


def one(test: str, before: str, after: str, *, flaky: bool = False) -> Report:
    return Report(test=test, before=before, after=after, flaky=flaky)


def test_every_prediction_is_counted_once_and_issues_without_one_too() -> None:
    issues = [Issue(id=name, text="x") for name in ("r", "u", "e", "f", "g", "n")]
    patches = {"r": "diff", "u": "diff", "e": "", "f": "diff", "g": "diff", "z": "diff"}
    predictions = [Prediction(name, "m", patch) for name, patch in patches.items()]
    matched = match([*predictions, Skipped("line 9", "half")], issues)
    assert [str(each) for each in matched.left_out] == [
        "prediction, line 9: half",
        "prediction (z): the list has no issue of that id",
    ]
    by_id = {each.issue: each for each in predictions}
    grades = [
        Grade(by_id["r"], "resolved"),
        Grade(by_id["u"], "unresolved"),
        Grade(by_id["e"], "empty"),
        Grade(by_id["f"], "error", failure=Failure("SandboxDied", "away", True)),
        Grade(by_id["g"], "error", failure=Failure("WrongUse", "none", False)),
    ]
    report = run_report(grades, matched)
    assert {name: report[f"{name}_ids"] for name in ("completed", "incomplete", "empty_patch")} == {
        "completed": ["r", "u"],
        "incomplete": ["n"],
        "empty_patch": ["e"],
    }
    assert (report["error_ids"], report["infra_failure_ids"]) == (["f", "g"], ["f"])
    assert report["submitted_ids"] == ["e", "f", "g", "r", "u"]
    assert report["failure_reasons"] == {"f": "SandboxDied: away", "g": "WrongUse: none"}
    assert report["total_instances"] == 6
    for name in ("submitted", "completed", "resolved", "unresolved", "empty_patch", "error"):
        assert report[f"{name}_instances"] == len(report[f"{name}_ids"])  # type: ignore[arg-type]
    rate = report["resolved_rate"]
    assert isinstance(rate, dict)
    assert (rate["hits"], rate["of"]) == (1, 3)
    assert rate["low"] < rate["value"] < rate["high"]


@pytest.mark.parametrize("name", ["../../up", "/etc/passwd", "..", "a b\n", "x" * 300, "ü", "a__b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    reports = ReportFolder(tmp_path / "here" / "graded")
    reports.create()
    prediction = Prediction(name, name, "diff")
    folder = reports.begin(prediction)
    reports.write(Grade(prediction, "unresolved", Verified(applied=True, resolved=False)))
    assert folder.resolve().is_relative_to((tmp_path / "here" / "graded").resolve())
    assert list(json.loads((folder / "report.json").read_text())) == [name]
    path, _ = reports.summarise([], Matched(((prediction, Issue(id=name, text="x")),), (), ()))
    assert path.parent == tmp_path / "here" / "graded"
    assert {each.name for each in tmp_path.iterdir()} == {"here"}


def test_two_ids_never_share_a_folder(tmp_path: Path) -> None:
    reports = ReportFolder(tmp_path / "graded")
    ids = ("a/b", "a__b", "a-b", "a b", ".a", "a", "A" * 130, "A" * 131)
    assert len({reports.of(Prediction(each, "m", "")) for each in ids}) == len(ids)


def test_an_earlier_verdict_is_gone_before_the_next(tmp_path: Path) -> None:
    reports = ReportFolder(tmp_path / "graded")
    prediction = Prediction("i", "some/model", "diff")
    folder = reports.begin(prediction)
    reports.write(Grade(prediction, "empty"))
    assert (folder / "report.json").exists()
    assert folder.parent.name == "some__model"
    reports.begin(prediction)
    assert not (folder / "report.json").exists()
    reports.write(Grade(prediction, "error", failure=Failure("SandboxDied", "away", True)))
    assert not (folder / "report.json").exists()
    assert (folder / "run_instance.log").read_text() == "SandboxDied: away\nerror\n"


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for reports in (ReportFolder(tmp_path / "file"), ReportFolder(tmp_path / "file" / "below")):
        with pytest.raises(ConfigProblem, match="cannot write the report"):
            reports.create()
        with pytest.raises(ConfigProblem, match="cannot write the report"):
            reports.begin(Prediction("i", "m", "diff"))
