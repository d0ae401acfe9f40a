"""Whether two frames, or two values, say the same."""

import ast
import re
import warnings

from model.trace.frame import Frame
from model.trace.writing import unmarked

_DEF = re.compile(r"(?:async\s+)?def\s+(\w+)")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_CUT = re.compile(r"""['"]?<(?:\d+ )?more(?: characters)?>""")
"""What the tracer writes where it cut a value."""
_TRIPLE = re.compile(r"\(<class '[^']*'>, (.*), <traceback object>\)", re.S)
_OF_MODULE = re.compile(r"<(?:[^\W\d]\w*\.|<locals>\.)+([^\W\d]\w*) object>")
_LITERAL = 10_000
"""Characters of a value that is compared as more than text."""


def same_line(left: Frame, right: Frame) -> bool:
    """Whether two frames are at the same line: by place where both have one, else by text.

    A call of a decorated function may be at its first decorator, as Python has it, or at its
    ``def``, as models write it where they are shown it without.
    """
    if left.place and right.place:
        here, there = left.place, right.place
        return (here.path, here.line) == (there.path, there.line)
    return line_text(left) == line_text(right) or same_call(left, right)


def same_call(left: Frame, right: Frame) -> bool:
    """Whether two frames call the same function, one of them at its decorator."""
    decorated = any(line_text(each).lstrip().startswith("@") for each in (left, right))
    return decorated and called(left) == called(right) != ""


def called(frame: Frame) -> str:
    """The name of the function that is called, where its line or its place tells; else empty."""
    if frame.kind != "call":
        return ""
    line = line_text(frame).lstrip()
    if found := _DEF.match(line):
        return found[1]
    if line.startswith("@") and frame.place:
        return frame.place.function.rpartition(".")[2]
    return ""


def line_text(frame: Frame) -> str:
    """The line of source without what ends it and without the marker of the entry point."""
    return unmarked(frame.source).rstrip("\r\n")


def same_value(left: str, right: str) -> bool:
    """Whether two values are equal: as text, or as literals (``{1, 2}`` and ``{2, 1}``)."""
    if left == right:
        return True
    if max(len(left), len(right)) > _LITERAL:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Literals only: nothing of the text is run.
            return bool(ast.literal_eval(left) == ast.literal_eval(right))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False


def agrees(predicted: str, recorded: str) -> bool:
    """Whether a predicted value may be the recorded one, of which the end may be cut off.

    Where an object's class was defined does not count: a model is shown the one source, and cannot
    know which module is what the program runs as.
    """
    if predicted == recorded:
        return True
    predicted, recorded = (_OF_MODULE.sub(r"<\1 object>", each) for each in (predicted, recorded))
    if predicted == recorded:
        return True
    cut = _CUT.search(recorded)
    # A string is cut before its quote.
    return bool(cut and predicted.startswith(recorded[: cut.start()]))


def same_exception(left: str, right: str) -> bool:
    """Whether two values are of the same exception, for how the model writes it is not known.

    ``ValueError('no')``, ``ValueError: no`` and ``<class 'ValueError'>`` are.
    """
    return left == right or _exception(left) == _exception(right) != ""


def exception_text(value: str) -> str:
    """The exception alone, for people, of a value that has its class and traceback as well."""
    found = _TRIPLE.fullmatch(value)
    return found[1] if found else value


def _exception(value: str) -> str:
    found = _NAME.search(value.replace("<class ", ""))
    return found[0].rpartition(".")[2] if found else ""
