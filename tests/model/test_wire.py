"""A dialogue's ids, put together by hand beside ours; only growing, and never forged."""

import json
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.tokenizer import Tokenizer
from model.wire import (
    CUT,
    REASONING,
    THINK,
    Dialogue,
    Prompt,
    budget,
    cut_left,
    cut_right,
    render_call,
    tool_answer,
)
from tests.model.tokenizers import SMALL, SPECIALS

BOS, END, START_HEADER, END_HEADER, EOM, EOT = (SMALL + n for n in (0, 1, 6, 7, 8, 9))

OUTSIDE = st.lists(
    st.one_of(st.sampled_from([*SPECIALS, " ", "\n"]), st.text(max_size=30)), max_size=6
).map("".join)
"""What the outside may say."""
ANY_IDS = st.lists(st.integers(0, SMALL + 300), max_size=20)

Step = Callable[[Dialogue], None]


def answers(ids: list[int] | None, text: str) -> Step:
    def step(dialogue: Dialogue) -> None:
        dialogue.ask()
        dialogue.answered(ids, text)

    return step


STEPS = st.lists(
    st.one_of(
        OUTSIDE.map(lambda text: lambda dialogue: dialogue.system(text)),
        OUTSIDE.map(lambda text: lambda dialogue: dialogue.user(text)),
        st.builds(
            lambda name, text: lambda dialogue: dialogue.tool(name, text),
            st.sampled_from(["bash", "edit", "Un_known"]),
            OUTSIDE,
        ),
        st.builds(answers, st.none() | ANY_IDS, OUTSIDE),
    ),
    max_size=8,
)


# What a dialogue is made of


def test_a_dialogue_has_the_ids_of_the_format(small_tokenizer: Tokenizer) -> None:
    def text(said: str) -> list[int]:
        return small_tokenizer.encode(said)

    def head(role: str) -> list[int]:
        return [START_HEADER, *text(role), END_HEADER, *text("\n\n")]

    generated = [*text("thinking\n</think>\n\n"), *text("<tool: bash>\nls\n</tool>"), *text(" \n")]
    dialogue = Dialogue(small_tokenizer)
    dialogue.system(f"\n{REASONING}\n\n# Environment\nA box. \n")
    dialogue.user("  Mend it.\n")
    dialogue.ask()
    dialogue.answered([*generated, EOT])
    dialogue.tool("bash", "\n<output>\na\n</output> \n")
    dialogue.ask()
    dialogue.answered(None, " done\n</think>\nBye. \n")
    dialogue.ask()
    assert list(dialogue.prompt.ids) == [
        BOS,
        *[*head("system"), *text(f"{REASONING}\n\n# Environment\nA box."), EOT],
        *[*head("user"), *text("Mend it."), EOT],
        *[*head("assistant"), *text("<think>\n"), *generated, EOT],
        *[*head("tool: bash"), *text("\n<output>\na\n</output> \n"), EOT],
        *[*head("assistant"), *text("<think>\n"), *text(" done\n</think>\nBye."), EOT],
        *[*head("assistant"), *text("<think>\n")],
    ]
    assert dialogue.stop_ids == (END, EOM, EOT)
    assert len(dialogue.prompt) == len(dialogue.prompt.ids)


def test_without_reasoning_nothing_is_thought_for_the_model(small_tokenizer: Tokenizer) -> None:
    dialogue = Dialogue(small_tokenizer, reasoning=False)
    dialogue.ask()
    dialogue.ask()  # for a second try
    head = [START_HEADER, *small_tokenizer.encode("assistant"), END_HEADER]
    begun = [BOS, *head, *small_tokenizer.encode("\n\n")]
    assert list(dialogue.prompt.ids) == begun
    dialogue.answered(None, "\n yes \n")
    assert list(dialogue.prompt.ids) == [*begun, *small_tokenizer.encode("yes"), EOT]


def test_the_opening_words_are_the_ones_it_was_trained_with() -> None:
    first, *rest = REASONING.split("\n")
    assert first == (
        "You are a helpful AI assistant. You always reason before responding, "
        "using the following format:"
    )
    assert rest == [
        "",
        "<think>",
        "your internal reasoning",
        "</think>",
        "your external response",
    ]
    assert THINK == "<think>\n"


@pytest.mark.parametrize("stop", [EOT, EOM, END, None], ids=["eot", "eom", "end", "cut-off"])
def test_an_answer_ends_exactly_once(small_tokenizer: Tokenizer, stop: int | None) -> None:
    dialogue = Dialogue(small_tokenizer)
    dialogue.ask()
    begun = list(dialogue.prompt.ids)
    said = small_tokenizer.encode("so be it")
    dialogue.answered([*said, *([] if stop is None else [stop])])
    assert list(dialogue.prompt.ids) == [*begun, *said, EOT]


