"""Traces as the model writes them, and the source it is to trace.

The JSON is what `json.dumps` makes of it when it is asked for nothing special, as the model's own
tools do: ``", "`` and ``": "`` between things, and whatever is not ASCII escaped.
"""

import ast
import json
import re
import warnings
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Literal

from model.trace.frame import Frame, Kind
from model.wire import END_OF_TEXT

CONTEXT_START = "<|trace_context_start|>"
FRAME_SEP = "<|frame_sep|>"
ACTION_SEP = "<|action_sep|>"
ARG_SEP = "<|arg_sep|>"
EVENTS: dict[Kind, str] = {
    "call": "<|call_sep|>",
    "line": "<|line_sep|>",
    "return": "<|return_sep|>",
    "exception": "<|exception_sep|>",
}

MARKER = "  # << START_OF_TRACE"
"""Ends the line with the ``def`` of the entry point."""

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_MARKABLE = 50
"""Lines of a function's head among which a place for the marker is looked for."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class NoEntry(ValueError):
    """There is nothing of that name or form to start a trace at; the message is one line."""


def write_frames(frames: Iterable[Frame], ended: bool = True) -> str:
    """Frames in the model's form.

    Args:
        frames: as the model writes them, see `model.trace.states.compress`.
        ended: whether the mark of a trace's end follows.
    """
    return "".join(map(write_frame, frames)) + (END_OF_TEXT if ended else "")


def write_frame(frame: Frame) -> str:
    """One frame in the model's form, with the token that ends it."""
    return EVENTS[frame.kind] + write_body(frame) + FRAME_SEP


def write_body(frame: Frame) -> str:
    """What stands between the token of a frame's event and the one that ends the frame."""
    if frame.kind in ("call", "line"):
        return f"{written_locals(frame)}{ACTION_SEP}{frame.source}"
    return f"{ACTION_SEP}{frame.source}{ARG_SEP}{written_value(frame)}"


def written_locals(frame: Frame) -> str:
    """The locals of a call or a line as they are written."""
    if frame.locals is None:
        return "{}" if frame.raw is None else frame.raw
    return json.dumps(dict(frame.locals))


def written_value(frame: Frame) -> str:
    """The value of a return or an exception as it is written; empty where there is none."""
    if frame.value is None or frame.value == frame.raw:
        return frame.value or ""
    return json.dumps(frame.value)


def context(source: str) -> str:
    """What comes before the frames, but for the token that begins every text.

    Args:
        source: with the entry point marked, see `mark`.
    """
    return f"{CONTEXT_START}{source}{FRAME_SEP}"


def wrapper(source: str, call: str) -> tuple[str, Frame]:
    """The source with a function added that makes a call, and the frame that the trace begins with.

    The function is called ``main``, as the model knows it, unless the source has that name.

    Args:
        source: of the program.
        call: the expression to trace.

    Returns:
        The source, its entry point marked; and the frame of the call of that function, which is to
        be put before the model's own frames.

    Raises:
        NoEntry: the call is not one expression.
    """
    tree, _ = _parsed(call.strip(), "eval", "the call")
    expression = call.strip() if "\n" not in call.strip() else ast.unparse(tree)
    name = "main"
    while re.search(rf"\b{name}\b", source):
        name += "_"
    head = f"def {name}():"
    end = "" if not source or source.endswith(("\n", "\r")) else "\n"
    wrapped = f"{source}{end}{head}{MARKER}\n    return {expression}\n"
    return wrapped, Frame("call", head + "\n", {})


def mark(source: str, entry: str | int) -> str:
    """The source with the entry point of the trace marked.

    Args:
        source: of the program.
        entry: the function's name, ``Class.method`` for example, the last of that name; or the
            number of the line with its ``def``, from 1 on.

    Raises:
        NoEntry: the source has no such function, or does not parse.
    """
    tree, meaning = _parsed(source, "exec", "the source")
    function = _function(tree, entry)
    if function is None:
        what = f"in line {entry}" if isinstance(entry, int) else f"named {_one_line(entry)}"
        raise NoEntry(f"the source has no function {what}")
    lines = source_lines(source)
    last = function.body[0].end_lineno or function.lineno
    # A line may end within a string or in a backslash: the first one will do where the comment
    # changes nothing.
    for number in islice(range(function.lineno - 1, last), _MARKABLE):
        text, end = lines[number]
        marked = [*lines[:number], (text + MARKER, end), *lines[number + 1 :]]
        candidate = "".join(text + end for text, end in marked)
        if _means(candidate, meaning):
            return candidate
    raise NoEntry(f"no line of {function.name}'s head can take a comment")


def unmarked(line: str) -> str:
    """A line of source without the marker; the model leaves it out when it repeats the line."""
    text, end = line.rstrip("\r\n"), line[len(line.rstrip("\r\n")) :]
    return text.removesuffix(MARKER) + end


def source_lines(source: str) -> list[tuple[str, str]]:
    """The lines as Python counts them, each with what ends it."""
    lines = [(found[1], found[2]) for found in _LINE.finditer(source)]
    return lines[:-1] if lines[-1] == ("", "") else lines


def _function(tree: ast.AST, entry: str | int) -> _Function | None:
    if isinstance(entry, int):
        nodes = ast.walk(tree)
        return next((n for n in nodes if isinstance(n, _Function) and n.lineno == entry), None)
    scope: ast.AST | None = tree
    for name in entry.split("."):
        scope = _defined(scope, name) if scope else None
    return scope if isinstance(scope, _Function) else None


def _defined(scope: ast.AST, name: str) -> ast.AST | None:
    """The last definition of that name in a scope, also below an ``if`` or a ``try`` there."""
    found: ast.AST | None = None
    nodes = deque(ast.iter_child_nodes(scope))
    while nodes:
        node = nodes.popleft()
        if isinstance(node, _Function | ast.ClassDef):
            found = node if node.name == name else found
        elif isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            nodes.extendleft(reversed([*ast.iter_child_nodes(node)]))
    return found


def _parsed(source: str, mode: Literal["exec", "eval"], what: str) -> tuple[ast.AST, str]:
    """The tree, and all of it but the places as text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree: ast.AST = ast.parse(source, mode=mode)
        return tree, ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else str(error)
        raise NoEntry(f"{what} does not parse: {_one_line(why)}") from None


def _means(source: str, meaning: str) -> bool:
    try:
        return _parsed(source, "exec", "the source")[1] == meaning
    except NoEntry:
        return False


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
