"""Traces without an end, of programs that really ran until they were cut off."""

from dataclasses import replace

import pytest

from model.predict.loops import find_loop
from model.predict.verdict import judge
from model.trace.frame import Frame
from model.trace.states import resolve
from tests.model.predict.running import predicted, ran

ENDLESS = {
    "while": "x = 1\nwhile x:\n    y = 2",
    "while-true": "while True:\n    pass",
    "while-else": "x = 0\nwhile x < 3:\n    if x == 5:\n        x += 1\n    else:\n        x = 0",
    "back-and-forth": "x = 0\nwhile True:\n    x = 1 - x",
    "calls": "def f(x):\n    return x\nn = 0\nwhile f(n) == 0:\n    n = f(n)",
    "calls-in-the-call": "def f(x):\n    while x:\n        y = x\n    return x\nf(1)",
    "for-within": "while True:\n    for x in [1, 1]:\n        y = x",
    "while-within-for": "for x in [1, 2]:\n    while x:\n        pass",
    "over-lines": "x = [1]\nwhile max(\n    x\n):\n    y = max(\n        x,\n        x,\n    )",
    "objects": "class A:\n    pass\na = A()\na.x = 1\nwhile a.x:\n    a.x = 1",
    "method": "class A:\n    def go(self):\n        while self:\n            x = 1\nA().go()",
    "try": "while True:\n    try:\n        1 // 0\n    except ZeroDivisionError:\n        pass",
}
"""Their states repeat."""

LONG = {
    "counts": "x = 0\nwhile x >= 0:\n    x += 1",
    "counts-branching": "x = 0\nwhile True:\n    x += 1\n    if x % 3:\n        y = x",
    "counts-within": "def f():\n    x = 1\n    while x:\n        x += 1\nfor n in [1]:\n    f()",
    "cut-within-a-call": "def f(x):\n    y = x\n    return y\nx = 0\nwhile True:\n    x = f(x) + 1",
}
"""Their states do not repeat, but there is a `while` around where they are cut off."""

FOR = {
    "range": "for x in range(10**9):\n    y = x",
    "same": "for x in [1] * 10**6:\n    y = x",
    "one-line": "for x in [1] * 10**6: pass",
}
"""There is a `for` around where they are cut off."""

ENDING = {
    "multi-line": "x = max(\n    1,\n    2,\n)\nx = max(\n    1,\n    2,\n)\nx = 3",
    "same-lines": "x = 1\nx = 1\nx = 1\nx = 1\nx = 1\nx = 1\nx = 1",
    "same-for": "for x in [1] * 50:\n    y = x",
    "iterator": "it = iter([1] * 8 + [0])\nwhile next(it):\n    pass",
    "hidden": "class A:\n    n = 8\na = A()\nwhile a.n:\n    a.n -= 1",
    "comprehension": "x = [1 for _ in range(50)]\ny = sum(1 for _ in range(50))",
    "recursion": "def f(n):\n    return n and f(n - 1)\nf(100)",
    "loops-in-a-row": "x = 0\nwhile x < 20:\n    x += 1\ny = 1\nz = 2",
}
"""They end."""


def program(body: str) -> str:
    return "def main():\n" + "".join(f"    {line}\n" for line in body.splitlines())


CUTS = range(400, 421)
"""Where traces are cut off: at every frame of more than a round."""


@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_states_that_repeat_are_endless(body: str) -> None:
    for most in CUTS:
        prediction, _ = ran(program(body), most)
        judged = judge([prediction])
        assert (judged.verdict, judged.votes["endless"]) == ("endless", 1)
        assert judged.decided_by is not None
        assert "same state" in judged.reason
        # The model's own end of such a trace changes nothing: it cannot be.
        assert judge([replace(prediction, cut=False, ended=True)]).verdict == "endless"


@pytest.mark.parametrize("body", LONG.values(), ids=LONG)
def test_a_trace_cut_off_within_a_while_is_endless_with_less_confidence(body: str) -> None:
    for most in CUTS:
        prediction, _ = ran(program(body), most)
        judged = judge([prediction])
        assert judged.verdict == "endless"
        assert judged.decided_by is not None
        assert judged.decided_by.source.strip().startswith("while")
        assert judged.confidence < judge([ran(program(ENDLESS["while"]), most)[0]]).confidence
        assert judge([replace(prediction, cut=False)]).verdict == "unsure"


@pytest.mark.parametrize("body", FOR.values(), ids=FOR)
def test_a_trace_cut_off_within_a_for_says_little(body: str) -> None:
    for most in CUTS:
        judged = judge([ran(program(body), most)[0]])
        assert judged.verdict == "endless"
        assert judged.confidence < 0.2


@pytest.mark.parametrize("body", ENDING.values(), ids=ENDING)
def test_what_ends_is_not_endless(body: str) -> None:
    prediction, left = ran(program(body))
    assert left is None
    assert judge([prediction]).verdict == "pass"
    # Nor is it where the model stops early, by itself.
    for size in range(1, min(len(prediction.frames), 60)):
        early = replace(prediction, frames=prediction.frames[:size], ended=False)
        assert judge([early]).verdict == "unsure", size


def test_calls_without_an_end_are_an_error() -> None:
    prediction, _ = ran(program("def f(x):\n    y = x\n    return f(y)\nf(1)"), 100)
    judged = judge([prediction])
    assert judged.verdict == "error"
    assert judged.decided_by is not None
    assert judged.decided_by.kind == "call"
    assert "calls itself" in judged.reason


def test_two_that_call_each_other_are_an_error() -> None:
    body = "def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\nf(1)"
    assert judge([ran(program(body), 200)[0]]).verdict == "error"


def test_calls_that_get_somewhere_are_not() -> None:
    body = "def f(n):\n    return f(n + 1)\nf(0)"
    assert judge([ran(program(body), 100)[0]]).verdict == "unsure"


def test_a_loop_that_was_left_is_none() -> None:
    body = "x = 0\nwhile x < 30:\n    x += 1\ny = 1\nz = y\nwhile z:\n    z = 0"
    prediction, _ = ran(program(body))
    after = next(n for n, frame in enumerate(prediction.frames) if "y = 1" in frame.source)
    for size in range(after + 1, len(prediction.frames)):
        states = resolve(prediction.frames[:size])
        assert find_loop(states, cut=True) is None


def test_a_loop_on_one_line() -> None:
    # Python does not trace the rounds of `while True: pass`; a model may.
    line = Frame("line", "    while True: pass\n", {})
    frames = [Frame("call", "def main():\n", {}), *[line] * 5]
    assert judge([predicted(*frames, ended=False)]).verdict == "endless"


def test_long_traces_take_time_in_proportion() -> None:
    # Quadratic, these would not come to an end within the suite's limit.
    line = Frame("line", "    x = 1\n", {"x": "1"})
    call = Frame("call", "def f(x):\n", {"x": "1"})
    other = Frame("line", "    y = 1\n", {"x": "1"})
    for frames in ([line] * 50_000, [call] * 50_000, [line, other, call, line] * 12_000):
        assert judge([predicted(*frames, ended=False, cut=True)]).votes
