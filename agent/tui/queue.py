"""The queue of the runs that the board starts: only so many are at work at once.

A process takes a ticket, a numbered file that it holds locked until it ends, however it ends:
nobody has to watch over the queue, and nobody can leave it blocked. Its turn has come once fewer
than so many of the tickets before its own are held. What waits is a whole process, maybe one of a
hundred; nothing that is slow or large is imported here.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

_LOOK_SECONDS = 0.5
"""How often a process that waits looks whether its turn has come."""
_NUMBER = "at_once"
"""The file that says how many may be at work."""
_WAITING, _AT_WORK = "waiting", "at work"


def queue_of(out: Path) -> Path:
    """The queue of a folder of runs; it need not exist."""
    return out / "started" / "queue"


def at_once(queue: Path, otherwise: int) -> int:
    """How many may be at work; as the settings have it where nobody has said so for this folder."""
    try:
        return max(int((queue / _NUMBER).read_text(encoding="ascii")), 1)
    except (OSError, ValueError):
        return otherwise


def set_at_once(queue: Path, number: int) -> None:
    """Say how many may be at work; those that wait take heed, those at work stay.

    Raises:
        OSError: it cannot be written.
    """
    queue.mkdir(parents=True, exist_ok=True)
    scratch = queue / f"{_NUMBER}.{os.getpid()}"
    scratch.write_text(f"{number}\n", encoding="ascii")
    scratch.replace(queue / _NUMBER)


@contextlib.contextmanager
def turn(queue: Path, otherwise: int) -> Iterator[None]:
    """Wait for this process's turn, first come, first served, and keep it.

    Args:
        queue: to wait in.
        otherwise: how many may be at work where nobody has said so.

    Raises:
        OSError: the queue's folder cannot be written.
    """
    ticket, file = _take(queue)
    try:
        while _held_before(queue, ticket, most := at_once(queue, otherwise)) >= most:
            time.sleep(_LOOK_SECONDS)
        _say(file, _AT_WORK)
        yield
    finally:
        # First the name, then the lock: a name without a lock is anybody's to take away.
        with contextlib.suppress(OSError):
            ticket.unlink()
        os.close(file)


def waiting(queue: Path) -> dict[int, int]:
    """Who waits: the place in the queue, from 1, by process id."""
    places: dict[int, int] = {}
    for ticket in _tickets(queue):
        try:
            pid, _, state = ticket.read_text(encoding="ascii").strip().partition(" ")
        except (OSError, ValueError):
            continue
        if state == _WAITING and pid.isdecimal() and _held(ticket):
            places[int(pid)] = len(places) + 1
    return places


def _take(queue: Path) -> tuple[Path, int]:
    """The next ticket, and its file, locked; what the dead have left is cleared away."""
    queue.mkdir(parents=True, exist_ok=True)
    with (queue / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        there = _tickets(queue)
        ticket = queue / f"{int(there[-1].stem) + 1 if there else 1:08}.ticket"
        for each in there:
            if not _held(each):
                each.unlink(missing_ok=True)
        file = os.open(ticket, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        fcntl.flock(file, fcntl.LOCK_EX)
        _say(file, _WAITING)
    return ticket, file


def _say(file: int, state: str) -> None:
    os.pwrite(file, f"{os.getpid()} {state}\n".encode("ascii"), 0)


def _tickets(queue: Path) -> list[Path]:
    """The tickets that were taken, first come first."""
    found = (path for path in queue.glob("*.ticket") if path.stem.isdecimal())
    return sorted(found, key=lambda path: int(path.stem))


def _held_before(queue: Path, mine: Path, most: int) -> int:
    """How many tickets before mine are held; no more are counted than matter."""
    held = 0
    for ticket in _tickets(queue):
        if ticket == mine or held >= most:
            break
        held += _held(ticket)
    return held


def _held(ticket: Path) -> bool:
    """Whether its process lives: only then the lock is not to be had."""
    try:
        with ticket.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
