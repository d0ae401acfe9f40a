"""Recordings as the tracer writes them, torn ones, and such as no tracer would write."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.trace.compare import exception_text, same_exception
from model.trace.frame import Place
from model.trace.recording import End, File, read_recording

HEADER = {"format": 1, "python": "3.11.2", "entry": "f(1)", "new": True}
FILE = {"file": 0, "path": "/t/a.py", "text": "def f(a):  # << START_OF_TRACE\n  b = a\r\n  b"}
LEFT = {"end": "left", "events": 4, "error": None, "stdout": "hi"}


def event(kind: str, line: int = 1, scope: int = 0, **more: Any) -> dict[str, Any]:
    return {"k": kind, "f": 0, "n": line, "fn": "f", "d": 0, "s": scope, **more}


def text(*lines: object) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


WHOLE = text(
    HEADER,
    FILE,
    event("c", 1, v={"a": "1", "z": "0"}),
    event("l", 2),
    event("l", 3, v={"b": "1", "a": "2"}, g=["z"]),
    event("r", 3, o="1"),
    LEFT,
)


def test_events_become_frames_with_full_locals() -> None:
    recording = read_recording(WHOLE)
    frames = recording.trace.frames
    assert [frame.kind for frame in frames] == ["call", "line", "line", "return"]
    assert [frame.source for frame in frames] == ["def f(a):\n", "  b = a\n", "  b\n", "  b\n"]
    shown = [list(frame.locals.items()) if frame.locals is not None else None for frame in frames]
    first = [("a", "1"), ("z", "0")]
    assert shown == [first, first, [("a", "2"), ("b", "1")], None]
    assert [frame.value for frame in frames] == [None, None, None, "1"]
    assert frames[2].place == Place("/t/a.py", 3, "f", 0, 0)


def test_what_surrounds_the_events_is_kept() -> None:
    recording = read_recording(WHOLE)
    assert (recording.python, recording.entry) == ("3.11.2", "f(1)")
    assert recording.files == (File("/t/a.py", FILE["text"]),)
    assert recording.end == End("left", "", 4, None, "hi")
    assert recording.trace.ended
    assert recording.trace.source == FILE["text"]
    assert recording.trace.notes == ()


def test_scopes_keep_their_locals_apart() -> None:
    calls = [event("c", scope=0, v={"a": "1"}), event("c", scope=1, v={"a": "2"})]
    lines = [event("l", scope=0), event("l", scope=1), event("c", scope=0, v={"c": "3"})]
    frames = read_recording(text(HEADER, FILE, *calls, *lines, event("l", scope=0))).trace.frames
    assert [frame.locals for frame in frames[2:4]] == [{"a": "1"}, {"a": "2"}]
    assert frames[5].locals == {"c": "3"}


def test_threads_are_told_apart() -> None:
    events = [event("c"), event("c", t=2, scope=1), event("l", 2), event("r", t=2, scope=1, o="1")]
    threads = read_recording(text(HEADER, FILE, *events)).trace.threads
    assert list(threads) == [0, 2]
    assert [frame.kind for frame in threads[0]] == ["call", "line"]
    assert [frame.kind for frame in threads[2]] == ["call", "return"]


def test_exceptions_and_iterators_of_strings_are_in_the_models_own_words() -> None:
    raised = event("x", 1, o="ValueError('no')", c="<class 'ValueError'>")
    iterating = event("l", 1, v={".0": "<str_ascii_iterator object>"})
    trace = read_recording(text(event("c", v={}), iterating, raised)).trace
    assert trace.frames[1].locals == {".0": "<str_iterator object>"}
    value = trace.frames[2].value
    assert value == "(<class 'ValueError'>, ValueError('no'), <traceback object>)"
    assert exception_text(value) == "ValueError('no')"
    assert same_exception(value, "ValueError: other")
    assert not same_exception(value, "KeyError('no')")
    # A recording that does not name the class has the exception alone.
    older = read_recording(text(event("c", v={}), event("x", 1, o="ValueError('no')"))).trace
    assert older.frames[1].value == exception_text("ValueError('no')") == "ValueError('no')"


def test_source_that_is_not_known_is_empty() -> None:
    unknown = {"file": 0, "path": "<string>", "text": None}
    for lines in ((unknown, event("c")), (event("c"),), (FILE, event("c", 9), event("c", 0))):
        trace = read_recording(text(HEADER, *lines, LEFT)).trace
        assert {frame.source for frame in trace.frames} == {""}
        assert trace.ended


def test_the_end_is_told_with_its_error() -> None:
    error = {"type": "ValueError", "message": "no"}
    recording = read_recording(text(HEADER, LEFT | {"error": error}))
    assert recording.end.error == ("ValueError", "no")
    limited = read_recording(text(HEADER, {"end": "events", "detail": "10000 events"})).trace
    assert not limited.ended
    assert limited.notes == ("the recording ended early: 10000 events",)


@pytest.mark.parametrize("cut", [5, 60, len(WHOLE) - 20, len(WHOLE) - len(text(LEFT))])
def test_a_torn_recording_is_read_up_to_there(cut: int) -> None:
    recording = read_recording(WHOLE[:cut])
    assert recording.end.why == "killed"
    assert recording.end.events == len(recording.trace.frames)
    assert recording.trace.frames == read_recording(WHOLE).trace.frames[: recording.end.events]
    assert "the recording ended early: its last line is missing" in recording.trace.notes


def test_lines_that_cannot_be_read_are_counted() -> None:
    bad = ["[]", "1", "{}", "nan", "[" * 100_000, '{"k": "q"}', '{"k": "c", "f": 0}', "\ud800"]
    trace = read_recording("\n".join(5 * bad) + "\n" + WHOLE).trace
    assert len(trace.frames) == 4
    assert trace.notes[0] == "line 1 of the recording cannot be read"
    assert trace.notes[-1] == "20 more lines of it cannot be read"


def test_inlined_comprehensions_are_noted() -> None:
    trace = read_recording(text(HEADER | {"comprehensions": "inlined"}, LEFT)).trace
    assert trace.notes == (
        "comprehensions have no frames of their own, as in Python 3.12 and newer",
    )


def test_another_format_is_said_to_be_one() -> None:
    notes = read_recording(text({"format": 2}, LEFT)).trace.notes
    assert notes == ("the recording has format 2, not 1",)


@settings(max_examples=300, deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(0, len(WHOLE)), st.text(max_size=5)), max_size=4))
def test_any_text_is_read(cuts: list[tuple[int, str]]) -> None:
    mangled = WHOLE
    for place, inserted in cuts:
        mangled = mangled[:place] + inserted + mangled[place + len(inserted) :]
    recording = read_recording(mangled)
    assert len(recording.trace.frames) <= 4 + len(cuts)
    assert recording.trace.ended == (recording.end.why == "left")
