"""Predictions that are right: the frames of a program that really ran, and how it ended."""

import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

from model.predict.predictor import Prediction, Tokens
from model.trace.frame import Frame
from model.trace.reading import Problem
from model.trace.states import compress
from model.trace.writing import source_lines


class _Enough(BaseException):
    """Ends a program that does not end."""


def predicted(
    *frames: Frame,
    ended: bool = True,
    cut: bool = False,
    problems: tuple[Problem, ...] = (),
    logprob: float | None = None,
) -> Prediction:
    """A prediction of these frames, each of which is as likely."""
    return Prediction(frames, ended, problems, (logprob,) * len(frames), "", Tokens(), cut)


def ran(source: str, most: int = 100_000) -> tuple[Prediction, BaseException | None]:
    """The prediction that a model that knows everything makes of ``main()``.

    Args:
        source: of the program.
        most: frames, after which the trace is cut off.

    Returns:
        The prediction, and what left the function.
    """
    lines = [text + "\n" for text, _ in source_lines(source)]
    space: dict[str, Any] = {"__name__": "program"}
    exec(compile(source, "<run>", "exec"), space)
    frames: list[Frame] = []

    def trace(frame: FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        if frame.f_code.co_filename != "<run>":
            return None
        if len(frames) >= most:
            raise _Enough
        line = lines[frame.f_lineno - 1]
        if event in ("call", "line"):
            shown = {name: _shown(value) for name, value in frame.f_locals.items()}
            frames.append(Frame("call" if event == "call" else "line", line, shown))
        else:
            value = arg[1] if event == "exception" else arg
            kind = "exception" if event == "exception" else "return"
            frames.append(Frame(kind, line, value=_shown(value)))
        return trace

    left: BaseException | None = None
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        space["main"]()
    except BaseException as error:
        left = error
    finally:
        sys.settrace(before)
    cut = isinstance(left, _Enough)
    found = predicted(*compress(frames), ended=not cut, cut=cut)
    return replace(found, frames=found.frames[:most]), left


def _shown(value: object) -> str:
    return f"<{type(value).__name__} object>" if " at 0x" in repr(value) else repr(value)
