"""The part of a trace that one function is."""

from model.trace.frame import Frame
from model.trace.part import part_of

FRAMES = [
    Frame("call", "def main():\n", {}),
    Frame("line", "    return f(2)\n", {}),
    Frame("call", "def f(n):\n", {"n": "2"}),
    Frame("line", "    return n and f(n - 1)\n", {"n": ".."}),
    Frame("call", "def f(n):\n", {"n": "1"}),
    Frame("return", "    return n and f(n - 1)\n", value="0"),
    Frame("return", "    return n and f(n - 1)\n", value="0"),
    Frame("return", "    return f(2)\n", value="0"),
]


def test_it_goes_from_the_first_call_to_its_own_return() -> None:
    assert part_of(FRAMES, "f") == range(2, 7)
    assert part_of(FRAMES, "main") == range(8)


def test_a_scope_that_is_not_left_goes_on_to_the_end() -> None:
    assert part_of(FRAMES[:6], "f") == range(2, 6)
    assert part_of(FRAMES[:3], "f") == range(2, 3)


def test_what_is_not_called_has_no_part() -> None:
    assert part_of(FRAMES, "g") is None
    assert part_of(FRAMES[:2], "f") is None
    assert part_of([], "f") is None
