"""How a session goes on: the moments that are known, and the model that is asked for more."""

from dataclasses import replace

from model.debugger.history import History, Moment
from model.debugger.places import Places
from model.debugger.problems import NoFrame
from model.predict.predictor import Prediction, Predictor, Program, Tokens
from model.trace.frame import Frame, Kind
from model.trace.reading import Problem
from model.trace.states import resolve, state_after


class Course:
    """The course of one program's predicted execution.

    Attributes:
        history: what is known of it.
        tokens: what all predictions took so far.
    """

    def __init__(self, program: Program, predictor: Predictor, places: Places) -> None:
        """Nothing is asked before `advance`.

        Args:
            program: whose.
            predictor: of its frames.
            places: of its lines.
        """
        self.history = History()
        self.tokens = Tokens()
        self._program = program
        self._predictor = predictor
        self._places = places

    def begin(self) -> None:
        """Forget all but the frames that are given."""
        self.history = History()
        for frame in self._program.begun:
            self.history.learn(self.placed(frame, self.history.so_far()))
            self.history.move(self.history.known - 1)

    def placed(self, frame: Frame, before: list[Moment]) -> Moment:
        """A frame with what is known of it after these moments."""
        state = state_after([moment.state for moment in before], frame)
        spot = self._places.after(before[-1].spot if before else None, state)
        return Moment(frame, state, spot)

    async def advance(
        self, kind: Kind | None = None, *, keep: bool = False, at_once: int = 0
    ) -> bool:
        """To the next moment.

        Args:
            kind: of it, where it is still to be predicted.
            keep: go through what is known also where a body was stepped over.
            at_once: tokens to ask for, where many more are wanted; 0 to ask for one frame.

        Returns:
            Whether there is one.

        Raises:
            NoFrame: what the model wrote is none.
            ModelError: the model does not answer.
        """
        history = self.history
        if kind is None and not keep:
            history.step_into()
        last = history.number == history.known - 1
        if last and not history.over:
            if at_once and kind is None:
                await self._ask_ahead(at_once)
            if history.number == history.known - 1 and not history.over:
                await self._ask(kind)
        if history.number == history.known - 1:
            return False
        history.move(history.number + 1)
        return True

    async def _ask(self, kind: Kind | None) -> None:
        """Learn the next moment, or that there is none."""
        before = self.history.so_far()
        frames = [moment.frame for moment in before]
        found = await self._predictor.step(self._program, frames, kind)
        self.tokens += found.tokens
        if found.frame is not None:
            moment = self.placed(found.frame, before)
            forced = kind is not None
            moment = replace(moment, logprob=found.logprob, problems=found.problems, forced=forced)
            self.history.learn(replace(moment, doubt=found.doubt))
        elif found.ended:
            self.history.end()
        else:
            raise NoFrame(found.problems)

    async def _ask_ahead(self, most: int) -> None:
        """Learn the moments that the model writes in so many tokens; perhaps none."""
        begun = tuple(moment.frame for moment in self.history.so_far())
        rest = Program(self._program.source, begun)
        (found,) = await self._predictor.traces(rest, most=most)
        self.tokens += found.tokens
        self._learn(found, len(begun))
        if found.ended:
            self.history.end()

    def _learn(self, found: Prediction, given: int) -> None:
        states = resolve(found.frames)
        spot = self.history.current.spot if given else None
        # The numbers of problems are those of the frames that the model wrote.
        problems: dict[int | None, tuple[Problem, ...]] = {}
        for each in found.problems:
            problems[each.frame] = (*problems.get(each.frame, ()), each)
        for number in range(given, len(found.frames)):
            spot = self._places.after(spot, states[number])
            self.history.learn(
                Moment(
                    found.frames[number],
                    states[number],
                    spot,
                    found.logprobs[number],
                    problems=problems.get(number - given, ()),
                    doubt=found.doubts[number] if found.doubts else "",
                )
            )
