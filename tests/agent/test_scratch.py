"""Scratch folders go with the process that made them."""

import subprocess
import sys
from pathlib import Path

from agent.scratch import scratch_folder, sweep_scratch


def test_a_scratch_folder_is_gone_afterwards(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        (folder / "file").write_text("x")
        assert sweep_scratch(tmp_path) == []
        assert folder.is_dir()
    assert not folder.exists()


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from agent.scratch import scratch_folder\n"
        "with scratch_folder(Path(sys.argv[1])) as folder: os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=False)
    (left,) = (tmp_path / "scratch").iterdir()
    assert sweep_scratch(tmp_path) == [left]
    assert not left.exists()


def test_everything_goes_when_asked_for(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        assert sweep_scratch(tmp_path, everything=True) == [folder]
        assert not folder.exists()


def test_without_a_cache_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep_scratch(tmp_path / "none") == []
