"""A batch to which everything happens: each issue ends exactly once, and nothing is left."""

import os
from collections import Counter

import pytest

from agent.batch.summary import HONEST
from sandboxes.engine import Engine
from tests.agent.batch.batches import Batches
from tests.agent.batch.chaos import Chaos, owners_left

ISSUES = int(os.environ.get("FORETRACE_CHAOS_ISSUES", "10"))
AT_ONCE = int(os.environ.get("FORETRACE_CHAOS_AT_ONCE", "4"))
SEED = int(os.environ.get("FORETRACE_CHAOS_SEED", "7"))

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300 + 30 * ISSUES)]


def test_every_issue_ends_exactly_once(batches: Batches, engine: Engine) -> None:
    batches.write(ISSUES, judged=False)
    for name, value in (("MODEL__RETRIES", 1), ("BATCH__BREAKER", 2), ("BATCH__RETRIES", 20)):
        batches.foretrace.environment[f"FORETRACE_{name}"] = str(value)
    chaos = Chaos(batches, engine, SEED)
    status = chaos.play(AT_ONCE, kills=max(ISSUES // 3, 4))
    print(f"{dict(chaos.done)}, {chaos.memory / 1024**2:.0f} MiB")
    assert status == 0, batches.folder.log.read_text()
    honest = Counter(str(each["issue"]) for each in batches.results() if each["status"] in HONEST)
    assert honest == {f"clamp-{number}": 1 for number in range(ISSUES)}
    assert batches.counts() == {"submitted": ISSUES}
    assert len(batches.folder.predictions.read_text().splitlines()) == ISSUES
    assert list(owners_left(engine, batches.folder.runs)) == []
    assert not list(batches.folder.locks.glob("batch.lock"))
    assert chaos.memory <= 1024**3
