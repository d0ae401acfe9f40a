"""What the screens about batches say and draw, as plain values."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agent.batch.folder import Attempt
from agent.batch.log import BatchEvent
from agent.batch.summary import AttemptRow, AttemptState, BatchStatus, Rate, Stage
from agent.tui.screens.batch.figures import bin_width, bins, ends_over_time
from agent.tui.screens.batch.heading import (
    attempt_line,
    bar,
    counts_line,
    figures_line,
    name_line,
    note_line,
    shares,
)

STATES: tuple[AttemptState, ...] = get_args(AttemptState)
COUNTS = st.lists(st.integers(0, 100_000), min_size=len(STATES), max_size=len(STATES)).map(
    lambda numbers: dict(zip(STATES, numbers, strict=True))
)
WIDTHS = st.integers(10, 300)


def status(
    counts: Mapping[AttemptState, int],
    stage: Stage = "running",
    note: str = "",
    *events: BatchEvent,
) -> BatchStatus:
    resolved = Rate.count(counts["resolved"], counts["resolved"] + counts["unresolved"])
    return BatchStatus(
        folder=Path("batch-x"),
        source="x",
        policy="cwm",
        stage=stage,
        note=note,
        pid=7,
        issues=sum(counts.values()),
        reading=True,
        attempts=1,
        skipped=3,
        concurrency=4,
        counts=counts,
        resolved=resolved,
        per_hour=1234.5,
        seconds_left=98765.0,
        tokens=987_654_321,
        cost=1234.5,
        failures={},
        rows=(),
        events=events,
    )


NONE = status(dict.fromkeys(STATES, 0))


@given(COUNTS, WIDTHS)
def test_shares_add_up_to_the_width(counts: dict[AttemptState, int], width: int) -> None:
    cells = shares(counts, width)
    assert cells.keys() == counts.keys()
    assert sum(cells.values()) == (width if any(counts.values()) else 0)
    total = max(sum(counts.values()), 1)
    for state, number in counts.items():
        assert abs(cells[state] - number * width / total) < 1


@given(COUNTS, WIDTHS)
def test_what_stands_above_a_batch_is_as_wide_as_there_is_room(
    counts: dict[AttemptState, int], width: int
) -> None:
    shown = status(counts)
    quiet = {Path("a"): 601.0, Path("b"): 5.0}
    for line in (
        name_line(shown, width),
        "".join(text for _, text in counts_line(shown, quiet, width)).rstrip(),
        figures_line(shown, width),
    ):
        assert cell_len(line) <= max(width, len("nothing yet"))
    if any(counts.values()) and width > 40:
        assert cell_len("".join(text for _, text in bar(shown, width))) == width


def test_of_those_at_work_the_stuck_are_counted() -> None:
    counts = {**dict.fromkeys(STATES, 0), "running": 3, "resolved": 1200}
    pieces = counts_line(status(counts), {Path("a"): 600.0, Path("b"): 599.0}, 80)
    assert "".join(text for _, text in pieces) == "▸ 3 at work (1 stuck)  ✓ 1,200 resolved  "
    assert "".join(text for _, text in counts_line(NONE, {}, 80)) == "nothing yet"


def test_why_nothing_starts_comes_before_what_happened() -> None:
    ran = BatchEvent(what="run", text="a: resolved")
    waits = BatchEvent(what="waiting", text="no room")
    counts = NONE.counts
    assert note_line(status(counts, "waiting", "no room", waits), 80) == "waiting: no room"
    assert note_line(status(counts, "paused", "paused", waits, ran), 80) == "a: resolved"
    assert note_line(status(counts, "running", "", waits), 80) == "waiting: no room"
    assert note_line(status(counts, "ended", "", BatchEvent(what="ended")), 80) == "ended"
    assert note_line(NONE, 80) == ""


def test_an_attempt_is_told_in_a_line() -> None:
    row = AttemptRow(Attempt("a", 2), "failed", Path("r"), "failed", reason="x", failure="Broken")
    assert attempt_line(row, {}, 80) == "a, attempt 2: x (Broken)"
    assert attempt_line(row, {}, 12) == "a, attempt…"
    at_work = AttemptRow(Attempt("a", 1), "running", Path("r"), "working")
    assert attempt_line(at_work, {Path("r"): 61.0}, 80) == "a: its last word was 1:01 ago"
    assert attempt_line(None, {}, 80) == ""


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=200))
def test_every_value_is_in_a_bin_of_round_width(values: list[float]) -> None:
    width = bin_width(max(values))
    counts = bins(values, width)
    assert sum(counts) == len(values)
    assert len(counts) <= 12
    assert f"{width:e}"[0] in "125"


@given(st.lists(st.floats(1e9, 2e9), max_size=200), st.floats(0, 1e6))
def test_every_end_is_in_its_part_of_the_time(ends: list[float], later: float) -> None:
    paced, span = ends_over_time(ends, max(ends, default=0.0) + later)
    assert sum(paced) == len(ends)
    assert (span > 0) == bool(ends)
