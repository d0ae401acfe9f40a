"""Whether a trace that does not end goes round and round: its states repeat, or only its lines do.

A program that comes to the same line in the same state as before does the same again, forever,
unless something changed that no state shows: an iterator, an attribute of an object, the world.
So the more a round may hide, the more of them are asked for.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Literal

from model.trace.states import State

ROUNDS = 3
"""Like one another, of lines that hide nothing. A statement over several lines is one or two."""
DOUBTFUL_ROUNDS = 10
"""Of lines that call something, or states with objects whose inside is not seen."""
VISITS = 10
"""Of a loop's head, for the trace to have been cut off within it."""

Why = Literal["states", "recursion", "while", "for"]


@dataclass(frozen=True, slots=True)
class Loop:
    """What a trace is caught in.

    Attributes:
        why: ``states``: they repeat. ``recursion``: calls within calls do. ``while``, ``for``: the
            trace was cut off in a loop of that kind.
        at: the number of the frame in which it was seen: the last visit of the loop's head.
    """

    why: Why
    at: int


@dataclass(frozen=True, slots=True)
class _Round:
    """A line of a scope, and what was called in it.

    Attributes:
        at: the number of its frame.
        key: equal to that of another one if nothing differs that can be seen.
        doubtful: whether something may differ that cannot.
    """

    at: int
    key: Hashable
    doubtful: bool


def find_loop(states: Sequence[State], cut: bool) -> Loop | None:
    """What the trace is caught in at its end, if anything.

    Args:
        states: of all its frames; its entry point was not left.
        cut: the trace was cut off, and did not end by itself.
    """
    scopes = _open(states)
    found = [loop for scope in scopes if (loop := _repeating(states, scope))]
    if found:
        return found[0]
    if recursion := _recursion(states, scopes):
        return recursion
    lines = [loop for scope in scopes if cut and (loop := _within(states, scope))]
    return min(lines, key=lambda loop: loop.why != "while", default=None)


def _open(states: Sequence[State]) -> list[list[int]]:
    """The scopes that were not left, outermost first: the numbers of the frames of each."""
    scopes: dict[int, list[int]] = {}
    for number, state in enumerate(states):
        scopes.setdefault(state.scope, []).append(number)
    return [numbers for numbers in scopes.values() if states[numbers[-1]].frame.kind != "return"]


def _repeating(states: Sequence[State], scope: Sequence[int]) -> Loop | None:
    lines = [n for n in scope if states[n].frame.kind == "line"]
    # What the last line did is not known to the end.
    rounds = [_round(states, a, b) for a, b in pairwise(lines)]
    period, many = _period([each.key for each in rounds])
    if not period or many < ROUNDS:
        return None
    last = rounds[-period:]
    head = min(last, key=lambda each: _indent(states[each.at]))
    source = states[head.at].frame.source.lstrip()
    # What a `for` goes through is no part of a state, and comes to an end.
    if source.startswith(("for ", "async for ")):
        return None
    # Lines without a loop's head among them may stand there several times.
    doubtful = not source.startswith("while") or any(each.doubtful for each in last)
    return Loop("states", head.at) if many >= DOUBTFUL_ROUNDS or not doubtful else None


def _round(states: Sequence[State], first: int, end: int) -> _Round:
    inner = states[first + 1 : end]
    key = tuple(_seen(state) for state in states[first:end])
    line = states[first].frame.source
    opaque = any(_opaque(value) for value in states[first].locals.values())
    return _Round(first, key, doubtful=bool(inner) or "(" in line or "await" in line or opaque)


def _seen(state: State) -> Hashable:
    frame = state.frame
    return frame.kind, frame.source, tuple(state.locals.items()), frame.value, state.depth


def _opaque(value: str) -> bool:
    """Whether a ``repr`` does not show what is inside; the inside of others is in it."""
    return "<" in value or "..." in value


def _period(keys: Sequence[Hashable]) -> tuple[int, int]:
    """The period in which the end of a sequence repeats, and how many times it is there in a row.

    Of all ways to see its end as repeating that with the most rounds; 0 and 0 for an empty one.
    The lengths of borders, as Knuth, Morris and Pratt find them, from the end on.
    """
    backward = [*reversed(keys)]
    best = (0, 0)
    borders: list[int] = []
    for size, key in enumerate(backward):
        border = borders[-1] if borders else 0
        while border and backward[border] != key:
            border = borders[border - 1]
        borders.append(border + 1 if size and backward[border] == key else 0)
        period = size + 1 - borders[-1]
        many = (size + 1) // period
        if many > best[1]:
            best = period, many
    return best


def _recursion(states: Sequence[State], scopes: Sequence[Sequence[int]]) -> Loop | None:
    """Calls within calls, each like the one it is made in."""
    calls = [scope for scope in scopes if states[scope[0]].frame.kind == "call"]
    keys = [
        tuple((s.frame.kind, s.frame.source, *s.locals.items()) for s in _first(states, scope))
        for scope in calls[:-1]
    ]
    period, many = _period(keys)
    # Every line of a recursion calls something, and is believed as little as any that does.
    return Loop("recursion", calls[-1][0]) if period and many >= DOUBTFUL_ROUNDS else None


def _first(states: Sequence[State], scope: Sequence[int]) -> list[State]:
    return [states[number] for number in scope[:50]]


def _within(states: Sequence[State], scope: Sequence[int]) -> Loop | None:
    """The loop in whose body a scope's last line is, if its head was often enough visited."""
    visits: dict[str, list[int]] = {}
    low = inf
    for number in reversed(scope):
        state = states[number]
        if state.frame.kind != "line" or not state.frame.source.strip():
            continue
        indent, source = _indent(state), state.frame.source
        # What follows the last visit is in the body; between two visits may be the head alone.
        around = indent < low or (indent == low and source in visits)
        if around and source.lstrip().startswith(("while ", "while(", "for ", "async for ")):
            visits.setdefault(source, []).append(number)
        low = min(low, indent)
    often = [(len(each), each[0], source) for source, each in visits.items() if len(each) >= VISITS]
    if not often:
        return None
    _, at, source = max(often)
    return Loop("while" if source.lstrip().startswith("while") else "for", at)


def _indent(state: State) -> int:
    source = state.frame.source.expandtabs()
    return len(source) - len(source.lstrip())
