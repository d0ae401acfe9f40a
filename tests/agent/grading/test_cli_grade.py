"""Whole gradings on a real engine: verdicts, reports, what is remembered, what goes wrong."""

import json
import shutil
from pathlib import Path

import pytest

from sandboxes.engine import OWNER, Engine
from tests.agent.batch.batches import Batches, kill
from tests.agent.conftest import FAILING, CommandLine
from tests.agent.grading.gradings import MISFIT, RIGHT, SHAKY, WRONG, Gradings, prediction
from tests.agent.scriptedmodel import until

KEPT = ["tests/test_prices.py::test_below", "tests/test_prices.py::test_total"]


@pytest.mark.engine
def test_patches_are_judged_and_reported_as_by_swebench(gradings: Gradings) -> None:
    gradings.lists("right", "wrong", "misfit", "nothing", "null", "unasked")
    patches = {"right": RIGHT, "wrong": WRONG, "misfit": MISFIT, "nothing": "", "null": None}
    gradings.predicts(**patches)
    ended = gradings("-j", 3)
    assert ended.status == 0, ended
    assert "1 resolved, 2 unresolved, 2 empty; resolved 20.0%" in ended.out
    assert "issues without a prediction: 1" in ended.out
    assert "misfit: unresolved (the patch does not apply" in ended.err
    told = gradings.summary()
    assert told["total_instances"] == 6
    assert told["submitted_ids"] == sorted(patches)
    assert told["completed_ids"] == ["misfit", "right", "wrong"]
    assert (told["resolved_ids"], told["unresolved_ids"]) == (["right"], ["misfit", "wrong"])
    assert (told["empty_patch_ids"], told["incomplete_ids"]) == (["nothing", "null"], ["unasked"])
    assert (told["error_ids"], told["error_instances"], told["schema_version"]) == ([], 0, 2)
    status = {
        "FAIL_TO_PASS": {"success": list(FAILING), "failure": []},
        "PASS_TO_PASS": {"success": KEPT, "failure": []},
        "FAIL_TO_FAIL": {"success": [], "failure": []},
        "PASS_TO_FAIL": {"success": [], "failure": []},
    }
    assert gradings.of("right") == {
        "patch_is_None": False,
        "patch_exists": True,
        "patch_successfully_applied": True,
        "resolved": True,
        "tests_status": status,
        "flaky_tests": [],
    }
    assert gradings.of("wrong")["tests_status"]["FAIL_TO_PASS"]["failure"]  # type: ignore[index]
    assert gradings.of("misfit")["patch_successfully_applied"] is False
    assert gradings.of("null")["patch_is_None"] is True
    assert gradings.of("nothing")["patch_exists"] is False
    assert (gradings.folder_of("right") / "patch.diff").read_text() == RIGHT

    shutil.rmtree(gradings.report)
    again = gradings("--json")
    assert again.status == 0
    assert json.loads(again.out) == gradings.summary() == told
    assert again.err.strip() == ""
    gradings.predicts(**{**patches, "wrong": RIGHT})
    other = gradings()
    assert "right: resolved (judged before)" in other.err
    assert "wrong: resolved (judged before)" in other.err  # another issue, the same in all respects
    assert "2 resolved, 1 unresolved, 2 empty" in other.out


