"""A predicted trace in short: bounded, loops folded, and what decided it always there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.trace.frame import UNCHANGED, Frame
from tools.programs.shown import shown

CALL = Frame("call", "def f(n):  # << START_OF_TRACE\n", {"n": "3"})
RETURN = Frame("return", "    return n\n", value="0")


def looping(rounds: int) -> list[Frame]:
    """A loop that counts down."""
    frames = [CALL]
    for n in range(rounds, 0, -1):
        frames.append(Frame("line", "    while n:\n", {"n": str(n)}))
        frames.append(Frame("line", "        n -= 1\n", {"n": UNCHANGED}))
    return [*frames, Frame("line", "    return n\n", {"n": "0"}), RETURN]


def test_what_is_new_stands_beside_each_line() -> None:
    assert shown(looping(2), 6) == [
        "  call      def f(n):  | n = 3",
        "  line      while n:  | n = 2",
        "  line      n -= 1",
        "  line      while n:  | n = 1",
        "  line      n -= 1",
        "  line      return n  | n = 0",
        "> return    return n  -> 0",
    ]


def test_of_a_loop_the_first_round_and_the_last_are_shown() -> None:
    assert shown(looping(1_000)) == [
        "  call      def f(n):  | n = 3",
        "  line      while n:  | n = 1000",
        "  line      n -= 1",
        "  ...       998 more rounds of these 2 frames",
        "  line      while n:  | n = 1",
        "  line      n -= 1",
        "  line      return n  | n = 0",
        "  return    return n  -> 0",
    ]


def test_the_frame_that_decided_is_shown_within_a_loop_too() -> None:
    (line,) = [line for line in shown(looping(1_000), 501) if line.startswith(">")]
    assert line == "> line      while n:  | n = 750"


def test_deep_scopes_go_first() -> None:
    frames = [CALL]
    for number in range(5):
        frames.append(Frame("line", f"    g({number})\n", {"n": "3"}))
        frames.append(Frame("call", "def g(k):\n", {"k": str(number)}))
        frames += [Frame("call", f"def h{n}():\n", {}) for n in range(20)]
        frames += [Frame("return", f"    return {n}\n", value="1") for n in range(20)]
        frames.append(Frame("return", "    return k\n", value="1"))
    lines = shown([*frames, RETURN])
    assert len(lines) <= 40
    for number in range(5):
        assert f"  line      g({number})" in lines
    assert lines.count("  ...             (38 frames)") == 5


frames = st.builds(
    Frame,
    st.sampled_from(["call", "line", "return", "exception"]),
    st.sampled_from(["a\n", "b\n", "    c\n", "\n"]) | st.text(max_size=200),
    st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=200), max_size=9),
    st.none() | st.text(max_size=200),
)


@given(st.lists(frames, max_size=150), st.none() | st.integers(0, 149))
def test_whatever_the_frames_are_it_is_short(given: list[Frame], decided: int | None) -> None:
    decided = decided if decided is not None and decided < len(given) else None
    lines = shown(given, decided)
    assert len(lines) <= 40
    assert all(len(line) < 1_500 for line in lines)
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert sum(line.startswith(">") for line in lines) == (decided is not None)


@pytest.mark.parametrize("depth", [1_000, 10_000])
def test_a_trace_without_an_end_is_short(depth: int) -> None:
    calls = [Frame("call", "def f(n):\n", {"n": "x" * 100 + str(n)}) for n in range(depth)]
    assert len(shown(calls, depth - 1)) <= 40
    odd = [Frame("line", f"line {n * n % 7_919}\n", {}) for n in range(depth)]
    assert len(shown(odd, depth // 2)) <= 40
