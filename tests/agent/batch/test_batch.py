"""Whole batches on a real engine: every issue ends once, and the folder says everything."""

import json
import shutil
import signal

import pytest

from tests.agent.batch.batches import Batches
from tests.agent.scriptedmodel import finish, until

pytestmark = pytest.mark.engine


def test_a_batch_ends_every_issue_and_writes_their_patches(batches: Batches) -> None:
    batches.write(3, '{"id": "half', json.dumps(batches.row("clamp-0")), '{"id": "x"}')
    ended = batches("-j", 2, "--workers", 2)
    assert ended.status == 0, ended
    assert "3 resolved of 3" in ended.out
    for why in ("line 4: not JSON", "'clamp-0' stands in line 1 already", "line 6"):
        assert f"skipped: {why}" in ended.err or why in ended.err
    status = batches.status()
    assert (status.stage, status.issues, status.skipped, status.done) == ("ended", 3, 3, 3)
    assert batches.counts() == {"resolved": 3}
    assert status.resolved.value == 1
    rows = [json.loads(line) for line in batches.folder.predictions.read_text().splitlines()]
    assert [row["instance_id"] for row in rows] == ["clamp-0", "clamp-1", "clamp-2"]
    assert {row["model_name_or_path"] for row in rows} == {"foretrace-scripted"}
    assert all("+    if value > high:" in row["model_patch"] for row in rows)
    assert set(rows[0]) == {"instance_id", "model_name_or_path", "model_patch"}
    assert json.loads(batches.folder.summary.read_text())["counts"]["resolved"] == 3
    assert len(batches.folder.skipped.read_text().splitlines()) == 3
    assert list(batches.folder.locks.iterdir()) == []


def test_attempts_have_numbers_and_seeds_of_their_own(batches: Batches) -> None:
    batches.write(1, judged=False)
    ended = batches("-j", 2, "--attempts", 2, "--seed", 7, "--json")
    assert ended.status == 0, ended
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert lines[0]["event"]["what"] == "began"
    assert lines[-1]["status"]["counts"]["submitted"] == 2
    records = [json.loads(p.read_text()) for p in batches.folder.runs.glob("*/run.json")]
    assert sorted((each["attempt"], each["seed"]) for each in records) == [(1, 7), (2, 8)]
    assert len(batches.folder.predictions.read_text().splitlines()) == 1


def test_what_cannot_be_had_is_told_and_made_again_when_resumed(
    batches: Batches,
) -> None:
    where = batches.project.path.with_name("moved")
    lines = [batches.row("gone", repo=str(where)), batches.row("no-test", tests=["tests/x.py::t"])]
    batches.write(1, *map(json.dumps, lines))
    ended = batches("-j", 3)
    assert ended.status == 3, ended
    assert batches.counts() == {"resolved": 1, "failed": 2}
    failures = batches.status().failures
    assert set(failures) == {"CheckoutFailed", "WrongUse"}
    assert "gone: failed" in ended.err
    shutil.copytree(batches.project.path, where)
    before = {result["id"] for result in batches.results() if result["status"] == "resolved"}
    ended = finish(batches.start("-j", 2, "--resume"))
    assert ended.status == 3, ended
    assert batches.counts() == {"resolved": 2, "failed": 1}
    assert len(batches.results()) == 5  # the one resolved before was left alone
    assert before <= {result["id"] for result in batches.results()}


def test_a_batch_is_begun_once(batches: Batches) -> None:
    batches.write(1, judged=False)
    assert batches().status == 0
    again = batches()
    assert again.status == 2
    assert "--resume goes on with it" in again.err
    resumed = batches("--resume")
    assert (resumed.status, len(batches.results())) == (0, 1)
    assert batches("--name", "other").status == 0
    assert (batches.foretrace.runs / "other" / "batch.json").exists()


def test_what_cannot_begin_is_told_in_a_line(batches: Batches) -> None:
    unwritable = batches("--out", "/proc/nowhere")
    assert unwritable.status == 2
    assert "cannot write a batch to /proc/nowhere/batch-many" in unwritable.err
    batches.list.write_text('{"id": "half\n')
    strict = batches("--on-bad", "stop")
    assert strict.status == 2
    assert "line 1: not JSON" in strict.err
    assert not batches.folder.path.exists()
    nobody = batches("--resume")
    assert nobody.status == 2
    assert "there is no batch in runs/batch-many" in nobody.err
    asked = batches("--confirm", "all")
    assert asked.status == 2
    assert "nobody can be asked in a batch" in asked.err


def test_nothing_starts_where_there_is_no_room(batches: Batches) -> None:
    batches.foretrace.environment["FORETRACE_BATCH__FREE_DISK"] = "900TiB"
    child = batches.start()
    until(lambda: batches.folder.log.exists() and batches.status().stage == "waiting", child)
    assert "of disk free" in batches.status().note
    child.send_signal(signal.SIGINT)
    ended = finish(child)
    assert ended.status == 130, ended
    assert batches.counts() == {"waiting": 2}
    assert not list(batches.folder.runs.iterdir())
