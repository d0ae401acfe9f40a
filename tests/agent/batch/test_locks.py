"""Locks between processes, and within one."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from agent.batch.locks import Lock, Slots

_HOLDER = """
import sys
from pathlib import Path
from agent.batch.locks import Lock
lock = Lock.take(Path(sys.argv[1]), "another")
print(lock is not None, flush=True)
sys.stdin.read()
"""


def test_a_lock_has_one_holder_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    lock = Lock.take(path, "me")
    assert lock is not None
    assert path.read_text() == "me"
    assert Lock.take(path) is None
    assert path.read_text() == "me"
    lock.release()
    lock.release()
    assert not path.exists()
    again = Lock.take(path)
    assert again is not None
    again.release()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        assert Lock.take(path) is None
        holder.kill()
        holder.wait()
    assert path.read_text() == "another"  # what it left is no lock
    lock = Lock.take(path, "me")
    assert lock is not None
    assert path.read_text() == "me"
    lock.release()


def test_a_lock_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lock.take(tmp_path / "nowhere" / "one.lock")


def test_only_so_many_have_a_place(tmp_path: Path) -> None:
    assert asyncio.run(_most_inside(tmp_path)) == 2
    assert list(tmp_path.iterdir()) == []


async def _most_inside(folder: Path) -> int:
    inside, most = 0, 0

    async def work(slots: Slots) -> None:
        nonlocal inside, most
        async with slots.one():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    here, there = Slots(folder, "build", 2), Slots(folder, "build", 2)
    await asyncio.gather(*(work(slots) for slots in (here, there) for _ in range(4)))
    return most
