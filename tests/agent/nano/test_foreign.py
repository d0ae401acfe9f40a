"""Programs that others wrote, recorded in a real sandbox."""

import json
from pathlib import Path

import pytest

from agent.errors import WrongUse
from agent.nano.dataset import read
from agent.nano.foreign import read_rows
from model.trace.reading import read_frames
from tests.agent.conftest import CommandLine

ROWS = [
    {"id": "a", "code": "def f(a):\n    return [x for x in a if x]", "input": "[0, 1]"},
    {"id": "b", "code": "def f(a):\n    raise KeyError(a)\n", "input": "'k'", "output": "?"},
    {"id": "c", "code": "def f(a):\n    while True:\n        a = a\n", "input": "1"},
    {"id": "d", "code": "def f(:", "input": "1"},
    {"id": "e", "code": "def f(a):\n    return a\n", "input": "1) + (2"},
]


def rows_file(folder: Path, *lines: str) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.engine
def test_programs_become_records(foretrace: CommandLine, tmp_path: Path) -> None:
    path = rows_file(tmp_path, *map(json.dumps, ROWS))
    ended = foretrace("nano", "record", path, "--out", tmp_path / "data")
    assert ended.status == 0, ended.err
    records = {record.id: record for record in read(tmp_path / "data" / "test.jsonl.gz")}
    assert {"a", "b", "c"} <= records.keys() <= {"a", "b", "c", "e"}
    a, b, c = (records[id_] for id_ in "abc")
    assert (a.ended, b.ended, c.ended) == (True, True, False)
    assert "list comprehension" in a.constructs
    for record in (a, b, c):
        parsed = read_frames(record.begun + record.trace)
        assert not parsed.problems
        assert len(parsed.frames) == record.frames + 1
        assert parsed.frames[0].source == "def main():\n"
    assert "KeyError" in b.trace
    assert c.frames <= 400


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("{}",), "line 1, is no such row"),
        ((json.dumps(ROWS[0]), "", "no json"), "line 3, is no such row"),
    ],
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        read_rows(rows_file(tmp_path, *lines))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"cannot read .*nowhere\.jsonl: No such file"):
        read_rows(tmp_path / "nowhere.jsonl")
