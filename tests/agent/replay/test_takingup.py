"""Where a run is taken up, told from its events as they were whenever it may have been killed."""

from pathlib import Path

import pytest

from agent.config import Settings
from agent.events import (
    Acted,
    Answered,
    Broke,
    Ended,
    Event,
    EventData,
    Forked,
    Limited,
    Malformed,
    Prepared,
    Said,
    Started,
    Steered,
    Submitted,
    Verified,
)
from agent.policies.policy import Action
from agent.policies.scripted import ScriptedPolicy
from agent.replay.reading import RecordedRun, open_run
from agent.replay.resume import Resumed, resumed_from
from agent.replay.takingup import HandsIn, Where, where
from agent.runfolder import Parent, RunResult, write_json
from tests.agent.replay.recorded import run_folder

USAGE: dict[str, int | float | None] = {"input_tokens": 90, "output_tokens": 10, "cost": 0.25}


def asked(step: int, tool: str | None = "bash") -> Acted:
    return Acted(step=step, tool=tool, argument="x", thought="done" if tool is None else "")


def answered(step: int, tool: str = "bash") -> Answered:
    return Answered(step=step, tool=tool, ok=True, output="")


BEGUN: list[EventData] = [
    Started(run="r", issue="i", policy="scripted"),
    Prepared(base_commit="c", image="i", seconds=1.0),
]
WHOLE: list[EventData] = [
    *BEGUN,
    Said(role="user", text="be quick"),
    asked(1),
    answered(1),
    Malformed(step=2, message="no"),
    asked(3, "nonsense"),
    Malformed(step=3, message="no such tool"),
    asked(4, "submit"),
    answered(4, "submit"),
    Submitted(patch="p"),
    asked(5, None),
    Said(role="policy", text="done"),
    Verified(applied=True, resolved=True),
]


def taken_up(out: Path, events: list[EventData], **more: object) -> Where:
    return where(open_run(run_folder(out, *events, **more)))  # type: ignore[arg-type]


def played(at: Where) -> int:
    """Where the script goes on; a submission that is made again is of the script as well."""
    policy = ScriptedPolicy((Action(None),) * 20)
    at.decide(policy)
    return policy.played


@pytest.mark.parametrize("cut", range(len(BEGUN), len(WHOLE) + 1))
def test_it_is_the_last_whole_step_whenever_it_was_killed(tmp_path: Path, cut: int) -> None:
    at = taken_up(tmp_path, WHOLE[:cut])
    whole = {5: 1, 6: 2, 7: 2, 8: 3, 9: 3}
    assert at.after == (0 if cut < 5 else whole.get(cut, 4))
    pending = isinstance(at.decide(ScriptedPolicy(())), HandsIn)
    assert pending == (cut == 9)
    assert (at.end is not None) == (cut >= 12)
    assert at.candidate is None
    actions = [e for e in WHOLE[:cut] if isinstance(e, Acted) and e.step <= at.after]
    assert played(at) == len(actions) + pending


def test_a_line_that_was_torn_counts_for_nothing(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, *WHOLE[:7])
    with (folder / "events.jsonl").open("a") as file:
        file.write('{"id": 8, "parent": 7, "time": 1.0, "type": "resu')
    assert where(open_run(folder)).after == 2


def test_what_was_taken_at_a_limit_is_verified_as_it_was(tmp_path: Path) -> None:
    limit = Limited(limit="turns", message="all 2 turns are used up")
    taken = Submitted(patch="p", by="limit")
    at = taken_up(tmp_path, [*WHOLE[:5], limit, taken])
    assert (at.after, at.end, at.candidate) == (1, limit, taken)


def test_what_the_user_had_wanted_submitted_is(tmp_path: Path) -> None:
    taken = Submitted(patch="p", by="user")
    at = taken_up(tmp_path, [*WHOLE[:5], taken])
    assert (at.end, at.candidate) == (taken, taken)


