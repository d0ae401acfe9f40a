"""Small projects with a bug in them, and the command line run as its user would."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

CODE = '''\
"""Prices."""


def clamp(value, low, high):
    """The value, not below low and not above high."""
    if value < low:
        return low
    if value < high:
        return high
    return value


def total(prices):
    return sum(prices)
'''

TESTS = """\
from prices import clamp, total


def test_below():
    assert clamp(-1, 0, 9) == 0


def test_above():
    assert clamp(11, 0, 9) == 9


def test_within():
    assert clamp(5, 0, 9) == 5


def test_total():
    assert total([1, 2]) == 3
"""

FAILING = ("tests/test_prices.py::test_above", "tests/test_prices.py::test_within")


def edit(search: str, replace: str) -> str:
    """The argument of the edit tool for a change of ``prices.py``."""
    return f"prices.py\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE"


REPAIR = edit("    if value < high:", "    if value > high:")


@dataclass(frozen=True)
class Project:
    """A git repository on this machine."""

    path: Path

    def write(self, **files: str) -> None:
        for name, content in files.items():
            self.put(name, content)

    def put(self, name: str, content: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid")
        command = ["git", *who, *arguments]
        return subprocess.run(
            command, cwd=self.path, check=True, capture_output=True, text=True
        ).stdout

    def commit(self, message: str = "A change") -> str:
        self.git("add", "-A")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD").strip()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A module with one wrong comparison, and tests that show it."""
    made = Project(tmp_path / "prices")
    made.path.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    made.put("prices.py", CODE)
    made.put("tests/test_prices.py", TESTS)
    made.commit("Prices")
    return made


@dataclass(frozen=True)
class Ended:
    """A call of ``foretrace`` that has ended."""

    status: int
    out: str
    err: str


class CommandLine:
    """Calls ``foretrace`` as a user does: another process, a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "runs"
        self.environment = dict(os.environ)

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "agent.cli", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: object) -> Ended:
        child = self.start(*arguments)
        try:
            out, err = child.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
        return Ended(child.returncode, out, err)

    def run_folder(self) -> Path:
        (folder,) = (path for path in self.runs.iterdir() if path.is_dir())
        return folder

    def result(self) -> dict[str, object]:
        read: dict[str, object] = json.loads((self.run_folder() / "result.json").read_text())
        return read


@pytest.fixture
def foretrace(tmp_path: Path) -> CommandLine:
    folder = tmp_path / "here"
    folder.mkdir()
    return CommandLine(folder)


@pytest.fixture
def issue_file(tmp_path: Path) -> Path:
    path = tmp_path / "clamp.txt"
    path.write_text("clamp(11, 0, 9) gives 11, it should give 9. And clamp(5, 0, 9) gives 9.\n")
    return path


@pytest.fixture
def write_script(tmp_path: Path) -> Callable[..., Path]:
    """Writes a script for the scripted policy: pairs of a tool and its argument."""

    def write(*actions: tuple[str, str]) -> Path:
        path = tmp_path / "script.jsonl"
        rows = [json.dumps({"tool": tool, "argument": argument}) for tool, argument in actions]
        path.write_text("\n".join(rows) + "\n")
        return path

    return write
