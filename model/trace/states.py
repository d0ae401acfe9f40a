"""Full states from the differences the model writes, and the differences from full states.

A call opens a scope, a return closes it; a generator that yields returns, and is called anew to go
on. Within a scope the model writes `UNCHANGED` for a value that is the same as in the scope's
previous call or line frame. When a scope is returned to, its next line frame is written in full.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from model.trace.frame import UNCHANGED, Frame, thread_of


@dataclass(frozen=True, slots=True)
class State:
    """What is known at a frame.

    Attributes:
        frame: itself, its locals in full.
        locals: of its scope; those of the line that ran, where the frame is a return or an
            exception. A value that is not known is `UNCHANGED`.
        depth: scopes above it; 0 is the scope in which the trace began.
        scope: its number; every call opens a new one.
        unresolved: names of its locals that are said to be unchanged, though from what is not said.
    """

    frame: Frame
    locals: Mapping[str, str]
    depth: int
    scope: int
    unresolved: tuple[str, ...] = ()


@dataclass(slots=True)
class _Scope:
    number: int
    known: Mapping[str, str] = field(default_factory=dict)
    returned_to: bool = False


class _Scopes:
    """The scopes that are open, of one thread after the other."""

    def __init__(self) -> None:
        self._stacks: dict[int, list[_Scope]] = {}
        self._count = 0

    def at(self, frame: Frame) -> tuple[_Scope, int]:
        """The scope of a frame, and its depth. It stays open until `leave`."""
        stack = self._stacks.setdefault(thread_of(frame), [])
        # A trace may begin within a scope, the wrapper's for example, or go on after its end.
        if frame.kind == "call" or not stack:
            stack.append(_Scope(self._count))
            self._count += 1
        return stack[-1], len(stack) - 1

    def leave(self, frame: Frame) -> None:
        """Close the scope of a frame if the frame is a return."""
        stack = self._stacks[thread_of(frame)]
        if frame.kind == "return":
            stack.pop()
            if stack:
                stack[-1].returned_to = True


def resolve(frames: Iterable[Frame]) -> list[State]:
    """The full state at each frame.

    Args:
        frames: as the model writes them, the first call included where there was one.
    """
    scopes = _Scopes()
    states: list[State] = []
    for frame in frames:
        scope, depth = scopes.at(frame)
        unresolved: tuple[str, ...] = ()
        if frame.kind in ("call", "line"):
            frame, scope.known, unresolved = _in_full(frame, scope.known)
        states.append(State(frame, scope.known, depth, scope.number, unresolved))
        scopes.leave(frame)
    return states


def state_after(before: Sequence[State], frame: Frame) -> State:
    """The full state at a frame, where those at all frames before it are known.

    It is what `resolve` says of it, without going through them all again.

    Args:
        before: of one thread.
        frame: of the same.
    """
    depth = -1
    if before:
        last = before[-1]
        depth = last.depth - (last.frame.kind == "return")
    known: Mapping[str, str] = {}
    if frame.kind == "call" or depth < 0:
        depth += 1
        scope = max((state.scope for state in before), default=-1) + 1
    else:
        # The scope that is open at that depth is the last one that was entered there.
        own = next(state for state in reversed(before) if state.depth == depth)
        scope, known = own.scope, own.locals
    locals_: Mapping[str, str] = known
    unresolved: tuple[str, ...] = ()
    if frame.kind in ("call", "line"):
        frame, locals_, unresolved = _in_full(frame, known)
    return State(frame, locals_, depth, scope, unresolved)


def _in_full(
    frame: Frame, known: Mapping[str, str]
) -> tuple[Frame, Mapping[str, str], tuple[str, ...]]:
    """A call or a line with its locals in full, these, and the names of those that stay unknown."""
    # After locals that could not be read nothing is known to be unchanged.
    locals_: Mapping[str, str] = frame.locals or {}
    if UNCHANGED not in locals_.values():
        return frame, locals_, ()
    full = _resolved(locals_, known)
    unresolved = tuple(name for name, value in full.items() if value == UNCHANGED)
    return replace(frame, locals=full), full, unresolved


def _resolved(locals_: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    return {
        name: known.get(name, UNCHANGED) if value == UNCHANGED else value
        for name, value in locals_.items()
    }


def compress(frames: Iterable[Frame]) -> list[Frame]:
    """Frames with full locals, recorded ones for example, as the model writes them.

    This takes back what `resolve` did to the frames of its states. A value whose `repr` is two dots
    cannot be told from an unchanged one; the model's form has no other way to write it.
    """
    scopes = _Scopes()
    compressed: list[Frame] = []
    for frame in frames:
        scope, _ = scopes.at(frame)
        if frame.kind in ("call", "line"):
            full = frame.locals or {}
            written = full if scope.returned_to else _differences(full, scope.known)
            scope.known, scope.returned_to = full, False
            if frame.locals is not None:
                frame = replace(frame, locals=written)
        compressed.append(frame)
        scopes.leave(frame)
    return compressed


def _differences(full: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    return {name: UNCHANGED if known.get(name) == value else value for name, value in full.items()}