def test_what_was_taken_at_a_failure_is_not(tmp_path: Path) -> None:
    failed: list[EventData] = [
        Submitted(patch="p", by="failure"),
        Broke(kind="ModelUnreachable", message="gone"),
    ]
    at = taken_up(tmp_path, [*WHOLE[:5], *failed])
    assert (at.after, at.end, at.candidate) == (1, None, None)


def test_a_script_goes_on_where_it_was_in_a_fork_of_a_fork(tmp_path: Path) -> None:
    """The first step is the fork's parent's, two are the lost run's, one the resumed run's."""
    steps: list[EventData] = [each for n in (1, 2, 3, 4) for each in (asked(n), answered(n))]
    fork = Parent(run="gone", step=1)
    events = [*BEGUN, *steps[:2], Forked(run="gone", step=1), *steps[2:6]]
    assert played(taken_up(tmp_path, events, name="fork", parent=fork)) == 2
    resumed = Parent(run="fork", step=3, resumed=True)
    events = [*BEGUN, *steps[:6], Forked(run="fork", step=3), *steps[6:]]
    assert played(taken_up(tmp_path, events, name="resumed", parent=resumed)) == 3


def planned(run: RecordedRun) -> RecordedRun:
    """As the repair policy would have made it."""
    record = run.record.model_copy(update={"policy": "repair"})
    return RecordedRun(run.folder, record, run.events, run.result)


def test_a_plan_that_was_lost_is_begun_anew(tmp_path: Path) -> None:
    at = where(planned(open_run(run_folder(tmp_path, *WHOLE[:6]))))
    assert (at.after, at.anew) == (0, True)
    handing_in = where(planned(open_run(run_folder(tmp_path, *WHOLE[:9], name="other"))))
    assert (handing_in.after, handing_in.anew) == (3, False)


def test_the_fork_says_whose_place_it_takes(tmp_path: Path) -> None:
    run = open_run(run_folder(tmp_path, *WHOLE[:6]))
    origin = resumed_from(run)
    assert origin.parent == Parent(run=run.record.id, step=2, resumed=True)
    assert origin.instead is None
    over = resumed_from(open_run(run_folder(tmp_path, *WHOLE, name="other"))).instead
    assert over is not None
    assert over.name == "scripted"


def test_an_infrastructure_that_failed_is_no_end(tmp_path: Path) -> None:
    events = [*WHOLE[:5], Broke(kind="ModelUnreachable", message="gone")]
    ended = Ended(status="failed", reason="gone")
    folder = run_folder(tmp_path, *events, ended)
    result = RunResult(id="r", issue="i", policy="scripted", status="failed", reason="gone")
    write_json(folder / "result.json", result)
    assert resumed_from(open_run(folder)).parent.step == 1


def test_limits_are_what_is_left_of_them(tmp_path: Path) -> None:
    def used(step: int) -> Acted:
        return Acted(step=step, tool="bash", argument="x", usage=USAGE)

    folder = run_folder(tmp_path)
    asks = Steered(what="asking", step=2, tool="bash")
    told = {0: BEGUN[0], 50: BEGUN[1], 60: used(1), 70: answered(1), 80: used(2), 100: asks}
    events = [
        Event(id=at, parent=None, time=float(at), type=data.type, data=data)
        for at, data in {**told, 1100: answered(2)}.items()
    ]
    lines = [each.model_dump_json(exclude={"data": {"type"}}) for each in events]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    limits: dict[str, object] = {"turns": 9, "seconds": 600, "tokens": 1000, "cost": 2.0}
    left = Resumed(open_run(folder)).settings(Settings(), {"limits": limits}).limits
    assert (left.turns, left.tokens, left.cost) == (9, 800, 1.5)
    # It had been prepared after 50 seconds, and after 100 its user was asked for 1000.
    assert left.seconds == 600 - 50
    spent = {"seconds": 1, "tokens": 1, "cost": 0.1}
    left = Resumed(open_run(folder)).settings(Settings(), {"limits": spent}).limits
    assert (left.tokens, left.seconds) == (1, 60)
    assert left.cost is not None
    assert 0 < left.cost < 0.001
