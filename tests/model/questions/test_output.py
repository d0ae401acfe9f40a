"""What a call returns, and for which call: how it is asked, read and marked where nothing runs."""

import pytest

from model.predict.jsonlines import write_line
from model.predict.predictor import Program, Tokens
from model.predict.texts import trace_messages, value_messages
from model.predict.tokens import TokenPredictor
from model.questions.input import Input, InputTask
from model.questions.output import Output, OutputTask
from model.questions.question import Answer, Asked, BadRow, Model, Way
from model.questions.speaking import TokenSpeaker
from model.questions.texts import question
from model.tokenizer import Tokenizer
from model.wire import END_OF_TURN, REASONING, THINK
from tests.model.predict.programs import FRAMES, asking
from tests.model.questions.asking import NothingRuns, answers, questioned
from tests.model.replies import say
from tests.model.trace.examples import EXAMPLE_SOURCE

SOURCE = EXAMPLE_SOURCE
TASK = OutputTask("a", SOURCE, "f(1)", "2")
FIND = InputTask("a", SOURCE, "f", "2")
TRACE = "\n".join([*map(write_line, FRAMES[1:]), '{"event": "end"}'])


async def test_how_it_is_asked_in_words() -> None:
    async with questioned(say("<answer>2</answer>"), say("So: <answer>3</answer>")) as (
        server,
        model,
    ):
        direct = await TASK.answers(model, Way("direct", most=50), NothingRuns())
        thought = await TASK.answers(model, Way("reasoning"), NothingRuns())
    assert [each.text for each in (*direct, *thought)] == ["2", "3"]
    first, second = (request.json for request in server.asked)
    assert (first["max_tokens"], first["temperature"], "logprobs" in first) == (50, 0.0, False)
    one, other = (each["messages"][-1]["content"] for each in (first, second))
    assert "f(1)" in one
    assert f"```\n{SOURCE.rstrip()}\n```" in one
    # All but the way to answer is the same, so that it is read once.
    assert one.partition("Answer at once")[0] == other.partition("Think it through")[0]
    assert direct[0].tokens.written == len("<answer>2</answer>")


async def test_samples_are_drawn_apart() -> None:
    script = [say(f"<answer>{n}</answer>") for n in (2, 2, 3)]
    async with questioned(*script) as (server, model):
        found = await TASK.answers(model, Way("direct", samples=3, seed=5), NothingRuns())
    assert sorted(each.text for each in found) == ["2", "2", "3"]
    assert sorted(request.json["seed"] for request in server.asked) == [5, 6, 7]
    assert all(request.json["temperature"] == 1.0 for request in server.asked)


async def test_the_value_out_of_a_trace_and_at_once() -> None:
    async with questioned(say(TRACE), say(write_line(FRAMES[-1]))) as (server, model):
        traced = await TASK.answers(model, Way("trace"), NothingRuns())
        stepped = await TASK.answers(model, Way("step"), NothingRuns())
    assert [each.text for each in (*traced, *stepped)] == ["2", "2"]
    program = Program.of_call(SOURCE, "f(1)")
    asked = [request.json["messages"] for request in server.asked]
    assert asked == [trace_messages(program), value_messages(program)]
    assert traced[0].facts == {"frames": len(FRAMES), "problems": 0}


@pytest.mark.parametrize(
    ("said", "finish", "problem"),
    [
        ("\n".join(TRACE.splitlines()[:3]), "length", "the trace was cut off"),
        ("\n".join(TRACE.splitlines()[:3]), "stop", "the trace has no end"),
        ("I would rather not.", "stop", "the trace has no end"),
        (
            '{"event": "line", "source": "    return f(1)", "locals": {}}\n'
            '{"event": "exception", "source": "    return f(1)", "value": "KeyError(1)"}\n'
            '{"event": "return", "source": "    return f(1)", "value": "None"}\n'
            '{"event": "end"}',
            "stop",
            "the trace ends with an exception: KeyError(1)",
        ),
    ],
)
async def test_traces_without_a_value(said: str, finish: str, problem: str) -> None:
    (answer,) = await answers(TASK, Way("trace"), say(said, finish=finish))
    assert (answer.text, answer.problem) == ("", problem)


