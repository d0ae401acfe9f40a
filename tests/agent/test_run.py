"""Whole runs, on a real engine: what becomes of an issue, and what the run's folder says."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.events import Event
from agent.trajectory import read_events
from sandboxes.engine import RUN, Engine
from tests.agent.conftest import CODE, FAILING, REPAIR, TESTS, CommandLine, Project

pytestmark = pytest.mark.engine

HAND_IN = (
    ("bash", "git diff > /tmp/fix.diff"),
    ("submit", "/tmp/fix.diff"),
)
Script = Callable[..., Path]


def events_of(foretrace: CommandLine) -> list[Event]:
    return list(read_events(foretrace.run_folder() / "events.jsonl"))


def flags_for(*tests: str) -> list[str]:
    return [word for test in tests for word in ("--test", test)]


def test_a_scripted_repair_is_verified_test_by_test(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    script = write_script(("test", FAILING[0]), ("edit", REPAIR), ("test", "all"), *HAND_IN)
    ended = foretrace(
        "run", issue_file, "--repo", project.path, "--script", script, *flags_for(*FAILING)
    )
    assert ended.status == 0, ended
    assert "resolved" in ended.out
    assert "+    if value > high:" in ended.out

    folder = foretrace.run_folder()
    assert {path.name for path in folder.iterdir()} >= {
        "run.json",
        "events.jsonl",
        "patch.diff",
        "result.json",
    }
    assert (folder / "patch.diff").read_text().startswith("diff --git a/prices.py b/prices.py")
    result = foretrace.result()
    assert result["status"] == "resolved"
    verification = result["verification"]
    assert isinstance(verification, dict)
    assert [each["before"] for each in verification["fail_to_pass"]] == ["failed", "failed"]
    assert [each["after"] for each in verification["fail_to_pass"]] == ["passed", "passed"]
    assert {each["test"] for each in verification["pass_to_pass"]} == {
        "tests/test_prices.py::test_below",
        "tests/test_prices.py::test_total",
    }
    types = [event.type for event in events_of(foretrace)]
    assert types[:2] == ["started", "prepared"]
    assert types.count("action") == 6  # five tools, and the end of the script
    assert types[-2:] == ["verification", "ended"]
    assert "submission" in types
    # The user's own copy is as it was.
    assert project.git("status", "--porcelain") == ""
    assert (project.path / "prices.py").read_text() == CODE


def test_tests_judge_although_the_suite_alone_would_not_collect_them(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    project.git("mv", "tests/test_prices.py", "checks.py")
    project.commit("A file that pytest does not look for")
    script = write_script(("edit", REPAIR), *HAND_IN)
    failing = [test.replace("tests/test_prices.py", "checks.py") for test in FAILING]
    ended = foretrace(
        "run", issue_file, "--repo", project.path, "--script", script, *flags_for(*failing)
    )
    assert ended.status == 0, ended
    verification = foretrace.result()["verification"]
    assert isinstance(verification, dict)
    assert [each["after"] for each in verification["fail_to_pass"]] == ["passed", "passed"]
    kept = {each["test"] for each in verification["pass_to_pass"]}
    assert kept == {"checks.py::test_below", "checks.py::test_total"}
    assert not any(each["flaky"] for each in verification["fail_to_pass"])


def test_a_patch_that_breaks_something_is_not_a_resolution(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    breaking = (
        "prices.py\n<<<<<<< SEARCH\n    return sum(prices)\n=======\n    return 0\n>>>>>>> REPLACE"
    )
    script = write_script(("edit", REPAIR), ("edit", breaking), *HAND_IN)
    ended = foretrace(
        "run", issue_file, "--repo", project.path, "--script", script, *flags_for(*FAILING)
    )
    assert ended.status == 1
    result = foretrace.result()
    assert result["status"] == "unresolved"
    assert "test_total" in str(result["reason"])


def test_editing_the_judging_tests_does_not_help(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    cheat = TESTS.replace("== 9", "== 11").replace("clamp(5, 0, 9) == 5", "True")
    script = write_script(
        ("bash", f"cat > tests/test_prices.py <<'EOF'\n{cheat}EOF"), ("test", "all"), *HAND_IN
    )
    ended = foretrace(
        "run", issue_file, "--repo", project.path, "--script", script, *flags_for(*FAILING)
    )
    assert ended.status == 1
    assert foretrace.result()["status"] == "unresolved"


def test_held_back_tests_are_not_in_the_sandbox_but_judge(
    foretrace: CommandLine, project: Project, tmp_path: Path, write_script: Script
) -> None:
    (project.path / "tests/test_prices.py").unlink()
    base = project.commit("No tests")
    project.put("tests/test_prices.py", TESTS)
    project.commit("Tests")
    test_patch = project.git("diff", base, "HEAD")
    issue = {
        "id": "held-1",
        "repo": str(project.path),
        "base": base,
        "text": "clamp is wrong above the highest value",
        "tests": FAILING,
        "tests_from": {"patch": test_patch},
    }
    path = tmp_path / "issues.jsonl"
    path.write_text(json.dumps(issue) + "\n")
    look = "git log --all --oneline; git fsck --lost-found; grep -r test_above . /home /opt /tmp"
    script = write_script(("bash", look), ("edit", REPAIR), *HAND_IN)
    ended = foretrace("run", f"{path}#held-1", "--script", script)
    assert ended.status == 0, ended
    answer = next(event for event in events_of(foretrace) if event.type == "result")
    assert "test_above" not in json.dumps(answer.data.model_dump())
    assert "Tests" not in answer.data.output  # type: ignore[union-attr]
    assert foretrace.result()["status"] == "resolved"


def test_nothing_submitted_is_unresolved(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    script = write_script(("bash", "echo hello"), ("nonsense", "x"))
    ended = foretrace(
        "run", issue_file, "--repo", project.path, "--script", script, *flags_for(*FAILING)
    )
    assert ended.status == 1
    assert foretrace.result()["status"] == "unresolved"
    assert not (foretrace.run_folder() / "patch.diff").exists()
    malformed = [event for event in events_of(foretrace) if event.type == "format_error"]
    assert len(malformed) == 1
    assert "nonsense" in malformed[0].data.message  # type: ignore[union-attr]


def test_at_a_limit_the_tree_as_it_stands_is_the_candidate(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    script = write_script(("edit", REPAIR), ("bash", "sleep 60"), *HAND_IN)
    ended = foretrace(
        *("run", issue_file, "--repo", project.path, "--script", script, "--seconds", "6"),
        *flags_for(*FAILING),
    )
    assert ended.status == 0, ended
    types = [event.type for event in events_of(foretrace)]
    assert "limit" in types
    submission = next(event for event in events_of(foretrace) if event.type == "submission")
    assert submission.data.by == "limit"  # type: ignore[union-attr]


def test_without_tests_a_patch_is_submitted_but_not_resolved(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    script = write_script(("edit", REPAIR), *HAND_IN)
    ended = foretrace("run", issue_file, "--repo", project.path, "--script", script)
    assert ended.status == 1
    assert foretrace.result()["status"] == "submitted"


def test_a_flaky_test_is_marked_and_does_not_condemn(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    flaky = (
        "from pathlib import Path\n\n\ndef test_every_other_time():\n"
        "    count = Path('/tmp/count')\n"
        "    count.write_text((count.read_text() if count.exists() else '') + 'x')\n"
        "    patched = Path('prices.py').read_text().count('> high')\n"
        "    assert len(count.read_text()) % 2 == 1 - patched\n"
    )
    project.put("tests/test_flaky.py", flaky)
    project.commit("Flaky")
    script = write_script(("edit", REPAIR), *HAND_IN)
    ended = foretrace(
        "run", issue_file, "--repo", project.path, "--script", script, *flags_for(*FAILING)
    )
    assert ended.status == 0, ended
    verification = foretrace.result()["verification"]
    assert isinstance(verification, dict)
    marked = [each["test"] for each in verification["pass_to_pass"] if each["flaky"]]
    assert marked == ["tests/test_flaky.py::test_every_other_time"]


def test_runs_within_the_repository_are_no_part_of_it(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    script = write_script(("bash", "ls; git status --short"), ("edit", REPAIR), *HAND_IN)
    out = project.path / "runs"
    arguments = ("--repo", project.path, "--script", script, "--out", out)
    assert foretrace("run", issue_file, *arguments, *flags_for(*FAILING)).status == 0
    assert project.git("status", "--short") == ""
    foretrace.runs = out
    answer = next(event for event in events_of(foretrace) if event.type == "result")
    assert answer.data.output.split() == ["prices.py", "tests"]  # type: ignore[union-attr]


def test_json_is_all_that_is_printed_when_asked_for(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    script = write_script(("edit", REPAIR), *HAND_IN)
    ended = foretrace(
        *("run", issue_file, "--repo", project.path, "--script", script, "--json"),
        *flags_for(*FAILING),
    )
    assert json.loads(ended.out)["status"] == "resolved"
    assert ended.err == ""


def wait_for_action(foretrace: CommandLine, child: subprocess.Popen[str], count: int = 1) -> None:
    """Until the run's trajectory holds an action."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert child.poll() is None, child.communicate()
        if any(foretrace.runs.glob("*/events.jsonl")):
            log = foretrace.run_folder() / "events.jsonl"
            if log.exists() and log.read_text().count('"type":"action"') >= count:
                return
        time.sleep(0.05)
    raise AssertionError("no action came")


