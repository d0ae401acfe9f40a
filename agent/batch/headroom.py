"""Whether this machine has room for one more run."""

import re
import shutil
from pathlib import Path

from agent.batch.settings import BatchSettings


def lacking(folder: Path, settings: BatchSettings) -> str:
    """What there is too little of, as a line; empty where there is room.

    Args:
        folder: where the batch is written.
        settings: hold the floors.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return f"cannot look at {folder}: {error.strerror}"
    if free < settings.free_disk:
        return f"{_gib(free)} of disk free, batch.free_disk is {_gib(settings.free_disk)}"
    memory = _available_memory()
    if memory is not None and memory < settings.free_memory:
        return f"{_gib(memory)} of memory free, batch.free_memory is {_gib(settings.free_memory)}"
    return ""


def _available_memory() -> int | None:
    """Bytes; None where that cannot be told."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None


def _gib(size: int) -> str:
    return f"{size / 1024**3:.1f} GiB"
