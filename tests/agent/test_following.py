"""A growing file is read once, however it is written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events import Said, Started
from agent.following import Follower
from agent.trajectory import Trajectory


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    follower = Follower(path)
    assert follower.more() == []
    with Trajectory(path) as log:
        log.append(Started(run="r", issue="i", policy="p"))
        assert [event.type for event in follower.more()] == ["started"]
        assert follower.more() == []
        log.append(Said(role="user", text="a"))
        log.append(Said(role="user", text="b"))
        assert [event.id for event in follower.more()] == [2, 3]


@given(cuts=st.lists(st.integers(0, 400), max_size=5))
def test_a_line_that_is_not_whole_waits(cuts: list[int], tmp_path_factory: object) -> None:
    folder = tmp_path_factory.mktemp("torn")  # type: ignore[attr-defined]
    with Trajectory(folder / "whole.jsonl") as log:
        for text in ("one", "two", "drei ü", "x" * 100):
            log.append(Said(role="user", text=text))
    whole = (folder / "whole.jsonl").read_bytes()
    follower = Follower(folder / "events.jsonl")
    found: list[int] = []
    for end in (*sorted(cuts), len(whole)):
        (folder / "events.jsonl").write_bytes(whole[:end])
        found += [event.id for event in follower.more()]
    assert found == [1, 2, 3, 4]


def test_lines_that_are_no_events_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with Trajectory(path) as log:
        log.append(Said(role="user", text="a"))
    good = path.read_bytes()
    path.write_bytes(b"not json\n" + good + b'{"id": 2}\n[]\n"x"\n' + good)
    follower = Follower(path)
    assert [event.id for event in follower.more()] == [1, 1]
    assert follower.unreadable == 4


def test_a_line_longer_than_a_chunk_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with Trajectory(path) as log:
        log.append(Said(role="user", text="x" * 9_000_000))
        log.append(Said(role="user", text="y"))
    follower = Follower(path)
    events = [*follower.more(), *follower.more()]
    assert [event.id for event in events] == [1, 2]


def test_what_was_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with Trajectory(path) as log:
        log.append(Said(role="user", text="a"))
    path.write_bytes(b"not json\n" + path.read_bytes())
    follower = Follower(path)
    follower.more()
    with path.open("ab") as file:
        file.write(b'{"id": 2}\n')
    with Trajectory(tmp_path / "more.jsonl") as log:
        log.append(Said(role="user", text="drei ü"))
    with path.open("ab") as file:
        file.write((tmp_path / "more.jsonl").read_bytes())
    assert [event.data.text for event in follower.more()] == ["drei ü"]
    assert follower.read == 2
    assert [follower.again(number).data.text for number in (1, 0)] == ["drei ü", "a"]
    assert follower.again(2) is None
    assert [follower.may_hold(0, text) for text in ("A", "b", "ü")] == [True, False, True]
    path.write_bytes(b"")
    assert follower.again(0) is None
    assert not follower.may_hold(0, "a")


@given(text=st.text(st.characters(max_codepoint=127), min_size=1), before=st.text())
def test_what_an_event_holds_it_may_hold(
    text: str, before: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("held") / "events.jsonl"
    with Trajectory(path) as log:
        log.append(Said(role="user", text=before + text.upper()))
    follower = Follower(path)
    follower.more()
    assert follower.may_hold(0, text)
