"""What is to be made, what again, and when nothing new may start."""

import asyncio
from pathlib import Path

import pytest

from agent.batch.breaker import LOST, Breaker, probe
from agent.batch.folder import Attempt, name_for
from agent.batch.headroom import lacking
from agent.batch.ledger import Ledger
from agent.batch.settings import BatchSettings
from agent.batch.summary import AttemptRow, AttemptState
from agent.config import Settings
from agent.runstate import State

ONE, TWO, OTHER = Attempt("one", 1), Attempt("one", 2), Attempt("other", 1)


def row(attempt: Attempt, state: AttemptState, failure: str = "") -> AttemptRow:
    stage: State = "working" if state == "running" else "lost"
    return AttemptRow(attempt, state, Path(f"/{state}"), stage, failure=failure)


def counts(row: AttemptRow) -> bool:
    return False


@pytest.mark.parametrize("state", ["resolved", "submitted", "unresolved"])
def test_what_ended_by_itself_is_left_alone(state: AttemptState) -> None:
    ledger = Ledger(2, 0)
    ledger.add("one", {ONE: row(ONE, state)}, counts)
    assert list(ledger.waiting) == [TWO]
    ledger.add("other", {OTHER: row(OTHER, state)}, lambda row: True)
    assert OTHER in ledger.waiting


@pytest.mark.parametrize(
    ("state", "failure", "goes_on"),
    [
        ("lost", "", True),
        ("failed", "ServerUnreachable", True),
        ("failed", "SandboxDied", False),
        ("failed", "WrongUse", False),
        ("stopped", "", False),
    ],
)
def test_everything_else_is_made_again(state: AttemptState, failure: str, goes_on: bool) -> None:
    ledger = Ledger(1, 0)
    ledger.add("one", {ONE: row(ONE, state, failure)}, counts)
    assert list(ledger.waiting) == [ONE]
    assert ledger.lost == ({ONE: Path(f"/{state}")} if goes_on else {})


def test_what_others_make_is_waited_for() -> None:
    ledger = Ledger(1, 0)
    for issue in ("one", "other"):
        attempt = Attempt(issue, 1)
        ledger.add(issue, {attempt: row(attempt, "running")}, counts)
    assert (len(ledger.waiting), ledger.elsewhere) == (0, {ONE, OTHER})
    ledger.settle({ONE: row(ONE, "resolved"), OTHER: row(OTHER, "lost")}, counts)
    assert (list(ledger.waiting), ledger.elsewhere) == ([OTHER], set())
    ledger.elsewhere.add(ONE)
    ledger.settle({}, counts)
    assert ONE in ledger.waiting


def test_a_run_is_tried_so_often_and_no_more() -> None:
    ledger = Ledger(1, 2)
    assert ledger.again(ONE, "SandboxDied", Path("/a"))
    assert ledger.again(ONE, LOST, None)
    assert ledger.lost == {}
    assert not ledger.again(ONE, LOST, Path("/c"))
    assert ledger.again(OTHER, LOST, Path("/d"))
    assert list(ledger.waiting) == [ONE, ONE, OTHER]
    assert ledger.lost == {OTHER: Path("/d")}


def test_what_is_made_anew_is_made_once() -> None:
    ledger = Ledger(3, 0)
    ledger.waiting.append(ONE)
    assert ledger.anew("one", lambda attempt: attempt == TWO) == 1
    assert list(ledger.waiting) == [ONE, Attempt("one", 3)]


def test_a_breaker_opens_after_failures_of_one_kind_in_a_row() -> None:
    breaker = Breaker(3)
    for kind in ("ServerUnreachable", "ServerFailed", "", "EngineUnavailable", "SandboxDied"):
        breaker.ended(kind, "why")
    assert breaker.down is None
    breaker.ended("ServerFailed", "why")
    breaker.ended("SandboxDied", "why")
    breaker.ended("SandboxDied", "why")
    assert breaker.down is None
    breaker.ended("EngineUnavailable", "no engine answers")
    assert (breaker.down, breaker.message) == ("engine", "no engine answers")
    breaker.close()
    breaker.ended("EngineUnavailable", "again")
    assert breaker.down is None


def test_a_disk_is_there_again_once_it_takes_something(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        asyncio.run(probe("disk", Settings(), tmp_path / "nowhere"))
    asyncio.run(probe("disk", Settings(), tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_floor_is_named(tmp_path: Path) -> None:
    assert lacking(tmp_path, BatchSettings(free_disk=0, free_memory=0)) == ""  # type: ignore[arg-type]
    disk = BatchSettings.model_validate({"free_disk": "900TiB", "free_memory": 0})
    assert "of disk free, batch.free_disk is 921600.0 GiB" in lacking(tmp_path, disk)
    memory = BatchSettings.model_validate({"free_disk": 0, "free_memory": "900TiB"})
    assert "of memory free" in lacking(tmp_path, memory)
    assert "cannot look at" in lacking(tmp_path / "nowhere", disk)


def test_workers_share_the_requests_there_may_be() -> None:
    settings = BatchSettings(concurrency=32, workers=4, requests=10)
    assert settings.worker_count() == 4
    assert settings.shares(4) == [3, 3, 2, 2]
    assert BatchSettings(concurrency=2, workers=4).worker_count() == 2
    assert BatchSettings(concurrency=8, workers=4, requests=3).worker_count() == 3
    assert sum(BatchSettings(concurrency=8).shares(3)) == 8


def test_a_batch_is_called_after_its_list(tmp_path: Path) -> None:
    path = tmp_path / "My issues.v2.jsonl"
    path.touch()
    assert name_for(str(path)) == "batch-My-issues.v2"
    assert name_for("is:open label:bug") == "batch-is-open-label-bug"
    assert "/" not in name_for("../" * 100)
