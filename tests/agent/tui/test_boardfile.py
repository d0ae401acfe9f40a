"""The board's file: changes of several processes add up, and none leaves half of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import ConfigProblem
from agent.issue import Issue
from agent.tui.boardfile import BoardFile, Started
from tests.agent.tui.samples import issue

_ADDS = """
import sys
from pathlib import Path
from agent.issue import Issue
from agent.tui.boardfile import BoardFile
for number in range(20):
    issue = Issue(id=f"{sys.argv[2]}-{number}", text="t", repo="pypi:a==1")
    BoardFile(Path(sys.argv[1])).add([issue])
"""


def test_issues_are_added_once(tmp_path: Path) -> None:
    board = BoardFile(tmp_path)
    assert board.read().issues == ()
    assert board.add([issue(1), issue(2)]) == 2
    assert board.add([issue(2), issue(3)]) == 1
    assert [each.id for each in board.read().issues] == ["prices-1", "prices-2", "prices-3"]


def test_an_issue_that_is_added_again_is_read_anew(tmp_path: Path) -> None:
    board = BoardFile(tmp_path)
    board.add([issue(1, "old")])
    board.add([issue(1, "new")])
    assert [each.title for each in board.read().issues] == ["new"]


def test_issues_and_processes_can_be_taken_off(tmp_path: Path) -> None:
    board = BoardFile(tmp_path)
    board.add([issue(1), issue(2)])
    started = Started(token="t", issue="prices-1", repo="r", time=1.0, pid=1, log=tmp_path / "l")
    board.note(started)
    board.remove({(issue(1).id, issue(1).repo)}, set())
    assert [each.id for each in board.read().issues] == ["prices-2"]
    assert board.read().started == (started,)
    board.remove(set(), {"t"})
    assert board.read().started == ()


def test_a_name_that_a_command_line_cannot_hold_is_made_one(tmp_path: Path) -> None:
    board = BoardFile(tmp_path)
    board.add([Issue(id="a#b c/d", text="t", repo="pypi:a==1")])
    assert [each.id for each in board.read().issues] == ["a-b-c-d"]


def test_a_folder_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path)
    BoardFile(tmp_path).add([Issue(id="a", text="t", repo="shop")])
    assert [each.repo for each in BoardFile(tmp_path).read().issues] == [str(tmp_path / "shop")]


def test_a_file_that_stays_is_parsed_once_and_a_changed_one_again(tmp_path: Path) -> None:
    board = BoardFile(tmp_path)
    board.add([issue(1, "old")])
    before = board.read()
    assert board.read() is before
    BoardFile(tmp_path).add([issue(1, "new")])
    assert [each.title for each in board.read().issues] == ["new"]
    os.utime(board.path, ns=(1, 1))
    after = board.read()
    assert after == board.read() != before
    board.path.unlink()
    assert board.read().issues == ()


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ADDS, str(tmp_path)]
    both = [subprocess.Popen([*command, name]) for name in ("one", "two")]
    assert [each.wait() for each in both] == [0, 0]
    assert len(BoardFile(tmp_path).read().issues) == 40


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"issues": 3}', b"\xff\xfe"])
def test_a_file_of_somebody_else_is_told_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "board.json").write_bytes(content)
    with pytest.raises(ConfigProblem, match="is not a board"):
        BoardFile(tmp_path).add([issue()])
    assert (tmp_path / "board.json").read_bytes() == content
