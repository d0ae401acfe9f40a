"""What runs for a mark: real programs in a real sandbox, well-behaved or not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agent.config import Settings
from agent.evaluating.bench import Bench
from model.questions.checks import CodeCheck, ScriptCheck, ValueCheck, check
from model.questions.input import InputTask
from model.questions.output import OutputTask
from model.questions.question import Answer
from sandboxes.engine import Engine

pytestmark = pytest.mark.engine

SOURCE = """\
import sys


def f(a, b=0):
    return a + b


def spin():
    while True:
        pass


def leave():
    import os

    os._exit(0)


def echo(x):
    return x


if __name__ == "__main__":
    print("read", sys.stdin.read())
"""


@pytest.fixture
async def bench(engine: Engine) -> AsyncIterator[Bench]:
    async with Bench(Settings(), lambda line: None, 2) as made:
        yield made


async def test_checks_of_every_kind(bench: Bench) -> None:
    checks = [
        ValueCheck("f(1, 2)", "3"),
        ValueCheck("f('a', 'b')", "'ba'"),
        ValueCheck("f(1, '')", "1"),
        ValueCheck("[f(2)]"),
        CodeCheck("assert f(1) == 1\nimport os\nassert os.getcwd()"),
        CodeCheck("assert f(1) == 2, 'not \\ud800 so'"),
        CodeCheck("import sys\nsys.exit(0)"),
        ScriptCheck("one\ntwo"),
        ValueCheck("leave()", "1"),
        ValueCheck("f(", "1"),
        ValueCheck("float('inf')", "inf"),
        ValueCheck("'\\ud800'"),
    ]
    found = await check(bench, SOURCE, checks)
    assert [each.end for each in found] == [
        *["done", "done", "raised", "done", "done", "raised", "raised"],
        *["done", "died", "raised", "done", "done"],
    ]
    assert [each.equal for each in found[:4]] == [True, False, None, None]
    assert (found[1].value, found[3].value) == ("'ab'", "[2]")
    assert found[2].error.startswith("TypeError: ")
    assert found[5].error.startswith("AssertionError: not")
    assert found[7].stdout == "read one\ntwo\n"
    assert found[10].equal is True


async def test_scripts_of_which_little_is_kept(bench: Bench) -> None:
    checks = [ScriptCheck("\ud800", 3), ScriptCheck("", 10)]
    found = await check(bench, "print('é' * 10**6)  # \ud800", checks)
    assert [each.stdout for each in found] == ["é\ufffd", "é" * 5]
    assert {each.end for each in found} == {"done"}
    (much,) = await check(bench, "while True: print('x' * 10**5)", [ScriptCheck("", 10)], 60)
    assert much.end == "died"


async def test_what_does_not_end_costs_its_own_time_only(bench: Bench) -> None:
    checks = [ValueCheck("spin()", "1"), ValueCheck("f(1)", "1"), *[ValueCheck("spin()")] * 4]
    found = await check(bench, SOURCE, [*checks, ValueCheck("f(2)")], seconds=1.0)
    assert [each.end for each in found] == [*["time", "done", "time", "time"], *["skipped"] * 3]
    script = await check(bench, "print(1, flush=True)\nwhile True: pass\n", [ScriptCheck("")], 2.0)
    assert (script[0].end, script[0].stdout) == ("time", "1\n")


async def test_programs_that_ruin_their_sandbox(bench: Bench) -> None:
    bad = (
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\n",
        "import os\nwhile True:\n    os.fork()\n",
    )
    for source in bad:
        await check(bench, source, [ValueCheck("1", "1")], seconds=0.5)
        (good,) = await check(bench, SOURCE, [ValueCheck("f(1)", "1")])
        assert good.equal is True, source
    (great,) = await check(bench, "x = 'a' * 10**9\n", [ValueCheck("x")])
    assert len(great.value) <= 100_000


async def test_many_at_a_time(bench: Bench) -> None:
    several = [check(bench, f"x = {n}\n", [ValueCheck("x", str(n))]) for n in range(8)]
    assert [found[0].equal for found in await asyncio.gather(*several)] == [True] * 8


async def test_answers_that_have_to_run(bench: Bench) -> None:
    known = OutputTask("a", SOURCE, "f(1)", "1")
    unknown = OutputTask("a", SOURCE, "f({3, 4}.pop())")
    for task, text, right in (
        (known, "1 + 0", True),
        (known, "sum([2])", False),
        (known, "undefined", False),
        (unknown, "3", True),
        (unknown, "5", False),
        (OutputTask("a", SOURCE, "f(1, '')"), "1", None),
    ):
        mark = await task.mark(Answer(text), bench)
        assert mark.right is right, (text, mark)


async def test_inputs_are_marked_by_running_them(bench: Bench) -> None:
    task = InputTask("a", SOURCE, "f", "3")
    for text, right in (("f(1, 2)", True), ("f(3)", True), ("f(1)", False), ("f(1, '')", False)):
        assert (await task.mark(Answer(text), bench)).right is right
    # An object that equals everything is told by what it looks like.
    forged = "echo(type('Any', (), {'__eq__': lambda self, other: True})())"
    mark = await InputTask("a", SOURCE, "echo", "3").mark(Answer(forged), bench)
    assert mark.detail.startswith("it returns <")
    assert mark.right is False
    foreseen = Answer("f(3)", facts={"foreseen": False})
    assert (await task.mark(foreseen, bench)).measures == {"trace says whether": False}
