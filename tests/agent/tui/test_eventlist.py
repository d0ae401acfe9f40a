"""The list's rows are counted without being made; both must come to the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agent.events import Acted, Event, EventData, ModelReply
from agent.tui.screens.run.entries import Entry, entries_of
from agent.tui.screens.run.eventlist import EventList
from agent.tui.widgets.safetext import line_count
from tests.agent.tui.samples import HOSTILE, beginning, ending, issue, work

TEXTS = st.text(max_size=120) | st.sampled_from([HOSTILE[:400], "a\r\nb\r\n", "\n\n", "漢" * 100])
WIDTH = 40


class Narrow(EventList):
    """One that is on no screen, and so wide."""

    @property
    def columns(self) -> int:
        return WIDTH


ENTRIES = st.builds(
    Entry,
    head=TEXTS,
    aside=st.sampled_from(["", "0.3 s"]),
    body=TEXTS,
    preview=st.integers(0, 6),
    prose=st.booleans(),
    patch=st.booleans(),
    step=st.integers(0, 1000),
    numbered=st.booleans(),
)


@given(entries=st.lists(ENTRIES, max_size=5))
def test_every_entry_has_as_many_rows_as_were_counted(entries: list[Entry]) -> None:
    for entry in entries:
        entry.lines = line_count(entry.body)
    events = Narrow()
    events.entries = entries
    for at, entry in enumerate(entries):
        rows = events._rows(at)
        assert len(rows) == events._folded_height(entry)
        for row in rows:
            text = "".join(piece for _, piece in row)
            assert cell_len(text) < WIDTH  # the cursor's mark is yet to come
            assert "\n" not in text


@given(entry=ENTRIES)
def test_what_is_unfolded_is_whole_and_fits(entry: Entry) -> None:
    entry.lines = line_count(entry.body)
    rows = Narrow()._whole(entry)
    assert all(cell_len("".join(piece for _, piece in row)) < WIDTH for row in rows)
    assert bool(rows) == bool(entry.body)


def test_every_kind_of_event_has_a_sign() -> None:
    datas: list[EventData] = [*beginning(issue()), *work(), *ending()]
    events = [
        Event(id=number, parent=None, time=0.0, type=data.type, data=data)
        for number, data in enumerate(datas, start=1)
    ]
    entries = entries_of(events)
    assert [entry.sign for entry in entries] == list("···~▸✓~▸✗~▸✓▸✓◆·◆■")
    assert [entry.head for entry in entries if entry.numbered] == [
        "bash  grep -rn clamp .",
        "test  tests",
        "edit  prices.py",
        "test  tests",
    ]
    assert entries[4].whole == "grep -rn clamp .\nls tests"


@pytest.mark.parametrize(
    ("text", "reasoning", "thought", "shown"),
    [
        ("<tool: bash>\nls\n</tool>", "", "", []),
        ("</think>\n<tool: bash>\nls\n</tool>", "", "", []),
        ("<think>\n\n</think>\n<tool: bash>\nls\n</tool>", "", "", []),
        ("<think>\nLook first.\n</think>\n<tool: bash>\nls\n</tool>", "", "", ["Look first."]),
        ("Look first.\n</think>\n<tool: bash>\nls\n</tool>", "", "", ["Look first."]),
        ("I look.\n<tool: bash>\nls\n</tool>", "", "I look.", ["I look."]),
        ("I look.\n<tool: bash>\nls\n</tool>", "Look first.", "I look.", ["Look first."]),
    ],
)
def test_what_was_thought_has_a_line_and_nothing_has_none(
    text: str, reasoning: str, thought: str, shown: list[str]
) -> None:
    reply = ModelReply(text=text, reasoning=reasoning)
    data = Acted(step=1, tool="bash", argument="ls", thought=thought, reply=reply)
    entries = entries_of([Event(id=1, parent=None, time=0.0, type=data.type, data=data)])
    assert [entry.head for entry in entries if entry.sign == "~"] == shown
    assert [entry.head for entry in entries if entry.sign == "▸"] == ["bash  ls"]
