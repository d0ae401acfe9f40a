"""A session of the debugger: one program, one predictor, and where it stands.

The program is not run. What is known of it is what the model wrote, and each further frame is asked
for when it is needed. Frames that are known already are gone through without asking.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from model.debugger.breakpoints import Breakpoint, Breakpoints
from model.debugger.course import Course
from model.debugger.expressions import ExpressionProblem, NotKnown, Opaque, evaluate, parse, read
from model.debugger.history import Moment
from model.debugger.places import Places
from model.debugger.problems import DebuggerProblem, NoFrame
from model.predict.predictor import MOST_TOKENS, Predictor, Program, Tokens
from model.trace.frame import UNCHANGED, Kind

MOST_FRAMES = 10_000
"""That one command goes on by."""
_GROWTH = 8
"""Times the tokens asked for at once to begin with: what is lost when a command is stopped."""
_VALUE = 10_000
"""Characters of a value that is set."""

Why = Literal["there", "breakpoint", "over", "limit"]


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a command came to.

    Attributes:
        number: of the moment, from 0 on.
        moment: itself.
        why: ``there``: it is what the command goes to. ``breakpoint``: one was hit before.
            ``over``: the trace ended before. ``limit``: it went on for the most frames it may.
        breakpoint: the one that was hit.
        note: what is not known of its condition; may be empty.
    """

    number: int
    moment: Moment
    why: Why = "there"
    breakpoint: Breakpoint | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A scope that is open.

    Attributes:
        number: of its last moment.
        moment: itself.
    """

    number: int
    moment: Moment


class Session:
    """The debugger.

    Attributes:
        program: that is debugged.
        places: of its lines.
        breakpoints: where it stops.
    """

    def __init__(
        self,
        program: Program,
        predictor: Predictor,
        *,
        most: int = MOST_FRAMES,
        at_once: int = 0,
    ) -> None:
        """Nothing is asked before `begin`.

        Args:
            program: to be debugged.
            predictor: predicts its frames.
            most: frames that one command may go on by.
            at_once: tokens that commands that go far ask for at once, and more when they go on; 0
                to ask frame by frame.
        """
        self.program = program
        self.places = Places(program.source)
        self.breakpoints = Breakpoints(self.places)
        self._course = Course(program, predictor, self.places)
        self._at_once = at_once
        self._most = most

    async def begin(self) -> Stop:
        """Stand at the first frame, which is predicted where none was given.

        Raises:
            NoFrame: what the model wrote is none.
            ModelError: the model does not answer.
        """
        before = self._course.history
        try:
            self._course.begin()
            if not self.program.begun and not await self._course.advance():
                raise NoFrame(())
        except BaseException:
            self._course.history = before
            raise
        self._course.history.move(0)
        return self.here()

    @property
    def current(self) -> Moment:
        """Where the session stands."""
        return self._course.history.current

    @property
    def number(self) -> int:
        """Of the current moment, from 0 on."""
        return self._course.history.number

    @property
    def tokens(self) -> Tokens:
        """What all predictions took so far."""
        return self._course.tokens

    @property
    def moments(self) -> Sequence[Moment]:
        """Those so far, the current one last."""
        return self._course.history.so_far()

    @property
    def edited(self) -> list[int]:
        """The numbers of moments so far at which a local was set."""
        return [*self._course.history.edited()]

    def here(self, why: Why = "there") -> Stop:
        """Where the session stands."""
        return Stop(self.number, self.current, why)

    # Going on -----------------------------------------------------------------------------------

    async def step(self) -> Stop:
        """To the next frame.

        Raises:
            DebuggerProblem: the trace is over.
            NoFrame: what the model wrote is none.
            ModelError: the model does not answer.
        """
        return await self._go(lambda moment: True)

    async def next(self) -> Stop:
        """To the next frame of this scope; calls are stepped over.

        A call's return is asked for at once, so its body is not predicted, and no breakpoint in it
        is hit. At a call itself it is that call that is stepped over. Who goes back and steps into
        it gets its body. Raises what `step` does.
        """
        here = self.current
        depth = here.state.depth
        if here.frame.kind == "call":
            return await self._go(lambda moment: _left(moment, depth), over=True)
        return await self._go(lambda moment: moment.state.depth <= depth, over=True)

    async def out(self) -> Stop:
        """To where this scope is left; from there, to where its caller's is. Raises as `step`."""
        here = self.current
        depth = here.state.depth - (here.frame.kind == "return")
        return await self._go(lambda moment: _left(moment, depth), far=True)

    async def until(self, line: int) -> Stop:
        """To the next frame at a line.

        Raises:
            DebuggerProblem: no frame can be at that line; and what `step` raises.
        """
        self.breakpoints.check(line)
        return await self._go(lambda moment: _at(moment, line), far=True)

    async def run(self) -> Stop:
        """To the next breakpoint, or to the end. Raises what `step` does."""
        return await self._go(lambda moment: False, far=True)

    async def goto(self, number: int) -> Stop:
        """To the moment of a number; those that are not known yet are predicted.

        Raises:
            DebuggerProblem: there is none of that number; and what `step` raises.
        """
        if number < 0:
            raise DebuggerProblem("frames are numbered from 0 on")
        if number < self._course.history.known:
            self._course.history.move(number)
            return self.here()
        if self._course.history.over:
            raise DebuggerProblem(f"the trace ends with frame {self._course.history.known - 1}")
        self._course.history.move(self._course.history.known - 1)
        stop = await self._go(lambda moment: True, far=True, breaks=False)
        if number < self._course.history.known:
            self._course.history.move(number)
            return self.here()
        if stop.why == "over":
            return stop
        return await self._go(lambda moment: self.number >= number, far=True, breaks=False)

    def back(self) -> tuple[Stop, bool]:
        """One frame back, or one edit: where a local was set, the frame as it was before that.

        Returns:
            Where it stands, and whether it was an edit that was undone. The frames that were known
            before the edit are known again.

        Raises:
            DebuggerProblem: this is the first frame.
        """
        if self.number == 0 and not self.current.edits:
            raise DebuggerProblem("this is the first frame")
        undone = self._course.history.back()
        return self.here(), undone

    # Looking and changing -----------------------------------------------------------------------

    def set(self, name: str, value: str) -> Moment:
        """Change a predicted local and go on from there; the frames after it are forgotten.

        Args:
            name: of the local; it may be a new one.
            value: its ``repr``; a literal is written as Python writes it.

        Raises:
            DebuggerProblem: there are no locals here, or it is no name, or no value on one line.
        """
        here = self.current
        if here.frame.kind not in ("call", "line"):
            raise DebuggerProblem(f"a {here.frame.kind} has no locals to set; step or go back")
        if not name.isidentifier():
            raise DebuggerProblem("that is not the name of a local")
        text = _written(value)
        frame = replace(here.frame, locals={**(here.frame.locals or {}), name: text}, raw=None)
        edits = tuple(dict.fromkeys((*here.edits, name)))
        before = self._course.history.so_far()[:-1]
        changed = replace(self._course.placed(frame, before), edits=edits)
        self._course.history.replace(changed)
        return changed

    def value(self, expression: str) -> str:
        """The value of an expression over the locals, as text.

        Raises:
            DebuggerProblem: it is no such expression, or has no value that is known.
        """
        locals_ = self.current.state.locals
        name = expression.strip()
        if locals_.get(name) == UNCHANGED:
            raise DebuggerProblem(f"{name} is said to be unchanged, though from what is not said")
        if name in locals_:
            return locals_[name]
        try:
            found = evaluate(parse(expression), locals_)
        except (ExpressionProblem, NotKnown) as problem:
            raise DebuggerProblem(str(problem)) from None
        return found.text if isinstance(found, Opaque) else repr(found)

    def where(self) -> list[Level]:
        """The scopes that are open, the entry point's first."""
        levels: list[Level] = []
        for number, moment in enumerate(self.moments):
            levels[moment.state.depth :] = [Level(number, moment)]
        return levels

    # Within -------------------------------------------------------------------------------------

    async def _go(
        self,
        there: Callable[[Moment], bool],
        *,
        over: bool = False,
        far: bool = False,
        breaks: bool = True,
    ) -> Stop:
        depth = self.current.state.depth + (self.current.frame.kind != "call")
        at_once = self._at_once if far else 0
        for count in range(self._most):
            if self._course.history.at_end:
                if not count:
                    raise DebuggerProblem("the trace is over; back, goto and reset go on from here")
                return self.here("over")
            here = self.current
            called = here.frame.kind == "call" and here.state.depth >= depth
            kind: Kind | None = "return" if over and called else None
            known = self._course.history.known
            if not await self._course.advance(kind, keep=over, at_once=at_once):
                return self.here("over")
            if self._course.history.known > known:
                at_once = min(2 * at_once, _GROWTH * self._at_once, MOST_TOKENS)
            if breaks and (hit := self.breakpoints.hit(self.current)):
                return Stop(self.number, self.current, "breakpoint", *hit)
            if there(self.current):
                return self.here()
        return self.here("limit")


def _left(moment: Moment, depth: int) -> bool:
    """Whether the scope of a depth is left here, or was."""
    at = moment.state.depth
    return at < depth or (at == depth and moment.frame.kind == "return")


def _at(moment: Moment, line: int) -> bool:
    return moment.frame.kind in ("call", "line") and line in moment.spot.lines


def _written(value: str) -> str:
    """A value as frames have it.

    Raises:
        DebuggerProblem: it is none.
    """
    text = value.strip()
    if not text or text == UNCHANGED or len(text.splitlines()) > 1 or len(text) > _VALUE:
        raise DebuggerProblem(f"a value is one line of at most {_VALUE:,} characters")
    found = read(text)
    return text if isinstance(found, Opaque) else repr(found)
