"""The traces beside a run's events: what was predicted of a test next to what was recorded."""

import gzip
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.events import Compared, Forecasted
from agent.preflight.comparison import of_the_test
from agent.replay.steps import Step
from model.trace.align import align, differing
from model.trace.compare import exception_text, same_exception, same_value
from model.trace.frame import Frame, thread_of
from model.trace.reading import read_frames
from model.trace.recording import read_recording
from model.trace.states import State, resolve

_MOST_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame, as a reader sees it.

    Attributes:
        kind: of event: ``call``, ``line``, ``return``, ``exception``.
        line: of the source; None of a predicted frame, whose place nobody wrote down.
        source: its text.
        news: the locals that are new or changed there, by name.
        value: returned or raised; None of other kinds.
    """

    kind: str
    line: int | None
    source: str
    news: dict[str, str]
    value: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """Frames that belong together; None where one side has none.

    Attributes:
        predicted: what the model wrote.
        recorded: what happened.
        same: whether both say the same.
    """

    predicted: Shown | None
    recorded: Shown | None
    same: bool


@dataclass(frozen=True, slots=True)
class Foretold:
    """A test's prediction, and what came of it.

    Attributes:
        forecast: as the trajectory has it; None where the file alone is left of it.
        compared: likewise; None where the test did not run.
        source: that the model was shown; may be empty.
        rows: the traces side by side; empty where there are no files.
    """

    forecast: Forecasted | None
    compared: Compared | None
    source: str
    rows: tuple[Row, ...]


def foretold(step: Step, folder: Path) -> list[Foretold]:
    """What was predicted of a step's tests, each beside what came of it.

    A file that is missing, broken or outside of the folder counts as empty.

    Args:
        step: of a run.
        folder: of the run.
    """
    compared = {each.test: each for each in step.comparisons}
    found = [_pair(each, compared.pop(each.test, None), folder) for each in step.forecasts]
    return found + [_pair(None, each, folder) for each in compared.values()]


def predicted_frames(forecast: Forecasted, folder: Path) -> list[Shown]:
    """What was predicted of a test, from its call to its return; see `foretold`."""
    _, texts = _predicted(_kept(forecast.trace, folder))
    return _shown(of_the_test(read_frames(texts[0]).frames, forecast.test)) if texts else []


def recorded_frames(compared: Compared, folder: Path) -> list[Shown]:
    """What was recorded of a test; see `foretold`."""
    return _shown(_main(_kept(compared.trace, folder)))


def _pair(forecast: Forecasted | None, compared: Compared | None, folder: Path) -> Foretold:
    source, texts = _predicted(_kept(forecast.trace if forecast else "", folder))
    recording = _kept(compared.trace if compared else "", folder)
    test = forecast.test if forecast else compared.test if compared else ""
    predicted = of_the_test(read_frames(texts[0]).frames, test) if texts else ()
    rows = side_by_side(predicted, _main(recording))
    return Foretold(forecast, compared, source, tuple(rows))


def _main(recording: str) -> list[Frame]:
    """The frames of the main thread."""
    return [frame for frame in read_recording(recording).trace.frames if not thread_of(frame)]


def side_by_side(predicted: Sequence[Frame], recorded: Sequence[Frame]) -> Iterable[Row]:
    """Two traces in step, as far as they can be brought into it."""
    left, right = _shown(predicted), _shown(recorded)
    one, other = resolve(predicted), resolve(recorded)
    if not left or not right:
        yield from (Row(each, None, same=False) for each in left)
        yield from (Row(None, each, same=False) for each in right)
        return
    for i, j in align(predicted, recorded):
        same = i is not None and j is not None and _agree(one[i], other[j])
        yield Row(
            left[i] if i is not None else None, right[j] if j is not None else None, same=same
        )


def _agree(predicted: State, recorded: State) -> bool:
    left, right = predicted.frame, recorded.frame
    if left.kind in ("call", "line"):
        return not differing(predicted, recorded)
    if left.value is None or right.value is None:
        return left.value == right.value
    if left.kind == "exception":
        return same_exception(left.value, right.value)
    return same_value(left.value, right.value)


def _shown(frames: Sequence[Frame]) -> list[Shown]:
    known: dict[int, dict[str, str]] = {}
    shown = []
    for state in resolve(frames):
        frame = state.frame
        news: dict[str, str] = {}
        if frame.kind in ("call", "line"):
            before = known.get(state.scope, {})
            news = {
                name: value for name, value in state.locals.items() if before.get(name) != value
            }
            known[state.scope] = dict(state.locals)
        value = frame.value
        if value is not None and frame.kind == "exception":
            value = exception_text(value)
        line = frame.place.line if frame.place else None
        shown.append(Shown(frame.kind, line, frame.source.strip("\n"), news, value))
    return shown


def _predicted(text: str) -> tuple[str, list[str]]:
    """The source and the traces out of a prediction's file."""
    source, traces = "", list[str]()
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            source = str(row["source"]) if "source" in row else source
            traces += [str(row["trace"])] if "trace" in row else []
    return source, traces


def _kept(name: str, folder: Path) -> str:
    """A trace's text; empty where there is none to be had within the folder."""
    path = folder / name
    if not name or not path.resolve().is_relative_to(folder.resolve()):
        return ""
    try:
        with gzip.open(path) as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except (OSError, EOFError, zlib.error, ValueError):
        return ""
