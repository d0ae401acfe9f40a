"""``predictions.jsonl`` and ``summary.json``: what others read of a batch."""

import dataclasses
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.batch.folder import BatchFolder
from agent.batch.summary import HONEST, AttemptRow, BatchStatus

_SHARE = 20
"""Writing takes at most one part in so many of the time."""


def predictions(rows: Iterable[AttemptRow]) -> Iterator[dict[str, str]]:
    """The patches in the form that the SWE-bench harness reads, one for each issue that ended.

    Of several attempts it is the first that has a patch, in the order of their numbers and
    whatever its tests said: to choose by them would be to look at the answers. An issue whose
    attempts all ended without one has an empty patch. Failures of the infrastructure are left out.
    """
    chosen: dict[str, AttemptRow] = {}
    for row in sorted(rows, key=lambda row: row.attempt):
        before = chosen.get(row.attempt.issue)
        if row.state in HONEST and (before is None or (row.patch and not before.patch)):
            chosen[row.attempt.issue] = row
    for issue, row in chosen.items():
        yield {
            "instance_id": issue,
            "model_name_or_path": row.model or f"foretrace-{row.policy}",
            "model_patch": _patch(row),
        }


def _patch(row: AttemptRow) -> str:
    if not row.patch:
        return ""
    try:
        return (row.folder / "patch.diff").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


class Outlet:
    """Writes both files, each so that it is there whole or not at all, and not too often."""

    def __init__(self, folder: BatchFolder) -> None:
        self._folder = folder
        self._done = -1
        self._not_before = 0.0

    def write(self, status: BatchStatus, *, now: bool = False) -> None:
        """Write what there is to write.

        Args:
            status: of the batch.
            now: also when that was done a moment ago.

        Raises:
            OSError: the folder cannot be written.
        """
        started = time.monotonic()
        if not now and (status.done == self._done or started < self._not_before):
            return
        _replace(self._folder.summary, [summary(status)], indent=2)
        _replace(self._folder.predictions, predictions(status.rows))
        self._done = status.done
        self._not_before = started + (time.monotonic() - started) * _SHARE + 1.0


def summary(status: BatchStatus) -> dict[str, object]:
    """A status as JSON has it, without its rows and events."""
    shown = {
        field.name: getattr(status, field.name)
        for field in dataclasses.fields(status)
        if field.name not in ("rows", "events", "folder", "resolved", "pid")
    }
    resolved = dataclasses.asdict(status.resolved)
    return {**shown, "total": status.total, "done": status.done, "resolved": resolved}


def _replace(
    path: Path, rows: Iterable[dict[str, str] | dict[str, object]], indent: int = 0
) -> None:
    scratch = path.with_suffix(".tmp")
    with scratch.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, indent=indent or None) + "\n")
    scratch.replace(path)
