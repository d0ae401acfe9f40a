"""What a session on the screen is predicted by: what was written down first, a model after that."""

from collections.abc import Callable, Coroutine, Sequence

from model.predict.predictor import MOST_TOKENS, Prediction, Predictor, Program, Step, Tokens
from model.trace.frame import Frame, Kind


class Remembering:
    """A predictor that knows a trace; where that is over, or left, a model is asked.

    The model is looked for when it is first needed: who only reads needs none.

    Attributes:
        name: of the predictor that was opened; empty before.
        model: likewise.
    """

    def __init__(
        self,
        known: Sequence[Frame],
        ended: bool,
        opening: Callable[[], Coroutine[object, object, Predictor]],
    ) -> None:
        """Args: known: the trace's frames. ended: whether it is whole. opening: of the model."""
        self._known = tuple(known)
        self._ended = ended
        self._opening = opening
        self._opened: Predictor | None = None
        self.name = self.model = ""

    async def _predictor(self) -> Predictor:
        if self._opened is None:
            self._opened = await self._opening()
            self.name, self.model = self._opened.name, self._opened.model
        return self._opened

    async def traces(
        self, program: Program, *, samples: int = 1, seed: int = 0, most: int = MOST_TOKENS
    ) -> list[Prediction]:
        """See `Predictor`."""
        if self._goes_on(program.begun):
            nothing = (None,) * len(self._known)
            return [Prediction(self._known, self._ended, (), nothing, "", Tokens())]
        opened = await self._predictor()
        return await opened.traces(program, samples=samples, seed=seed, most=most)

    async def step(
        self, program: Program, frames: Sequence[Frame], kind: Kind | None = None
    ) -> Step:
        """See `Predictor`."""
        if kind is None and self._goes_on(frames):
            if len(frames) == len(self._known):
                return Step(None, ended=True)
            return Step(self._known[len(frames)], ended=False)
        return await (await self._predictor()).step(program, frames, kind)

    async def value(self, program: Program) -> Step:
        """See `Predictor`."""
        return await (await self._predictor()).value(program)

    def _goes_on(self, frames: Sequence[Frame]) -> bool:
        """Whether what comes after these frames is known."""
        count = len(frames)
        if count > len(self._known) or (count == len(self._known) and not self._ended):
            return False
        return all(a is b for a, b in zip(frames, self._known, strict=False))
