"""A batch's status, from folders as they lie on the disk."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.batch.control import Command, ctl
from agent.batch.folder import Attempt, BatchFolder, BatchRecord
from agent.batch.issuelist import IssueList
from agent.batch.lines import append
from agent.batch.locks import Lock
from agent.batch.log import BatchEvent
from agent.batch.predictions import Outlet, predictions
from agent.batch.store import BatchStore
from agent.errors import WrongUse
from agent.events import Ended, EventData
from agent.runfolder import RunRecord, RunResult, write_json
from agent.trajectory import Trajectory
from sandboxes.owner import Owner
from tests.agent.tui.samples import PATCH, beginning, ending, issue, work, write_run

FAILED = Ended(status="failed", reason="no model server answers")
STOPPED = Ended(status="failed", reason="stopped by the user")


class Made:
    """A batch of three issues, written by hand."""

    def __init__(self, path: Path, attempts: int = 1) -> None:
        self.folder = BatchFolder(path)
        self.folder.create(
            BatchRecord(
                source="three.jsonl",
                attempts=attempts,
                policy="cwm",
                started=datetime.now(UTC),
                settings={},
            )
        )
        frozen = IssueList(self.folder, iter([issue(1), issue(2), issue(3)]))
        frozen.more()
        frozen.close()

    def run(
        self,
        number: int,
        *events: EventData,
        name: str,
        attempt: int = 1,
        ago: float = 60,
        failure: str = "",
    ) -> Path:
        about = issue(number)
        folder = write_run(
            self.folder.runs, about, [*beginning(about), *events], name=name, ago=ago
        )
        record = RunRecord.model_validate_json((folder / "run.json").read_bytes())
        write_json(folder / "run.json", record.model_copy(update={"attempt": attempt}))
        if failure:
            path = folder / "result.json"
            result = RunResult.model_validate_json(path.read_bytes())
            write_json(path, result.model_copy(update={"failure": failure}))
        return folder


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "batch-three")


def test_what_has_no_run_waits(made: Made) -> None:
    status = BatchStore(made.folder).look()
    assert (status.total, status.done, status.counts["waiting"]) == (3, 0, 3)
    assert (status.rows, status.resolved.value, status.per_hour) == ((), None, None)
    assert not status.reading


def test_a_run_of_each_state_is_counted(made: Made) -> None:
    store = BatchStore(made.folder)
    made.run(1, *work(), *ending(), name="a")
    made.run(2, *work(), *ending(resolved=False), name="b")
    folder = made.run(3, name="c")
    assert store.look().counts["lost"] == 1
    with Trajectory(folder / "events.jsonl") as log:
        status = store.look()
        assert status.rows[0].attempt == Attempt("prices-3", 1)
        assert (status.rows[0].state, status.rows[0].stage) == ("running", "working")
        assert {state: count for state, count in status.counts.items() if count} == {
            "resolved": 1,
            "unresolved": 1,
            "running": 1,
        }
        for event in work():
            log.append(event)
        assert store.look().rows[0].step == 4
    status = store.look()
    assert status.counts["lost"] == 1
    assert status.failures == {"lost": 1}
    assert (status.resolved.hits, status.resolved.of) == (1, 2)
    assert status.tokens == 3 * 4 * 4510
    assert {row.model for row in status.rows} == {"facebook/cwm"}


def test_what_ended_by_itself_counts_for_good(made: Made) -> None:
    made.run(1, FAILED, name="a", ago=90, failure="ServerUnreachable")
    made.run(1, *work(), *ending(), name="b", ago=60)
    made.run(1, STOPPED, name="c", ago=30)
    made.run(2, FAILED, name="d", ago=90, failure="ServerUnreachable")
    made.run(2, STOPPED, name="e", ago=60)
    rows = {row.attempt.issue: row for row in BatchStore(made.folder).look().rows}
    assert (rows["prices-1"].state, rows["prices-1"].folder.name) == ("resolved", "b")
    assert (rows["prices-2"].state, rows["prices-2"].folder.name) == ("stopped", "e")
    assert BatchStore(made.folder).look().failures == {"ServerUnreachable": 2}


def test_what_is_requeued_does_not_count_any_more(made: Made) -> None:
    made.run(1, *work(), *ending(), name="a", ago=60)
    store = BatchStore(made.folder)
    (row,) = store.look().rows
    assert not store.outdated(row)
    ctl(made.folder, Command(do="requeue", issue="prices-1"))
    (row,) = store.look().rows
    assert store.outdated(row)
    made.run(1, *work(), *ending(resolved=False), name="b", ago=-1)
    (row,) = store.look().rows
    assert (row.state, row.folder.name) == ("unresolved", "b")
    assert not store.outdated(row)


def test_a_batch_that_nobody_runs_takes_no_word(made: Made) -> None:
    with pytest.raises(WrongUse, match="nobody runs the batch batch-three"):
        ctl(made.folder, Command(do="pause"))
    with pytest.raises(WrongUse, match="no issue 'nonsense'"):
        ctl(made.folder, Command(do="requeue", issue="nonsense"))
    lock = Lock.take(made.folder.lock, Owner.current().token)
    assert lock is not None
    ctl(made.folder, Command(do="pause"))
    with pytest.raises(WrongUse, match="at least one"):
        ctl(made.folder, Command(do="concurrency", number=0))
    assert len(made.folder.control.read_text().splitlines()) == 1
    lock.release()


def test_the_stage_and_the_pace_are_of_the_last_beginning(made: Made) -> None:
    append(made.folder.log, BatchEvent(what="began", number=8, time=1.0))
    made.run(1, *work(), *ending(), name="a")
    made.run(2, *work(), *ending(), name="b")
    store = BatchStore(made.folder)
    assert (store.look().stage, store.look().per_hour) == ("interrupted", None)
    lock = Lock.take(made.folder.lock, Owner.current().token)
    assert lock is not None
    status = store.look()
    assert (status.stage, status.concurrency) == ("running", 8)
    assert status.per_hour is not None
    assert status.per_hour > 0
    assert status.seconds_left == pytest.approx(3600 / status.per_hour, rel=0.1)
    append(made.folder.log, BatchEvent(what="began", number=4))
    append(made.folder.log, BatchEvent(what="concurrency", number=2))
    append(made.folder.log, BatchEvent(what="waiting", text="no room"))
    status = store.look()
    assert (status.stage, status.note, status.concurrency) == ("waiting", "no room", 2)
    assert status.per_hour is None
    lock.release()


def test_junk_among_the_files_changes_nothing(made: Made) -> None:
    (made.folder.runs / "junk").mkdir()
    (made.folder.runs / "file").write_text("no run")
    made.folder.log.write_text('{"what": "nonsense"}\n\xff\n{"what": "began", "nu')
    made.folder.control.write_text("[]\n")
    status = BatchStore(made.folder).look()
    assert (status.counts["waiting"], status.events) == (3, ())
    with pytest.raises(WrongUse, match="there is no batch"):
        BatchStore(BatchFolder(made.folder.path / "nowhere"))
    made.folder.record.write_text("{}")
    with pytest.raises(WrongUse, match="is not a batch's"):
        BatchStore(made.folder)


def test_predictions_are_of_the_first_attempt_with_a_patch(tmp_path: Path) -> None:
    made = Made(tmp_path / "b", attempts=3)
    with_patch = made.run(1, *ending(resolved=False), name="b", attempt=2)
    (with_patch / "patch.diff").write_text(PATCH)
    other = made.run(1, *ending(), name="c", attempt=3)
    (other / "patch.diff").write_text("of the third, which is resolved")
    made.run(1, Ended(status="unresolved", reason="nothing"), name="a", attempt=1)
    made.run(2, Ended(status="unresolved", reason="nothing"), name="d", attempt=1)
    failed = made.run(3, FAILED, name="e", attempt=1)
    (failed / "patch.diff").write_text(PATCH)
    status = BatchStore(made.folder).look()
    rows = {row["instance_id"]: row for row in predictions(status.rows)}
    assert rows["prices-1"]["model_patch"] == PATCH
    assert rows["prices-2"]["model_patch"] == ""
    assert "prices-3" not in rows
    assert {row["model_name_or_path"] for row in rows.values()} == {"facebook/cwm"}
    outlet = Outlet(made.folder)
    outlet.write(status)
    assert len(made.folder.predictions.read_text().splitlines()) == 2
    assert not list(made.folder.path.glob("*.tmp"))
