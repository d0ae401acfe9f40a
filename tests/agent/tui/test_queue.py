"""The queue of processes: first come, first served, whatever becomes of those before."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.tui.queue import at_once, queue_of, set_at_once, turn, waiting
from tests.agent.conftest import CommandLine

_WAITER = """
import sys
from pathlib import Path
from agent.tui.queue import turn
with turn(Path(sys.argv[1]), int(sys.argv[2])):
    print("my turn", flush=True)
    sys.stdin.read()
"""
Waiter = subprocess.Popen[bytes]


class Line:
    """Processes that wait, in the order in which they came."""

    def __init__(self, queue: Path) -> None:
        self.queue = queue
        self.there: list[Waiter] = []

    def join(self, most: int) -> Waiter:
        """One more, which has its ticket when this returns."""
        one = subprocess.Popen(
            [sys.executable, "-c", _WAITER, str(self.queue), str(most)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.there.append(one)
        until(lambda: str(one.pid) in "".join(map(read, self.queue.glob("*.ticket"))))
        return one

    def at_work(self) -> list[Waiter]:
        said = {read(ticket).split()[0] for ticket in self.queue.glob("*.ticket") if at(ticket)}
        return [one for one in self.there if one.poll() is None and str(one.pid) in said]


def read(ticket: Path) -> str:
    try:
        return ticket.read_text() or "0 new"
    except OSError:
        return "0 gone"


def at(ticket: Path) -> bool:
    return read(ticket).strip().endswith("at work")


def until(holds: object) -> None:
    deadline = time.monotonic() + 60
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)


def end(one: Waiter) -> None:
    one.communicate()
    assert one.returncode == 0


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    made = Line(queue_of(tmp_path))
    yield made
    for one in made.there:
        one.kill()
        one.communicate()


def test_whoever_came_first_is_first_and_no_more_are_at_work_than_may(line: Line) -> None:
    first, second, third, fourth = (line.join(2) for _ in range(4))
    until(lambda: line.at_work() == [first, second])
    assert waiting(line.queue) == {third.pid: 1, fourth.pid: 2}
    end(second)
    until(lambda: line.at_work() == [first, third])
    assert waiting(line.queue) == {fourth.pid: 1}
    end(first)
    until(lambda: line.at_work() == [third, fourth])
    end(third)
    end(fourth)
    assert list(line.queue.glob("*.ticket")) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_who_is_killed_blocks_nobody(line: Line, number: signal.Signals) -> None:
    first, second, third = (line.join(1) for _ in range(3))
    until(lambda: line.at_work() == [first])
    second.send_signal(number)
    second.communicate()
    assert waiting(line.queue) == {third.pid: 1}
    first.send_signal(number)
    first.communicate()
    until(lambda: line.at_work() == [third])
    fourth = line.join(1)
    assert len(list(line.queue.glob("*.ticket"))) == 2  # what the dead had left is cleared away
    end(third)
    until(lambda: line.at_work() == [fourth])


def test_those_that_wait_take_heed_of_another_number(line: Line) -> None:
    first, second, third = (line.join(1) for _ in range(3))
    until(lambda: line.at_work() == [first])
    set_at_once(line.queue, 2)
    until(lambda: line.at_work() == [first, second])
    set_at_once(line.queue, 1)
    end(first)
    time.sleep(1.2)  # more than they take to look
    assert line.at_work() == [second]
    assert waiting(line.queue) == {third.pid: 1}


@pytest.mark.parametrize("text", ["", "many", "-3", "0", "\udcff"])
def test_a_number_that_is_none_stops_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "at_once").write_text(text, errors="surrogateescape")
    assert at_once(tmp_path, 7) in (1, 7)
    assert at_once(tmp_path / "nowhere", 7) == 7


def test_strange_files_are_passed_over(tmp_path: Path) -> None:
    for name in ("a.ticket", "2.ticket", "notes"):
        (tmp_path / name).write_bytes(b"\xff nonsense")
    with turn(tmp_path, 1):
        assert waiting(tmp_path) == {}
        (mine,) = tmp_path.glob("0*.ticket")
        assert mine.read_text() == f"{os.getpid()} at work\n"


def test_a_command_that_waits_has_loaded_next_to_nothing(
    foretrace: CommandLine, tmp_path: Path
) -> None:
    queue = tmp_path / "queue"
    with turn(queue, 1):
        child = foretrace.start("--queue", 1, queue, "run", "nowhere.txt")
        until(lambda: child.pid in waiting(queue))
        loaded = Path(f"/proc/{child.pid}/maps").read_text()
        assert "pydantic" not in loaded
        assert not foretrace.runs.exists()
        assert child.poll() is None
    _, err = child.communicate(timeout=60)
    assert child.returncode == 2
    assert "nowhere.txt" in err
    assert list(queue.glob("*.ticket")) == []


def test_a_command_that_waits_is_stopped_like_any_other(
    foretrace: CommandLine, tmp_path: Path
) -> None:
    queue = tmp_path / "queue"
    with turn(queue, 1):
        child = foretrace.start("--queue", 1, queue, "run", "nowhere.txt")
        until(lambda: child.pid in waiting(queue))
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert err.splitlines()[-1] == "stopped"


def test_a_queue_that_cannot_be_is_a_line(foretrace: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = foretrace("--queue", 1, tmp_path / "file" / "queue", "run", "nowhere.txt")
    assert ended.status == 1
    assert "cannot wait in" in ended.err
    assert "Traceback" not in ended.err
