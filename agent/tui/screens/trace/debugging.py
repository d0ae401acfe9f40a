"""The neural debugger behind the screen: one subject, a session on it, and what was recorded.

All of it runs backstage. After each command the screen gets everything it shows, made already.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.replay.traces import InStep
from agent.tui.screens.trace.backstage import Backstage
from agent.tui.screens.trace.predictors import Remembering
from agent.tui.screens.trace.subjects import Opening, Subject
from agent.tui.screens.trace.tracks import Pair, Point, Tracks, in_step, of_moments, of_states
from model.debugger.breakpoints import Breakpoint
from model.debugger.history import Moment
from model.debugger.problems import DebuggerProblem
from model.debugger.session import Session, Stop
from model.predict.predictor import Predictor, Tokens
from model.trace.align import Divergence, divergence_of
from model.trace.frame import Frame, Trace, thread_of
from model.trace.part import part_of
from model.trace.states import State, resolve, state_after

if TYPE_CHECKING:
    from agent.events import DivergedAt
    from model.debugger.places import Places

_AT_ONCE = 128
"""Tokens to ask for at once where many frames are wanted, of a model that goes on where it was."""
_AT_ONCE_IN_A_CHAT = 4_096
"""The same of one that begins anew each time."""
_MOST_FRAMES = 100_000
"""That one command goes on by; no recording is as long."""
_FEW = 16
"""Frames that are told one by one what is known at them; of more it is found out of all anew."""

WHATS = {
    "kind": "another event",
    "line": "another line",
    "locals": "other locals",
    "value": "another value",
    "ended": "one is over, and the other goes on",
}
"""In which way two frames differ, in words."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How things stand.

    Attributes:
        tracks: both traces, as far as they are known.
        number: of the predicted frame where the session stands; None where nothing is predicted.
        said: one line on what was done; not safe to draw yet.
        model: which one predicts; empty as long as none was needed.
        tokens: what it took.
        stops: the breakpoints by line.
        edited: the first frame at which a local was set; None where none was.
        over: whether the predicted trace is.
    """

    tracks: Tracks
    number: int | None = None
    said: str = ""
    model: str = ""
    tokens: Tokens = field(default_factory=Tokens)
    stops: Mapping[int, Breakpoint] = field(default_factory=dict)
    edited: int | None = None
    over: bool = False


class Debugging:
    """Commands of the debugger; each is a coroutine that runs backstage.

    Attributes:
        backstage: where they run.
        subject: what it is all about.
    """

    subject: Subject

    def __init__(self, settings: Callable[[], Settings], progress: Callable[[str], None]) -> None:
        """Args: settings: reads them. progress: gets a line now and then, from another thread."""
        self.backstage = Backstage()
        self._settings_from = settings
        self._progress = progress
        self._turn = asyncio.Lock()
        self._known: list[Moment] = []
        self._recorded: Trace | None = None
        self._session: Session | None = None
        self._predictor: Remembering | None = None
        self._over = False
        self._of: tuple[object, ...] = ()
        self._states: list[State] = []  # of the recorded main thread
        self._points: tuple[Point, ...] = ()
        self._states_of: Trace | None = None
        self._beside = InStep([])
        self._part_of: list[Frame] = []
        self._part_states: list[State] = []
        self._tracks = Tracks()

    # Opening ------------------------------------------------------------------------------------

    async def open(self, opening: Opening) -> Seen:
        """Begin with a subject.

        Raises:
            AgentError: the settings or the subject cannot be read.
            SandboxError: there is no sandbox to be had.
        """
        settings = self._settings_from()
        self.subject = subject = await opening(settings, self.backstage.opened)
        self._recorded = subject.recorded

        async def opened() -> Predictor:
            from agent.predicting import open_predictor

            context = open_predictor(settings, self._progress)
            return await self.backstage.opened.enter_async_context(context)

        self._predictor = Remembering(subject.predicted, subject.ended, opened)
        if subject.program.begun:
            chat = settings.model.given and settings.model.profile in ("chat", "tools")
            at_once = _AT_ONCE_IN_A_CHAT if chat else _AT_ONCE
            self._session = Session(
                subject.program, self._predictor, most=_MOST_FRAMES, at_once=at_once
            )
            await self._begin()
        return self._seen()

    # Going on -----------------------------------------------------------------------------------

    async def go(
        self, at: int | None, how: Callable[[Session], Awaitable[Stop]], *, stay: bool = False
    ) -> Seen:
        """Let the session go on.

        Args:
            at: the predicted frame to go on from.
            how: it goes.
            stay: return to where it was, once the frames are known.

        Raises:
            DebuggerProblem: it cannot be done here, or the model wrote no frame.
            ModelError: the model does not answer.
        """
        async with self._turn:
            session = await self._session_at(at)
            number = session.number
            try:
                stop = await how(session)
            finally:
                self._learn(session)
            self._over = self._over or stop.why == "over"
            if stay and session.number != number:
                await session.goto(number)
            return self._seen(_why(stop))

    async def back(self, at: int | None) -> Seen:
        """One frame back, or one edit. Raises DebuggerProblem at the first frame."""
        async with self._turn:
            session = await self._session_at(at)
            _, undone = session.back()
            self._learn(session)
            return self._seen("the edit is undone" if undone else "")

    async def set(self, at: int | None, name: str, value: str) -> Seen:
        """Change a predicted local. Raises DebuggerProblem where that cannot be done."""
        async with self._turn:
            session = await self._session_at(at)
            session.set(name, value)
            self._learn(session)
            return self._seen(f"{name} is set; what comes after is to be predicted anew")

    async def reset(self) -> Seen:
        """Begin anew; breakpoints stay."""
        async with self._turn:
            if self._session is None:
                raise DebuggerProblem("nothing is predicted here")
            await self._begin()
            return self._seen("begun anew")

    async def toggle(self, line: int, condition: str | None = None) -> Seen:
        """Stop at a line, or no more.

        Args:
            line: of the source.
            condition: that is to hold, in the place of one there is; None to take away what is
                there.

        Raises:
            DebuggerProblem: nothing can stop there, or the condition is none.
        """
        async with self._turn:
            if self._session is None:
                raise DebuggerProblem("nothing is predicted here, so nothing stops")
            stops = self._session.breakpoints
            there = [each for each in stops if each.line == line]
            said = f"no breakpoint at line {line} any more"
            if condition is not None or not there:
                made = stops.add(line, condition or "")
                said = f"breakpoint at line {line}" + (f" if {made.condition}" * bool(condition))
            for each in there:
                stops.clear(each.number)
            return self._seen(said)

    # What really happens ------------------------------------------------------------------------

    async def real(self) -> Seen:
        """Record it, unless that was done, and say where that differs.

        Raises:
            DebuggerProblem: it cannot be recorded.
            AgentError, SandboxError: likewise.
        """
        if self._recorded is None:
            if self.subject.record is None:
                raise DebuggerProblem("nothing was recorded of it: the test did not run")
            self._recorded = (await self.subject.record()).trace
        seen = self._seen()
        notes = f" ({self._recorded.notes[0]})" if self._recorded.notes else ""
        return self._seen(_difference_in_words(seen) + notes)

    # Within -------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        session = self._session
        assert session is not None
        await session.begin()
        if len(self.subject.predicted) > 1:
            await session.goto(len(self.subject.predicted) - 1)
        self._known, self._over = list(session.moments), self.subject.ended
        await session.goto(0)

    async def _session_at(self, at: int | None) -> Session:
        if self._session is None:
            raise DebuggerProblem("nothing is predicted here")
        session = self._session
        if at is not None and at != session.number and at < len(self._known):
            await session.goto(at)
        return session

    def _learn(self, session: Session) -> None:
        """Keep what is known after the current frame, as long as it belongs to it."""
        so_far = session.moments
        here = zip(so_far, self._known, strict=False)
        if len(self._known) < len(so_far) or any(a is not b for a, b in here):
            self._known, self._over = list(so_far), False

    def _seen(self, said: str = "") -> Seen:
        session = self._session
        predictor = self._predictor
        edited = next((n for n, moment in enumerate(self._known) if moment.edits), None)
        return Seen(
            tracks=self._in_step(),
            number=session.number if session is not None else None,
            said=said,
            model=predictor.model if predictor is not None else "",
            tokens=session.tokens if session is not None else Tokens(),
            stops={each.line: each for each in session.breakpoints} if session else {},
            edited=edited,
            over=self._over,
        )

    def _in_step(self) -> Tracks:
        """Both traces in step; made anew only where one of them is another."""
        recorded = self._recorded
        of = (id(recorded), self._over, len(self._known), *map(id, self._known[-1:]))
        if of == self._of and self._tracks.pairs:
            return self._tracks
        self._of = of
        if recorded is not self._states_of:
            self._states_of = recorded
            self._states = resolve(recorded.threads[0]) if recorded else []
            self._points = of_states(self._states, self._places())
            self._beside = InStep(self._states)
        part, states = self._part()
        found = self._parting(states, part)
        self._tracks = in_step(
            of_moments(self._known),
            self._points,
            tuple(self._pairs(states, part)),
            (found.predicted, self._in_main(found.recorded)) if found else None,
            WHATS.get(found.what, found.what) if found else "",
        )
        return self._tracks

    def _part(self) -> tuple[range, Sequence[State]]:
        """The predicted frames that the recording is of, as far as they are known; their states."""
        if not self.subject.function:
            return range(len(self._known)), [moment.state for moment in self._known]
        frames = [moment.frame for moment in self._known]
        part = part_of(frames, self.subject.function) or range(0)
        return part, self._resolved(frames[part.start : part.stop])

    def _resolved(self, frames: list[Frame]) -> Sequence[State]:
        """The states at the frames of the part; those that were known already are the very same."""
        known = len(self._part_of)
        new = frames[known:]
        if len(new) > _FEW or not _same(frames[:known], self._part_of):
            self._part_states = resolve(frames)
        else:
            for frame in new:
                self._part_states.append(state_after(self._part_states, frame))
        self._part_of = frames
        return self._part_states

    def _pairs(self, states: Sequence[State], part: range) -> Iterator[Pair]:
        """The two traces in step; ``states`` are those of the part that the recording is of."""
        yield from (Pair(n, None, same=False) for n in range(part.start))
        for i, j, same in self._beside.paired(states):
            yield Pair(None if i is None else part.start + i, j, same)
        yield from (Pair(n, None, same=False) for n in range(part.stop, len(self._known)))

    def _parting(self, states: Sequence[State], part: range) -> "Divergence | DivergedAt | None":
        frames = [moment.frame for moment in self._known]
        if self.subject.compared and _same(frames, self.subject.predicted):
            return self.subject.parting
        recorded = self._recorded
        if recorded is None or not part:
            return None
        numbers = (n for n, frame in enumerate(recorded.frames) if not thread_of(frame))
        return divergence_of(
            list(zip(part, states, strict=True)),
            list(zip(numbers, self._states, strict=True)),
            self._over or part.stop < len(frames),
            recorded,
        )

    def _in_main(self, number: int | None) -> int | None:
        """The number of a recorded frame among those of the main thread, which alone are shown."""
        if number is None or self._recorded is None:
            return None
        return sum(not thread_of(frame) for frame in self._recorded.frames[:number])

    def _places(self) -> "Places":
        if self._session is not None:
            return self._session.places
        from model.debugger.places import Places

        return Places(self.subject.program.source)

    @property
    def lines(self) -> Sequence[str]:
        """Of the source."""
        return self._places().lines


def _same(frames: Sequence[Frame], given: Sequence[Frame]) -> bool:
    """Whether the frames are those that were given, one by one."""
    return len(frames) == len(given) and all(a is b for a, b in zip(frames, given, strict=True))


def _why(stop: Stop) -> str:
    if stop.why == "breakpoint" and stop.breakpoint is not None:
        note = f"; its condition cannot be told: {stop.note}" if stop.note else ""
        return f"breakpoint at line {stop.breakpoint.line}{note}"
    words = {
        "over": "the trace is over",
        "limit": "these are the most frames that one command goes on by",
    }
    return words.get(stop.why, "")


def _difference_in_words(seen: Seen) -> str:
    tracks = seen.tracks
    if not tracks.predicted:
        return f"{len(tracks.recorded)} frames were recorded"
    if tracks.parting is None:
        return f"what was recorded says the same, up to frame {len(tracks.predicted) - 1}"
    pair = tracks.pairs[tracks.parting]
    number = pair.predicted if pair.predicted is not None else pair.recorded
    after = ""
    if seen.edited is not None:
        after = f"; a local was set at frame {seen.edited}, from there on they may differ"
    return f"first difference at frame {number}: {tracks.words}{after}"
