"""What a person reads of a run's events: few lines, short, and nothing that steers the terminal."""

import os
import unicodedata
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.live import Live, lines_about
from agent.events import (
    Acted,
    Answered,
    Compacted,
    Compared,
    DivergedAt,
    Ended,
    EventData,
    Forecasted,
    Limited,
    Localised,
    Malformed,
    ModelChosen,
    Retried,
    Reviewed,
    Said,
    Started,
    Submitted,
    SuspectLine,
    Tried,
)
from agent.trajectory import Trajectory

PATCH = """\
diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1,2 +1,3 @@
-one
+two
+three
 four
"""
TRIAL = Tried(
    number=1,
    operator="o",
    path="a.py",
    line=1,
    before="a",
    after="b",
    failing="fail",
    seconds=0.1,
)

FORECAST = Forecasted(
    step=1,
    test="t.py::t",
    predictor="chat",
    model="m",
    verdict="fail",
    confidence=0.654,
    reason="AssertionError leaves the entry point",
)
COMPARISON = Compared(
    step=1,
    test="t.py::t",
    predictor="chat",
    model="m",
    verdict="fail",
    confidence=0.654,
    outcome="passed",
    right=False,
)
PARTED = DivergedAt(what="line", predicted=3, recorded=3, recorded_line="    return high")


def plain(data: EventData, width: int = 80) -> list[str]:
    return [click.unstyle(line) for line in lines_about(data, width)]


def answered(**data: object) -> Answered:
    return Answered(step=1, tool="bash", ok=True, output="x", data=data, seconds=0.25)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (Acted(step=7, tool="bash", argument="ls -l"), ["  7  bash  ls -l"]),
        (
            Acted(step=12, tool="edit", argument="a.py\nb", thought="It is here. And\nmore"),
            ["     It is here.", " 12  edit  a.py ..."],
        ),
        (Acted(step=1, tool=None, thought="done"), []),
        (answered(status="exited", exit_code=0), ["     ok  (0.2 s)"]),
        (answered(status="exited", exit_code=2), ["     exit code 2  (0.2 s)"]),
        (answered(status="timeout", exit_code=None), ["     timeout  (0.2 s)"]),
        (
            answered(counts={"passed": 3, "failed": 1}, problem=""),
            ["     3 passed, 1 failed  (0.2 s)"],
        ),
        (answered(counts={}, problem=""), ["     no test ran  (0.2 s)"]),
        (
            Answered(step=1, tool="edit", ok=False, output="Nothing was changed: why.\nx"),
            ["     Nothing was changed: why. ..."],
        ),
        (Malformed(step=3, message="two calls"), ["  3  no valid action: two calls"]),
        (
            Retried(number=2, of=8, seconds=3.6, reason="the model server failed (503)"),
            ["     the model server failed (503); asks again in 4 s (2 of 8)"],
        ),
        (
            Retried(number=1, of=8, seconds=2, reason=f"{'a' * 56} failed (429: slow)"),
            [f"     {'a' * 56} failed (429: slow)", "     asks again in 2 s (1 of 8)"],
        ),
        (
            Compacted(steps=(1, 2), tokens_before=120000, tokens_after=60000),
            ["     the output of 2 old steps left the context: 120,000 tokens before, 60,000 now"],
        ),
        (Said(role="user", text="look there"), ["     told by you: look there"]),
        (Said(role="run", text="It is full."), ["     the agent is told: It is full."]),
        (Said(role="policy", text="It works. Bye"), ["     the agent is done: It works."]),
        (Said(role="policy", text=""), []),
        (Reviewed(step=1, decision="allowed"), []),
        (Reviewed(step=1, decision="refused", reason="no"), ["     refused by you: no"]),
        (Reviewed(step=1, decision="changed", argument="ls"), ["     changed by you: ls"]),
        (Submitted(patch=PATCH), ["     submitted: +2 -1 lines in 1 file(s)"]),
        (Limited(limit="turns", message="all are used up"), ["     all are used up"]),
        (
            Localised(
                formula="ochiai",
                failing=1,
                passing=2,
                lines=(SuspectLine(path="a.py", line=3, score=1.0),),
                seconds=1.0,
            ),
            ["     1 suspicious lines, first a.py:3  (1.0 s)"],
        ),
        (FORECAST, ["     predicted: fail (0.65), AssertionError leaves the entry point"]),
        (
            FORECAST.model_copy(update={"verdict": "unsure", "confidence": 0.0, "reason": "no"}),
            ["     predicted: unsure, no"],
        ),
        (COMPARISON, ["     the prediction was wrong"]),
        (
            COMPARISON.model_copy(update={"right": True, "divergence": PARTED}),
            ["     the prediction was right; its trace parts from what ran at return high"],
        ),
        (COMPARISON.model_copy(update={"right": None}), []),
        (Started(run="r", issue="i", policy="p"), []),
        (Ended(status="failed", reason="r"), []),
        (TRIAL, []),
    ],
)
def test_an_event_in_a_line(data: EventData, lines: list[str]) -> None:
    assert plain(data) == lines


