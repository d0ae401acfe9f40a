"""Scratch folders on the host, which go with the run that made them.

A scratch folder's name says which process made it, so that `sweep_scratch` can tell what a killed
process left from what a living one is using.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandboxes.owner import Owner


@contextmanager
def scratch_folder(cache: Path) -> Iterator[Path]:
    """A new empty folder below the cache, removed at the end."""
    root = cache / "scratch"
    root.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=f"{Owner.current().token}-", dir=root))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def sweep_scratch(cache: Path, *, everything: bool = False) -> list[Path]:
    """Remove the scratch folders of processes that are gone, or all of them.

    Returns:
        What was removed.
    """
    root = cache / "scratch"
    removed = []
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        owner = Owner.parse(path.name.rpartition("-")[0])
        if everything or owner is None or not owner.alive():
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path)
    return removed
