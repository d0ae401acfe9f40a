"""The report of a grading on disk, laid out as SWE-bench's harness lays out its own.

::

    MODEL.NAME.json                                   the whole: counts, and ids by verdict
    logs/run_evaluation/NAME/MODEL/ID/report.json     one prediction, test by test
                                      patch.diff      as it was predicted
                                      run_instance.log, and build.log where an image was built

NAME is the folder's own. A prediction that nothing can be said of has no ``report.json``. Beside
SWE-bench's fields the whole has ``resolved_rate``, ``flaky_tests`` and ``left_out``.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from agent.batch.summary import Rate
from agent.errors import ConfigProblem
from agent.events import TestReport
from agent.grading.grading import Grade
from agent.grading.matching import Matched
from agent.grading.predictions import UNNAMED, Prediction
from agent.verify import broken

_LONGEST_NAME = 120

Lists = dict[str, list[str]]


class ReportFolder:
    """Where a grading is written.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = path.resolve().name or "grade"

    def create(self) -> None:
        """Make the folder.

        Raises:
            ConfigProblem: it cannot be written.
        """
        try:
            self._logs.mkdir(parents=True, exist_ok=True)
            (self._logs / ".writable").write_bytes(b"")
            (self._logs / ".writable").unlink()
        except OSError as error:
            raise self._unwritable(error) from None

    def begin(self, prediction: Prediction) -> Path:
        """The folder of a prediction, with the patch in it and without an earlier verdict.

        Raises:
            ConfigProblem: it cannot be written.
        """
        folder = self.of(prediction)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "report.json").unlink(missing_ok=True)
            (folder / "run_instance.log").unlink(missing_ok=True)
            (folder / "patch.diff").write_text(prediction.patch or "", encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from None
        return folder

    def tell(self, prediction: Prediction, line: str) -> None:
        """Add a line to a prediction's log, where that can be done."""
        log = self.of(prediction) / "run_instance.log"
        with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def write(self, grade: Grade) -> None:
        """Write a prediction's report, unless nothing can be said of it.

        Raises:
            ConfigProblem: it cannot be written.
        """
        notes = grade.verified.notes if grade.verified else (grade.reason,)
        for line in (*filter(None, notes), grade.verdict):
            self.tell(grade.prediction, line)
        if grade.verdict != "error":
            self._put(self.of(grade.prediction) / "report.json", instance_report(grade))

    def summarise(
        self, grades: Iterable[Grade], matched: Matched
    ) -> tuple[Path, dict[str, object]]:
        """Write the whole; returns where, and what.

        Raises:
            ConfigProblem: it cannot be written.
        """
        model = matched.pairs[0][0].model if matched.pairs else UNNAMED
        path = self.path / f"{_model_name(model)}.{self._name}.json"
        summary = run_report(grades, matched)
        self._put(path, summary)
        return path, summary

    def of(self, prediction: Prediction) -> Path:
        """The folder of a prediction."""
        return self._logs / _model_name(prediction.model) / _file_name(prediction.issue)

    @property
    def _logs(self) -> Path:
        return self.path / "logs" / "run_evaluation" / self._name

    def _put(self, path: Path, content: dict[str, object]) -> None:
        """Write a file so that it is there whole or not at all."""
        scratch = path.with_name(f".{path.name}")
        try:
            text = json.dumps(content, indent=4, ensure_ascii=False)
            scratch.write_text(f"{text}\n", encoding="utf-8")
            scratch.replace(path)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> ConfigProblem:
        return ConfigProblem(
            f"cannot write the report to {self.path}: {error.strerror}",
            "choose another folder with --report",
        )


def instance_report(grade: Grade) -> dict[str, object]:
    """A prediction's ``report.json``."""
    verified = grade.verified
    report: dict[str, object] = {
        "patch_is_None": grade.prediction.patch is None,
        "patch_exists": not grade.prediction.empty,
        "patch_successfully_applied": verified is not None and verified.applied,
        "resolved": grade.verdict == "resolved",
    }
    if verified is not None and verified.applied:
        report["tests_status"] = tests_status(verified.fail_to_pass, verified.pass_to_pass)
        report["flaky_tests"] = list(grade.flaky)
    return {grade.prediction.issue: report}


def tests_status(
    fail_to_pass: Iterable[TestReport], pass_to_pass: Iterable[TestReport]
) -> dict[str, Lists]:
    """How the tests went, by what was expected of them.

    A test that was to be kept, and does not pass on the base here either, stands below
    ``FAIL_TO_FAIL``; one that was lost but is flaky below ``PASS_TO_FAIL``. Both decide nothing.
    """
    groups = ("FAIL_TO_PASS", "PASS_TO_PASS", "FAIL_TO_FAIL", "PASS_TO_FAIL")
    status: dict[str, Lists] = {group: {"success": [], "failure": []} for group in groups}
    for each in fail_to_pass:
        status["FAIL_TO_PASS"][_side(each.after == "passed")].append(each.test)
    for each in pass_to_pass:
        passes = each.after == "passed"
        if each.before != "passed":
            status["FAIL_TO_FAIL"][_side(passes)].append(each.test)
        elif passes or broken(each):
            status["PASS_TO_PASS"][_side(passes)].append(each.test)
        else:
            status["PASS_TO_FAIL"]["failure"].append(each.test)
    return status


def run_report(grades: Iterable[Grade], matched: Matched) -> dict[str, object]:
    """The report of the whole.

    A patch that does not apply is unresolved; ``error_ids`` are those that nothing can be said of,
    ``infra_failure_ids`` among them those that may go well next time.
    """
    every = list(grades)
    ids = {
        verdict: sorted(each.prediction.issue for each in every if each.verdict == verdict)
        for verdict in ("resolved", "unresolved", "empty", "error")
    }
    lists = {
        "completed": sorted([*ids["resolved"], *ids["unresolved"]]),
        "incomplete": sorted(matched.without),
        "empty_patch": ids["empty"],
        "submitted": sorted(prediction.issue for prediction, _ in matched.pairs),
        "resolved": ids["resolved"],
        "unresolved": ids["unresolved"],
        "error": ids["error"],
        "infra_failure": sorted(each.prediction.issue for each in every if each.infrastructure),
    }
    rate = Rate.count(len(lists["resolved"]), len(lists["completed"]) + len(ids["empty"]))
    return {
        "total_instances": len(matched.issues),
        **{
            f"{name}_instances": len(found) for name, found in lists.items() if name != "incomplete"
        },
        **{f"{name}_ids": found for name, found in lists.items()},
        "failure_reasons": {
            each.prediction.issue: each.reason for each in every if each.verdict == "error"
        },
        "resolved_rate": asdict(rate),
        "flaky_tests": {each.prediction.issue: list(each.flaky) for each in every if each.flaky},
        "left_out": [asdict(each) for each in matched.left_out],
        "schema_version": 2,
    }


def _side(good: bool) -> str:
    return "success" if good else "failure"


def _model_name(text: str) -> str:
    """A model's name as SWE-bench writes it in paths."""
    return _file_name(text.replace("/", "__"))


def _file_name(text: str) -> str:
    """A text as the name of a file; one that cannot be it as it is stays apart from all others."""
    name = re.sub(r"[^A-Za-z0-9._+@=-]+", "-", text).lstrip(".")[:_LONGEST_NAME]
    if name == text:
        return name
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
