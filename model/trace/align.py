"""A predicted trace and a recorded one beside each other, and where they first differ.

`first_divergence` goes through both in step, as long as they agree. `align` goes on after that: it
leaves out frames that only one of them has, so that what comes later can be compared as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from model.trace.compare import agrees, line_text, same_exception, same_line
from model.trace.frame import Frame, Trace, thread_of
from model.trace.growing import Growing
from model.trace.inlined import Statement
from model.trace.states import State, resolve
from model.trace.stepping import Pair

Numbered = tuple[int, State]
"""A state, and the number of its frame in the trace."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first frame at which two traces say different things.

    Attributes:
        predicted: the frame's number in the predicted trace; None when it was over.
        recorded: the frame's number in the recorded trace; None when it was over.
        what: is different. ``ended``: one trace is over, the other goes on.
        names: the locals that are different: what was predicted, and what was recorded. None for
            a local that is not there, or was not readable.
        values: of the return or exception, likewise.
        predicted_state: what was known in the predicted trace; None when it was over.
        recorded_state: likewise.
    """

    predicted: int | None
    recorded: int | None
    what: Literal["kind", "line", "locals", "value", "ended"]
    names: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    values: tuple[str | None, str | None] | None = None
    predicted_state: State | None = None
    recorded_state: State | None = None


def first_divergence(predicted: Trace, recorded: Trace) -> Divergence | None:
    """The first frame of the main thread at which the traces differ; None where they agree.

    A trace that is not over when its frames are is no divergence: nobody knows how it goes on. A
    predicted call that is followed by its return at once stands for all that is in between. The
    call with which a recorded trace begins may be missing in the predicted one, for the model
    is given it. So may the return after an exception that leaves the entry point, for models may
    end with the exception. Of a statement whose comprehensions are inlined in the recording, what
    happens within is not compared; see `model.trace.inlined`.

    Args:
        predicted: as the model writes it, or in full.
        recorded: in full.
    """
    return divergence_of(_main(predicted), _main(recorded), predicted.ended, recorded)


def divergence_of(
    left: Sequence[Numbered], right: Sequence[Numbered], ended: bool, recorded: Trace
) -> Divergence | None:
    """`first_divergence`, where the states at the frames are known already.

    Args:
        left: of the predicted trace.
        right: of the recorded trace's main thread.
        ended: whether the predicted trace is over with its frames.
        recorded: the recorded trace itself.
    """
    i = j = 0
    if left and right and right[0][1].frame.kind == "call" != left[0][1].frame.kind:
        j = 1
    while i < len(left) and j < len(right):
        if _stepped_over(left, i):
            j = _return(right, j)
        if j == len(right):
            break
        statement = _inlined(right[j][1], recorded)
        found = _difference(*left[i], *right[j], statement)
        if found:
            return found
        i, j = _after(left, i, statement), _after(right, j, statement)
    if _over_but_for_return(left, i) and _over_but_for_return(right, j):
        return None
    if i < len(left) and recorded.ended:
        number, state = left[i]
        return Divergence(number, None, "ended", predicted_state=state)
    if j < len(right) and ended and i == len(left):
        number, state = right[j]
        return Divergence(None, number, "ended", recorded_state=state)
    return None


def align(predicted: Sequence[Frame], recorded: Sequence[Frame]) -> list[Pair]:
    """Pairs of frames of the same kind, line and depth; each frame is in one pair, in its order."""
    return align_states(resolve(predicted), resolve(recorded))


def align_states(predicted: Sequence[State], recorded: Sequence[State]) -> list[Pair]:
    """`align`, where the states at the frames are known already; see `model.trace.growing` too."""
    return Growing(recorded).pairs(predicted)


def _main(trace: Trace) -> list[tuple[int, State]]:
    """The states of the main thread, with the numbers of their frames in the trace."""
    numbers = [n for n, frame in enumerate(trace.frames) if thread_of(frame) == 0]
    return list(zip(numbers, resolve(trace.frames[n] for n in numbers), strict=True))


def _stepped_over(states: Sequence[tuple[int, State]], at: int) -> bool:
    kind = states[at][1].frame.kind
    return kind == "return" and at > 0 and states[at - 1][1].frame.kind == "call"


def _return(states: Sequence[tuple[int, State]], at: int) -> int:
    """Where the scope of the frame before is left; the end where it is not."""
    scope = states[at - 1][1].scope if at else -1
    for n in range(at, len(states)):
        if states[n][1].scope == scope and states[n][1].frame.kind == "return":
            return n
    return len(states)


def _inlined(state: State, recorded: Trace) -> Statement | None:
    """The statement at which a recorded line or exception is, if its comprehensions are inlined.

    After an exception within one, Python goes to its line again, to put back what it had bound.
    """
    place = state.frame.place
    if place is None or state.frame.kind not in ("line", "exception"):
        return None
    return recorded.inlined.get(place.path, {}).get(place.line)


def _after(states: Sequence[tuple[int, State]], at: int, statement: Statement | None) -> int:
    """The next frame to compare: the one after this, or the first that is outside a statement.

    What the statement calls is inside; that the scope is left, or an exception is raised in it, is
    not.
    """
    first = states[at][1]
    for n in range(at + 1, len(states)):
        state = states[n][1]
        deeper = state.depth > first.depth
        same = state.scope == first.scope and state.frame.kind == "line"
        if statement is None or not (deeper or (same and _is_of(state.frame, statement))):
            return n
    return len(states)


def _is_of(frame: Frame, statement: Statement) -> bool:
    if frame.place:
        return frame.place.line in statement.lines
    return line_text(frame) in statement.texts


def _over_but_for_return(states: Sequence[tuple[int, State]], at: int) -> bool:
    """Whether an exception left the entry point, and no more than the return after it is to come,
    or was the last to be compared."""
    last = [state for _, state in states[-2:]]
    if last and last[-1].frame.kind == "return" and last[-1].frame.value in (None, "None"):
        last.pop()
    raised = bool(last) and last[-1].frame.kind == "exception" and last[-1].depth == 0
    return raised and len(states) - at <= 1


def _difference(
    i: int, left: State, j: int, right: State, statement: Statement | None
) -> Divergence | None:
    here, there = left.frame, right.frame
    found: Divergence | None = None
    if here.kind != there.kind:
        found = Divergence(i, j, "kind")
    elif not same_line(here, there) and not (statement and _is_of(here, statement)):
        found = Divergence(i, j, "line")
    elif here.kind in ("call", "line"):
        names = differing(left, right)
        if names or (here.locals is None) != (there.locals is None):
            found = Divergence(i, j, "locals", names)
    elif not _same_value(here, there):
        found = Divergence(i, j, "value", values=(here.value, there.value))
    return replace(found, predicted_state=left, recorded_state=right) if found else None


def _same_value(left: Frame, right: Frame) -> bool:
    if left.kind == "exception" and left.value is not None and right.value is not None:
        return same_exception(left.value, right.value)
    return _agree(left.value, right.value)


def differing(left: State, right: State) -> dict[str, tuple[str | None, str | None]]:
    """The locals of two states that are different, but for those that are not known.

    Args:
        left: predicted.
        right: recorded.
    """
    here: Mapping[str, str] = left.frame.locals or {}
    there: Mapping[str, str] = right.frame.locals or {}
    known = (name for name in {**there, **here} if name not in left.unresolved)
    pairs = {name: (here.get(name), there.get(name)) for name in known}
    return {name: pair for name, pair in pairs.items() if not _agree(*pair)}


def _agree(predicted: str | None, recorded: str | None) -> bool:
    if predicted is None or recorded is None:
        return predicted is recorded
    return agrees(predicted, recorded)
