"""What really happened beside what was predicted: right or wrong, and where the two part."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.events import DivergedAt
from agent.preflight.forecast import Forecast
from model.trace.align import Divergence, first_divergence
from model.trace.frame import Frame, Trace
from model.trace.part import part_of
from model.trace.recording import read_recording
from model.trace.states import State
from sandboxes.recording import Recording, RecordingFailed, RecordingLimits, TestTarget, record
from sandboxes.sandbox import Sandbox

_PASSED = ("passed", "xfailed")
NOT_PASSED = ("failed", "error", "timeout")
"""How a test ends that ran, and does not pass."""
_LONGEST = 500
"""Characters of a value in the trajectory."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A forecast and what came of it.

    Attributes:
        forecast: itself.
        outcome: how the test ended.
        right: whether the verdict was; None where there was none, or the test did not run.
        recording: of the test; None where it could not be recorded.
        divergence: where the prediction and the recording part first; None where they agree, or
            where one of them is missing.
    """

    forecast: Forecast
    outcome: str
    right: bool | None
    recording: Recording | None = None
    divergence: DivergedAt | None = None


async def compare(forecast: Forecast, outcome: str, sandbox: Sandbox) -> Comparison:
    """Record the test as it runs, and lay the recording beside the prediction.

    Raises:
        SandboxDied: the sandbox went away.
    """
    right = is_right(forecast, outcome)
    if not forecast.predictions or outcome not in (*_PASSED, *NOT_PASSED):
        return Comparison(forecast, outcome, right)
    try:
        recording = await record(sandbox, TestTarget(forecast.test), RecordingLimits())
    except RecordingFailed:
        return Comparison(forecast, outcome, right)
    prediction = forecast.predictions[forecast.judged.sample or 0]
    trace = read_recording(recording.text).trace
    divergence = first_divergence(
        Trace(of_the_test(prediction.frames, forecast.test), prediction.ended), trace
    )
    return Comparison(forecast, outcome, right, recording, _described(divergence))


def is_right(forecast: Forecast, outcome: str) -> bool | None:
    """Whether the verdict is what happened; None where that cannot be said."""
    if forecast.judged.verdict == "unsure":
        return None
    if outcome in _PASSED:
        return not forecast.fails
    return forecast.fails if outcome in NOT_PASSED else None


def of_the_test(frames: Sequence[Frame], test: str) -> tuple[Frame, ...]:
    """The frames from the test function's call to its return: a recording has no others."""
    part = part_of(frames, test.partition("[")[0].rpartition("::")[2])
    return tuple(frames) if part is None else tuple(frames[part.start : part.stop])


def _described(divergence: Divergence | None) -> DivergedAt | None:
    if divergence is None:
        return None
    predicted, recorded = divergence.predicted_state, divergence.recorded_state
    return DivergedAt(
        what=divergence.what,
        predicted=divergence.predicted,
        recorded=divergence.recorded,
        predicted_line=_line(predicted),
        recorded_line=_line(recorded),
        names={name: (_short(p), _short(r)) for name, (p, r) in divergence.names.items()},
        values=divergence.values and (_short(divergence.values[0]), _short(divergence.values[1])),
        predicted_state=_locals(predicted),
        recorded_state=_locals(recorded),
    )


def _line(state: State | None) -> str:
    return state.frame.source.rstrip("\n") if state else ""


def _locals(state: State | None) -> dict[str, str]:
    return {name: str(_short(value)) for name, value in state.locals.items()} if state else {}


def _short(value: str | None) -> str | None:
    """A value as the trajectory keeps it; the traces have it whole."""
    if value is None or len(value) <= _LONGEST:
        return value
    return f"{value[:_LONGEST]}[... {len(value) - _LONGEST} more characters]"
