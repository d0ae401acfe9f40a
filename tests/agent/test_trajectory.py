"""The event log: what is written is read back, and a killed process costs at most one line."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import TrajectoryCorrupt
from agent.events import Acted, Answered, Ended, Said, Started
from agent.trajectory import Trajectory, is_written, read_events


def fill(path: Path, steps: int = 3) -> None:
    with Trajectory(path) as log:
        log.append(Started(run="r", issue="i", policy="scripted"))
        for step in range(1, steps + 1):
            log.append(Acted(step=step, tool="bash", argument=f"echo {step}\n", thought="why not"))
            log.append(Answered(step=step, tool="bash", ok=True, output=f"{step}\n"))


def test_events_are_chained_and_typed(tmp_path: Path) -> None:
    fill(tmp_path / "events.jsonl", steps=2)
    events = list(read_events(tmp_path / "events.jsonl"))
    assert [event.id for event in events] == [1, 2, 3, 4, 5]
    assert [event.parent for event in events] == [None, 1, 2, 3, 4]
    assert [event.type for event in events] == ["started", "action", "result", "action", "result"]
    assert isinstance(events[1].data, Acted)
    assert events[1].data.argument == "echo 1\n"


def test_a_line_is_readable_without_us(tmp_path: Path) -> None:
    fill(tmp_path / "events.jsonl", steps=1)
    rows = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert set(rows[1]) == {"id", "parent", "time", "type", "data"}
    assert rows[1]["type"] == "action"
    assert rows[1]["data"]["tool"] == "bash"
    assert "type" not in rows[1]["data"]


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=8))
def test_any_text_comes_back(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "events.jsonl"
    with Trajectory(path) as log:
        for text in texts:
            log.append(Said(role="user", text=text))
    assert [event.data.text for event in read_events(path)] == texts  # type: ignore[union-attr]
    assert len(path.read_bytes().splitlines()) == len(texts)


def test_a_torn_last_line_is_left_out_and_cut_off_when_resumed(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    fill(path)
    whole = path.read_bytes()
    for cut in (1, 2, 20, 60):
        path.write_bytes(whole[:-cut])
        assert len(list(read_events(path))) == 6
        with Trajectory(path) as log:
            assert len(log.events) == 6
            log.append(Ended(status="failed", reason="cut"))
        events = list(read_events(path))
        assert events[-1].id == 7
        assert events[-1].type == "ended"


@pytest.mark.parametrize("junk", [b"not json\n", b"[]\n", b'{"id": 1}\n', b'{"type": "what"}\n'])
def test_a_strange_line_in_the_middle_is_named(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "events.jsonl"
    fill(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], junk, *lines[2:]]))
    with pytest.raises(TrajectoryCorrupt, match="line 3"):
        list(read_events(path))


def test_fields_of_a_newer_version_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    row = {"id": 1, "parent": None, "time": 0.5, "type": "message"}
    row["data"] = {"role": "user", "text": "hello", "mood": "good"}
    path.write_text(json.dumps(row) + "\n")
    (event,) = read_events(path)
    assert event.data.model_dump()["mood"] == "good"


def test_a_killed_writer_loses_nothing_it_had_appended(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    program = (
        "import sys; from pathlib import Path\n"
        "from agent.events import Said\nfrom agent.trajectory import Trajectory\n"
        "log = Trajectory(Path(sys.argv[1]))\n"
        "for n in range(1_000_000):\n"
        "    log.append(Said(role='user', text=str(n)))\n"
        "    print(n, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= 200:
            break
    os.kill(child.pid, signal.SIGKILL)
    printed = [int(line) for line in child.stdout if line.endswith(b"\n")]
    child.stdout.close()
    child.wait()
    texts = [event.data.text for event in read_events(path)]  # type: ignore[union-attr]
    assert len(texts) >= max([200, *printed]) + 1
    assert texts == [str(n) for n in range(len(texts))]


def test_bytes_written_grow_with_the_steps_alone(tmp_path: Path) -> None:
    fill(tmp_path / "short.jsonl", steps=100)
    fill(tmp_path / "long.jsonl", steps=1000)
    short, long = (tmp_path / name for name in ("short.jsonl", "long.jsonl"))
    assert long.stat().st_size < 11 * short.stat().st_size


def test_whether_it_is_written_can_be_told_by_anybody(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert not is_written(path)
    with Trajectory(path), Trajectory(path):  # a second writer is not kept off
        assert is_written(path)
    assert not is_written(path)
