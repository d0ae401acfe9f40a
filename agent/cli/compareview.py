"""A predicted trace beside a recorded one, as text and as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.cli.predictview import placed, tokens_json, tokens_line
from agent.cli.subject import Subject
from agent.cli.terminal import safe
from model.trace.align import Divergence, first_divergence
from model.trace.frame import Trace
from model.trace.part import part_of
from model.trace.reading import Parsed
from model.trace.score import Count, score
from model.trace.states import State, compress

if TYPE_CHECKING:
    from model.predict.predictor import Prediction
    from model.trace.recording import Recording

_VALUE = 100
_NAMES = 30


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it.

    Attributes:
        prediction: the model's.
        recording: what really happened.
        divergence: the first frame at which they differ; None where they do not.
        scores: by measure; see `model.trace.score`.
    """

    prediction: "Prediction"
    recording: "Recording"
    divergence: Divergence | None
    scores: Mapping[str, Count]

    @classmethod
    def of(cls, prediction: "Prediction", recording: "Recording", asked: Subject) -> "Compared":
        """Lay the two beside each other."""
        part, given = range(len(prediction.frames)), len(asked.program.begun)
        if asked.function and (found := part_of(prediction.frames, asked.function)) is not None:
            part, given = found, 0  # a recorded test begins with its own call
        frames = prediction.frames[part.start : part.stop]
        text = prediction.text
        end = (len(text), len(text)) if prediction.ended else None
        parsed = Parsed(text, frames[given:], (), prediction.problems, end)
        recorded = compress(recording.trace.threads[0])[given:]
        # The places of predicted frames are found from their text: it is the text that counts.
        divergence = first_divergence(Trace(frames, prediction.ended), recording.trace)
        if divergence is not None and divergence.predicted is not None:
            divergence = replace(divergence, predicted=divergence.predicted + part.start)
        if divergence is not None and not asked.gathered:
            divergence = _with_place(divergence, placed(prediction, asked))
        return cls(prediction, recording, divergence, score(parsed, recorded))

    @property
    def agree(self) -> bool:
        """Whether the prediction came to its end, and says what was recorded."""
        return self.divergence is None and self.prediction.ended


def _with_place(found: Divergence, predicted: Trace) -> Divergence:
    """With the predicted frame's line, where the source has one with its text."""
    if found.predicted is None or found.predicted_state is None:
        return found
    place = predicted.frames[found.predicted].place
    if place is None or not place.line:
        return found
    frame = replace(found.predicted_state.frame, place=place)
    return replace(found, predicted_state=replace(found.predicted_state, frame=frame))


def as_text(compared: Compared, limit: str = "") -> str:
    """For people: sizes, scores, and the first difference with both states.

    Args:
        compared: what came of it.
        limit: which limit of the user's cut the prediction short; empty for none.
    """
    prediction, recording = compared.prediction, compared.recording
    lines = [
        f"{len(prediction.frames)} frames predicted, {len(recording.trace.frames)} recorded",
        *_scores(compared.scores),
        *divergence_lines(compared.divergence),
    ]
    if not prediction.ended:
        lines.append(f"the predicted trace has no end{limit and f': {limit}'}")
    lines += [f"unsure: {prediction.doubt}"] if prediction.doubt else []
    lines += [f"note: {note}" for note in recording.trace.notes]
    lines.append(tokens_line(prediction.tokens))
    return safe("".join(f"{line}\n" for line in lines))


def as_fields(compared: Compared) -> dict[str, object]:
    """For programs."""
    prediction, recording = compared.prediction, compared.recording
    scores = {name: {"hits": count.hits, "of": count.of} for name, count in compared.scores.items()}
    return {
        "agree": compared.agree,
        "predicted": {
            "frames": len(prediction.frames),
            "ended": prediction.ended,
            "doubt": prediction.doubt,
        },
        "recorded": {"frames": len(recording.trace.frames), "end": recording.end.why},
        "scores": scores,
        "divergence": divergence_json(compared.divergence),
        "tokens": tokens_json(prediction.tokens),
    }


def divergence_lines(found: Divergence | None) -> Iterator[str]:
    """Where two traces first differ, for people; not yet safe for a terminal."""
    if found is None:
        yield "no difference was found"
        return
    number = found.predicted if found.predicted is not None else found.recorded
    yield f"first difference, at frame {number}: {_WHATS[found.what]}"
    for name, (predicted, recorded) in [*found.names.items()][:_NAMES]:
        yield f"  {name}: predicted {_known(predicted)}, recorded {_known(recorded)}"
    if found.values:
        predicted, recorded = found.values
        yield f"  predicted {_known(predicted)}, recorded {_known(recorded)}"
    yield from _state("predicted", found.predicted_state)
    yield from _state("recorded", found.recorded_state)


_WHATS = {
    "kind": "another event",
    "line": "another line",
    "locals": "other locals",
    "value": "another value",
    "ended": "one is over, and the other goes on",
}


def divergence_json(found: Divergence | None) -> dict[str, object] | None:
    """The same for programs."""
    if found is None:
        return None
    return {
        "what": found.what,
        "frame": {"predicted": found.predicted, "recorded": found.recorded},
        "names": {name: list(pair) for name, pair in found.names.items()},
        "values": list(found.values) if found.values else None,
        "predicted": _state_json(found.predicted_state),
        "recorded": _state_json(found.recorded_state),
    }


def state_lines(state: State) -> Iterator[str]:
    """A state, for people; not yet safe for a terminal."""
    frame = state.frame
    place = f" at line {frame.place.line}" if frame.place else ""
    yield f"{frame.kind}{place}: {_one_line(frame.source.strip())}"
    if frame.value is not None:
        yield f"    value {_one_line(frame.value)}"
    for name, value in [*state.locals.items()][:_NAMES]:
        yield f"    {_one_line(name)} = {_one_line(value)}"
    if len(state.locals) > _NAMES:
        yield f"    and {len(state.locals) - _NAMES} more"


def _state(which: str, state: State | None) -> Iterator[str]:
    if state is None:
        yield f"{which}: over"
        return
    first, *others = state_lines(state)
    yield f"{which} {first}"
    yield from others


def _state_json(state: State | None) -> dict[str, object] | None:
    if state is None:
        return None
    frame = state.frame
    line = frame.place.line if frame.place else None
    return {
        "kind": frame.kind,
        "line": line,
        "source": frame.source,
        "locals": dict(state.locals),
        "value": frame.value,
    }


def _scores(scores: Mapping[str, Count]) -> Iterator[str]:
    for name, count in scores.items():
        if count.of == 1:
            yield f"  {name:<22}{'yes' if count.hits else 'no'}"
        elif count.of:
            yield f"  {name:<22}{count.share:6.1%}  ({count.hits:g} of {count.of})"


def _known(value: str | None) -> str:
    return "nothing" if value is None else _one_line(value)


def _one_line(text: str) -> str:
    line = text.replace("\r", "\\r").replace("\n", "\\n")
    return line if len(line) <= _VALUE else line[: _VALUE - 3] + "..."
