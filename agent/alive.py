"""Which runs a process is at work on: whoever has a trajectory open for writing is."""

import os
from collections.abc import Iterable
from pathlib import Path


def writers(paths: Iterable[Path]) -> dict[Path, int]:
    """The process that writes each of the files, where there is one.

    Processes of other users cannot be looked into; their files are left out.

    Args:
        paths: as they are known to the caller.

    Returns:
        Process ids by path.
    """
    wanted = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        wanted[status.st_dev, status.st_ino] = path
    found: dict[Path, int] = {}
    if not wanted:
        return found
    for process in os.scandir("/proc"):
        if process.name.isdecimal():
            for key in _open_for_writing(process.path):
                if key in wanted:
                    found[wanted[key]] = int(process.name)
    return found


def _open_for_writing(process: str) -> list[tuple[int, int]]:
    """Device and inode of the event logs that a process writes."""
    found = []
    try:
        for entry in Path(process, "fd").iterdir():
            if str(entry.readlink()).endswith("/events.jsonl") and entry.lstat().st_mode & 0o200:
                status = entry.stat()
                found.append((status.st_dev, status.st_ino))
    except OSError:
        pass  # it ended, or is somebody else's
    return found
