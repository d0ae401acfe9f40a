"""Two traces as a reader sees them: each frame with its line, both in step, and what is open where.

No widget is known here. The traces are brought into step by `agent.replay.traces`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from model.debugger.history import Moment
from model.debugger.places import Places
from model.trace.compare import exception_text, line_text
from model.trace.frame import Frame
from model.trace.states import State

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Point:
    """One frame of a trace. Texts are as they were written: not safe to draw yet.

    Attributes:
        kind: ``call``, ``line``, ``return``, ``exception``.
        source: the text of its line.
        line: its number in the source; None where no line has that text.
        function: whose it is; may be empty.
        depth: scopes above it.
        locals: all that is known of its scope.
        before: the same at the scope's frame before it; empty where it is the first.
        value: returned or raised; None of other kinds.
        moment: as the debugger has it; None of what was recorded.
    """

    kind: str
    source: str
    line: int | None
    function: str
    depth: int
    locals: Mapping[str, str]
    before: Mapping[str, str]
    value: str | None
    moment: Moment | None = None

    @property
    def news(self) -> dict[str, str]:
        """The locals that are new here, or have another value."""
        if self.kind not in ("call", "line"):
            return {}
        return {name: text for name, text in self.locals.items() if self.before.get(name) != text}


@dataclass(frozen=True, slots=True)
class Pair:
    """Frames that belong together, by their numbers; None where one side has none.

    Attributes:
        same: whether both say the same.
    """

    predicted: int | None
    recorded: int | None
    same: bool


@dataclass(frozen=True, slots=True)
class Tracks:
    """A predicted trace and a recorded one in step; either may be empty.

    Attributes:
        predicted: its frames.
        recorded: those of the main thread.
        pairs: of both, in their order; every frame is in one of them.
        parting: the number of the first pair at which they differ; None where they do not.
        words: what is different there; empty where nothing is.
        parted: the frames that differ there, which may be of two pairs.
    """

    predicted: tuple[Point, ...] = ()
    recorded: tuple[Point, ...] = ()
    pairs: tuple[Pair, ...] = ()
    parting: int | None = None
    words: str = ""
    parted: tuple[int | None, int | None] = (None, None)
    _of_predicted: Mapping[int, int] = field(default_factory=dict, repr=False)

    def pair_of(self, predicted: int) -> int:
        """The number of the pair that a predicted frame is in; the last one for none."""
        return self._of_predicted.get(predicted, max(len(self.pairs) - 1, 0))

    def sides(self, at: int) -> tuple[Point | None, Point | None]:
        """The predicted and the recorded frame of a pair."""
        if not 0 <= at < len(self.pairs):
            return None, None
        return self._points(self.pairs[at].predicted, self.pairs[at].recorded)

    def compared(self, at: int) -> tuple[Point | None, Point | None]:
        """The same; where the traces part, the two frames that do, be they a pair or not."""
        return self._points(*self.parted) if at == self.parting else self.sides(at)

    def _points(self, i: int | None, j: int | None) -> tuple[Point | None, Point | None]:
        return (
            None if i is None else self.predicted[i],
            None if j is None else self.recorded[j],
        )

    def next_differing(self, at: int) -> int | None:
        """The next pair of two frames that say different things; None where there is none."""
        for number in range(at + 1, len(self.pairs)):
            pair = self.pairs[number]
            both = pair.predicted is not None and pair.recorded is not None
            if number == self.parting or (both and not pair.same):
                return number
        return None

    def predicted_by(self, at: int) -> int | None:
        """The last predicted frame up to a pair; None where there is none."""
        here = (self.pairs[each].predicted for each in range(min(at, len(self.pairs) - 1), -1, -1))
        return next((number for number in here if number is not None), None)


def of_moments(moments: Sequence[Moment]) -> tuple[Point, ...]:
    """The frames of a debugger's session."""
    states = [moment.state for moment in moments]
    spots = [(moment.spot.line, moment.spot.function) for moment in moments]
    return _points(states, spots, moments)


def of_states(states: Sequence[State], places: Places) -> tuple[Point, ...]:
    """Recorded frames.

    Args:
        states: at the frames of one thread.
        places: of the source that is shown. What is from another file, or was put together from
            several, is found by its text.
    """
    spots: list[tuple[int | None, str]]
    frames = [state.frame for state in states]
    if all(_is_there(frame, places) for frame in frames):
        spots = [(frame.place.line, frame.place.function) for frame in frames if frame.place]
    else:
        spots = [(spot.line, spot.function) for spot in places.locate(states)]
    return _points(states, spots, [None] * len(states))


def in_step(
    predicted: tuple[Point, ...],
    recorded: tuple[Point, ...],
    pairs: tuple[Pair, ...],
    parting: tuple[int | None, int | None] | None = None,
    words: str = "",
) -> Tracks:
    """Both traces.

    Args:
        predicted, recorded, pairs: see `Tracks`.
        parting: the numbers of the frames at which they part; None where they do not.
        words: what is different there.
    """
    at = None
    if parting is not None:
        i, j = parting
        at = next(
            (
                number
                for number, pair in enumerate(pairs)
                if (i is not None and pair.predicted == i) or (j is not None and pair.recorded == j)
            ),
            None,
        )
    numbers = {pair.predicted: n for n, pair in enumerate(pairs) if pair.predicted is not None}
    parted = parting if parting is not None and at is not None else (None, None)
    return Tracks(predicted, recorded, pairs, at, words if at is not None else "", parted, numbers)


def open_scopes(points: Sequence[Point], at: int) -> list[int]:
    """The numbers of the last frames of the scopes that are open at a frame, its own first."""
    found, wanted = [at], points[at].depth - 1
    for number in range(at - 1, -1, -1):
        if wanted < 0:
            break
        if points[number].depth == wanted:
            found.append(number)
            wanted -= 1
    return found


def _is_there(frame: Frame, places: Places) -> bool:
    """Whether the line that was recorded has the frame's text in the source."""
    place = frame.place
    if place is None or not 0 < place.line <= len(places.lines):
        return False
    return places.lines[place.line - 1].strip() == line_text(frame).strip()


def _points(
    states: Sequence[State],
    spots: Sequence[tuple[int | None, str]],
    moments: Sequence[Moment | None],
) -> tuple[Point, ...]:
    known: dict[int, Mapping[str, str]] = {}
    points = []
    for state, (line, function), moment in zip(states, spots, moments, strict=True):
        frame, value = state.frame, state.frame.value
        if value is not None and frame.kind == "exception":
            value = exception_text(value)
        before = _NOTHING if frame.kind == "call" else known.get(state.scope, _NOTHING)
        points.append(
            Point(
                kind=frame.kind,
                source=frame.source.strip("\r\n"),
                line=line,
                function=function,
                depth=state.depth,
                locals=state.locals,
                before=before,
                value=value,
                moment=moment,
            )
        )
        if frame.kind in ("call", "line"):
            known[state.scope] = state.locals
    return tuple(points)
