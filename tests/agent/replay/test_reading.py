"""Runs found by name and read from their folders, whole or not."""

import json
from pathlib import Path

import pytest

from agent.errors import TrajectoryCorrupt, WrongUse
from agent.events import Acted, Answered, Started
from agent.replay.reading import find_run, open_run
from agent.runfolder import RunResult
from tests.agent.replay.recorded import run_folder

EVENTS = (
    Started(run="a", issue="clamp", policy="scripted"),
    Acted(step=1, tool="bash", argument="ls"),
    Answered(step=1, tool="bash", ok=True, output="prices.py\n"),
)
RESULT = RunResult(id="a", issue="clamp", policy="scripted", status="unresolved", reason="no patch")


def test_a_run_is_found_by_its_folder_its_id_and_the_beginning_of_it(tmp_path: Path) -> None:
    first = run_folder(tmp_path, name="20260101-000000-clamp-aaaa")
    second = run_folder(tmp_path, name="20260101-000001-clamp-bbbb")
    assert find_run(str(first), tmp_path / "elsewhere") == first
    assert find_run(second.name, tmp_path) == second
    assert find_run("20260101-000001", tmp_path) == second


def test_an_id_that_begins_another_is_itself(tmp_path: Path) -> None:
    short = run_folder(tmp_path, name="run")
    run_folder(tmp_path, name="run-2")
    assert find_run("run", tmp_path) == short


@pytest.mark.parametrize("name", ["nothing", "", "../x", "\0"])
def test_what_is_no_run_is_said_with_one_that_is(tmp_path: Path, name: str) -> None:
    run_folder(tmp_path, name="20260101-000000-clamp-aaaa")
    with pytest.raises(WrongUse, match="there is no run") as caught:
        find_run(name, tmp_path)
    assert "20260101-000000-clamp-aaaa" in caught.value.hint


def test_where_several_runs_begin_so_they_are_named(tmp_path: Path) -> None:
    names = [f"20260101-00000{n}-clamp-aaaa" for n in range(7)]
    for name in names:
        run_folder(tmp_path, name=name)
    with pytest.raises(WrongUse, match="7 runs") as caught:
        find_run("20260101", tmp_path)
    assert names[0] in caught.value.hint
    assert caught.value.hint.endswith(", ...")


def test_without_a_folder_of_runs_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(WrongUse) as caught:
        find_run("a", tmp_path / "none")
    assert "there are none" in caught.value.hint


def test_a_run_tells_what_it_set_out_to_do_what_happened_and_what_became_of_it(
    tmp_path: Path,
) -> None:
    run = open_run(run_folder(tmp_path, *EVENTS, result=RESULT))
    assert run.record.issue.text == "clamp is wrong"
    assert [event.data for event in run.events] == list(EVENTS)
    assert run.result == RESULT


def test_a_run_that_goes_on_has_no_result_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, *EVENTS)
    events = folder / "events.jsonl"
    events.write_bytes(events.read_bytes()[:-20])
    run = open_run(folder)
    assert run.result is None
    assert [event.type for event in run.events] == ["started", "action"]


def test_a_run_that_has_just_begun_has_no_events(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (folder / "events.jsonl").unlink()
    assert open_run(folder).events == ()


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, *EVENTS)
    events = folder / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    events.write_bytes(lines[0] + b"{}\n" + lines[2])
    with pytest.raises(TrajectoryCorrupt, match="line 2"):
        open_run(folder)


def test_a_run_of_a_newer_format_is_not_misread(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, *EVENTS)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "format": 2}))
    with pytest.raises(WrongUse, match="format 2") as caught:
        open_run(folder)
    assert "update" in caught.value.hint


@pytest.mark.parametrize("name", ["run.json", "result.json"])
@pytest.mark.parametrize("content", ["", "[]", '{"id": 3}', "\x00"])
def test_a_file_that_is_none_of_ours_is_named(tmp_path: Path, name: str, content: str) -> None:
    folder = run_folder(tmp_path, *EVENTS, result=RESULT)
    (folder / name).write_text(content)
    with pytest.raises(WrongUse, match=name) as caught:
        open_run(folder)
    assert "\n" not in caught.value.message
