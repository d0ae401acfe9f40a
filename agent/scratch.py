"""Folders on the host that are ours: the cache, which stays, and scratch, which goes with us.

A scratch folder's name says which process made it, so that `sweep_scratch` can tell what a killed
process left from what a living one is using.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandboxes.owner import Owner


def cache_folder() -> Path:
    """Where mirrors and archives are kept: ``FORETRACE_CACHE``, else the user's cache folder."""
    from platformdirs import user_cache_path

    named = os.environ.get("FORETRACE_CACHE")
    return Path(named) if named else user_cache_path("foretrace")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new empty folder, removed at the end."""
    root = cache_folder() / "scratch"
    root.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=f"{Owner.current().token}-", dir=root))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def sweep_scratch(*, everything: bool = False) -> list[Path]:
    """Remove the scratch folders of processes that are gone, or all of them.

    Returns:
        What was removed.
    """
    root = cache_folder() / "scratch"
    removed = []
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        owner = Owner.parse(path.name.rpartition("-")[0])
        if everything or owner is None or not owner.alive():
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path)
    return removed
