"""What really happened, beside what a session predicted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from model.debugger.history import Moment
from model.trace.align import Divergence, align, first_divergence
from model.trace.frame import Trace
from model.trace.part import part_of
from model.trace.states import State, resolve


@dataclass(frozen=True, slots=True)
class Reality:
    """A recorded trace beside the moments of a session so far.

    Attributes:
        divergence: the first moment that is different; None where all agree.
        here: what was recorded for the current moment; None where nothing belongs to it.
        edited: the first moment at which a local was set, after which a difference says nothing of
            the model; None where none was.
        begun: whether the session has come to where the recording begins.
    """

    divergence: Divergence | None
    here: State | None
    edited: int | None
    begun: bool = True


def beside(moments: Sequence[Moment], recorded: Trace, function: str = "") -> Reality:
    """Lay the recorded trace beside the moments of a session.

    Args:
        moments: from the first frame on, the current one last.
        recorded: of the same program, in full.
        function: with whose call the recording begins, and at whose return it ends; empty where it
            is of all that the session is of.
    """
    frames = tuple(moment.frame for moment in moments)
    edited = next((n for n, moment in enumerate(moments) if moment.edits), None)
    part = part_of(frames, function) if function else range(len(frames))
    if part is None:
        return Reality(None, None, edited, begun=False)
    mine, main = frames[part.start : part.stop], recorded.threads[0]
    divergence = first_divergence(Trace(mine, ended=False), recorded)
    if divergence is not None and divergence.predicted is not None:
        divergence = replace(divergence, predicted=divergence.predicted + part.start)
    pairs = {predicted: real for predicted, real in align(mine, main) if predicted is not None}
    number = pairs.get(len(frames) - 1 - part.start)
    here = resolve(main)[number] if number is not None else None
    return Reality(divergence, here, edited)