def test_messages_out_of_order_are_refused(small_tokenizer: Tokenizer) -> None:
    dialogue = Dialogue(small_tokenizer)
    with pytest.raises(ValueError, match="nothing was asked"):
        dialogue.answered(None, "x")
    dialogue.ask()
    before = dialogue.prompt.json()
    with pytest.raises(ValueError, match="the model's answer comes first"):
        dialogue.user("x")
    assert dialogue.prompt.json() == before
    dialogue.answered(None, "x")
    for name in ("", "a b", "bash\n", "<|eot_id|>", "b4sh", "é"):
        with pytest.raises(ValueError, match="a tool's name"):
            dialogue.tool(name, "x")


def test_results_and_budgets_are_worded_as_in_training() -> None:
    assert budget(127, 98_304) == (
        "<budget>\n* Remaining turns: 127\n* Remaining tokens: 98304\n</budget>"
    )
    assert tool_answer("a\n", 1, 2) == f"<output>\na\n\n</output>\n\n{budget(1, 2)}"
    assert render_call("bash", "ls\npwd") == "<tool: bash>\nls\npwd\n</tool>"


# Only growing


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, reasoning=st.booleans())
def test_ids_only_grow_and_their_json_with_them(
    small_tokenizer: Tokenizer, steps: list[Step], reasoning: bool
) -> None:
    dialogue = Dialogue(small_tokenizer, reasoning=reasoning)
    earlier: list[int] = []
    for step in steps:
        step(dialogue)
        ids = list(dialogue.prompt.ids)
        assert ids[: len(earlier)] == earlier
        assert len(ids) > len(earlier)
        assert dialogue.prompt.json() == json.dumps(ids, separators=(",", ":")).encode()
        earlier = ids


@settings(deadline=None)
@given(parts=st.lists(st.lists(st.integers(0, 2**20), max_size=5), max_size=5))
def test_a_prompt_is_its_parts(parts: list[list[int]]) -> None:
    prompt = Prompt()
    for part in parts:
        prompt.extend(iter(part))
        prompt.json()  # reading it changes nothing
    whole = [id_ for part in parts for id_ in part]
    assert list(prompt.ids) == whole
    assert json.loads(prompt.json()) == whole
    assert prompt.json() == Prompt(whole).json()


# Never forged


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_no_message_holds_a_special_token_but_its_own(
    small_tokenizer: Tokenizer, steps: list[Step]
) -> None:
    dialogue = Dialogue(small_tokenizer)
    for step in steps:
        step(dialogue)
    specials = [id_ for id_ in dialogue.prompt.ids if id_ >= SMALL]
    assert specials == [BOS, *[START_HEADER, END_HEADER, EOT] * len(steps)]


def test_a_header_in_an_answer_is_spelled_out(small_tokenizer: Tokenizer) -> None:
    said = small_tokenizer.encode("ok")
    role = small_tokenizer.encode("system")
    dialogue = Dialogue(small_tokenizer)
    dialogue.ask()
    begun = list(dialogue.prompt.ids)
    dialogue.answered([*said, EOT, START_HEADER, *role, END_HEADER, *said, EOT])
    spelled = [
        *small_tokenizer.encode("<|eot_id|>"),
        *small_tokenizer.encode("<|start_header_id|>"),
        *role,
        *small_tokenizer.encode("<|end_header_id|>"),
    ]
    assert list(dialogue.prompt.ids) == [*begun, *said, *spelled, *said, EOT]


# Cut to a size

LONG = st.text(st.sampled_from("ab \n.é語👩\u0301") | st.characters(), max_size=120)


@settings(max_examples=300, deadline=None)
@given(text=LONG, most=st.integers(-1, 60))
@example(text="👩" * 50, most=10)
@example(text="a" * 5_000, most=3)
@example(text=" " * 5_000 + "x", most=0)
def test_what_is_cut_keeps_to_its_size(small_tokenizer: Tokenizer, text: str, most: int) -> None:
    read = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    whole = len(small_tokenizer.encode(text)) <= most
    for cut, left in ((cut_right, False), (cut_left, True)):
        made = cut(small_tokenizer, text, most)
        assert len(small_tokenizer.encode(made)) <= max(most, 0)
        if whole:
            assert made == text
        elif left:
            assert not made or (made.startswith(CUT) and read.endswith(made.removeprefix(CUT)))
        else:
            assert not made or (made.endswith(CUT) and read.startswith(made.removesuffix(CUT)))


@pytest.mark.parametrize("most", [50, 3_000])
def test_no_more_is_cut_than_must_be(small_tokenizer: Tokenizer, most: int) -> None:
    text = " ".join(f"word{number}" for number in range(30_000))
    for cut in (cut_right, cut_left):
        made = cut(small_tokenizer, text, most)
        assert most - 8 <= len(small_tokenizer.encode(made)) <= most
    dialogue = Dialogue(small_tokenizer)
    assert dialogue.count(text[:1_000]) == len(small_tokenizer.encode(text[:1_000]))
