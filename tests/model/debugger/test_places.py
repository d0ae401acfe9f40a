"""The lines of frames: those that really ran, wherever the same text stands twice."""

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.debugger.places import Places, Spot
from model.trace.frame import Frame
from model.trace.states import compress, resolve
from model.trace.writing import mark, source_lines
from tests.model.trace.examples import PROGRAMS


class _Enough(BaseException):
    """Ends a program that does not end."""


def ran(source: str, most: int = 2_000) -> tuple[list[int], list[Frame]]:
    """The lines that ``main()`` really runs, and its frames as the model writes them."""
    lines = [text + "\n" for text, _ in source_lines(source)]
    space: dict[str, Any] = {"__name__": "program"}
    exec(compile(source, "<run>", "exec"), space)
    numbers: list[int] = []
    frames: list[Frame] = []

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename != "<run>":
            return None
        if len(frames) >= most:
            raise _Enough
        numbers.append(frame.f_lineno)
        line = lines[frame.f_lineno - 1]
        if event in ("call", "line"):
            shown = {name: repr(value) for name, value in frame.f_locals.items()}
            frames.append(Frame("call" if event == "call" else "line", line, shown))
        else:
            value = arg[1] if event == "exception" else arg
            kind = "exception" if event == "exception" else "return"
            frames.append(Frame(kind, line, value=repr(value)))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        space["main"]()
    except (Exception, _Enough):
        pass
    finally:
        sys.settrace(before)
    return numbers[:most], compress(frames[:most])


def found(source: str, frames: list[Frame]) -> list[Spot]:
    return Places(source).locate(resolve(frames))


def unclear(numbers: list[int], spots: list[Spot]) -> list[tuple[int, tuple[int, ...]]]:
    """The lines that ran and those that were found, where these are not just the one."""
    pairs = zip(numbers, spots, strict=True)
    return [(number, spot.lines) for number, spot in pairs if spot.lines != (number,)]


TWINS = """\
class A:
    def run(self, n):
        x = n
        x += 1
        return x


class B:
    def run(self, n):
        x = n
        x += 1
        return x


def deco(f):
    def inner(*a):
        return f(*a)
    return inner


@deco
def branches(a):
    if a > 2:
        x = 1
        x += 1
        return x
    else:
        x = 1
        x += 1
        return x


def raises(a):
    try:
        x = 1
        x += 1
        if a:
            raise ValueError(
                "x",
                a,
            )
    except KeyError:
        x += 1
    except ValueError:
        x = 1
        x += 1
    finally:
        x += 1
    try:
        x = 1
        x += 1
        return x
    finally:
        x += 1


def loops(n):
    while n:
        n -= 1
        if n == 2:
            continue
        if n == 1:
            break
        total = sum(
            [i
             for i in range(n)],
            0,
        )
    else:
        n += 1
    for i in range(3):
        n += 1
    for i in range(3):
        n += 1
    match n:
        case 1:
            n += 1
        case 2 | 6 | 7:
            n += 1
            n += 1
        case _:
            n += 1
    y = lambda z: z + 1
    y(
        n
    )
    return [i for i in range(3)], {i for i in range(2)}


def main():
    A().run(1)
    B().run(2)
    branches(1)
    branches(3)
    raises(0)
    raises(1)
    loops(4)
    loops(2)
    loops(0)
"""


def test_twins_are_told_apart_by_what_leads_to_them() -> None:
    numbers, frames = ran(TWINS)
    assert len(frames) > 200
    assert unclear(numbers, found(TWINS, frames)) == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_that_do_all_kinds_of_things(name: str) -> None:
    numbers, frames = ran(PROGRAMS[name])
    assert frames
    assert unclear(numbers, found(PROGRAMS[name], frames)) == []


def test_the_marker_of_the_entry_point_is_no_part_of_a_line() -> None:
    numbers, frames = ran(TWINS)
    marked = mark(TWINS, "main")
    assert marked != TWINS
    assert unclear(numbers, found(marked, frames)) == []


def test_functions_are_named() -> None:
    source = "def g(n):\n    return [n for _ in 'a']\ndef main():\n    return g(1)\n"
    _, frames = ran(source)
    names = [spot.function for spot in found(source, frames)]
    comprehension = ["<listcomp>"] * (len(frames) - 6)
    assert names == ["main", "main", "g", "g", *comprehension, "g", "main"]


PAIRS = """\
def pairs(n):
    for i in range(n):
        yield i
    for i in range(n):
        yield i


def main():
    one, two = pairs(2), pairs(1)
    return [ORDER]
"""


def test_a_generator_goes_on_where_it_yielded() -> None:
    source = PAIRS.replace("ORDER", "*one, *two")
    numbers, frames = ran(source)
    assert sum(frame.kind == "call" for frame in frames) > 6
    assert unclear(numbers, found(source, frames)) == []


def test_of_generators_that_wait_at_lines_alike_both_are_told() -> None:
    source = PAIRS.replace("ORDER", "next(one), next(two), next(one), next(one), *two, *one")
    numbers, frames = ran(source)
    spots = found(source, frames)
    assert all(number in spot.lines for number, spot in zip(numbers, spots, strict=True))
    assert unclear(numbers, spots)


