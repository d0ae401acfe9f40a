"""``foretrace replay --resume`` as its user calls it; what it does is in ``tests/agent/replay``."""

from pathlib import Path

import pytest

from agent.events import EventData, Prepared, Started
from tests.agent.conftest import REPAIR
from tests.agent.replay.lost import Losing, step_runs
from tests.agent.replay.recorded import HAND_IN, Recorded, run_folder

pytestmark = pytest.mark.engine


def test_a_lost_run_is_told_of_as_it_goes_on(tmp_path: Path) -> None:
    losing = Losing.at(tmp_path / "here")
    script = losing.script([("edit", REPAIR), ("bash", "sleep 3"), *HAND_IN])
    lost = losing.lose(step_runs(2), "--script", script, "--seed", 5)
    # The settings file says something else by now; the run is as it was.
    (losing.home / "foretrace.toml").write_text(
        "seed = 9\npolicy = 'repair'\n[limits]\nturns = 1\n"
    )
    ended = losing.resume(lost, "--script", script)
    assert ended.status == 0, ended
    assert "clamp: the scripted policy decides" in ended.err
    assert "\nresolved: 2 failing test(s) pass now" in ended.out
    record = losing.newest().record
    assert (record.policy, record.seed, record.settings["seed"]) == ("scripted", 5, 5)
    shown = losing.foretrace("replay", lost.name)
    assert shown.out.endswith(
        f"forks\n  {record.id}, after step 1, in its place, policy scripted\n"
    )
    its = losing.foretrace("replay", record.id)
    assert f"goes on from {lost.name} after step 1, in its place\n" in its.out
    # With --json there is the result alone.
    again = losing.foretrace("replay", lost.name, "--resume", "--json")
    assert (again.status, again.out) == (2, "")
    assert again.err.startswith(f"foretrace: {record.id} has ended: resolved")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--execute"], "--resume stands alone"),
        (["--fork", "1"], "--resume stands alone"),
        (["--step", "1"], "--resume stands alone"),
        (["--message", "go on"], "--resume stands alone"),
        ([], "has ended: resolved"),
        (["--policy", "repair"], "has ended: resolved"),
    ],
)
def test_wrong_use_is_a_line_and_a_hint(recorded: Recorded, flags: list[str], words: str) -> None:
    runs = sorted(recorded.folder.parent.iterdir())
    ended = recorded.foretrace("replay", recorded.id, "--resume", *flags)
    assert ended.status == 2, ended
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert sorted(recorded.folder.parent.iterdir()) == runs


@pytest.mark.parametrize(
    ("events", "flags", "words"),
    [
        (0, [], "was lost before its policy was asked"),
        (2, [], "the scripted policy plays a script"),
        (2, ["--policy", "repair"], "with another one it is a fork"),
    ],
)
def test_what_cannot_go_on_says_what_can(
    recorded: Recorded, events: int, flags: list[str], words: str
) -> None:
    begun: list[EventData] = [
        Started(run="r", issue="i", policy="scripted"),
        Prepared(base_commit="c", image="i", seconds=1.0),
    ]
    name = f"20250101-{events}-{len(flags)}"
    run_folder(recorded.folder.parent, *begun[:events], name=name)
    ended = recorded.foretrace("replay", name, "--resume", *flags)
    assert ended.status == 2, ended
    assert words in ended.err
    assert len(ended.err.splitlines()) <= 3
