"""The traces beside a run's events: what was predicted of a test next to what was recorded."""

import functools
import gzip
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.events import Compared, Forecasted
from agent.preflight.comparison import of_the_test
from agent.replay.steps import Step
from model.trace.align import differing
from model.trace.compare import exception_text, same_exception, same_value
from model.trace.frame import Frame, Trace, thread_of
from model.trace.growing import Growing
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


Paired = tuple[int | None, int | None, bool]
"""The numbers of two frames that belong together, None where one side has none; and whether both
say the same."""


@dataclass(frozen=True, slots=True)
class Told:
    """A test's prediction, and what came of it, as the trajectory tells of them.

    Attributes:
        forecast: None where the file alone is left of it.
        compared: None where the test did not run.
    """

    forecast: Forecasted | None
    compared: Compared | None

    @property
    def about(self) -> Forecasted | Compared:
        """The one of the two that is there, the forecast first."""
        about = self.forecast or self.compared
        assert about is not None
        return about


@dataclass(frozen=True)
class Foretold(Told):
    """The same with the traces beside the trajectory.

    Attributes:
        source: that the model was shown; may be empty.
        predicted: the frames that the model wrote, as it wrote them, from the test's call to its
            return; empty where there is no file.
        recorded: what happened, its locals in full, of all threads; likewise.
    """

    source: str
    predicted: tuple[Frame, ...]
    recorded: Trace

    @functools.cached_property
    def rows(self) -> tuple[Row, ...]:
        """The traces side by side, the main thread's; empty where there are no files."""
        return tuple(side_by_side(self.predicted, self.recorded.threads[0]))


def told(step: Step) -> list[Told]:
    """What was predicted of a step's tests, each beside what came of it; no file is read."""
    compared = {each.test: each for each in step.comparisons}
    found = [Told(each, compared.pop(each.test, None)) for each in step.forecasts]
    return found + [Told(None, each) for each in compared.values()]


def foretold(step: Step, folder: Path) -> list[Foretold]:
    """What was predicted of a step's tests, each beside what came of it, with the traces.

    Args:
        step: of a run.
        folder: of the run.
    """
    return [read_traces(each, folder) for each in told(step)]


def read_traces(told: Told, folder: Path) -> Foretold:
    """The traces of a test that was predicted.

    A file that is missing, broken or outside of the folder counts as empty.

    Args:
        told: of a step of a run.
        folder: of the run.
    """
    source, texts = _predicted(_kept(told.forecast.trace if told.forecast else "", folder))
    predicted = of_the_test(read_frames(texts[0]).frames, told.about.test) if texts else ()
    text = _kept(told.compared.trace if told.compared else "", folder)
    recorded = read_recording(text).trace if text else Trace((), ended=False)
    return Foretold(told.forecast, told.compared, source, tuple(predicted), recorded)


def predicted_frames(forecast: Forecasted, folder: Path) -> list[Shown]:
    """What was predicted of a test, from its call to its return; see `foretold`."""
    _, texts = _predicted(_kept(forecast.trace, folder))
    frames = of_the_test(read_frames(texts[0]).frames, forecast.test) if texts else ()
    return _shown(resolve(frames))


def recorded_frames(compared: Compared, folder: Path) -> list[Shown]:
    """What was recorded of a test; see `foretold`."""
    return _shown(resolve(_main(_kept(compared.trace, folder))))


def _main(recording: str) -> list[Frame]:
    """The frames of the main thread."""
    return [frame for frame in read_recording(recording).trace.frames if not thread_of(frame)]


def side_by_side(predicted: Sequence[Frame], recorded: Sequence[Frame]) -> Iterable[Row]:
    """Two traces in step, as far as they can be brought into it."""
    one, other = resolve(predicted), resolve(recorded)
    left, right = _shown(one), _shown(other)
    for i, j, same in paired(one, other):
        yield Row(None if i is None else left[i], None if j is None else right[j], same)


def paired(predicted: Sequence[State], recorded: Sequence[State]) -> Sequence[Paired]:
    """The numbers of the frames that belong together, and whether both say the same.

    Args:
        predicted, recorded: the states at all frames of two traces.
    """
    return InStep(recorded).paired(predicted)


class InStep:
    """`paired`, again and again, of a predicted trace that grows."""

    def __init__(self, recorded: Sequence[State]) -> None:
        """Args: recorded: the states at all its frames."""
        self._recorded = recorded
        self._growing = Growing(recorded)
        self._paired: list[Paired] = []

    def paired(self, predicted: Sequence[State]) -> Sequence[Paired]:
        """See `paired`. What is as it was the last time is not compared again."""
        pairs = self._growing.pairs(predicted)
        self._paired = self._paired[: self._growing.kept]
        for i, j in pairs[self._growing.kept :]:
            both = i is not None and j is not None
            same = both and _agree(predicted[i], self._recorded[j])  # type: ignore[index]
            self._paired.append((i, j, same))
        return self._paired


def _agree(predicted: State, recorded: State) -> bool:
    left, right = predicted.frame, recorded.frame
    if left.kind in ("call", "line"):
        return not differing(predicted, recorded)
    if left.value is None or right.value is None:
        return left.value == right.value
    if left.kind == "exception":
        return same_exception(left.value, right.value)
    return same_value(left.value, right.value)


def _shown(states: Iterable[State]) -> list[Shown]:
    known: dict[int, Mapping[str, str]] = {}
    shown = []
    for state in states:
        frame = state.frame
        news: dict[str, str] = {}
        if frame.kind in ("call", "line"):
            before = known.get(state.scope, {})
            news = {
                name: value for name, value in state.locals.items() if before.get(name) != value
            }
            known[state.scope] = state.locals
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