EITHER = """\
def f(thing):
    if thing.good:
        x = 1
    else:
        x = 1
    return x
"""


def test_what_stays_ambiguous_is_said_and_cleared_up_later() -> None:
    thing = {"thing": "<Thing object>"}
    frames = [
        Frame("call", "def f(thing):\n", thing),
        Frame("line", "    if thing.good:\n", thing),
        Frame("line", "        x = 1\n", thing),
        Frame("line", "    return x\n", {**thing, "x": "1"}),
        Frame("return", "    return x\n", value="1"),
    ]
    spots = found(EITHER, frames)
    assert [spot.lines for spot in spots] == [(1,), (2,), (3, 5), (6,), (6,)]
    assert (spots[2].line, spots[2].others) == (3, (5,))


def test_a_condition_that_the_locals_answer_tells_the_branch() -> None:
    source = EITHER.replace("thing.good", "thing == 'good'")
    for value, line in (("'good'", 3), ("'bad'", 5)):
        frames = [
            Frame("call", "def f(thing):\n", {"thing": value}),
            Frame("line", "    if thing == 'good':\n", {"thing": value}),
            Frame("line", "        x = 1\n", {"thing": value}),
        ]
        assert found(source, frames)[-1].lines == (line,)


def test_a_text_that_is_nowhere_has_no_line_and_what_follows_has() -> None:
    numbers, frames = ran(PROGRAMS["calls"])
    wrong = [*frames[:2], Frame("line", "    surprise()\n", {}), *frames[2:]]
    spots = found(PROGRAMS["calls"], wrong)
    assert (spots[2].line, spots[2].lines) == (None, ())
    assert [spot.line for spot in (*spots[:2], *spots[3:])] == numbers


def test_a_jump_that_cannot_be_is_placed_where_the_text_is() -> None:
    source = "def f():\n    a = 1\n    b = 2\n    c = 3\n\n\ndef g():\n    c = 3\n"
    frames = [Frame("call", "def f():\n", {}), Frame("line", "    c = 3\n", {})]
    assert found(source, frames)[-1].lines == (4,)


def test_a_line_with_other_white_space_is_still_found() -> None:
    frames = [Frame("call", "def f(thing):", {"thing": "1"}), Frame("line", "x = 1", {})]
    assert [spot.line for spot in found(EITHER, frames)] == [1, 3]


def test_a_source_that_does_not_parse_is_searched_by_its_text() -> None:
    source = "def f(:\n    x = 1\n    y = 2\n    x = 1\n"
    frames = [
        Frame("call", "def f(:\n", {}),
        Frame("line", "    y = 2\n", {}),
        Frame("line", "    x = 1\n", {}),
    ]
    assert [spot.line for spot in found(source, frames)] == [1, 3, 4]
    assert found("", frames)[-1].line is None


def test_lines_without_events_are_known() -> None:
    source = 'def f(a):\n    "doc"\n    if a:\n        return 1\n    else:\n        return 2\n'
    assert Places(source + "\n# end\n").eventful == {1, 3, 4, 6}


SIMPLE = st.sampled_from(["x += 1", "x = 1", "pass", "y = x", "g(x)"])
LEAVING = st.sampled_from(["return x", "raise KeyError(x)", "break", "continue"])
HEADS = st.sampled_from(
    ["if x > 2", "if g(x) > 3", "for i in range(2)", "while x < 3", "with Open()", "try"]
)


@st.composite
def bodies(draw: st.DrawFn, depth: int = 0, loop: bool = False) -> list[str]:
    """The lines of a body, many of them alike."""
    made: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        if depth >= 3 or draw(st.booleans()):
            made.append(draw(SIMPLE))
            continue
        head = draw(HEADS)
        inner = loop or head.startswith(("for", "while"))
        block = [f"    {line}" for line in draw(bodies(depth + 1, inner))]
        if head.startswith("while"):
            block.insert(0, "    x += 1")
        made += [f"{head}:", *block]
        other = "except KeyError" if head == "try" else "else"
        if head == "try" or (head.startswith("if") and draw(st.booleans())):
            made += [f"{other}:", *[f"    {line}" for line in draw(bodies(depth + 1, loop))]]
        if head == "try" and draw(st.booleans()):
            made += ["finally:", "    x += 1"]
    if draw(st.integers(0, 3)) == 0:
        last = draw(LEAVING)
        made.append(last if loop or last not in ("break", "continue") else "return x")
    return made


@settings(max_examples=150, deadline=None)
@given(bodies(), bodies())
def test_the_line_that_ran_is_always_among_those_found(one: list[str], two: list[str]) -> None:
    opening = "class Open:\n    def __enter__(self): pass\n    def __exit__(self, *a): pass\n"
    source = opening + "def g(x):\n    return x\n"
    for name, body in (("one", one), ("two", two)):
        lines = "\n".join(f"    {line}" for line in body)
        source += f"def {name}(x):\n    y = 0\n{lines}\n    return x\n"
    source += "def main():\n    one(1)\n    two(3)\n"
    numbers, frames = ran(source, 400)
    for number, spot in zip(numbers, found(source, frames), strict=True):
        assert number in spot.lines, source
