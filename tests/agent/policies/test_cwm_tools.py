"""Models that call functions natively: every call is answered, whatever it was."""

import json
from pathlib import Path

import pytest
import pytest_asyncio

from model.tokenizer import Tokenizer
from tests.agent.policies.modelruns import IN_MODULE, Played, Player, Speaking
from tests.model.replies import Reply, body, say
from tests.repobox import Box
from tools.registry import TOOLS

pytestmark = IN_MODULE


def native(tool: str, text: str = "", finish: str = "tool_calls", **values: object) -> Reply:
    """One call in good form."""
    return say(text, calls=[(tool, json.dumps(values))], finish=finish)


LOOK = native("bash", command="ls /tmp/ran; cat calc/__init__.py")
TOUCH = ("bash", json.dumps({"command": "touch /tmp/ran"}))

WRONG: dict[str, tuple[Reply, str]] = {
    "no call": (say("This is hard."), "called no tool"),
    "nothing": (say(""), "Your turn was empty"),
    "white space": (say(" \n"), "Your turn was empty"),
    "reasoning only": (say("", reasoning="Let me think."), "Your turn was empty"),
    "a call as text": (say("<tool: bash>\ntouch /tmp/ran\n</tool>"), "called no tool"),
    "two calls": (say("Two.", calls=[TOUCH, TOUCH]), "more than one call (2 calls)"),
    "many calls": (say("", calls=[TOUCH] * 9), "more than one call (9 calls)"),
    "no JSON": (say("", calls=[("bash", "touch /tmp/ran")]), "not a JSON object"),
    "half of it": (say("", calls=[("bash", '{"command": "touch')]), "not a JSON object"),
    "a list": (say("", calls=[("bash", '["touch /tmp/ran"]')]), "not a JSON object"),
    "deep": (say("", calls=[("bash", "[" * 20_000)], piece=9_999), "not a JSON object"),
    "no arguments": (say("", calls=[("bash", "")]), "bash wants the text 'command'"),
    "another parameter": (native("bash", cmd="touch /tmp/ran"), "wants the text 'command'"),
    "one of two": (native("create", path="new"), "create wants the text 'content'"),
    "a number": (native("bash", command=7), "bash wants the text 'command'"),
    "null": (native("bash", command=None), "bash wants the text 'command'"),
    "an object": (native("bash", command={"a": "touch"}), "bash wants the text 'command'"),
    "a mixed list": (native("bash", command=["touch", 1]), "bash wants the text 'command'"),
    "an empty text": (native("bash", command=" \n"), "The call of bash had no argument"),
    "no such function": (native("rm_rf", path="/"), "no tool named rm_rf"),
    "no name": (native("", path="/"), "no tool named ."),
    "a hostile name": (native("x" * 5_000 + "\x1b[2J", path="/"), f"named {'x' * 100}."),
    "cut off": (say("Then", calls=[TOUCH], finish="length"), "was cut off"),
}
"""Answers in a wrong form, and what the model is told of each."""


@pytest.fixture
def play(play: Player) -> Player:
    play.profile = "tools"
    return play


async def test_a_model_resolves_an_issue_by_parameters(play: Player) -> None:
    search, replace = "    return a + b\n", "    return a + b + 1\n"
    run = await play(
        native("bash", "I look.", command="cat calc/__init__.py"),
        native("edit", path="calc/__init__.py", search=search, replace=replace, finish="stop"),
        native("create", path="calc/new.py", content="NEW = '''\n  <tool: bash>\n'''\n"),
        native("test", tests=["tests/test_add.py", "tests"]),
        native("bash", command="git add -A && git diff --cached > /tmp/fix.patch"),
        native("submit", path="/tmp/fix.patch"),
        say("It adds one more."),
    )
    assert run.end.reason == "It adds one more."
    assert run.end.patch is not None
    assert "+    return a + b + 1\n" in run.end.patch
    assert "+NEW = '''\n+  <tool: bash>\n" in run.end.patch
    assert [each.tool for each in run.of("result")] == [
        *["bash", "edit", "create", "test", "bash", "submit"]
    ]
    assert not run.of("format_error")
    assert run.of("action")[3].argument == "tests/test_add.py\ntests"
    assert run.of("action")[0].thought == "I look."
    called = run.messages[-1][2]
    assert called["content"] == "I look."
    assert json.loads(called["tool_calls"][0]["function"]["arguments"]) == {
        "command": "cat calc/__init__.py"
    }
    assert run.messages[-1][3]["role"] == "tool"
    assert run.messages[-1][3]["content"].startswith("<output>\ndef add(a, b):")


