"""Which batches there are in a folder."""

from pathlib import Path

from agent.batch.finding import batches_in
from tests.agent.tui.batched import Batch, issues


def test_batches_are_found_the_newest_first(tmp_path: Path) -> None:
    for name, ago in (("old", 300.0), ("new", 30.0), ("middle", 100.0)):
        Batch(tmp_path / name, issues(1), ago=ago)
    (tmp_path / "20260101-run").mkdir()
    (tmp_path / "batch.json").mkdir()
    assert [each.path.name for each in batches_in(tmp_path)] == ["new", "middle", "old"]


def test_a_batch_itself_is_the_one_there_is(tmp_path: Path) -> None:
    batch = Batch(tmp_path / "a", issues(1))
    assert [each.path for each in batches_in(batch.folder.path)] == [batch.folder.path]


def test_where_nothing_is_nothing_is_found(tmp_path: Path) -> None:
    assert batches_in(tmp_path) == []
    assert batches_in(tmp_path / "nowhere") == []
