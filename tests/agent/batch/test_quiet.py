"""How long a run at work has said nothing, from its folder alone."""

from pathlib import Path

import pytest

from agent.batch.quiet import STUCK_SECONDS, quiet_seconds
from agent.batch.store import BatchStore
from tests.agent.tui.batched import Batch, issues


def test_only_runs_at_work_are_quiet(tmp_path: Path) -> None:
    batch = Batch(tmp_path / "a", issues(4))
    batch.run(0, "resolved")
    lost = batch.run(1, "lost")
    stuck = batch.run(2, "lost", ago=1000, took=100)
    busy = batch.run(3, "lost", ago=1000, took=999)
    with batch.at_work(stuck, busy):
        quiet = quiet_seconds(BatchStore(batch.folder).look().rows)
    assert quiet.keys() == {stuck, busy}
    assert lost not in quiet
    assert quiet[stuck] == pytest.approx(900, abs=60)
    assert quiet[stuck] >= STUCK_SECONDS > quiet[busy]


def test_what_is_gone_or_of_tomorrow_is_not_stuck(tmp_path: Path) -> None:
    batch = Batch(tmp_path / "a", issues(2))
    gone = batch.run(0, "lost")
    ahead = batch.run(1, "lost", ago=0, took=500)
    with batch.at_work(gone, ahead):
        rows = BatchStore(batch.folder).look().rows
        (gone / "events.jsonl").unlink()
        assert quiet_seconds(rows) == {ahead: 0.0}
    assert quiet_seconds([]) == {}