async def test_the_tools_are_told_as_schemas_and_one_call_a_turn_is_asked_for(
    play: Player,
) -> None:
    run = await play(LOOK)
    asked = run.asked[0].json
    assert asked["parallel_tool_calls"] is False
    functions = [each["function"] for each in asked["tools"]]
    assert [each["name"] for each in functions] == [*TOOLS]
    for each in functions:
        properties = each["parameters"]["properties"]
        assert each["parameters"]["required"] == [*properties]
        assert all(one["type"] == "string" and one["description"] for one in properties.values())
    assert "<tool:" not in run.messages[0][0]["content"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wrong_run(
    calc: Box, tokenizer: Tokenizer, tokenizer_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Played:
    """Every wrong answer, and after each a good one. The server takes well-formed requests only."""
    answers = [each for answer, _ in WRONG.values() for each in (answer, LOOK)]
    async with calc.sandbox() as sandbox:
        folder = tmp_path_factory.mktemp("wrong")
        play = Player(sandbox, folder, tokenizer, tokenizer_file, profile="tools", context=131_072)
        return await play(*answers)


@pytest.mark.parametrize("number", range(len(WRONG)), ids=WRONG)
async def test_a_wrong_answer_is_told_and_the_next_one_runs(wrong_run: Played, number: int) -> None:
    step = 2 * number + 1
    (error,) = [each for each in wrong_run.of("format_error") if each.step == step]
    assert [*WRONG.values()][number][1] in error.message
    assert error.reply is not None
    (result,) = [each for each in wrong_run.of("result") if each.step in (step, step + 1)]
    assert result.step == step + 1
    assert "No such file" in result.output
    # Each call of the answer gets the message; an answer without calls gets it as the user's.
    told = wrong_run.messages[step][len(wrong_run.messages[step - 1]) + 1 :]
    role = "tool" if error.reply.calls else "user"
    assert [each["role"] for each in told] == [role] * max(len(error.reply.calls), 1)
    assert all(each["content"] == error.message for each in told)


@pytest.mark.parametrize("id_", [None, "", "same"])
async def test_calls_without_ids_of_their_own_get_some(play: Player, id_: str | None) -> None:
    function = {"name": "bash", "arguments": {"command": "echo here"}}
    call = {"type": "function", "function": function} | ({} if id_ is None else {"id": id_})
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    whole = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    run = await play(*[body(json.dumps(whole))] * 3)
    assert [each.output for each in run.of("result")] == ["here\n"] * 3
    ids = [each["tool_call_id"] for each in run.messages[-1] if each["role"] == "tool"]
    assert len({*ids}) == 2
    assert all(ids)


async def test_arguments_are_read_as_they_are_meant(play: Player) -> None:
    run = await play(
        say("", calls=[("bash", '{"command": "echo one\necho\ttwo"}')]),
        say("", calls=[("bash", '{"command": ["echo three", "echo four"], "why": 7}')]),
        say("", calls=[("bash", '{"command": "echo \\ud83d \\u0000"}')]),
        say("", calls=[("bash", '{"command": "printf \'\\ud83d.\\n\'"}')]),
        say("Hm."),
    )
    outputs = [each.output for each in run.of("result")]
    assert outputs[:2] == ["one\ntwo\n", "three\nfour\n"]
    assert "null character" in outputs[2]
    assert outputs[3] == "?.\n"
    # What is sent back says the same, in valid JSON.
    calls = [each["tool_calls"][0] for each in run.messages[-1] if each["role"] == "assistant"]
    meant = [json.loads(each["function"]["arguments"]) for each in calls]
    assert meant[0] == {"command": "echo one\necho\ttwo"}
    assert meant[3] == {"command": "printf '?.\n'"}
    assert calls[1]["function"]["arguments"].endswith('"why": 7}')


async def test_what_the_user_says_follows_the_results_of_calls(play: Player) -> None:
    said = {2: "Be quick.", 3: "Or slow."}
    two = say("", calls=[TOUCH, TOUCH])
    run = await play(LOOK, two, say("Hm."), oversight=Speaking(said))
    assert [each["role"] for each in run.messages[-1][2:]] == [
        *["assistant", "tool", "user"],
        *["assistant", "tool", "tool", "user"],
    ]
    assert run.messages[-1][4]["content"] == "Be quick."
    assert run.messages[-1][-1]["content"] == "Or slow."
