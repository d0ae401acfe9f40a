"""What one predicted trace says of a test: how its entry point is left, if it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from model.predict.exceptions import exception_name, leaving
from model.predict.loops import Loop, Why, find_loop
from model.predict.predictor import Prediction
from model.trace.frame import Frame
from model.trace.states import State, resolve

Verdict = Literal["pass", "fail", "error", "endless", "unsure"]

_SKIPPED = {"Skipped", "SkipTest", "XFailed"}
_LOSING = {"no_event", "no_action"}
"""Problems by which frames are lost."""

_WEIGHTS: dict[Why, float] = {"states": 1.0, "recursion": 1.0, "while": 0.5, "for": 0.25}
"""Of a loop in which a trace was cut off nobody knows that it does not end."""


@dataclass(frozen=True, slots=True)
class Expect:
    """What is expected of an entry point. Nothing more than that it returns, for a test.

    Attributes:
        value: the `repr` of what it is to return; None for anything.
        raises: the name of the exception that is to leave it; None for none.
        failures: names of exceptions by which a test says that it failed.
    """

    value: str | None = None
    raises: str | None = None
    failures: frozenset[str] = field(default=frozenset({"AssertionError", "Failed"}))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one trace says.

    Attributes:
        verdict: of the test.
        reason: one sentence without its full stop; it may hold the model's words.
        at: the number of the frame that decided it; None where none did.
        weight: from 0 to 1, how far what decided it can be trusted if the model is right.
    """

    verdict: Verdict
    reason: str
    at: int | None = None
    weight: float = 1.0


def outcome(prediction: Prediction, expect: Expect) -> Outcome:
    """What a predicted trace says; whatever the model wrote, nothing is raised."""
    lost = [p for p in prediction.problems if p.frame is None and p.kind in _LOSING]
    if lost:
        return Outcome("unsure", f"the trace is malformed: {lost[0].detail}")
    if prediction.doubt:
        return Outcome("unsure", prediction.doubt)
    if not prediction.frames:
        return Outcome("unsure", "the model wrote no frame")
    states = resolve(prediction.frames)
    if _nested_wrongly(states):
        return Outcome("unsure", "the trace contradicts itself: it goes on after its end")
    last = states[-1]
    if last.depth or last.frame.kind != "return":
        return _not_left(states, prediction, expect)
    if not prediction.ended:
        return Outcome("unsure", "the trace was cut off before its end")
    return _left(states, expect)


def _nested_wrongly(states: Sequence[State]) -> bool:
    """Whether frames follow the entry point's return that are not of its resumption."""
    known: set[int] = {states[0].scope}
    for state in states:
        if not state.depth and state.scope not in known and state.frame.kind != "call":
            return True
        known.add(state.scope)
    return False


def _not_left(states: Sequence[State], prediction: Prediction, expect: Expect) -> Outcome:
    """What a trace says that does not end with the entry point's return."""
    loop = find_loop(states, prediction.cut)
    if loop is not None:
        return _caught_in(loop, states[loop.at].frame)
    last = states[-1]
    if prediction.ended and not last.depth and last.frame.kind == "exception":
        return _left(states, expect)  # the return that follows an exception goes without saying
    if prediction.cut:
        return Outcome("unsure", "the trace was cut off: it took more tokens than it may")
    return Outcome("unsure", "the trace breaks off before the entry point is left")


def _caught_in(loop: Loop, frame: Frame) -> Outcome:
    line = shown(frame)
    weight = _WEIGHTS[loop.why]
    if loop.why == "recursion":
        return Outcome("error", f"{line} calls itself without an end", loop.at, weight)
    what = "repeats the same state" if loop.why == "states" else "still went round when cut off"
    return Outcome("endless", f"{line} {what}", loop.at, weight)


def _left(states: Sequence[State], expect: Expect) -> Outcome:
    numbers = [n for n, state in enumerate(states) if not state.depth]
    how = leaving([states[n].frame for n in numbers])
    last = len(states) - 1
    if how.how == "unclear":
        return Outcome("unsure", "whether the exception is caught cannot be told", last)
    if how.how == "returned":
        return _returned(states[-1].frame, last, expect)
    entry = last if how.at is None else numbers[how.at]
    return _raised(states, entry, expect)


def _returned(frame: Frame, at: int, expect: Expect) -> Outcome:
    if expect.raises is not None:
        return Outcome("fail", f"{expect.raises} was to be raised, but {shown(frame)} returns", at)
    if expect.value is None:
        return Outcome("pass", f"returns at {shown(frame)}", at)
    value = short(frame.value or "None")
    if (frame.value or "None").strip() == expect.value.strip():
        return Outcome("pass", f"returns {value}, as expected", at)
    return Outcome("fail", f"returns {value}, not {short(expect.value)}", at)


def _raised(states: Sequence[State], entry: int, expect: Expect) -> Outcome:
    origin = _origin(states, entry)
    frame = states[origin].frame
    name = exception_name(frame) or exception_name(states[entry].frame)
    reason = f"{short(name) or 'an exception'} leaves the entry point, raised at {shown(frame)}"
    if expect.raises is not None and name == expect.raises.rpartition(".")[2]:
        return Outcome("pass", f"{short(name)} is raised, as expected", origin)
    if name in _SKIPPED:
        return Outcome("unsure", f"the test is skipped at {shown(frame)}", origin)
    failed = name in expect.failures or name.endswith("AssertionError")
    return Outcome("fail" if failed else "error", reason, origin)


def _origin(states: Sequence[State], entry: int) -> int:
    """The frame where the exception was first raised that came through this one."""
    at = entry
    while at >= 2 and states[at - 1].frame.kind == "return":
        raised, returned = states[at - 2], states[at - 1]
        if raised.frame.kind != "exception" or raised.scope != returned.scope:
            break
        at -= 2
    return at


def shown(frame: Frame) -> str:
    """A frame's line for people."""
    return f"`{short(frame.source)}`"


def short(text: str) -> str:
    """Words of a model within a sentence: one line, bounded."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"
