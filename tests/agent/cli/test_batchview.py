"""How a batch is shown: nothing in it steers a terminal, and what is unknown is not made up."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from agent.batch.folder import Attempt
from agent.batch.log import BatchEvent
from agent.batch.summary import AttemptRow, BatchStatus, Rate
from agent.cli.batchview import JsonWatch, PlainWatch, duration, rate, report, said, standing, table

HOSTILE = "[bold]x[/bold]\x1b[31m\u202e"

STATUS = BatchStatus(
    folder=Path("runs/batch-many"),
    source="many.jsonl",
    policy="cwm",
    stage="running",
    note="",
    pid=7,
    issues=10,
    reading=False,
    attempts=2,
    skipped=3,
    concurrency=4,
    counts={
        "waiting": 12,
        "running": 2,
        "resolved": 3,
        "submitted": 1,
        "unresolved": 1,
        "failed": 1,
        "stopped": 0,
        "lost": 0,
    },
    resolved=Rate.count(3, 4),
    per_hour=120.0,
    seconds_left=420.0,
    tokens=1_234_567,
    cost=1.5,
    failures={"ServerUnreachable": 2},
    rows=(
        AttemptRow(Attempt(HOSTILE, 1), "running", Path("a"), "working", step=3, seconds=75.0),
        AttemptRow(Attempt("two", 2), "running", Path("b"), "preparing"),
        AttemptRow(Attempt("three", 1), "resolved", Path("c"), "resolved"),
    ),
    events=(BatchEvent(what="run", text=f"{HOSTILE}: failed"), BatchEvent(what="paused")),
)


def drawn(status: BatchStatus) -> str:
    file = io.StringIO()
    Console(file=file, width=100, force_terminal=False).print(table(status))
    return file.getvalue()


def test_a_line_says_how_it_stands() -> None:
    assert standing(STATUS) == (
        "12 waiting, 2 running, 3 resolved, 1 submitted, 1 unresolved, 1 failed of 20;"
        " resolved 75.0% (95 %: 30.1% to 95.4%, of 4); 120 an hour; 7 min 00 s left;"
        " 1,234,567 tokens; 1.50 US dollars"
    )
    unknown = replace(STATUS, per_hour=None, seconds_left=None, resolved=Rate.count(0, 0), tokens=0)
    unknown = replace(unknown, cost=0.0, reading=True, stage="waiting", note="no room")
    assert standing(unknown).endswith("1 failed of 20+; waiting: no room")
    assert rate(Rate.count(0, 0)) == "-"


def test_durations_are_read_at_a_glance() -> None:
    assert [duration(each) for each in (0.4, 59.6, 200, 7500)] == [
        *("0 s", "1 min 00 s", "3 min 20 s", "2 h 05 min")
    ]


def test_the_table_shows_what_runs_and_obeys_nothing() -> None:
    text = drawn(STATUS)
    assert "batch-many: cwm, 4 at once" in text
    assert "6 of 20 done" not in text
    assert "5 of 20 done; resolved 75.0%" in text
    assert "[bold]x[/bold]\\x1b[31m\\x202e" in text
    assert "two, attempt 2" in text
    assert "1 min 15 s" in text
    assert "three" not in text
    assert not {"\x1b", "\u202e"} & set(text)
    many = replace(STATUS, rows=STATUS.rows[:1] * 30)
    assert "and 22 more" in drawn(many)


def test_lines_and_json_obey_nothing_either(capsys: pytest.CaptureFixture[str]) -> None:
    plain, as_json = PlainWatch(), JsonWatch()
    for event in STATUS.events:
        plain.event(event)
        as_json.event(event)
    plain.status(STATUS)
    plain.status(STATUS)
    as_json.status(STATUS)
    as_json.status(STATUS)
    as_json.status(replace(STATUS, stage="ended"))
    written = capsys.readouterr()
    assert written.err.splitlines() == [
        "[bold]x[/bold]\\x1b[31m\\x202e: failed",
        "paused",
        f"  {standing(STATUS)}",
    ]
    rows = [json.loads(line) for line in written.out.splitlines()]
    assert [next(iter(row)) for row in rows] == ["event", "event", "status", "status"]
    assert rows[-1]["status"]["counts"]["waiting"] == 12
    assert rows[-1]["status"]["resolved"]["hits"] == 3


def test_the_end_says_where_everything_is(capsys: pytest.CaptureFixture[str]) -> None:
    report(replace(STATUS, failures={HOSTILE: 2}))
    out = capsys.readouterr().out
    assert "3 entries skipped: runs/batch-many/skipped.jsonl" in out
    assert "2 run(s) failed: [bold]x[/bold]\\x1b" in out
    assert "predictions: runs/batch-many/predictions.jsonl" in out
    assert said(BatchEvent(what="began", text="many.jsonl")) == "began: many.jsonl"
