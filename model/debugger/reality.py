"""What really happened, beside what a session predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.debugger.history import Moment
from model.trace.align import Divergence, align, first_divergence
from model.trace.frame import Trace
from model.trace.states import State, resolve


@dataclass(frozen=True, slots=True)
class Reality:
    """A recorded trace beside the moments of a session so far.

    Attributes:
        divergence: the first moment that is different; None where all agree.
        here: what was recorded for the current moment; None where nothing belongs to it.
        edited: the first moment at which a local was set, after which a difference says nothing of
            the model; None where none was.
    """

    divergence: Divergence | None
    here: State | None
    edited: int | None


def beside(moments: Sequence[Moment], recorded: Trace) -> Reality:
    """Lay the recorded trace beside the moments of a session.

    Args:
        moments: from the first frame on, the current one last.
        recorded: of the same program, in full.
    """
    frames = tuple(moment.frame for moment in moments)
    main = recorded.threads[0]
    divergence = first_divergence(Trace(frames, ended=False), recorded)
    pairs = {predicted: real for predicted, real in align(frames, main) if predicted is not None}
    number = pairs.get(len(frames) - 1)
    here = resolve(main)[number] if number is not None else None
    edited = next((n for n, moment in enumerate(moments) if moment.edits), None)
    return Reality(divergence, here, edited)
