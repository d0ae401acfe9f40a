"""What the debugger shows: moments, scopes, source, and what really happened. All of it is safe."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from agent.cli.compareview import divergence_lines, state_lines
from agent.cli.predictview import tokens_line
from agent.cli.terminal import safe
from model.trace.compare import exception_text

if TYPE_CHECKING:
    from model.debugger.history import Moment
    from model.debugger.reality import Reality
    from model.debugger.session import Level, Session, Stop

_VALUE = 100
_AROUND = 5
_UNSURE = 0.8
"""A mean probability of a frame's tokens below which it is shown."""


def stop_text(session: "Session", stop: "Stop") -> str:
    """Where a command came to: why, the frame, and the locals that changed with it."""
    lines = [*_why(stop), *moment_lines(session, stop.moment, stop.number)]
    return _safe(lines)


def moment_lines(session: "Session", moment: "Moment", number: int) -> Iterator[str]:
    """A frame, its place, what changed with it, and what is doubtful about it."""
    yield _head(moment, number)
    frame = moment.frame
    if frame.kind == "return":
        before = session.moments[number - 1] if number else moment
        raised = before.frame.kind == "exception" and before.state.scope == moment.state.scope
        if raised and frame.value in (None, "None"):
            yield "     left by the exception"
        else:
            yield f"     returns {shown(frame.value or 'what is not written')}"
    elif frame.kind == "exception":
        yield f"     raises {shown(exception_text(frame.value or 'an exception'))}"
    else:
        for name, value in _changed(session, moment, number).items():
            mark = "  (set)" if name in moment.edits else ""
            yield f"     {shown(name)} = {shown(value)}{mark}"
    yield from _doubts(moment)
    yield from _unsure(session.moments[:number], moment)


def locals_text(session: "Session") -> str:
    """All locals of the current scope."""
    locals_ = session.current.state.locals
    lines = [f"     {shown(name)} = {shown(value)}" for name, value in locals_.items()]
    return _safe(lines or ["     no locals are known"])


def where_text(levels: "list[Level]") -> str:
    """The scopes that are open, the current one last and marked."""
    last = len(levels) - 1
    lines = [
        f"{'>' if number == last else ' '} {_head(level.moment, level.number)}"
        for number, level in enumerate(levels)
    ]
    return _safe(lines)


def list_text(session: "Session", line: int | None = None) -> str:
    """The source around a line, or around the current one; that and breakpoints are marked."""
    spot = session.current.spot
    here = spot.line if line is None else line
    source = session.places.lines
    if here is None:
        return _safe(["no line of the source is known for this frame"])
    stops = {each.line for each in session.breakpoints}
    first, last = max(1, here - _AROUND), min(len(source), here + _AROUND)
    lines = []
    for number in range(first, last + 1):
        at = ">" if number == spot.line else "?" if number in spot.others else " "
        mark = f"{at}{'*' if number in stops else ' '}"
        lines.append(f"{number:5} {mark} {source[number - 1]}".rstrip())
    return _safe(lines)


def breaks_text(session: "Session") -> str:
    """The breakpoints."""
    lines = [
        f"{each.number}: line {each.line}" + (f" if {each.condition}" if each.condition else "")
        for each in session.breakpoints
    ]
    return _safe(lines or ["no breakpoints"])


def reality_text(session: "Session", reality: "Reality") -> str:
    """The recorded execution beside the predicted one."""
    lines: list[str] = []
    if not reality.begun:
        lines.append("a recording begins with the test, which is not called yet")
    elif reality.divergence is None:
        lines.append(f"the recorded execution says the same up to frame {session.number}")
    else:
        lines += divergence_lines(reality.divergence)
    if reality.edited is not None:
        lines.append(f"a local was set at frame {reality.edited}: from there on they may differ")
    if reality.divergence is not None and reality.divergence.predicted != session.number:
        if reality.here is None:
            lines.append(f"nothing recorded belongs to frame {session.number}")
        else:
            lines.append(f"what was recorded for frame {session.number}:")
            lines += [f"  {line}" for line in state_lines(reality.here)]
    return _safe(lines)


def tokens_text(session: "Session") -> str:
    """What the session took so far."""
    return _safe([tokens_line(session.tokens)])


def _why(stop: "Stop") -> Iterator[str]:
    if stop.why == "breakpoint" and stop.breakpoint is not None:
        yield f"breakpoint {stop.breakpoint.number}, line {stop.breakpoint.line}"
        if stop.note:
            yield f"     its condition cannot be told: {stop.note}"
    elif stop.why == "over":
        yield "the trace is over"
    elif stop.why == "limit":
        yield "that are the most frames that one command goes on by"


def _head(moment: "Moment", number: int) -> str:
    spot, kind = moment.spot, moment.frame.kind
    place = f"{shown(spot.function) or '?'}:{spot.line if spot.line is not None else '?'}"
    return f"#{number} {kind:9} {place:14} {shown(moment.frame.source.rstrip())}".rstrip()


def _changed(session: "Session", moment: "Moment", number: int) -> Mapping[str, str]:
    """The locals that are not as in the scope's frame before; all, where there is none."""
    before: Mapping[str, str] = {}
    for other in session.moments[:number]:
        if other.state.scope == moment.state.scope and other.frame.kind in ("call", "line"):
            before = other.state.locals
    if moment.frame.kind == "call":
        before = {}
    known = moment.state.locals
    return {
        name: value
        for name, value in known.items()
        if before.get(name) != value or name in moment.edits
    }


def _doubts(moment: "Moment") -> Iterator[str]:
    if moment.spot.others:
        others = ", ".join(map(str, moment.spot.others))
        yield f"     that text stands more than once; it may be line {others} as well"
    if moment.spot.line is None:
        yield "     no line of the source has that text"
    for problem in moment.problems[:3]:
        yield f"     not as it should be: {shown(problem.detail)}"
    if moment.forced:
        yield "     its body was stepped over"


def _unsure(before: "Sequence[Moment]", moment: "Moment") -> Iterator[str]:
    """What the model says of its own certainty; of one command's frames only the last is shown, so
    the first one before it that was a guess is named too."""
    # What is said of the whole program is the same at every frame, and once is enough.
    if moment.doubt and moment.doubt != (before[-1].doubt if before else ""):
        yield f"     unsure: {shown(moment.doubt, most=200)}"
        return
    first = next((number for number, each in enumerate(before) if each.doubt), None)
    if first is not None:
        yield f"     unsure since frame {first}"
    elif moment.logprob is not None and (sure := math.exp(min(moment.logprob, 0.0))) < _UNSURE:
        yield f"     the model is not sure: {sure:.2f} a token"


def shown(text: str, most: int = _VALUE) -> str:
    """A text on one line, cut where it is long, safe for a terminal."""
    line = text.replace("\r", "\\r").replace("\n", "\\n")
    return safe(line if len(line) <= most else line[: most - 3] + "...")


def _safe(lines: list[str]) -> str:
    return safe("".join(f"{line}\n" for line in lines))
