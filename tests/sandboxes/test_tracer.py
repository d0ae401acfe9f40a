"""The recorder that runs inside: what it says of programs, on the Pythons that are here."""

import ast
import json
import os
from pathlib import Path
from textwrap import dedent

import pytest

from model.trace.recording import read_recording
from model.trace.states import compress
from model.trace.writing import write_frames
from tests.sandboxes.tracing import Tracer, minor, pythons

EXAMPLE = """\
<|line_sep|>{}<|action_sep|>    return f(1)
<|frame_sep|><|call_sep|>{"a": "1"}<|action_sep|>def f(a):
<|frame_sep|><|line_sep|>{"a": ".."}<|action_sep|>    b = a + 1
<|frame_sep|><|line_sep|>{"a": "..", "b": "2"}<|action_sep|>    return b
<|frame_sep|><|return_sep|><|action_sep|>    return b
<|arg_sep|>"2"<|frame_sep|><|return_sep|><|action_sep|>    return f(1)
<|arg_sep|>"2"<|frame_sep|><|end_of_text|>"""


@pytest.fixture(params=pythons(), ids=minor)
def tracer(request: pytest.FixtureRequest, tmp_path: Path) -> Tracer:
    """Every Python."""
    return Tracer(request.param, tmp_path / "project")


@pytest.fixture
def here(tmp_path: Path) -> Tracer:
    """The Python of the tests, for what does not depend on it."""
    return Tracer(pythons()[0], tmp_path / "project")


def test_the_wire_form_of_the_specification_s_example(tracer: Tracer) -> None:
    traced = tracer.call("def f(a):\n    b = a + 1\n    return b\n", "f(1)")
    recording = read_recording(traced.text)
    frames = compress(recording.trace.frames)
    assert write_frames(frames[1:], ended=recording.trace.ended) == EXAMPLE
    assert recording.end.why == "left"


def test_locals_come_in_order_when_they_change_and_when_they_go(tracer: Tracer) -> None:
    source = dedent("""
        def f(second, first=2, *rest, last=None):
            def inner():
                return second
            same = second
            box = [same]
            box.append(True)
            box[1] = 1
            del same
            same = 5
            return inner
    """)
    traced = tracer.call(source, "f(1, 2, 3)")
    call, *lines, _ = traced.of("f")
    assert list(call["v"]) == ["second", "first", "last", "rest"]  # type: ignore[call-overload]
    assert call["v"] == {"second": "1", "first": "2", "last": "None", "rest": "(3,)"}
    said = [(each["v"], each.get("g")) for each in lines]
    assert said == [
        ({}, None),
        ({"inner": "<function f.<locals>.inner>"}, None),
        ({"same": "1"}, None),
        ({"box": "[1]"}, None),
        ({"box": "[1, True]"}, None),
        ({"box": "[1, 1]"}, None),
        ({}, ["same"]),
        ({"same": "5"}, None),
    ]


def test_scopes_of_recursion_generators_and_closures(tracer: Tracer) -> None:
    source = dedent("""
        def count(most):
            for each in range(most):
                yield each

        def down(number):
            return number and down(number - 1)

        def f():
            total = 0
            def add(more):
                nonlocal total
                total += more
            one, other = count(1), count(2)
            for each in (next(one), next(other), next(other)):
                add(each)
            return total + down(2)
    """)
    traced = tracer.call(source)
    assert traced.returned() == "1"
    assert traced.values("f", "total") == ["0", "1"]
    depths = [event["d"] for event in traced.of("down") if event["k"] == "c"]
    assert depths == [2, 3, 4]
    scopes = [event["s"] for event in traced.of("count") if event["k"] == "c"]
    assert len(set(scopes)) == 2
    assert scopes[1] == scopes[2] != scopes[0]
    resumed = [event for event in traced.of("count") if event["k"] == "c"][2]
    assert resumed["v"] == {"most": "2", "each": "0"}


def test_coroutines_and_asynchronous_generators(tracer: Tracer) -> None:
    source = dedent("""
        import asyncio

        async def numbers():
            for each in (1, 2):
                await asyncio.sleep(0)
                yield each

        async def both():
            found = []
            async for each in numbers():
                found.append(each)
            return found

        def f():
            return asyncio.new_event_loop().run_until_complete(both())
    """)
    traced = tracer.call(source)
    assert traced.returned() == "[1, 2]"
    assert traced.values("both", "found")[-1] == "[1, 2]"
    assert len({event["s"] for event in traced.of("numbers")}) == 1


def test_threads_have_numbers_and_depths_of_their_own(tracer: Tracer) -> None:
    source = dedent("""
        import threading

        def work(number, found):
            found.append(number)

        def f():
            found = []
            for number in (1, 2):
                thread = threading.Thread(target=work, args=(number, found))
                thread.start()
                thread.join()
                del thread
            return found
    """)
    traced = tracer.call(source)
    assert traced.returned() == "[1, 2]"
    calls = [event for event in traced.of("work") if event["k"] == "c"]
    assert [(event["t"], event["d"]) for event in calls] == [(1, 0), (2, 0)]
    assert all("t" not in event for event in traced.of("f"))


