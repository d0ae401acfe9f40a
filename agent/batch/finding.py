"""The batches there are in a folder of runs."""

from pathlib import Path

from agent.batch.folder import BatchFolder, is_batch


def batches_in(out: Path) -> list[BatchFolder]:
    """The batches below a folder, the one that was begun last first; itself, where it is one."""
    if is_batch(out):
        return [BatchFolder(out)]
    try:
        found = [path for path in out.iterdir() if is_batch(path)]
    except OSError:
        return []
    return [BatchFolder(path) for path in sorted(found, key=_begun, reverse=True)]


def _begun(path: Path) -> float:
    try:
        return (path / "batch.json").stat().st_mtime
    except OSError:
        return 0.0
