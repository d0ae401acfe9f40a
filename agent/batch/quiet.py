"""How long it is since a run at work said anything: what is stuck is found by that."""

import time
from collections.abc import Iterable
from pathlib import Path

from agent.batch.summary import AttemptRow

STUCK_SECONDS = 600.0
"""Without a word, after which a run is called stuck; a long test or a long answer is not."""


def quiet_seconds(rows: Iterable[AttemptRow]) -> dict[Path, float]:
    """For each run at work, by its folder, the time since its last event."""
    now = time.time()
    found = {}
    for row in rows:
        if row.state == "running":
            try:
                written = (row.folder / "events.jsonl").stat().st_mtime
            except OSError:
                continue
            found[row.folder] = max(now - written, 0.0)
    return found
