"""Which run goes on from which, also where files lie or are missing."""

import json
from pathlib import Path

from agent.replay.tree import forks_of, tree
from agent.runfolder import Parent
from tests.agent.replay.recorded import run_folder


def fork(out: Path, name: str, of: str, step: int) -> Path:
    return run_folder(out, name=name, parent=Parent(run=of, step=step))


def shape(out: Path) -> list[tuple[int, str]]:
    return [(depth, node.record.id) for root in tree(out) for depth, node in root.walk()]


def test_forks_stand_below_their_parents_in_the_order_of_their_steps(tmp_path: Path) -> None:
    run_folder(tmp_path, name="a")
    fork(tmp_path, "b", of="a", step=7)
    fork(tmp_path, "c", of="a", step=2)
    fork(tmp_path, "d", of="b", step=9)
    run_folder(tmp_path, name="e")
    assert shape(tmp_path) == [(0, "a"), (1, "c"), (1, "b"), (2, "d"), (0, "e")]
    assert [node.record.id for node in forks_of(tmp_path / "a")] == ["c", "b"]
    assert forks_of(tmp_path / "e") == []


def test_a_fork_whose_parent_is_gone_is_a_root(tmp_path: Path) -> None:
    fork(tmp_path, "b", of="a", step=1)
    assert shape(tmp_path) == [(0, "b")]


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    run_folder(tmp_path, name="a")
    (run_folder(tmp_path, name="b") / "run.json").write_text("{")
    (tmp_path / "c").mkdir()
    assert shape(tmp_path) == [(0, "a")]
    assert tree(tmp_path / "nowhere") == []


def test_runs_that_say_they_go_on_from_each_other_end_all_the_same(tmp_path: Path) -> None:
    fork(tmp_path, "a", of="b", step=1)
    fork(tmp_path, "b", of="c", step=1)
    fork(tmp_path, "c", of="a", step=1)
    fork(tmp_path, "d", of="d", step=1)
    fork(tmp_path, "e", of="a", step=1)
    assert sorted(name for _, name in shape(tmp_path)) == ["a", "b", "c", "d", "e"]


def test_the_record_says_it_in_plain_json(tmp_path: Path) -> None:
    record = json.loads((fork(tmp_path, "b", of="a", step=3) / "run.json").read_text())
    assert record["parent"] == {"run": "a", "step": 3, "resumed": False}
