"""Entry points that are marked in every way a function can be written, and frames as text."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.trace.frame import Frame
from model.trace.writing import (
    MARKER,
    NoEntry,
    context,
    mark,
    source_lines,
    unmarked,
    wrapper,
    write_frames,
)
from tests.model.trace.examples import EXAMPLE_CONTEXT, EXAMPLE_SOURCE

M = MARKER


# Frames


def test_values_are_json_as_it_is_written_by_default() -> None:
    frames = [
        Frame("call", "def f(é):\n", {"é": "'\\n\"'", ".0": "[]"}),
        Frame("exception", "    x\n", value="KeyError('é')"),
    ]
    assert write_frames(frames, ended=False) == (
        '<|call_sep|>{"\\u00e9": "\'\\\\n\\"\'", ".0": "[]"}<|action_sep|>def f(é):\n<|frame_sep|>'
        "<|exception_sep|><|action_sep|>    x\n<|arg_sep|>\"KeyError('\\u00e9')\"<|frame_sep|>"
    )


def test_locals_that_could_not_be_read_are_written_as_they_were() -> None:
    assert write_frames([Frame("line", "x\n", raw='{"a"')], ended=True) == (
        '<|line_sep|>{"a"<|action_sep|>x\n<|frame_sep|><|end_of_text|>'
    )
    assert "<|line_sep|>{}<|action_sep|>" in write_frames([Frame("line", "x\n")])


def test_the_context_stands_between_its_tokens() -> None:
    assert context("x\n") == "<|trace_context_start|>x\n<|frame_sep|>"


# Entry points


@pytest.mark.parametrize(
    ("source", "entry", "marked"),
    [
        ("def f(a):\n    return a\n", "f", f"def f(a):{M}\n    return a\n"),
        ("def f(): return 1", "f", f"def f(): return 1{M}"),
        ("async def f():\n    pass\n", "f", f"async def f():{M}\n    pass\n"),
        ("def f(\n    a,\n):\n    pass\n", "f", f"def f({M}\n    a,\n):\n    pass\n"),
        ("@d\n@e(1)\ndef f():\n    pass\n", "f", f"@d\n@e(1)\ndef f():{M}\n    pass\n"),
        ("def f():  # why\n    pass\n", "f", f"def f():  # why{M}\n    pass\n"),
        ("if 1:\n\tdef f():\n\t\tpass\n", "f", f"if 1:\n\tdef f():{M}\n\t\tpass\n"),
        ("def f():\r\n    pass\r\n", "f", f"def f():{M}\r\n    pass\r\n"),
        ("def f():\r    pass\r", "f", f"def f():{M}\r    pass\r"),
        ("x = '\x0c\u2028'\ndef f():\n    pass", "f", f"x = '\x0c\u2028'\ndef f():{M}\n    pass"),
        ("def f(a, \\\n      b):\n    pass\n", "f", f"def f(a, \\\n      b):{M}\n    pass\n"),
        ('def f(a="""\n"""):\n    pass\n', "f", f'def f(a="""\n"""):{M}\n    pass\n'),
        ('def f(): """a\n  b"""\n', "f", f'def f(): """a\n  b"""{M}\n'),
        (
            "def m(): 0\nclass A:\n    def m(self):\n        pass\n",
            "A.m",
            f"def m(): 0\nclass A:\n    def m(self):{M}\n        pass\n",
        ),
        ("def f(): 1\ndef f(): 2\n", "f", f"def f(): 1\ndef f(): 2{M}\n"),
        ("def f(): 1\ndef f(): 2\n", 1, f"def f(): 1{M}\ndef f(): 2\n"),
        (
            "try:\n    import q\nexcept E:\n    def f(): 1\n",
            "f",
            f"try:\n    import q\nexcept E:\n    def f(): 1{M}\n",
        ),
        ("s = '\\d'\ndef f(): 1\n", "f", f"s = '\\d'\ndef f(): 1{M}\n"),
    ],
)
def test_the_entry_point_is_marked(source: str, entry: str | int, marked: str) -> None:
    assert mark(source, entry) == marked


@pytest.mark.parametrize(
    ("source", "entry", "message"),
    [
        ("def f(): 1\n", "g", "the source has no function named g"),
        ("def f(): 1\n", "f.g", "the source has no function named f.g"),
        ("class A: 1\n", "A", "the source has no function named A"),
        ("def f():\n    1\n", 2, "the source has no function in line 2"),
        ("def f(:\n", "f", "the source does not parse: invalid syntax"),
        ("def f(): 1\0", "f", "the source does not parse: source code string"),
        ("(" * 5_000, "f", "the source does not parse: "),
        ("x = " + "-" * 100_000 + "1", "f", "the source does not parse: "),
        ("def f(): \\\n  1 + \\\n  1 \\\n\n", "", "the source has no function named "),
    ],
)
def test_what_cannot_be_marked_is_said_in_a_line(
    source: str, entry: str | int, message: str
) -> None:
    with pytest.raises(NoEntry) as raised:
        mark(source, entry)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_a_line_is_freed_of_the_marker_and_of_nothing_else() -> None:
    for line in ("def f():\n", "def ARTS():", "  # << START_OF\r\n", "\n", ""):
        end = line[len(line.rstrip("\r\n")) :]
        assert unmarked(line) == line
        assert unmarked(line.rstrip("\r\n") + MARKER + end) == line


@settings(max_examples=200, deadline=None)
@given(text=st.text("ab\n\r\x0c\u2028 ", max_size=20))
def test_lines_are_those_of_python(text: str) -> None:
    lines = source_lines(text)
    assert "".join(line + end for line, end in lines) == text
    # A comment a line, and an error after the last one, whose place the parser tells.
    source = "".join(f"#{line}{end}" for line, end in lines)
    ended = not lines or lines[-1][1]
    with pytest.raises(SyntaxError) as raised:
        ast.parse(source + ("" if ended else "\n") + "?")
    assert raised.value.lineno == len(lines) + 1


# The wrapper


def test_the_wrapper_calls_what_is_to_be_traced() -> None:
    expected = Frame("call", "def main():\n", {})
    assert wrapper(EXAMPLE_SOURCE, "f(1)") == (EXAMPLE_CONTEXT, expected)
    assert wrapper(EXAMPLE_SOURCE.rstrip(), " f(1)\n") == (EXAMPLE_CONTEXT, expected)
    assert wrapper("", "1")[0] == f"def main():{M}\n    return 1\n"


def test_the_wrapper_takes_no_name_from_the_source() -> None:
    wrapped, first = wrapper("def main():\n    return 1\n", "main()")
    assert wrapped.endswith(f"def main_():{M}\n    return main()\n")
    assert first.source == "def main_():\n"


def test_a_call_of_several_lines_becomes_one() -> None:
    assert wrapper("", "f(\n  1, # one\n  2)")[0].endswith("    return f(1, 2)\n")


@pytest.mark.parametrize("call", ["", "x = 1", "f(1); g()", "f(1)\nimport os", "f("])
def test_the_call_must_be_one_expression(call: str) -> None:
    with pytest.raises(NoEntry, match="the call does not parse") as caught:
        wrapper("", call)
    assert "<unknown>" not in str(caught.value)
