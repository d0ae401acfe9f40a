"""What a model is told: the example holds, prompts grow at their end, and no source breaks out."""

import json
import re
import sys
from dataclasses import replace
from importlib import resources
from itertools import pairwise

import pytest

from model.predict.jsonlines import read_lines, write_line
from model.predict.predictor import Program
from model.predict.texts import step_messages, trace_messages, value_messages
from model.trace.states import compress
from tests.model.predict.programs import FRAMES, PROGRAM
from tests.model.trace.examples import recorded

PROMPTS = resources.files("model.predict.prompts")


def contents(messages: list[dict[str, object]]) -> list[str]:
    return [str(message["content"]) for message in messages]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="lines are traced otherwise")
def test_the_example_is_what_python_does() -> None:
    source = PROMPTS.joinpath("example.txt").read_text()
    told = PROMPTS.joinpath("example.jsonl").read_text()
    plain = source.replace("  # << START_OF_TRACE", "")
    real = [replace(frame, place=None) for frame in compress(recorded(plain))]
    parsed = read_lines(told, source)
    assert list(parsed.frames) == real
    assert (parsed.ended, parsed.problems) == (True, ())
    assert told.splitlines() == [*map(write_line, real), '{"event": "end"}']


def test_all_questions_begin_alike() -> None:
    asked = [
        trace_messages(PROGRAM),
        step_messages(PROGRAM, FRAMES[:1]),
        step_messages(PROGRAM, FRAMES[:1], "return"),
        value_messages(PROGRAM),
    ]
    assert len({json.dumps(messages[:-1]) for messages in asked}) == 1
    assert [message["role"] for message in asked[0]] == ["system", "user", "assistant", "user"]
    given = write_line(FRAMES[0])
    for messages in asked:
        before, found, question = str(messages[-1]["content"]).partition(given)
        assert before == contents(asked[0])[-1].partition(given)[0]
        assert found
        assert question.strip()
    assert len({contents(messages)[-1] for messages in asked}) == 4


def test_a_step_goes_on_where_the_last_one_was() -> None:
    prompts = [contents(step_messages(PROGRAM, FRAMES[:n]))[-1] for n in range(1, 7)]
    for n, (one, next_one) in enumerate(pairwise(prompts), 1):
        shared = one[: one.index(write_line(FRAMES[n - 1]))] + write_line(FRAMES[n - 1])
        assert next_one.startswith(shared + "\n" + write_line(FRAMES[n]))


def test_a_kind_is_asked_for_by_its_name() -> None:
    question = contents(step_messages(PROGRAM, FRAMES[:3], "exception"))[-1]
    assert '"exception"' in question.rpartition("}")[2]


def test_nothing_is_given_of_a_function_alone() -> None:
    program = Program.of_function("def test_it():\n    assert True\n", "test_it")
    assert "Nothing of the trace is given" in contents(trace_messages(program))[-1]


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return '''\n```\n'''\n",
        "def f():\n    return '$frames ${x} $$'\n",
        "def f():\n    return '\ud800'\n",
        "def f():\r\n    return '`````'\r\n",
    ],
)
def test_a_program_stays_within_its_fence(source: str) -> None:
    text = contents(trace_messages(Program.of_call(source, "f()")))[-1]
    fence, shown = re.findall(r"^(`{3,})\n(.*?)\n\1$", text, re.DOTALL | re.MULTILINE)[0]
    assert fence not in shown
    assert shown.startswith(source.encode(errors="replace").decode())
    text.encode()