async def test_a_call_that_cannot_be_traced() -> None:
    task = OutputTask("a", SOURCE, "f(", "2")
    for mode in ("trace", "step"):
        (answer,) = await answers(task, Way(mode))
        assert answer.text == ""
        assert answer.problem


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("<answer>assert f(1) == 2</answer>", "2"),
        ("<answer>It is two.</answer>", ""),
        ("<answer>f(1) == [1,  2]</answer>", "[1, 2]"),
        ('<answer>{"b": 1}</answer>', "{'b': 1}"),
        ("<answer>1 + 1</answer>", "1 + 1"),
        ("<answer>two</answer>", "two"),
    ],
)
async def test_values_are_written_in_one_form(said: str, text: str) -> None:
    (answer,) = await answers(TASK, Way("direct"), say(said))
    assert (answer.text, answer.problem) == (text, "" if text else "the answer is no value")


@pytest.mark.parametrize(
    ("text", "right", "detail"),
    [
        ("2", True, ""),
        ("2.0", True, ""),
        ("3", False, "it is 2"),
        ("f(1)", False, "the answer is no value"),
        ("[f(1)][0]", False, "the answer is no value"),
        ("of course", False, "the answer is no value"),
    ],
)
async def test_literals_are_marked_without_running_anything(
    text: str, right: bool, detail: str
) -> None:
    mark = await TASK.mark(Answer(text), NothingRuns())
    assert (mark.right, mark.detail) == (right, detail)


@pytest.mark.parametrize(
    ("said", "call"),
    [
        ("<answer>f(1)</answer>", "f(1)"),
        ("<answer>f( 1 ) == 2</answer>", "f(1)"),
        ("<answer>assert f('a', b=3) == 2</answer>", "f('a', b=3)"),
        ("<answer>1, [2]</answer>", "f(1, [2])"),
        ("<answer>'abc'</answer>", "f('abc')"),
        ("<answer>f(1) +</answer>", ""),
        ("<answer>1) or (2</answer>", ""),
        ("", ""),
    ],
)
async def test_calls_are_written_in_one_form(said: str, call: str) -> None:
    (answer,) = await answers(FIND, Way("reasoning"), say(said))
    assert answer.text == call
    assert bool(answer.problem) is not bool(call)


async def test_a_call_that_was_found_is_traced() -> None:
    (answer,) = await answers(FIND, Way("trace"), say("<answer>f(1)</answer>"), say(TRACE))
    assert answer.text == "f(1)"
    assert answer.facts == {"foreseen": True, "traced": "2"}
    assert answer.tokens.written == len("<answer>f(1)</answer>") + len(TRACE)


async def test_cwm_is_asked_in_its_own_tokens(small_tokenizer: Tokenizer) -> None:
    end = small_tokenizer.special(END_OF_TURN)
    said = "f(1) is\n</think>\n<answer>2</answer>"
    replies = (
        say(said, ids=small_tokenizer.encode(said), stop_id=end),
        say("<answer>2</answer>", ids=small_tokenizer.encode("<answer>2</answer>"), stop_id=end),
        say("I think and", ids=small_tokenizer.encode("I think and"), finish="length"),
    )
    async with asking(*replies) as (server, client):
        model = Model(
            TokenSpeaker(client, small_tokenizer), TokenPredictor(client, small_tokenizer)
        )
        found = [
            await TASK.answers(model, Way(mode), NothingRuns())
            for mode in ("reasoning", "direct", "reasoning")
        ]
    assert [each.text for (each,) in found] == ["2", "2", ""]
    assert found[2][0].problem == "the answer was cut off"
    reasoning, direct = (small_tokenizer.decode(r.json["prompt"]) for r in server.asked[:2])
    assert REASONING in reasoning
    assert reasoning.endswith(THINK)
    assert REASONING not in direct
    assert not direct.endswith(THINK)
    assert question("output", "direct", source=SOURCE, call="f(1)") in direct


def test_what_must_be_said_of_one_program() -> None:
    assert Output().one(Asked(SOURCE, "f(1)")) == OutputTask("", SOURCE, "f(1)", None)
    assert Input().one(Asked(SOURCE, output="2")) == InputTask("", SOURCE, "f", "2")
    both = f"{SOURCE}\n\ng = f\nh = f\n"
    assert Input().one(Asked(both, "g(1)", "2")).function == "g"
    for question_, asked in (
        (Output(), Asked(SOURCE)),
        (Output(), Asked(SOURCE, "f(")),
        (Output(), Asked(SOURCE, "g(1)")),
        (Input(), Asked(SOURCE, "g(1)", "2")),
        (Input(), Asked(SOURCE)),
        (Input(), Asked(SOURCE, output="1 1")),
        (Input(), Asked("x = 1", output="1")),
    ):
        with pytest.raises(BadRow):
            question_.one(asked)


def test_half_a_character_does_not_break_the_wire() -> None:
    text = question("output", "direct", source="x = '\ud800'", call="f('\udfff')")
    assert text.encode()
    assert Tokens() == Tokens(0, 0, 0)