def test_a_model_comes_with_what_is_to_be_known_of_it() -> None:
    notes = ("no tokenizer", "no price", "more", "and more")
    data = ModelChosen(model="cwm", url="http://h/v1", profile="cwm", context=131072, notes=notes)
    first, *rest = plain(data)
    assert first == "the model is cwm at http://h/v1 (cwm, 131,072 tokens)"
    assert [line.strip() for line in rest] == ["no tokenizer", "no price"]


def test_a_patch_that_does_not_apply_is_said_to_be_one() -> None:
    (line,) = plain(Submitted(patch=PATCH, by="limit", applies=False))
    assert line.startswith("     taken as it stands at the limit")
    assert line.endswith("it does not apply")


hostile = st.text() | st.sampled_from(["\x1b[2J" * 40, "漢字" * 100, "a\r\x9b31m\nb", "\t" * 99])
events: st.SearchStrategy[EventData] = st.one_of(
    st.builds(Acted, step=st.integers(1, 9999), tool=hostile, argument=hostile, thought=hostile),
    st.builds(
        Answered,
        step=st.integers(1, 9999),
        tool=hostile,
        ok=st.booleans(),
        output=hostile,
        data=st.dictionaries(
            st.sampled_from(["counts", "status", "exit_code", "problem"]),
            st.none()
            | st.integers()
            | hostile
            | st.dictionaries(hostile, st.integers(), max_size=3),
        ),
    ),
    st.builds(Malformed, step=st.integers(1, 999), message=hostile),
    st.builds(Said, role=st.sampled_from(["user", "policy"]), text=hostile),
    st.builds(
        Retried,
        number=st.integers(1, 9),
        of=st.just(9),
        seconds=st.floats(0, 999),
        reason=hostile,
    ),
    st.builds(
        Reviewed,
        step=st.just(1),
        decision=st.sampled_from(["allowed", "changed", "refused"]),
        argument=hostile,
        reason=hostile,
    ),
    st.builds(Submitted, patch=hostile),
    st.builds(FORECAST.model_copy, update=st.fixed_dictionaries({"reason": hostile})),
    st.builds(Limited, limit=st.just("cost"), message=hostile),
)


@given(events, st.integers(40, 200))
def test_three_lines_at_most_and_nothing_that_steers_the_terminal(
    data: EventData, width: int
) -> None:
    lines = lines_about(data, width)
    assert len(lines) <= 3
    for line in map(click.unstyle, lines):
        assert not any(unicodedata.category(sign) == "Cc" for sign in line), line
        assert "\u202e" not in line


@given(hostile, st.integers(40, 200))
def test_an_action_is_no_wider_than_the_terminal(text: str, width: int) -> None:
    for line in plain(Acted(step=1, tool=text, argument=text, thought=text), width):
        wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in line)
        assert len(line) + wide <= width


def test_a_run_is_followed_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Trajectory(tmp_path / "events.jsonl") as trajectory:
        trajectory.watch(Live().show)
        trajectory.append(TRIAL)  # a count that replaces itself needs a terminal
        trajectory.append(FORECAST)  # of the repairer, which is still at work
        trajectory.append(Acted(step=1, tool="bash", argument="ls"))
        trajectory.append(FORECAST)
        trajectory.append(Reviewed(step=1, decision="refused", reason="no"))
        trajectory.append(Answered(step=1, tool="bash", ok=False, output="Nothing was run"))
        trajectory.append(Acted(step=2, tool="bash", argument="ls"))
        trajectory.append(Answered(step=2, tool="bash", ok=True, output="a", data={}))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "  1  bash  ls",
        *plain(FORECAST),
        "     refused by you: no",
        "  2  bash  ls",
        "     ok  (0.0 s)",
    ]


def test_trials_are_one_count_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as screen, Trajectory(tmp_path / "events.jsonl") as trajectory:
        monkeypatch.setattr("sys.stderr", screen)
        trajectory.watch(Live().show)
        trajectory.append(TRIAL)
        trajectory.append(TRIAL.model_copy(update={"failing": "pass"}))
        trajectory.append(Acted(step=1, tool="edit", argument="a.py"))
        monkeypatch.undo()
        shown = ""
        while not shown.endswith("a.py\r\n"):
            shown += os.read(master, 65536).decode()
    os.close(master)
    assert shown.split("\x1b[K")[:2] == ["\r     1 edits tried", "\r     2 edits tried, 1 pass"]
    assert shown.count("\n") == 2
