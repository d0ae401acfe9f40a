"""Traces beside each other: in step, with frames more or fewer, and where they part."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.trace.align import Divergence, align, first_divergence
from model.trace.frame import UNCHANGED, Frame, Place, Trace
from model.trace.reading import read_frames
from model.trace.score import score
from model.trace.states import compress
from model.trace.writing import write_frames
from tests.model.trace.examples import EXAMPLE_CONTEXT, EXAMPLE_TEXT, PROGRAMS, recorded

SHORT = st.lists(st.sampled_from("abc"), max_size=12)


def line(source: str, at: int | None = None, **shown: str) -> Frame:
    place = None if at is None else Place("a.py", at, "f", 0)
    return Frame("line", source + "\n", shown, place=place)


def call(**shown: str) -> Frame:
    return Frame("call", "def f():\n", shown)


def back(value: str | None) -> Frame:
    return Frame("return", "x\n", value=value)


def predicted(frames: list[Frame], ended: bool = True) -> Trace:
    return Trace(tuple(replace(frame, place=None) for frame in frames), ended)


def real(frames: list[Frame], ended: bool = True) -> Trace:
    return Trace(tuple(frames), ended)


def lines(text: list[str] | str) -> list[Frame]:
    return [line(source) for source in text]


def shape(found: Divergence | None) -> tuple[int | None, int | None, str] | None:
    return (found.predicted, found.recorded, found.what) if found else None


# Where they part


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_really_ran_agrees_with_itself(name: str) -> None:
    full = recorded(PROGRAMS[name])
    assert first_divergence(predicted(compress(full)), real(full)) is None
    assert first_divergence(predicted(full), real(full)) is None


def test_a_decorated_function_is_called_at_its_decorator_or_at_its_def() -> None:
    place = Place("t.py", 3, "TestA.test_b", 0)
    begin = Frame("call", "    @mark.parametrize(\n", {"self": "1"}, place=place)
    written = replace(begin, source="    def test_b(self):\n", place=None)
    rest = [line("        assert self"), back("None")]
    assert first_divergence(real([written, *rest]), real([begin, *rest])) is None
    assert align([written, *rest], [begin, *rest]) == [(0, 0), (1, 1), (2, 2)]
    parsed = read_frames(write_frames([written, *rest]))
    assert score(parsed, [begin, *rest])["action exact match"].share == 1
    other = replace(written, source="    def test_c(self):\n")
    assert shape(first_divergence(real([other]), real([begin]))) == (0, 0, "line")
    async_ = replace(written, source="    async def test_b(self):\n")
    assert first_divergence(real([async_, *rest]), real([begin, *rest])) is None


def test_the_call_that_the_model_was_given_may_be_missing() -> None:
    parsed = read_frames(EXAMPLE_TEXT)
    trace = Trace(parsed.frames, parsed.ended)
    assert first_divergence(trace, real(recorded(EXAMPLE_CONTEXT))) is None


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_changed_frame_is_found(name: str) -> None:
    full = recorded(PROGRAMS[name])
    for number, frame in enumerate(full):
        moved = replace(frame, source="    elsewhere\n")
        wrong = [*full[:number], moved, *full[number + 1 :]]
        assert shape(first_divergence(predicted(wrong), real(full))) == (number, number, "line")
        if frame.locals is None:
            wrong[number] = replace(frame, value="Other()")
            expected = "value"
        else:
            wrong[number] = replace(frame, locals={**frame.locals, "more": "1"})
            expected = "locals"
        found = first_divergence(predicted(compress(wrong)), real(full))
        assert shape(found) == (number, number, expected)


def test_the_locals_that_differ_are_told_in_full() -> None:
    frames = [call(a="1"), line("x", a=UNCHANGED, b="2", c="3")]
    truth = [call(a="1"), line("x", a="9", c="3", d="4")]
    found = first_divergence(predicted(frames), real(truth))
    assert found is not None
    assert found.names == {"a": ("1", "9"), "b": ("2", None), "d": (None, "4")}
    assert found.predicted_state is not None
    assert found.recorded_state is not None
    assert found.predicted_state.locals == {"a": "1", "b": "2", "c": "3"}
    assert found.recorded_state.locals == {"a": "9", "c": "3", "d": "4"}


def test_values_and_kinds_that_differ_are_told() -> None:
    found = first_divergence(predicted([back("1")]), real([back("2")]))
    assert found is not None
    assert (found.what, found.values) == ("value", ("1", "2"))
    raised = Frame("exception", "x\n", value="E()")
    assert shape(first_divergence(predicted([back("1")]), real([raised]))) == (0, 0, "kind")


@pytest.mark.parametrize("value", ["E('no')", "E: no", "<class 'E'>", "m.E('other')"])
def test_exceptions_are_compared_by_their_types(value: str) -> None:
    truth = real([Frame("exception", "x\n", value="E('no')")])
    same = predicted([Frame("exception", "x\n", value=value)])
    assert first_divergence(same, truth) is None
    other = predicted([Frame("exception", "x\n", value=value.replace("E", "F"))])
    assert shape(first_divergence(other, truth)) == (0, 0, "value")


def test_a_trace_that_is_not_over_may_go_on_in_any_way() -> None:
    short, long = lines("ab"), lines("abc")
    assert first_divergence(predicted(short, ended=False), real(long)) is None
    assert first_divergence(predicted(long), real(short, ended=False)) is None
    assert shape(first_divergence(predicted(short), real(long))) == (None, 2, "ended")
    assert shape(first_divergence(predicted(long), real(short))) == (2, None, "ended")


@pytest.mark.parametrize(
    "cut", ["'aaa'<7 more>", "'aaa<8 more characters>", "'aa<more characters>"]
)
def test_a_recorded_value_may_be_cut(cut: str) -> None:
    whole, other = repr("a" * 10), repr("ab")
    for frame in (line("x", a=whole), back(whole)):
        truth = line("x", a=cut) if frame.locals else back(cut)
        assert first_divergence(predicted([frame]), real([truth])) is None
    assert first_divergence(predicted([line("x", a=other)]), real([line("x", a=cut)])) is not None


def test_what_is_not_known_is_not_wrong() -> None:
    truth = [line("x", a="1", b="2")]
    assert first_divergence(predicted([line("x", a=UNCHANGED, b="2")]), real(truth)) is None
    found = first_divergence(predicted([Frame("line", "x\n", raw="{")]), real(truth))
    assert found is not None
    assert found.names == {"a": (None, "1"), "b": (None, "2")}


def test_a_call_may_be_stepped_over() -> None:
    full = recorded(PROGRAMS["calls"])
    calls = [n for n, frame in enumerate(full) if frame.kind == "call"]
    over = [*full[: calls[1] + 1], *full[calls[1] + 2 :]]
    assert over[calls[1] + 1].kind == "return"
    assert first_divergence(predicted(over), real(full)) is None
    over[calls[1] + 1] = back("0")
    wrong = replace(over[calls[1] + 1], source=full[calls[1] + 1].source)
    over[calls[1] + 1] = wrong
    found = first_divergence(predicted(over), real(full))
    assert shape(found) == (calls[1] + 1, calls[1] + 2, "value")


def test_lines_are_told_apart_by_place_where_there_is_one() -> None:
    there = real([line("x", 3)])
    assert first_divergence(real([line("x", 4)]), there) is not None
    assert first_divergence(real([line("y", 3)]), there) is None
    assert first_divergence(real([line("x")]), there) is None


def test_other_threads_are_left_out() -> None:
    other = replace(line("y", 1), place=Place("a.py", 1, "f", 0, 1))
    found = first_divergence(predicted(lines("xx")), real([line("x", 1), other, line("z", 2)]))
    assert shape(found) == (1, 2, "line")


# Beside each other


def test_frames_that_only_one_has_are_left_out() -> None:
    assert align(lines("abcdef"), lines("abXcdef")) == [
        *[(0, 0), (1, 1), (None, 2)],
        *[(2, 3), (3, 4), (4, 5), (5, 6)],
    ]
    assert align(lines("abcdef"), lines("bcdef"))[0] == (0, None)
    assert align(lines("ab"), []) == [(0, None), (1, None)]
    assert align([], lines("a")) == [(None, 0)]


def test_frames_of_other_depths_are_others() -> None:
    inner = [call(), line("x"), back("1")]
    assert (0, 0) not in align([line("x")], [call(), *inner])
    assert (1, 1) in align([call(), line("x")], inner)


@settings(max_examples=300, deadline=None)
@given(left=SHORT, right=SHORT)
def test_every_frame_is_in_one_pair_and_in_order(left: list[str], right: list[str]) -> None:
    pairs = align(lines(left), lines(right))
    assert [i for i, _ in pairs if i is not None] == list(range(len(left)))
    assert [j for _, j in pairs if j is not None] == list(range(len(right)))
    assert all(left[i] == right[j] for i, j in pairs if i is not None and j is not None)
    assert (None, None) not in pairs


@settings(max_examples=100, deadline=None)
@given(
    whole=st.lists(st.integers(0, 1_000), unique=True, min_size=20, max_size=60),
    out=st.sets(st.integers(0, 59), max_size=8),
)
def test_all_that_both_have_is_paired(whole: list[int], out: set[int]) -> None:
    part = [n for k, n in enumerate(whole) if k not in out]
    pairs = align(lines([str(n) for n in whole]), lines([str(n) for n in part]))
    assert [whole[i] for i, j in pairs if i is not None and j is not None] == part


def test_traces_without_anything_in_common_are_gone_through_in_time() -> None:
    # What is quadratic takes minutes here, and runs into the suite's time limit.
    pairs = align(lines([f"a{n}" for n in range(20_000)]), lines([f"b{n}" for n in range(20_000)]))
    assert len(pairs) == 40_000


# An exception that leaves the entry point


THROWN = [call(), line("raise E"), Frame("exception", "raise E\n", value="E()"), back("None")]


@pytest.mark.parametrize("end", [3, 4])
@pytest.mark.parametrize("begin", [0, 1])
def test_a_trace_may_end_with_the_exception_that_leaves_it(begin: int, end: int) -> None:
    assert first_divergence(predicted(THROWN[begin:end]), real(THROWN)) is None
    assert first_divergence(predicted(THROWN), real(THROWN[:end])) is None


def test_an_exception_that_is_handled_ends_nothing() -> None:
    handled = [*THROWN[:3], line("except E:"), back("1")]
    assert shape(first_divergence(predicted(THROWN[:3]), real(handled))) == (None, 3, "ended")
    assert shape(first_divergence(predicted(THROWN), real(handled))) == (3, 3, "kind")
    inner = [call(), line("f()"), *THROWN, Frame("exception", "f()\n", value="E()"), back("None")]
    assert shape(first_divergence(predicted(inner[:5]), real(inner))) == (None, 5, "ended")
    assert first_divergence(predicted(inner[:7]), real(inner)) is None
