"""The board's rows, from folders as they lie on the disk."""

import os
import sys
from pathlib import Path

import pytest

from agent.events import Ended, Steered
from agent.trajectory import Trajectory
from agent.tui.boardfile import Started
from agent.tui.runs import Row, RunStore
from tests.agent.tui.samples import beginning, ending, issue, work, write_run


def by_key(store: RunStore) -> dict[str, Row]:
    return {row.key: row for row in store.look()}


def test_a_folder_without_anything_has_no_rows(tmp_path: Path) -> None:
    assert RunStore(tmp_path / "nowhere").look() == []
    (tmp_path / "started").mkdir()
    (tmp_path / "a-file").touch()
    assert RunStore(tmp_path).look() == []


def test_a_run_that_has_ended_is_told_by_its_result(tmp_path: Path) -> None:
    events = [*beginning(issue()), *work(), *ending()]
    folder = write_run(tmp_path, issue(), events, name="20260101-a")
    (row,) = RunStore(tmp_path).look()
    assert (row.state, row.folder, row.policy) == ("resolved", folder, "cwm")
    assert (row.step, row.tokens) == (4, 4 * 4510)
    assert row.verdict == "2/2 fixed, 1 kept"
    assert row.seconds == pytest.approx(47.2)
    assert not row.live


def test_a_run_is_followed_while_it_goes_on(tmp_path: Path) -> None:
    folder = write_run(tmp_path, issue(), beginning(issue()), name="20260101-a")
    store = RunStore(tmp_path)
    with Trajectory(folder / "events.jsonl") as log:
        (row,) = store.look()
        assert (row.state, row.pid, row.step) == ("working", os.getpid(), 0)
        for data in work():
            log.append(data)
        log.append(Steered(what="asking", step=5, tool="bash"))
        (row,) = store.look()
        assert (row.state, row.step) == ("asking", 4)
        assert row.live
    (row,) = store.look()
    assert (row.state, row.pid) == ("lost", 0)


def test_a_run_that_its_user_stopped_is_called_so(tmp_path: Path) -> None:
    events = [*beginning(issue()), Ended(status="failed", reason="stopped by the user")]
    write_run(tmp_path, issue(), events, name="20260101-a")
    assert [row.state for row in RunStore(tmp_path).look()] == ["stopped"]


def test_attempts_are_counted_by_issue(tmp_path: Path) -> None:
    for name, number in (("20260101-a", 1), ("20260102-b", 2), ("20260103-c", 1)):
        write_run(tmp_path, issue(number), [*beginning(issue(number)), *ending()], name=name)
    rows = by_key(RunStore(tmp_path))
    assert (rows["run 20260101-a"].attempt, rows["run 20260101-a"].attempts) == (1, 2)
    assert (rows["run 20260103-c"].attempt, rows["run 20260103-c"].attempts) == (2, 2)
    assert rows["run 20260102-b"].attempts == 1


def test_an_issue_waits_until_it_has_a_run(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.board.add([issue(1), issue(2)])
    assert [row.state for row in store.look()] == ["new", "new"]
    write_run(tmp_path, issue(1), [*beginning(issue(1)), *ending()], name="20260101-a")
    assert [(row.state, row.issue.id if row.issue else "") for row in store.look()] == [
        ("new", "prices-2"),
        ("resolved", "prices-1"),
    ]


def test_a_process_that_ended_before_it_had_a_folder_says_why(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.board.add([issue()])
    log = tmp_path / "words.log"
    log.write_text("foretrace: no engine answers\n  start one\n")
    about = issue()
    gone = Started(token="t", issue=about.id, repo=about.repo, time=1.0, pid=2**22 + 7, log=log)
    store.board.note(gone)
    (row,) = store.look()
    assert (row.state, row.verdict, row.folder) == ("failed", "no engine answers", None)


def test_a_process_number_that_came_back_is_another_process(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    about = issue()
    mine = Started(
        token="not-in-my-words",
        issue=about.id,
        repo=about.repo,
        time=1.0,
        pid=os.getpid(),
        log=tmp_path / "none",
    )
    store.board.note(mine)
    (row,) = store.look()
    assert row.state == "failed"
    store.board.note(mine.model_copy(update={"token": Path(sys.argv[0]).name}))
    assert {row.state for row in store.look()} == {"failed", "starting"}


def test_a_folder_that_is_removed_is_forgotten(tmp_path: Path) -> None:
    folder = write_run(tmp_path, issue(), [*beginning(issue()), *ending()], name="20260101-a")
    store = RunStore(tmp_path)
    assert len(store.look()) == 1
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert store.look() == []


def test_files_that_are_none_of_ours_do_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "20260101-a"
    folder.mkdir()
    (folder / "run.json").write_text("{")
    (folder / "events.jsonl").write_bytes(b"\xff\n")
    (folder / "result.json").write_text("[]")
    (row,) = RunStore(tmp_path).look()
    assert (row.state, row.issue) == ("lost", None)
