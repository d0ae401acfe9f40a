"""The part of a trace that one function is: from its call to where its scope is left."""

from collections.abc import Sequence

from model.trace.compare import called
from model.trace.frame import Frame
from model.trace.states import resolve


def part_of(frames: Sequence[Frame], function: str) -> range | None:
    """The numbers of the frames from the first call of a function to its return.

    Args:
        frames: of one thread, as the model writes them or in full.
        function: its name, without that of its class.

    Returns:
        Up to the last frame where the scope is not left; None where the function is not called.
    """
    begin = next((n for n, frame in enumerate(frames) if called(frame) == function), None)
    if begin is None:
        return None
    states = resolve(frames)
    scope = states[begin].scope
    for number in range(begin + 1, len(frames)):
        if states[number].scope == scope and frames[number].kind == "return":
            return range(begin, number + 1)
    return range(begin, len(frames))