@pytest.mark.engine
def test_rows_of_swebench_are_judged_by_their_own_tests_whatever_a_patch_does_to_these(
    gradings: Gradings,
) -> None:
    new = "from prices import clamp\n\n\ndef test_new():\n    assert clamp(11, 0, 9) == 9\n"
    row = {
        "repo": f"file://{gradings.project.path}",
        "base_commit": gradings.project.git("rev-parse", "HEAD").strip(),
        "problem_statement": "clamp(11, 0, 9) gives 11.",
        "test_patch": added("tests/test_new.py", new),
        "FAIL_TO_PASS": json.dumps(["tests/test_new.py::test_new"]),
        "PASS_TO_PASS": json.dumps([*KEPT, "tests/test_prices.py::test_not_there"]),
    }
    names = ("org__prices-1", "org__prices-2")
    rows = [json.dumps({"instance_id": name, **row}) for name in names]
    gradings.issues.write_text("\n".join(rows))
    cheat = added("tests/test_new.py", "def test_new():\n    pass\n")
    gradings.predicts(**{names[0]: RIGHT + cheat, names[1]: cheat})
    ended = gradings("-j", 2)
    assert ended.status == 0, ended
    told = gradings.summary()
    assert (told["resolved_ids"], told["unresolved_ids"]) == ([names[0]], [names[1]])
    status = gradings.of(names[0])["tests_status"]
    assert isinstance(status, dict)
    assert status["PASS_TO_PASS"] == {"success": KEPT, "failure": []}
    assert status["FAIL_TO_FAIL"]["failure"] == ["tests/test_prices.py::test_not_there"]


def added(path: str, text: str) -> str:
    """A patch that adds a file."""
    lines = text.splitlines()
    head = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
    return f"{head}@@ -0,0 +1,{len(lines)} @@\n" + "".join(f"+{line}\n" for line in lines)


@pytest.mark.engine
def test_flaky_tests_are_found_by_repetition_and_listed(gradings: Gradings) -> None:
    gradings.lists("shaky")
    gradings.predicts(shaky=SHAKY)
    ended = gradings("--repeats", 3)
    assert "shaky: resolved" in ended.err
    assert "flaky tests\n  shaky: tests/test_prices.py::test_total" in ended.out
    assert gradings.summary()["flaky_tests"] == {"shaky": [KEPT[1]]}
    status = gradings.of("shaky")["tests_status"]
    assert status["PASS_TO_FAIL"]["failure"] == [KEPT[1]]  # type: ignore[index]
    believed = gradings("--again")
    assert "judged before" not in believed.err
    assert believed.out.startswith("1 unresolved; resolved 0.0%")
    assert gradings.summary()["flaky_tests"] == {}


@pytest.mark.engine
def test_a_grading_that_was_killed_goes_on_where_it_was(gradings: Gradings, engine: Engine) -> None:
    gradings.lists("one", "two")
    gradings.predicts(one=RIGHT, two=WRONG)
    child = gradings.start("-j", 1)
    until(lambda: list(gradings.report.rglob("report.json")), child)
    until(lambda: owned(engine, child.pid), child)  # the second is being judged
    kill(child.pid)
    child.communicate()
    assert len(list(gradings.report.rglob("report.json"))) == 1
    ended = gradings("-j", 2)
    assert ended.status == 0, ended
    assert "one: resolved (judged before)" in ended.err
    assert gradings.summary()["unresolved_ids"] == ["two"]
    assert owned(engine, child.pid) == []


def owned(engine: Engine, pid: int) -> list[str]:
    """Containers of a process, which may be dead."""
    found = engine.client.api.containers(all=True, filters={"label": [OWNER]})
    return [each["Id"] for each in found if f".{pid}." in f".{each['Labels'][OWNER]}."]


@pytest.mark.engine
def test_what_cannot_be_judged_is_an_error_and_told_apart(gradings: Gradings) -> None:
    gradings.lists("gone", repo=str(gradings.project.path.with_name("elsewhere")))
    more = gradings.issues.read_text()
    gradings.lists("untested", tests=[])
    more += gradings.issues.read_text()
    gradings.lists("broken", install="exit 7")
    gradings.issues.write_text(more + gradings.issues.read_text())
    gradings.predicts(gone=RIGHT, untested=RIGHT, broken=RIGHT)
    ended = gradings("-j", 2)
    assert ended.status == 3, ended
    told = gradings.summary()
    assert told["error_ids"] == ["broken", "gone", "untested"]
    assert told["completed_ids"] == []
    assert told["infra_failure_ids"] == ["broken"]
    reasons = told["failure_reasons"]
    assert isinstance(reasons, dict)
    assert reasons["gone"].startswith("CheckoutFailed: ")
    assert reasons["broken"].startswith("BuildFailed: ")
    assert "no test" in reasons["untested"]
    assert not (gradings.folder_of("broken") / "report.json").exists()
    assert "exit 7" in (gradings.folder_of("broken") / "build.log").read_text()
    assert "failed for the infrastructure, call again: 1" in ended.out