def containers(engine: Engine, run: str) -> list[str]:
    found = engine.client.api.containers(all=True, filters={"label": [f"{RUN}={run}"]})
    return [each["Id"] for each in found]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_being_told_to_stop_leaves_nothing_but_the_folder(
    foretrace: CommandLine,
    project: Project,
    issue_file: Path,
    write_script: Script,
    engine: Engine,
    number: signal.Signals,
) -> None:
    script = write_script(("bash", "sleep 300"))
    child = foretrace.start("run", issue_file, "--repo", project.path, "--script", script)
    wait_for_action(foretrace, child)
    run = foretrace.run_folder().name
    assert len(containers(engine, run)) == 1
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 128 + number
    assert "Traceback" not in err
    assert containers(engine, run) == []
    assert foretrace.result()["status"] == "failed"
    assert "stopped" in str(foretrace.result()["reason"])
    assert events_of(foretrace)[-1].type == "ended"


def test_after_kill_9_the_trajectory_reads_and_clean_removes_the_rest(
    foretrace: CommandLine,
    project: Project,
    issue_file: Path,
    write_script: Script,
    engine: Engine,
) -> None:
    script = write_script(("bash", "echo first"), ("bash", "sleep 300"))
    child = foretrace.start("run", issue_file, "--repo", project.path, "--script", script)
    wait_for_action(foretrace, child, count=2)
    run = foretrace.run_folder().name
    child.kill()
    child.communicate()
    assert len(containers(engine, run)) == 1
    assert not (foretrace.run_folder() / "result.json").exists()
    events = events_of(foretrace)
    assert [event.type for event in events[-2:]] == ["result", "action"]
    ended = foretrace("clean")
    assert ended.status == 0
    assert containers(engine, run) == []


