"""Files of predictions: every form that SWE-bench's tools write, and what is none."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import WrongUse
from agent.grading.predictions import UNNAMED, Prediction, read_predictions
from agent.sources.source import Skipped

ROW = {"instance_id": "a-1", "model_name_or_path": "m", "model_patch": "diff"}
OTHER = {"instance_id": "b-2", "model_name_or_path": "m", "model_patch": None}
BOTH = [Prediction("a-1", "m", "diff"), Prediction("b-2", "m", None)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.jsonl", f"\ufeff{json.dumps(ROW)}\n\n{json.dumps(OTHER)}"),
        ("p.json", json.dumps([ROW, OTHER], indent=1)),
        ("p.json", json.dumps({"a-1": ROW, "b-2": OTHER})),
        ("preds", f"\ufeff{json.dumps([ROW, OTHER])}"),
    ],
)
def test_every_form_gives_the_same(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert list(read_predictions(tmp_path / name)) == BOTH


def test_a_key_names_the_issue_of_a_prediction_that_does_not(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"a-1": {"model_patch": "diff"}}))
    (found,) = read_predictions(path)
    assert found == Prediction("a-1", UNNAMED, "diff")
    path.write_text(json.dumps(ROW))
    assert list(read_predictions(path)) == BOTH[:1]


def test_a_blank_patch_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps([{**ROW, "model_patch": " \n"}, OTHER, {**ROW, "instance_id": "c"}]))
    assert [each.empty for each in read_predictions(path)] == [True, True, False]  # type: ignore[union-attr]


def test_half_characters_become_whole_ones(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"instance_id": "a\\ud800", "model_patch": "b\\ud800"}')
    (found,) = read_predictions(path)
    assert found == Prediction("a?", UNNAMED, "b?")


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["instance_id", "model_patch", "model_name_or_path", "x"]), inner
        )
    ),
    max_leaves=8,
)


@given(rows=st.lists(_ANYTHING | st.binary(), min_size=1, max_size=6))
def test_whatever_a_file_holds_is_a_prediction_or_told_with_its_place(
    tmp_path_factory: pytest.TempPathFactory, rows: list[object]
) -> None:
    path = tmp_path_factory.mktemp("predictions") / "p.jsonl"
    lines = [
        b"".join(row.splitlines()) if isinstance(row, bytes) else json.dumps(row).encode()
        for row in rows
    ]
    path.write_bytes(b"\n".join([*lines, b"null"]) + b"\n")
    found = list(read_predictions(path))
    assert isinstance(found[-1], Skipped)
    named = [each.issue for each in found if isinstance(each, Prediction)]
    assert len(set(named)) == len(named)
    assert all(each.where and each.why for each in found if isinstance(each, Skipped))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.jsonl", "", "holds no prediction"),
        ("p.json", "[]", "holds no prediction"),
        ("p.json", "7", "neither a list nor an object"),
        ("p.json", '{"a": 1}\n{"b": 2}', "line 2"),
        ("p.json", "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_without_any_is_refused(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(WrongUse, match=words):
        list(read_predictions(tmp_path / name))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="directory"):
        list(read_predictions(tmp_path))
