"""Whether programs end: records under many names, answers in words and out of traces."""

import base64
import json
import pickle
import zlib
from pathlib import Path

import pytest

from model.questions.halts import ENDLESS, HALTS, Halts, HaltsTask
from model.questions.pickled import pickles
from model.questions.question import Answer, Asked, BadRow, Way
from model.questions.rows import read_tasks
from model.questions.scripts import as_function
from model.trace.writing import NoEntry
from tests.model.questions.asking import NothingRuns, answers, frames
from tests.model.replies import say

SPIN = "def f(n):\n    while n:\n        n = n\n    return n\n"
TASK = HaltsTask("a", SPIN, "f(1)", label=False)


@pytest.mark.parametrize(
    ("row", "call", "label"),
    [
        ({"code": SPIN, "label": True}, "", True),
        ({"program": SPIN, "terminates": "no", "call": "f(2)"}, "f(2)", False),
        ({"code": SPIN, "label": 0, "input": "1"}, "f(1)", False),
        ({"code": SPIN, "label": "NT", "args": [1, "a"]}, "f(1, 'a')", False),
        ({"source": SPIN, "infinite": True, "entry_point": "g", "input": "x=1"}, "g(x=1)", False),
        ({"code": SPIN, "label": "Terminating"}, "", True),
    ],
)
def test_records_under_many_names(row: dict[str, object], call: str, label: bool) -> None:
    task = Halts().read({**row, "id": 5})
    assert (task.id, task.source, task.call, task.label) == ("5", SPIN, call, label)


@pytest.mark.parametrize(
    "row",
    [
        {"label": True},
        {"code": SPIN},
        {"code": SPIN, "label": "perhaps"},
        {"code": " ", "label": True},
        {"code": SPIN, "label": True, "call": "f("},
    ],
)
def test_records_that_are_none(row: dict[str, object]) -> None:
    with pytest.raises(BadRow):
        Halts().read(row)


def pickled(value: object, *, packed: bool = False) -> str:
    data = pickle.dumps(value)
    return base64.b64encode(zlib.compress(data) if packed else data).decode()


def test_pickles_are_told_by_what_they_look_like(tmp_path: Path) -> None:
    row = {
        "code": SPIN,
        "label": True,
        "a": pickled((1, 2)),
        "b": pickled(["x"] * 50, packed=True),
        "c": "gASV",
        "d": "a sentence of some words, and no pickle",
        "e": "é" * 20,
    }
    assert [(each.name, each.packed) for each in pickles(row)] == [("a", False), ("b", True)]
    # One that is opened would leave a file.
    trap = tmp_path / "opened"
    data = tmp_path / "data.jsonl"
    data.write_text(json.dumps({"code": SPIN, "label": 1, "p": pickled(Trap(str(trap)))}) + "\n")
    (task,), skipped = read_tasks(data, Halts())
    assert isinstance(task, HaltsTask)
    assert len(task.sealed) == 1
    assert not skipped
    assert not trap.exists()


class Trap:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (self.path, "w")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("<answer>endless</answer>", ENDLESS),
        ("<answer>Halts.</answer>", HALTS),
        ("<answer>`non-terminating`</answer>", ENDLESS),
        ("It goes round.\n\nDoes not terminate", ENDLESS),
        ("<answer>perhaps</answer>", ""),
        ("", ""),
    ],
)
async def test_answers_in_words(said: str, text: str) -> None:
    (answer,) = await answers(TASK, Way("reasoning"), say(said))
    assert answer.text == text
    assert bool(answer.problem) is not bool(text)


def around(times: int) -> list[dict[str, object]]:
    head = {"event": "line", "source": "    while n:", "locals": {"n": "1"}}
    body = {"event": "line", "source": "        n = n", "locals": {"n": "1"}}
    call = {"event": "call", "source": "def f(n):", "locals": {"n": "1"}}
    main = {"event": "line", "source": "    return f(1)", "locals": {}}
    return [main, call, *[head, body] * times]


async def test_a_trace_whose_states_repeat_is_endless() -> None:
    (answer,) = await answers(TASK, Way("trace"), say(frames(*around(20), ended=False)))
    assert (answer.text, answer.facts["verdict"]) == (ENDLESS, "endless")


async def test_a_trace_that_takes_all_it_may_is_endless() -> None:
    said = frames(*around(1), ended=False)
    (answer,) = await answers(TASK, Way("trace"), say(said, finish="length"))
    assert (answer.text, answer.facts["verdict"]) == (ENDLESS, "unsure")


@pytest.mark.parametrize("value", ["0", None])
async def test_a_trace_that_ends_halts(value: str | None) -> None:
    returns: list[dict[str, object]] = [
        {"event": "return", "source": "    return n", "value": value or "None"},
        {"event": "return", "source": "    return f(1)", "value": value or "None"},
    ]
    if value is None:
        raised = {"event": "exception", "value": "ValueError('no')"}
        returns = [
            {**raised, "source": "    while n:"},
            {**returns[0], "source": "    while n:"},
            {**raised, "source": "    return f(1)"},
            returns[1],
        ]
    (answer,) = await answers(TASK, Way("trace"), say(frames(*around(1), *returns)))
    assert answer.text == HALTS


async def test_a_trace_that_says_nothing() -> None:
    (answer,) = await answers(TASK, Way("trace"), say("I will not."))
    assert (answer.text, bool(answer.problem)) == ("", True)


async def test_labels_decide() -> None:
    for label, text, right in ((False, ENDLESS, True), (False, HALTS, False), (True, HALTS, True)):
        mark = await HaltsTask("a", SPIN, "", label).mark(Answer(text), NothingRuns())
        name = "right where it halts" if label else "right where it is endless"
        assert (mark.right, mark.measures) == (right, {name: right})


SCRIPTS = [
    ("n = 10\nwhile n:\n    n -= 1\nprint(n)\n", "0\n"),
    ("LIMIT = 3\ndef f(x=LIMIT):\n    return x + LIMIT\nprint(f())\n", "6\n"),
    ("def f():\n    return count\ncount = 2\ncount += 1\nprint(f())\n", "3\n"),
    ("script = 1\nimport math\nprint(math.floor(script + 0.5))\n", "1\n"),
    ("total = 0\ndef add(n):\n    global total\n    total += n\nadd(2)\nprint(total)\n", "2\n"),
    ("for i in range(2):\n    x = [i for i in range(3)]\nprint(i, x)\n", "1 [0, 1, 2]\n"),
    ("if __name__ == '__main__':\n    print('\\n'.join(['a', '''b\n  c''']))\n", "a\nb\n  c\n"),
]


@pytest.mark.parametrize(("script", "printed"), SCRIPTS)
def test_a_script_as_a_function(
    script: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, call = as_function(script)
    # These programs are the test's own.
    exec(source + call, {"__name__": "__main__"})
    assert capsys.readouterr().out == printed


def test_what_is_no_script() -> None:
    with pytest.raises(NoEntry):
        as_function("while")
    assert as_function("")[1] == "script()"
    with pytest.raises(BadRow):
        Halts().one(Asked(SPIN, "f("))


async def test_a_script_is_traced_as_a_function() -> None:
    task = HaltsTask("a", "n = 1\nwhile n:\n    pass\n")
    (answer,) = await answers(task, Way("trace"), say("", finish="length"))
    assert answer.text == ENDLESS
    (answer,) = await answers(HaltsTask("a", "while"), Way("trace"))
    assert answer.problem == "the program does not parse"
