"""Data sets that are read record by record, whatever stands in them."""

import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.questions.input import Input
from model.questions.output import Output, OutputTask
from model.questions.question import BadRow
from model.questions.rows import DataProblem, read_tasks

GOOD = {"code": "def f(a):\n    return a\n", "input": "1", "output": "1", "id": "sample_0"}
CRUXEVAL = os.environ.get("FORETRACE_CRUXEVAL", "")


def written(path: Path, *lines: object) -> Path:
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(texts) + "\n")
    return path


def test_bad_records_are_told_and_left_out(tmp_path: Path) -> None:
    data = written(
        tmp_path / "data.jsonl",
        GOOD,
        "{",
        "",
        "[1]",
        {**GOOD, "code": 1},
        {"code": "", "input": ""},
        {**GOOD, "input": "1) + ("},
        {**GOOD, "output": "1 1"},
        GOOD,
        {**GOOD, "id": 7, "other": "fields do not matter"},
    )
    tasks, skipped = read_tasks(data, Output())
    assert [task.id for task in tasks] == ["sample_0", "7"]
    assert [(each.place, each.why) for each in skipped] == [
        ("line 2", "it is not JSON"),
        ("line 4", "it is not a JSON object"),
        ("line 5", "code: input should be a valid string"),
        ("line 6", "output: field required"),
        ("line 7", "input: it is no list of arguments"),
        ("line 8", "output: it is no value"),
        ("line 9", "the id 'sample_0' was there before"),
    ]


def test_records_without_an_id_are_numbered(tmp_path: Path) -> None:
    row = {name: GOOD[name] for name in ("code", "input", "output")}
    tasks, _ = read_tasks(written(tmp_path / "a.jsonl", "", row, row), Output())
    assert [task.id for task in tasks] == ["2", "3"]


def test_arrays_and_packed_files(tmp_path: Path) -> None:
    array = tmp_path / "a.json"
    array.write_text("\n " + json.dumps([GOOD, 1, {**GOOD, "id": "b"}], indent=1))
    tasks, skipped = read_tasks(array, Input())
    assert [task.id for task in tasks] == ["sample_0", "b"]
    assert [each.place for each in skipped] == ["record 2"]
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    assert read_tasks(packed, Output()) == ([Output().read(GOOD)], [])


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[1, 2", b"[" * 100_000])
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataProblem):
        read_tasks(path, Output())
    path.with_suffix(".gz").write_bytes(b"no gzip")
    for missing in (path.with_suffix(".gz"), tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(DataProblem, match="cannot read"):
            read_tasks(missing, Output())


@given(st.dictionaries(st.sampled_from([*GOOD, "x"]), st.none() | st.text() | st.integers()))
def test_any_record_is_a_task_or_a_bad_one(row: dict[str, object]) -> None:
    for question in (Output(), Input()):
        try:
            task = question.read(row)
        except BadRow:
            continue
        else:
            assert isinstance(task.id, str)


@pytest.mark.skipif(not CRUXEVAL, reason="FORETRACE_CRUXEVAL names no file")
def test_the_whole_of_cruxeval_is_read() -> None:
    path = Path(CRUXEVAL)
    records = sum(bool(line.strip()) for line in path.read_text().splitlines())
    for question in (Output(), Input()):
        tasks, skipped = read_tasks(path, question)
        assert (len(tasks), skipped) == (records, [])
    tasks, _ = read_tasks(path, Output())
    assert all(isinstance(task, OutputTask) and task.call.startswith("f(") for task in tasks)
