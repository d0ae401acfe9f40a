"""A prediction below a run's line on it: the trace in short, and afterwards where it was wrong."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from agent.cli.excerpt import one_line
from agent.events import Compared, DivergedAt, Forecasted
from agent.replay.traces import Shown, predicted_frames, recorded_frames
from model.trace.frame import UNCHANGED

_INDENT = " " * 7
_MARKS = {"call": ">", "line": " ", "return": "<", "exception": "!"}
_FIRST, _LAST = 8, 4
"""Frames shown of a trace's beginning and end."""

_SOURCE = 38
_NAMES = 4


def lines_below(data: Forecasted | Compared, folder: Path, width: int) -> list[str]:
    """What there is to show, styled and safe to print; nothing where there is no trace.

    Args:
        data: of the event.
        folder: of the run.
        width: columns a line may take.
    """
    if isinstance(data, Forecasted):
        shown = predicted_frames(data, folder)
        return [click.style(line, dim=True) for line in _trace(shown, width)]
    return [one_line(line, width) for line in _outcome(data, folder)]


def _trace(frames: Sequence[Shown], width: int) -> Iterator[str]:
    depth = 0
    lines = []
    for frame in frames:
        depth += frame.kind == "call"
        lines.append(one_line(f"{_INDENT}│ {_frame(frame, depth)}", width))
        depth -= frame.kind == "return"
    left_out = len(lines) - _FIRST - _LAST
    if left_out < 2:
        yield from lines
        return
    yield from lines[:_FIRST]
    yield f"{_INDENT}│ … {left_out} more"
    yield from lines[-_LAST:]


def _frame(frame: Shown, depth: int) -> str:
    """A frame's line of source, and what is new there."""
    begin = f"{_MARKS.get(frame.kind, ' ')} {'  ' * min(depth - 1, 8)}"
    news = ((name, value) for name, value in frame.news.items() if value != UNCHANGED)
    told = ", ".join(f"{name} = {value}" for name, value in news)
    if frame.kind in ("return", "exception"):
        told = frame.value or ""
    source = f"{begin}{frame.source.strip()}"
    return f"{source:{_SOURCE}}  {told}" if told else source


def _outcome(data: Compared, folder: Path) -> Iterator[str]:
    """How far what ran is what was predicted."""
    if data.divergence is not None:
        if data.right is None:
            line = data.divergence.recorded_line or data.divergence.predicted_line
            yield f"{_INDENT[2:]}its trace parts from what ran at {line.strip()}"
        yield from _difference(data.divergence)
        return
    frames = recorded_frames(data, folder)
    if frames and data.right is not None:
        yield f"{_INDENT}{len(frames)} frames ran, each as predicted"


def _difference(found: DivergedAt) -> Iterator[str]:
    for name, (predicted, recorded) in [*found.names.items()][:_NAMES]:
        yield f"{_INDENT}{name}: predicted {_known(predicted)}, recorded {_known(recorded)}"
    if found.values is not None:
        predicted, recorded = found.values
        yield f"{_INDENT}predicted {_known(predicted)}, recorded {_known(recorded)}"
    if found.what in ("line", "kind", "ended"):
        lines = found.predicted_line.strip(), found.recorded_line.strip()
        predicted, recorded = (line or "the end" for line in lines)
        yield f"{_INDENT}predicted {predicted}, recorded {recorded}"


def _known(value: str | None) -> str:
    return "nothing" if value is None else value
