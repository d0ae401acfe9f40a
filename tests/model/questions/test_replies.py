"""The answer in what a model says, however it is dressed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.questions.replies import fence, fenced_blocks, read_answer, read_program


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("<answer>[1, 2]</answer>", "[1, 2]"),
        ("Not <answer>1</answer> but\n<answer>\n 2 \n</answer>. Done.", "2"),
        ("<answer>```python\n'a'\n```</answer>", "'a'"),
        ("<answer>`'a'`</answer>", "'a'"),
        ("<answer>'`'</answer>", "'`'"),
        ("It is <answer>5", "5"),
        ("So it is\n```\n[3]\n```\n", "[3]"),
        ("```\n1\n```\nthen\n~~~py\n2\n~~~\nas I said", "2"),
        ("Let me see.\n\n42\n", "42"),
        ("</answer><answer>7</answer>", "7"),
        ("</answer>", "</answer>"),
        ("<answer></answer>", ""),
        ("", ""),
    ],
)
def test_where_the_answer_is(said: str, answer: str) -> None:
    assert read_answer(said) == answer


@pytest.mark.parametrize(
    ("said", "answer"),
    [("<answer>[1,", ""), ("Let me see", ""), ("<answer>1</answer> and", "1")],
)
def test_what_was_cut_off_is_no_answer(said: str, answer: str) -> None:
    assert read_answer(said, cut=True) == answer


def test_a_program_is_the_longest_block() -> None:
    said = "First:\n```\nx\n```\nThen:\n```python\ndef f():\n    return 1\n```\nThat is all."
    assert read_program(said) == "def f():\n    return 1"
    assert read_program(f"<answer>\n{said}\n</answer>") == "def f():\n    return 1"
    assert read_program("def f():\n    return 1\n") == "def f():\n    return 1"
    assert read_program("```python\ndef f():\n    ret", cut=True) == "def f():\n    ret"


@given(st.text(alphabet="`~ \nab<>/answer", max_size=300))
def test_whatever_is_said_something_is_read(said: str) -> None:
    assert isinstance(read_answer(said), str)
    assert isinstance(read_program(said, cut=True), str)


@given(st.text(max_size=300))
def test_no_text_closes_its_fence(text: str) -> None:
    assert len(fenced_blocks(fence(text))) == 1


def test_a_long_answer_is_read_at_once() -> None:
    assert read_answer("<answer>" * 400_000) == ""
    assert read_answer("```\n" * 400_000) == ""
