"""What the model writes, well and badly formed in every way there is."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.toolcalls import Call, Kind, Malformed, Reply, read_reply
from model.wire import render_call

TOOLS = ("bash", "edit", "submit")
THOUGHT = "Let me look.\n</think>\n"

PIECES = st.sampled_from(
    [
        "<tool: bash>\n",
        "<tool:\nedit>\n",
        "<tool: >\n",
        "<tool:bash>\n",
        "<tool: no>",
        "\n</tool>",
        "</tool>",
        "<tool:",
        "\n",
        "ls",
        " ",
        "<think>",
        "</think>",
    ]
)


def required(text: str, **options: bool) -> Reply | Malformed:
    return read_reply(text, tools=TOOLS, reasoning="required", **options)


def optional(text: str, **options: bool) -> Reply | Malformed:
    return read_reply(text, tools=TOOLS, reasoning="optional", **options)


def call(argument: str = "ls", name: str = "bash") -> str:
    return render_call(name, argument)


# Well formed


def test_reasoning_answer_and_call_are_told_apart() -> None:
    listing = call("ls -l\npwd")
    reply = required(f"{THOUGHT}\nI list.\n{listing}\nThen we see.\n")
    assert isinstance(reply, Reply)
    assert reply.reasoning == "Let me look."
    assert reply.answer == "\n\nI list.\n<tool: bash>\nls -l\npwd\n</tool>\nThen we see.\n"
    assert reply.call == Call("bash", "ls -l\npwd")
    assert reply.said == "I list.\n\nThen we see."


@pytest.mark.parametrize("answer", ["All is done.\n", "", "a < b, </tools>, <tool bash>"])
def test_an_answer_need_not_call(answer: str) -> None:
    assert required(THOUGHT + answer) == Reply("Let me look.", "\n" + answer, None)


def test_marks_in_the_reasoning_do_not_count() -> None:
    thought = f"I could {call()} or <tool: or </tool> or <think>."
    reply = required(f"{thought}\n</think>\n{call('pwd')}")
    assert reply == Reply(thought, "\n" + call("pwd"), Call("bash", "pwd"))


def test_an_opening_mark_is_no_part_of_the_reasoning() -> None:
    expected = Reply("Hm.", call(), Call("bash", "ls"))
    for text in (f"Hm.</think>{call()}", f"\n<think>\nHm.\n</think>{call()}"):
        assert required(text) == optional(text) == expected


def test_reasoning_may_be_left_out_where_it_is_optional() -> None:
    assert optional(f"Now. {call()}") == Reply("", f"Now. {call()}", Call("bash", "ls"))


def test_arguments_are_kept_as_they_are() -> None:
    for argument in ("\n ls \n", "a\r\n\tb", "x > y\n</too", "<toolbox>", "<|eot_id|>", "\ud800"):
        reply = required(THOUGHT + call(argument))
        assert isinstance(reply, Reply)
        assert reply.call == Call("bash", argument)


@settings(deadline=None)
@given(
    argument=st.text().filter(
        lambda text: text.strip() and not re.search(r"<tool:|</tool>|</think>", text)
    ),
    name=st.sampled_from(TOOLS),
    before=st.sampled_from(["", "I see.\n", "x" * 50]),
)
def test_what_is_rendered_is_read(argument: str, name: str, before: str) -> None:
    reply = required(f"{THOUGHT}{before}{render_call(name, argument)}")
    assert isinstance(reply, Reply)
    assert reply.call == Call(name, argument)
    assert reply.said == before.strip()


# Badly formed


@pytest.mark.parametrize(
    ("text", "kind", "detail"),
    [
        ("", "empty", "nothing"),
        (" \n", "empty", "white space only"),
        (call(), "no_reasoning_end", "no </think>"),
        (f"<think>\nno end\n{call()}", "no_reasoning_end", "no </think>"),
        (f"{THOUGHT}more\n</think>\n{call()}", "several_reasoning_ends", "2 </think>"),
        (THOUGHT + call("echo </think>"), "several_reasoning_ends", "2 </think>"),
        (THOUGHT + call() + call(), "several_calls", "2 calls"),
        (THOUGHT + 3 * (call() + "\n"), "several_calls", "3 calls"),
        (f"{THOUGHT}<tool: bash>\nls", "unbalanced", "1 <tool:, 0 </tool>, 0 complete calls"),
        (f"{THOUGHT}ls\n</tool>", "unbalanced", "0 <tool:, 1 </tool>, 0 complete calls"),
        (THOUGHT + call() + "</tool>", "unbalanced", "1 <tool:, 2 </tool>, 1 complete calls"),
        (THOUGHT + "<tool: " + call(), "unbalanced", "2 <tool:, 1 </tool>, 1 complete calls"),
        (THOUGHT + call(call()), "unbalanced", "2 <tool:, 2 </tool>, 1 complete calls"),
        (f"{THOUGHT}<tool: bash>ls</tool>", "unbalanced", None),
        (f"{THOUGHT}<tool: bash>\nls</tool>", "unbalanced", None),
        (f"{THOUGHT}<tool: bash>\n</tool>", "unbalanced", None),
        (f"{THOUGHT}<tool:bash>\nls\n</tool>", "unbalanced", None),
        (f"{THOUGHT}<tool: ba-sh>\nls\n</tool>", "unbalanced", None),
        (f"{THOUGHT}<tool: bash >\nls\n</tool>", "unbalanced", None),
        (f"{THOUGHT}<tool: bash>\r\nls\n</tool>", "unbalanced", None),
        (f"{THOUGHT}<tool: >\nls\n</tool>", "unbalanced", None),
        (THOUGHT + call(""), "empty_argument", "bash"),
        (THOUGHT + call(" \n\t"), "empty_argument", "bash"),
        (THOUGHT + call(name="python"), "unknown_tool", "python"),
        (THOUGHT + call(name="Bash"), "unknown_tool", "Bash"),
        (THOUGHT + call(name="a" * 5_000), "unknown_tool", "a" * 100),
    ],
)
def test_each_rule_has_its_own_name(text: str, kind: Kind, detail: str | None) -> None:
    found = required(text)
    assert isinstance(found, Malformed)
    assert found.kind == kind
    assert detail is None or found.detail == detail
    assert len(found.detail) <= 120


def test_optional_reasoning_has_rules_too() -> None:
    assert optional(f"a</think>b</think>{call()}") == Malformed(
        "several_reasoning_ends", "2 </think>"
    )
    unended = optional(f" <think>\nI might {call()}")
    assert unended == Malformed("no_reasoning_end", "no </think>")


def test_an_answer_that_was_cut_off_is_nothing_else() -> None:
    for text in ("", THOUGHT, THOUGHT + call(), call() + call()):
        found = required(text, cut_off=True)
        assert isinstance(found, Malformed)
        assert found.kind == "cut_off"
        assert str(len(text)) in found.detail


# Hostile


@settings(max_examples=500, deadline=None)
@given(text=st.lists(PIECES, max_size=12).map("".join))
def test_calls_are_those_of_the_pattern(text: str) -> None:
    answer = text.replace("</think>", "")
    pattern = re.compile(r"<tool:\s([a-zA-Z_]+)>\n(.*?)\n</tool>", re.DOTALL)
    expected = pattern.findall(answer)
    found = required(THOUGHT + answer)
    balanced = answer.count("<tool:") == answer.count("</tool>") == len(expected)
    if isinstance(found, Reply):
        assert balanced
        assert expected == ([(found.call.name, found.call.argument)] if found.call else [])
    else:
        assert (found.kind == "unbalanced") == (not balanced)
        assert (found.kind == "several_calls") == (balanced and len(expected) > 1)


@settings(max_examples=300, deadline=None)
@given(text=st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
def test_any_text_is_read(text: str) -> None:
    for found in (required(text), optional(text)):
        if isinstance(found, Reply):
            assert found.said in found.answer or found.call
            assert text.endswith(found.answer)


@pytest.mark.parametrize(
    "piece",
    [
        "<tool: a>\n",
        "<tool: ",
        "\n</tool>",
        "<tool: bash>\nls\n</tool>",
        "</think>",
        "<tool: a",
        "\n",
    ],
)
def test_a_megabyte_is_read_in_one_go(piece: str) -> None:
    # What is quadratic takes minutes here, and runs into the suite's time limit.
    text = piece * (1_000_000 // len(piece))
    for start in (THOUGHT, "<think>", THOUGHT + "<tool: bash>\n", THOUGHT + "<tool: "):
        for found in (required(start + text), optional(start + text)):
            assert isinstance(found, Malformed) or found.said is not None
