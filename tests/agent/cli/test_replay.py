"""``foretrace replay`` as its user calls it; what it does is tested in ``tests/agent/replay``."""

import json
import shutil
from pathlib import Path

import pytest

from tests.agent.replay.recorded import ACTIONS, Recorded, write_script

pytestmark = pytest.mark.engine


def test_the_steps_stand_in_a_list(recorded: Recorded) -> None:
    ended = recorded.foretrace("replay", recorded.id)
    assert ended.status == 0, ended
    lines = ended.out.splitlines()
    assert lines[0] == f"run {recorded.id}"
    assert any(line.startswith("resolved: 2 failing test(s) pass now") for line in lines)
    tools = [line.split()[1] for line in lines if line[:3].strip().isdigit()]
    assert [tool for tool in tools if tool != "no"] == [tool for tool, _ in ACTIONS]
    assert "     submitted: +1 -1 lines in 1 file(s)" in lines
    assert "\x1b" not in ended.out


def test_one_step_stands_whole(recorded: Recorded) -> None:
    ended = recorded.foretrace("replay", recorded.id, "--step", 5)
    assert ended.status == 0, ended
    assert ended.out.startswith("=== step 5\n--- call: test\n    all\n--- result")
    assert "\n        tests/test_prices.py::test_above\n" in ended.out
    assert ended.out.rstrip().endswith("4 passed")


def test_programs_get_json(recorded: Recorded) -> None:
    whole = json.loads(recorded.foretrace("replay", recorded.id, "--json").out)
    assert (whole["format"], whole["run"]["id"]) == (1, recorded.id)
    assert [each["tool"] for each in whole["steps"]] == [*(tool for tool, _ in ACTIONS), None]
    assert whole["result"]["status"] == "resolved"
    step = json.loads(recorded.foretrace("replay", recorded.id, "--step", 3, "--json").out)
    assert (step["step"], step["tool"], step["ok"]) == (3, "edit", True)
    assert [event["type"] for event in step["events"]] == ["action", "result"]
    assert list(step["tests"].values()) == ["failed"]


def test_doing_it_again_says_of_each_step_that_it_is_the_same(recorded: Recorded) -> None:
    ended = recorded.foretrace("replay", recorded.id, "--execute")
    assert ended.status == 0, ended
    *steps, last = ended.out.splitlines()
    assert [line.rstrip().endswith("the same") for line in steps] == [
        *(tool != "nonsense" for tool, _ in ACTIONS),
        False,
    ]
    assert last == "all 6 actions that were done again gave what they gave then"


def test_the_first_other_result_is_shown_as_it_was_and_as_it_is(
    recorded: Recorded, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(recorded.folder, other)
    events = (other / "events.jsonl").read_text()
    (other / "events.jsonl").write_text(events.replace("4 passed (in", "3 passed (in"))
    ended = recorded.foretrace("replay", other, "--execute", "--step", 6)
    assert ended.status == 1, ended
    assert "step 5 is the first whose result is another one" in ended.out
    then, now = ended.out.partition("--- then\n")[2].split("--- now\n")
    assert then.startswith("    3 passed")
    assert now.startswith("    4 passed")
    again = recorded.foretrace("replay", other, "--execute", "--step", 6, "--json")
    found = json.loads(again.out)
    assert (found["same"], found["first_difference"]) == (False, 5)
    assert [each["step"] for each in found["steps"]] == [1, 2, 3, 4, 5]


def test_a_repository_that_is_elsewhere_by_now_is_named(recorded: Recorded, tmp_path: Path) -> None:
    moved, other = tmp_path / "moved", tmp_path / "other"
    shutil.copytree(recorded.project.path, moved)
    shutil.copytree(recorded.folder, other)
    record = json.loads((other / "run.json").read_text())
    record["issue"]["repo"] = str(tmp_path / "gone")
    (other / "run.json").write_text(json.dumps(record))
    ended = recorded.foretrace("replay", other, "--execute", "--step", 1)
    assert ended.status == 2
    assert "gone" in ended.err
    ended = recorded.foretrace("replay", other, "--execute", "--step", 1, "--repo", moved)
    assert ended.status == 0, ended


def test_forks_are_told_of(recorded: Recorded, tmp_path: Path) -> None:
    script = write_script(tmp_path / "script.jsonl", [("bash", "true")])
    ended = recorded.foretrace("replay", recorded.id, "--fork", 1, "--script", script, "--json")
    fork = json.loads(ended.out)["id"]
    shown = recorded.foretrace("replay", recorded.id)
    assert shown.out.endswith(f"forks\n  {fork}, after step 1, policy scripted\n")
    assert f"goes on from {recorded.id} after step 1" in recorded.foretrace("replay", fork).out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--step", "99"], "the run has no step 99"),
        (["--execute", "--step", "99"], "the run has no step 99"),
        (["--fork", "99"], "the run has no step 99"),
        (["--fork", "1", "--execute"], "--fork stands alone"),
        (["--message", "hello"], "are for a fork"),
        (["--fork", "1"], "the scripted policy plays a script"),
        (["--fork", "1", "--policy", "nobody"], "there is no policy 'nobody'"),
    ],
)
def test_wrong_use_is_a_line_and_a_hint(recorded: Recorded, flags: list[str], words: str) -> None:
    ended = recorded.foretrace("replay", recorded.id, *flags)
    assert ended.status == 2, ended
    assert words in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["replay", "show", "export --to html"])
def test_a_run_that_there_is_not_is_a_line(recorded: Recorded, command: str) -> None:
    name, *flags = command.split()
    ended = recorded.foretrace(name, "20000101", *flags)
    assert ended.status == 2
    first, hint = ended.err.splitlines()
    assert first == "foretrace: there is no run 20000101"
    assert "name a run of runs, or its folder" in hint