def test_comprehensions_have_frames_or_the_header_says_that_they_have_none(
    tracer: Tracer,
) -> None:
    traced = tracer.call("def f(n, m):\n    return [i * n for i in m]\n", "f(3, [1, 2])")
    assert traced.returned() == "[3, 6]"
    inner = traced.of("<listcomp>")
    if tracer.version >= (3, 12):
        assert traced.lines[0]["comprehensions"] == "inlined"
        assert inner == []
    else:
        assert traced.lines[0]["comprehensions"] == "frames"
        assert inner[0]["v"] == {".0": "<list_iterator object>", "n": "3"}


def test_classes_and_code_from_text(tracer: Tracer) -> None:
    source = dedent("""
        from collections import namedtuple

        def f():
            class Box:
                size = 2
            names = {'__builtins__': {}}
            exec('a = 1\\nb = a + 1', names)
            pair = namedtuple('pair', 'x y')(1, 2)
            return Box.size + names['b'] + pair.x
    """)
    traced = tracer.call(source)
    assert traced.returned() == "5"
    assert traced.values("Box", "size") == []  # nothing runs after it
    assert next(event["k"] for event in traced.of("Box")) == "c"
    generated = {str(event["fn"]) for event in traced.events if event["f"] == 2}
    assert generated == {"<module>"}
    assert {"file": 2, "path": "<string>", "text": None} in traced.lines


def test_exceptions_pass_through_scopes(tracer: Tracer) -> None:
    source = dedent("""
        def g():
            raise KeyError('k')

        def f():
            try:
                g()
            except KeyError as error:
                caught = repr(error)
            raise ValueError(caught)
    """)
    traced = tracer.call(source)
    kinds = [(event["fn"], event["o"]) for event in traced.events if event["k"] == "x"]
    assert [name for name, _ in kinds] == ["g", "f", "f", "main"]
    assert str(kinds[0][1]).startswith("KeyError('k'")
    assert traced.of("g")[-1] == {**traced.of("g")[-1], "k": "r", "o": "None"}
    assert traced.end["end"] == "left"
    error = traced.end["error"]
    assert isinstance(error, dict)
    assert error["type"] == "ValueError"


VALUES = """
    import time

    class Raises:
        def __repr__(self):
            raise ValueError('no')

    class Slow:
        def __repr__(self):
            time.sleep(30)

    class NoText:
        def __repr__(self):
            return 5

    class Plain:
        pass

    class Calls:
        def __repr__(self):
            return helper()

    def helper():
        return 'called'

    def f():
        raises, slow, no_text, plain, calls = Raises(), Slow(), NoText(), Plain(), Calls()
        mixed = [raises, plain, 'x at 0x12345678>']
        several = [plain, f, 'x']
        itself = [1]
        itself.append(itself)
        inside = {}
        inside['it'] = inside
        deep = []
        for _ in range(200):
            deep = [deep]
        wide = [1]
        for _ in range(100):
            wide = [wide, wide]
        large = 'x' * 10 ** 6
        long = list(range(10 ** 5))
        huge = 10 ** 10 ** 4
        shapes = (1,), (), set(), frozenset(), frozenset([1]), {2}, {1: [2]}
        return None
"""


def test_values_are_bounded_and_safe(tracer: Tracer) -> None:
    traced = tracer.call(dedent(VALUES), value=200, repr_seconds=0.2)

    def last(name: str) -> str:
        return traced.values("f", name)[-1]

    assert traced.end["end"] == "left"
    assert last("raises") == "<Raises object: its repr raised ValueError>"
    assert last("slow") == "<Slow object: its repr takes too long>"
    assert last("no_text") == "<NoText object: its repr raised TypeError>"
    assert last("plain") == "<program.Plain object>"
    assert last("calls") == "called"
    assert traced.of("helper") == []
    assert last("mixed") == (
        "[<Raises object: its repr raised ValueError>, <program.Plain object>, 'x at 0x12345678>']"
    )
    assert last("several") == "[<program.Plain object>, <function f>, 'x']"
    assert last("itself") == "[1, [...]]"
    assert last("inside") == "{'it': {...}}"
    assert "<nested too deeply>" in last("deep")
    assert last("wide").endswith("more characters>")
    assert last("large") == repr("x" * 200) + "<999800 more>"
    assert last("long").startswith("[0, 1, 2, ")
    assert last("huge") == "<an int of 33220 bits>"
    assert last("shapes") == ("((1,), (), set(), frozenset(), frozenset({1}), {2}, {1: [2]})")
    assert all(len(line) < 1000 for line in traced.text.splitlines() if line.startswith('{"k"'))


def test_nothing_is_kept_alive(tracer: Tracer) -> None:
    source = dedent("""
        import weakref

        class Thing:
            pass

        def f():
            thing = Thing()
            items = {1: thing}
            gone = []
            seen = weakref.ref(thing, gone.append)
            del thing
            items = None
            return len(gone), seen()
    """)
    assert tracer.call(source).returned() == "(1, None)"


@pytest.mark.timeout(600)
@pytest.mark.skipif("FORETRACE_CRUXEVAL" not in os.environ, reason="no CRUXEval programs given")
def test_cruxeval_s_programs_return_what_the_data_set_says(here: Tracer) -> None:
    rows = Path(os.environ["FORETRACE_CRUXEVAL"]).read_text().splitlines()
    wrong = []
    for row in map(json.loads, rows):
        traced = here.call(row["code"], f"f({row['input']})")
        returned = traced.returned()
        if returned != row["output"] and ast.literal_eval(returned) != ast.literal_eval(
            row["output"]
        ):
            wrong.append((row["id"], returned, row["output"]))
    assert rows
    assert wrong == []
