"""Traces for tests: the format's own example, and traces of programs that really ran.

The recorder here is a few lines of `sys.settrace`, so that the rules of the format are held against
what Python does, and not against another reading of the rules.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from model.trace.frame import Frame, Kind, Place
from model.trace.writing import source_lines

KINDS: dict[str, Kind] = {
    "call": "call",
    "line": "line",
    "return": "return",
    "exception": "exception",
}

EXAMPLE_SOURCE = "def f(a):\n    b = a + 1\n    return b\n"
EXAMPLE_CONTEXT = EXAMPLE_SOURCE + "def main():  # << START_OF_TRACE\n    return f(1)\n"
EXAMPLE_TEXT = """\
<|line_sep|>{}<|action_sep|>    return f(1)
<|frame_sep|><|call_sep|>{"a": "1"}<|action_sep|>def f(a):
<|frame_sep|><|line_sep|>{"a": ".."}<|action_sep|>    b = a + 1
<|frame_sep|><|line_sep|>{"a": "..", "b": "2"}<|action_sep|>    return b
<|frame_sep|><|return_sep|><|action_sep|>    return b
<|arg_sep|>"2"<|frame_sep|><|return_sep|><|action_sep|>    return f(1)
<|arg_sep|>"2"<|frame_sep|><|end_of_text|>"""

PROGRAMS = {
    "calls": """\
def g(n):
    return n * 2

def main():
    a = g(1)
    b = g(a)
    return b
""",
    "recursion": """\
def main(n=3):
    if n == 0:
        return 1
    m = main(n - 1)
    return n * m
""",
    "unwinding": """\
def g(n):
    m = n
    raise ValueError(m)

def main():
    x = 1
    try:
        g(x)
    except ValueError as error:
        x = 2
    return x
""",
    "escaping": """\
def g():
    return 1 // 0

def main():
    x = 1
    return g() + x
""",
    "generator": """\
def g(n):
    for i in range(n):
        yield i

def main():
    s = 0
    for i in g(2):
        s += i
    return s
""",
    "one_line": """\
def g(n): return n

def main():
    return g('é\\n') + g('')
""",
    "comprehension": """\
def main():
    xs = [1, 2]
    ys = sum(x + 1 for x in xs)
    zs = [y for y in xs]
    return ys, zs
""",
    "deletion": """\
def main():
    a = 1
    b = 2
    del a
    c = 3
    a = 4
    return a
""",
    "separators": """\
def main():
    s = '<|frame_sep|><|line_sep|>{'
    t = s + '"<|arg_sep|><|action_sep|>'
    return t
""",
}
"""Programs, each with a function ``main``."""


def recorded(source: str, entry: str = "main") -> list[Frame]:
    """The frames of a call of a function of this source, with full locals and their places."""
    lines = [text + "\n" for text, _ in source_lines(source)]
    space: dict[str, Any] = {}
    exec(compile(source, "<test>", "exec"), space)
    frames: list[Frame] = []
    depths: dict[FrameType, int] = {}

    def trace(frame: FrameType, event: str, arg: object) -> Callable[..., Any] | None:
        if frame.f_code.co_filename != "<test>":
            return None
        if event == "call":
            depths[frame] = depths[frame.f_back] + 1 if frame.f_back in depths else 0
        line = frame.f_lineno
        place = Place("<test>", line, frame.f_code.co_name, depths[frame])
        frames.append(_frame(event, lines[line - 1], frame, arg, place))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        space[entry]()
    except ArithmeticError:
        pass
    finally:
        sys.settrace(before)
    return frames


def _frame(event: str, line: str, frame: FrameType, arg: Any, place: Place) -> Frame:
    kind = KINDS[event]
    if kind in ("call", "line"):
        shown = {name: _shown(value) for name, value in frame.f_locals.items()}
        return Frame(kind, line, locals=shown, place=place)
    value = arg[1] if kind == "exception" else arg
    return Frame(kind, line, value=_shown(value), place=place)


def _shown(value: object) -> str:
    """Without an address, which would differ from one run to the next."""
    return f"<{type(value).__name__} object>" if " at 0x" in repr(value) else repr(value)