@pytest.mark.engine
def test_bad_input_is_named_and_counted_and_the_rest_is_judged(gradings: Gradings) -> None:
    gradings.lists("right")
    with gradings.issues.open("a") as file:
        file.write('{"id": "half\n')
    bad = (
        *('{"instance_id": "half', '{"instance_id": "x"}', prediction("right", WRONG)),
        *(prediction("unknown", RIGHT), '{"instance_id": "y", "model_patch": 7}', "[]"),
    )
    gradings.predicts(*bad, right=RIGHT)
    ended = gradings()
    assert ended.status == 0, ended
    for why in (
        "prediction, line 2: not JSON",
        'prediction, line 3 (x): it lacks "model_patch"',
        "prediction, line 4 (right): there is a prediction for 'right' in line 1 already",
        "prediction (unknown): the list has no issue of that id",
        'prediction, line 6 (y): "model_patch" is neither a text nor null',
        "prediction, line 7: not a JSON object",
        "issue, line 2: not JSON",
    ):
        assert f"left out: {why}" in ended.err
    assert "left out: 7" in ended.out
    told = gradings.summary()
    assert (told["resolved_ids"], told["submitted_ids"]) == (["right"], ["right"])
    assert len(told["left_out"]) == 7  # type: ignore[arg-type]


@pytest.mark.engine
def test_a_batch_is_judged_with_its_own_issues(batches: Batches) -> None:
    batches.write(2)
    assert batches().status == 0
    for name in ("batch-many", str(batches.folder.path), str(batches.folder.predictions)):
        ended = batches.foretrace("grade", name)
        assert ended.status == 0, ended
        assert "2 resolved; resolved 100.0%" in ended.out
    report = batches.folder.path / "grade"
    (path,) = report.glob("*.json")
    assert path.name == "foretrace-scripted.grade.json"
    assert json.loads(path.read_text())["resolved_ids"] == ["clamp-0", "clamp-1"]
    record = json.loads(batches.folder.record.read_text())
    record["settings"]["environment"] = {"image": "127.0.0.1:9/no/image:1"}
    batches.folder.record.write_text(json.dumps(record))
    elsewhere = batches.foretrace("grade", "batch-many", "--report", "other")
    assert (elsewhere.status, elsewhere.err.count("there is no image 127.0.0.1:9")) == (1, 2)


@pytest.fixture
def batches(foretrace: CommandLine, tmp_path: Path) -> Batches:
    foretrace.environment["FORETRACE_CACHE"] = str(tmp_path / "cache")
    return Batches(foretrace, tmp_path)


def test_wrong_use_is_refused_before_anything_is_done(gradings: Gradings, tmp_path: Path) -> None:
    gradings.lists("right")
    gradings.predicts(right=RIGHT)
    (tmp_path / "in-the-way").write_text("")
    (tmp_path / "empty.jsonl").write_text("\n")
    (tmp_path / "half.json").write_text('[{"instance_id": "right"')
    call = gradings.foretrace
    file, issues = gradings.predictions, gradings.issues
    for arguments, words in (
        ([file], "which issues"),
        (["nothing-here"], "neither a file nor a batch"),
        ([file, tmp_path / "none.jsonl"], "none.jsonl"),
        ([tmp_path / "empty.jsonl", issues], "holds no prediction"),
        ([tmp_path / "half.json", issues], "is not JSON"),
        ([file, issues, "--report", tmp_path / "in-the-way"], "cannot write the report"),
        ([file, issues, "--engine", "unix:///nowhere.sock"], "engine"),
    ):
        ended = call("grade", *arguments)
        assert ended.status == (3 if words == "engine" else 2), ended
        assert "Traceback" not in ended.err
        assert words in ended.err
        assert ended.out == ""
