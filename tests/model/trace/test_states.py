"""Differences and full states, held against the format's example and against programs that ran."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.trace.frame import UNCHANGED, Frame, Place
from model.trace.states import compress, resolve, state_after
from model.trace.writing import wrapper, write_frames
from tests.model.trace.examples import (
    EXAMPLE_CONTEXT,
    EXAMPLE_SOURCE,
    EXAMPLE_TEXT,
    PROGRAMS,
    recorded,
)

NAMES = st.sampled_from(["a", "b", ".0", "é"])
VALUES = st.sampled_from(["1", "2", "'x'", "[]", "'..'"])
LOCALS = st.dictionaries(NAMES, VALUES, max_size=4)
FULL_FRAMES = st.lists(
    st.one_of(
        st.builds(Frame, st.sampled_from(["call", "line"]), st.just("x\n"), locals=LOCALS),
        st.builds(Frame, st.sampled_from(["return", "exception"]), st.just("x\n"), value=VALUES),
    ),
    max_size=30,
)


def line(**shown: str) -> Frame:
    return Frame("line", "x\n", shown)


def call(**shown: str) -> Frame:
    return Frame("call", "def f():\n", shown)


RETURN = Frame("return", "x\n", value="None")


# From full states to the model's form


def test_the_example_comes_out_byte_for_byte() -> None:
    context, first = wrapper(EXAMPLE_SOURCE, "f(1)")
    full = recorded(EXAMPLE_CONTEXT)
    assert context == EXAMPLE_CONTEXT
    assert replace(full[0], source="def main():\n", place=None) == first
    assert write_frames(compress(full)[1:]) == EXAMPLE_TEXT


def test_a_scope_that_is_returned_to_is_written_in_full_once() -> None:
    full = [call(a="1"), line(a="1"), call(), line(), RETURN, line(a="1", b="2")]
    full += [line(a="1", b="2"), RETURN]
    shown = [frame.locals for frame in compress(full)]
    changed = {"a": UNCHANGED, "b": UNCHANGED}
    assert shown == [
        {"a": "1"},
        {"a": UNCHANGED},
        {},
        {},
        None,
        {"a": "1", "b": "2"},
        changed,
        None,
    ]


def test_an_exception_unwinds_scopes_by_their_returns() -> None:
    written = compress(recorded(PROGRAMS["unwinding"]))
    kinds = [(frame.kind, frame.source.strip(), frame.value) for frame in written]
    raised = [kind for kind, *_ in kinds].index("exception")
    assert kinds[raised : raised + 4] == [
        ("exception", "raise ValueError(m)", "ValueError(1)"),
        ("return", "raise ValueError(m)", "None"),
        ("exception", "g(x)", "ValueError(1)"),
        ("line", "except ValueError as error:", None),
    ]
    handled = written[raised + 3 :]
    assert handled[0].locals == {"x": "1"}
    assert handled[1].locals == {"x": UNCHANGED, "error": "ValueError(1)"}


def test_a_generator_is_called_anew_for_every_value() -> None:
    written = compress(recorded(PROGRAMS["generator"]))
    resumed = [n for n, frame in enumerate(written) if frame.kind == "call"][2]
    assert written[resumed].locals == {"n": "2", "i": "0"}
    assert written[resumed + 1].locals == {"n": UNCHANGED, "i": UNCHANGED}


def test_a_name_that_is_gone_and_comes_back_is_new() -> None:
    shown = [frame.locals for frame in compress(recorded(PROGRAMS["deletion"]))]
    assert shown[3:6] == [{"a": UNCHANGED, "b": "2"}, {"b": UNCHANGED}, {"b": UNCHANGED, "c": "3"}]
    assert shown[6] is not None
    assert shown[6]["a"] == "4"


def test_threads_have_scopes_of_their_own() -> None:
    def at(thread: int, frame: Frame) -> Frame:
        return replace(frame, place=Place("a.py", 1, "f", 0, thread))

    mixed = [at(0, call(a="1")), at(1, call(a="2")), at(0, line(a="1")), at(1, RETURN)]
    mixed += [at(0, line(a="1"))]
    shown = [frame.locals for frame in compress(mixed)]
    assert shown == [{"a": "1"}, {"a": "2"}, {"a": UNCHANGED}, None, {"a": UNCHANGED}]


# From the model's form to full states


def test_states_say_what_holds_at_returns_and_exceptions_too() -> None:
    frames = [call(a="1"), line(a=UNCHANGED, b="2"), Frame("exception", "x\n", value="E()"), RETURN]
    states = resolve(frames)
    assert [dict(state.locals) for state in states] == [{"a": "1"}, *[{"a": "1", "b": "2"}] * 3]
    assert [state.frame.value for state in states] == [None, None, "E()", "None"]


def test_depth_and_scope_follow_calls_and_returns() -> None:
    frames = [line(), call(), line(), RETURN, call(), RETURN, line(), RETURN, line()]
    states = resolve(frames)
    assert [state.depth for state in states] == [0, 1, 1, 1, 1, 1, 0, 0, 0]
    assert [state.scope for state in states] == [0, 1, 1, 1, 2, 2, 0, 0, 3]


def test_what_is_unchanged_from_nothing_is_said_to_be() -> None:
    states = resolve([line(a=UNCHANGED, b="1"), line(a=UNCHANGED, b=UNCHANGED), line(a="2")])
    assert [state.unresolved for state in states] == [("a",), ("a",), ()]
    assert states[1].locals == {"a": UNCHANGED, "b": "1"}


def test_after_unreadable_locals_nothing_is_known_to_be_unchanged() -> None:
    states = resolve([call(a="1"), Frame("line", "x\n", raw='{"a"'), line(a=UNCHANGED)])
    assert states[1].frame.locals is None
    assert states[2].unresolved == ("a",)


def test_a_caller_that_is_not_written_in_full_is_resolved_all_the_same() -> None:
    states = resolve([call(a="1"), call(a="2"), RETURN, line(a=UNCHANGED)])
    assert states[3].locals == {"a": "1"}


# There and back


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_come_back_in_full(name: str) -> None:
    full = recorded(PROGRAMS[name])
    states = resolve(compress(full))
    assert [state.frame for state in states] == full
    assert [state.depth for state in states] == [f.place.depth for f in full if f.place]
    assert not any(state.unresolved for state in states)


@settings(max_examples=300, deadline=None)
@given(full=FULL_FRAMES)
def test_one_takes_back_the_other(full: list[Frame]) -> None:
    written = compress(full)
    states = resolve(written)
    assert [state.frame for state in states] == full
    assert compress(state.frame for state in states) == written


@settings(max_examples=300, deadline=None)
@given(
    frames=st.lists(
        st.builds(
            Frame,
            st.sampled_from(["call", "line", "return", "exception"]),
            st.text(max_size=3),
            locals=st.none() | st.dictionaries(NAMES, VALUES | st.just(UNCHANGED), max_size=3),
            value=st.none() | VALUES,
        ),
        max_size=30,
    )
)
def test_any_frames_have_states(frames: list[Frame]) -> None:
    states = resolve(frames)
    assert len(states) == len(compress(frames)) == len(frames)
    for state in states:
        assert state.depth >= 0
        assert all(state.locals[name] == UNCHANGED for name in state.unresolved)
    for number, frame in enumerate(frames):
        assert state_after(states[:number], frame) == states[number]