def test_a_container_killed_under_the_run_is_a_failure_not_a_verdict(
    foretrace: CommandLine,
    project: Project,
    issue_file: Path,
    write_script: Script,
    engine: Engine,
) -> None:
    script = write_script(("bash", "sleep 300"))
    child = foretrace.start("run", issue_file, "--repo", project.path, "--script", script)
    wait_for_action(foretrace, child)
    (container,) = containers(engine, foretrace.run_folder().name)
    engine.client.api.kill(container)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 3
    assert "Traceback" not in err
    assert foretrace.result()["status"] == "failed"
    types = [event.type for event in events_of(foretrace)]
    assert types[-2:] == ["failure", "ended"]


def test_what_cannot_be_prepared_is_said_in_a_line(
    foretrace: CommandLine, project: Project, issue_file: Path, tmp_path: Path
) -> None:
    for where, flags, status, word in (
        (tmp_path / "nowhere", [], 2, "nowhere"),
        ("pypi:this-is-no-project-of-anyone==1.0", [], 2, "this-is-no-project"),
        (project.path, ["--base", "no-such-branch"], 2, "no-such-branch"),
        (project.path, ["--test", "tests/test_none.py::test"], 2, "tests/test_none.py"),
        (project.path, ["--test", "tests/test_prices.py::test_none"], 2, "::test_none"),
        (project.path, ["--image", "no-such-image:at-all"], 2, "no-such-image"),
    ):
        ended = foretrace("run", issue_file, "--repo", where, *flags)
        assert ended.status == status, ended
        assert word in ended.err
        assert "Traceback" not in ended.err


def test_a_repository_that_does_not_build_shows_the_step(
    foretrace: CommandLine, project: Project, issue_file: Path
) -> None:
    project.put(
        "setup.py", "import sys\nprint('the flux is missing', file=sys.stderr)\nsys.exit(7)\n"
    )
    project.commit("A broken build")
    ended = foretrace("run", issue_file, "--repo", project.path)
    assert ended.status == 3, ended
    assert "the flux is missing" in ended.err
    assert "Traceback (most" not in ended.err.replace("the flux is missing", "")
    assert foretrace.result()["status"] == "failed"
    assert "the flux is missing" in (foretrace.run_folder() / "build.log").read_text()
