"""Who writes a trajectory is found, whatever process it is."""

import os
import subprocess
import sys
from pathlib import Path

from agent.alive import writers
from agent.trajectory import Trajectory

_WRITER = """
import sys
from pathlib import Path
from agent.trajectory import Trajectory
with Trajectory(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_process_that_writes_is_found_until_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        assert writers([path]) == {path: process.pid}
        process.communicate()
    assert writers([path]) == {}


def test_a_reader_is_no_writer(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with Trajectory(path):
        assert writers([path]) == {path: os.getpid()}
    with path.open():
        assert writers([path]) == {}


def test_a_file_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert writers([tmp_path / "events.jsonl"]) == {}
