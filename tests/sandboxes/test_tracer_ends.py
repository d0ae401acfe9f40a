"""How recordings end: by limits, and whatever a program does to itself."""

from pathlib import Path
from textwrap import dedent

import pytest

from tests.sandboxes.tracing import Tracer, minor, pythons


@pytest.fixture(params=pythons(), ids=minor)
def tracer(request: pytest.FixtureRequest, tmp_path: Path) -> Tracer:
    """Every Python."""
    return Tracer(request.param, tmp_path / "project")


@pytest.fixture
def here(tmp_path: Path) -> Tracer:
    """The Python of the tests, for what does not depend on it."""
    return Tracer(pythons()[0], tmp_path / "project")


ENDS = {
    "exit": ("sys.exit(3)", "exit"),
    "exit at once": ("os._exit(3)", "exit"),
    "killed": ("os.kill(os.getpid(), 9)", "killed"),
    "another program": ("os.execv(sys.executable, [sys.executable, '-c', ''])", "exit"),
    "descriptors closed": ("os.closerange(0, 100)", "left"),
    "no trace function": ("sys.settrace(None)", "untraced"),
    "its own trace function": ("sys.settrace(lambda *event: None)", "untraced"),
    "its own trace function, put back": ("t = sys.gettrace(); sys.settrace(t)", "left"),
    "its folder removed": ("os.mkdir('x'); os.chdir('x'); os.rmdir('../x'); g()", "left"),
    "a file of no name": ("g('\\udcff')", "left"),
    "reading": ("sys.stdin.read()", "left"),
    "endless": ("\n    while True:\n        pass", "events"),
    "endless recursion": ("f()", "depth"),
    "recursion through C": ("sorted([1, 2], key=lambda _: f())", "depth"),
    "much output": ("[print('x' * 10 ** 5) for _ in range(200)]", "left"),
    "builtins replaced": ("import builtins; builtins.repr = builtins.len = None; f", "left"),
}


@pytest.mark.parametrize("name", ENDS)
def test_however_it_ends_it_says_so(tracer: Tracer, name: str) -> None:
    body, why = ENDS[name]
    helper = "def g(name='h'):\n    exec(compile('x = 1', name, 'exec'))\n"
    source = (
        f"import os, sys\n\n{helper}\ndef f():\n    before = [1]\n    {body}\n    return before\n"
    )
    traced = tracer.call(source, events=4000)
    assert traced.end["end"] == why, traced.end
    assert traced.values("f", "before")[0] == "[1]"
    assert traced.end["events"] == len(traced.events) <= 4000
    assert len(str(traced.end["stdout"])) <= 1 << 16
    if why == "left":
        assert traced.returned() == "[1]"


def test_the_program_has_the_whole_stack_to_itself(tracer: Tracer) -> None:
    traced = tracer.call("def f(n):\n    return n and 1 + f(n - 1)\n", "f(985)")
    assert traced.end["end"] == "left", traced.end
    assert traced.returned() == "985"


def test_a_forked_child_is_not_recorded(tracer: Tracer) -> None:
    source = dedent("""
        import os

        def f():
            child = os.fork()
            if not child:
                inside = 1
                return inside
            return os.waitpid(child, 0)[1]
    """)
    traced = tracer.call(source)
    assert traced.returned() == "0"
    assert traced.values("f", "inside") == []


@pytest.mark.parametrize("body", ["while True: pass", "any(iter(int, 1))", "time.sleep(60)"])
def test_time_ends_what_no_event_ends(here: Tracer, body: str) -> None:
    source = f"import time\n\ndef f():\n    before = 1\n    {body}\n"
    traced = here.call(source, seconds=1, events=10**9, bytes=1 << 28)
    assert traced.end["end"] == "time"
    assert traced.values("f", "before") == ["1"]


def test_limits_end_a_recording(here: Tracer) -> None:
    source = "def f(n):\n    return n and f(n - 1)\n"
    assert here.call(source, "f(9)", events=4).end["end"] == "events"
    assert len(here.call(source, "f(9)", events=4).events) == 4
    assert here.call(source, "f(9)", depth=5).end["end"] == "depth"
    assert here.call(source, "f(3)", depth=9).end["end"] == "left"
    small = here.call(source, "f(9)", bytes=1200)
    assert small.end["end"] == "bytes"
    assert len(small.text) < 1600
    assert here.call("while True: pass\n", seconds=1).end["end"] == "time"
