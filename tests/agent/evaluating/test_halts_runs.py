"""Pickles that are opened in a sandbox, and programs that are run there to see whether they end."""

import base64
import pickle
import zlib
from collections.abc import AsyncIterator

import pytest

from agent.config import Settings
from agent.evaluating.bench import Bench
from model.questions.halts import ENDLESS, HALTS, Halts, HaltsTask
from model.questions.question import Answer, Way
from sandboxes.engine import Engine
from tests.model.questions.asking import questioned
from tests.model.replies import say

pytestmark = pytest.mark.engine

SPIN = "def f(n, m=0):\n    while n:\n        n = n\n    return n\n"
DIRECT = Way("direct")


@pytest.fixture
async def bench(engine: Engine) -> AsyncIterator[Bench]:
    async with Bench(Settings(), lambda line: None) as made:
        yield made


def pickled(value: object, *, packed: bool = False) -> str:
    data = pickle.dumps(value)
    return base64.b64encode(zlib.compress(data) if packed else data).decode()


class Strange:
    """A class that the sandbox does not have."""


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return eval, ("__import__('os')._exit(3)",)


@pytest.mark.parametrize(
    ("value", "call"),
    [
        ((1, "a"), "f(1, 'a')"),
        ([2], "f(2)"),
        ("1, m=2", "f(1, m=2)"),
        ({"n": 1, "m": [2]}, "f(n=1, m=[2])"),
        ({"code": SPIN + "\n", "call": "f(3)"}, "f(3)"),
        (7, "f(7)"),
    ],
)
async def test_what_a_pickle_holds_is_asked_about(bench: Bench, value: object, call: str) -> None:
    row = {"code": SPIN, "label": False, "id": "a", "data": pickled(value)}
    task = Halts().read(row)
    async with questioned(say("<answer>endless</answer>")) as (server, model):
        (answer,) = await task.answers(model, DIRECT, bench)
    assert f"evaluated: {call}" in server.asked[0].json["messages"][-1]["content"]
    mark = await task.mark(answer, bench)
    assert (answer.text, mark.right) == (ENDLESS, True)


async def test_a_whole_record_in_a_packed_pickle(bench: Bench) -> None:
    fields = {"code": SPIN, "terminates": True, "extra": Strange(), "more": "x" * 50}
    task = Halts().read({"id": "a", "pickle": pickled(fields, packed=True)})
    async with questioned(say("<answer>endless</answer>")) as (_, model):
        (answer,) = await task.answers(model, DIRECT, bench)
    assert (await task.mark(answer, bench)).right is False


async def test_pickles_that_cannot_be_opened(bench: Bench) -> None:
    broken = base64.b64encode(b"\x80\x04K\x01K\x02Q....").decode()
    for data in (pickled(Bomb()), broken):
        task = Halts().read({"id": "a", "code": SPIN, "label": True, "p": data})
        async with questioned() as (server, model):
            (answer,) = await task.answers(model, DIRECT, bench)
        assert not server.asked
        assert answer.problem.startswith("p: the pickle cannot be opened")
        assert (await task.mark(Answer(HALTS), bench)).right is None


async def test_programs_without_a_label_are_run(bench: Bench) -> None:
    for source, call, text, right, patience in (
        (SPIN, "f(1)", ENDLESS, True, 0.5),
        (SPIN, "f(1)", HALTS, None, 0.5),
        (SPIN, "f(0)", HALTS, True, 10),
        (SPIN, "f(0)", ENDLESS, False, 10),
        ("raise ValueError", "", HALTS, True, 10),
        ("while True: pass", "", ENDLESS, True, 0.5),
        ("import os; os._exit(1)", "", HALTS, True, 10),
        ("def f(n): return f(n)", "f(1)", HALTS, True, 10),
    ):
        mark = await HaltsTask("", source, call, patience=patience).mark(Answer(text), bench)
        assert mark.right is right, (source, text, mark)
