"""Predicting with nano: as with CWM, but for what it says itself that it is unsure of.

A large model is believed until its traces contradict themselves. A small one has learnt some kinds
of programs, and writes traces of all others with the same good form; so a trace counts only where
the program has nothing that is foreign to the model, and where none of its frames was a guess.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from model.answer import Completion
from model.errors import ModelMisconfigured
from model.nano.reach import by_frame
from model.predict.asking import Chance
from model.predict.means import Means
from model.predict.predictor import Prediction, Program, Step
from model.predict.tokens import TokenPredictor
from model.trace.frame import Kind

if TYPE_CHECKING:
    from model.nano.engine import Engine


class NanoPredictor(TokenPredictor):
    """A `model.predict.predictor.Predictor` without a server.

    Attributes:
        context: tokens that program and trace may have together.

    Args:
        engine: runs the model.
        chance: how several samples are drawn.
    """

    name = "nano"

    def __init__(self, engine: "Engine", chance: Chance | None = None) -> None:
        super().__init__(engine, engine.tokenizer, chance)
        self.context = engine.reach.context
        self._reach = engine.reach

    @classmethod
    def made_from(cls, means: Means) -> Self:
        """With what there is.

        Raises:
            ModelMisconfigured: it is not enough.
        """
        if means.engine is None:
            raise ModelMisconfigured("to predict with nano, nano has to be loaded")
        return cls(means.engine, means.chance)

    def _prediction(self, program: Program, answer: Completion) -> Prediction:
        found = super()._prediction(program, answer)
        beyond = self._reach.beyond(program.source)
        chances = self._chances(answer)
        doubts = ["" for _ in program.begun] + [beyond or self._reach.doubt(c) for c in chances]
        # What is not whole frames in the text has no place among the doubts of frames.
        doubts = [*doubts, *[beyond] * len(found.frames)][: len(found.frames)]
        doubt = beyond or self._reach.doubt(min(chances, default=None))
        return replace(found, doubt=doubt, doubts=tuple(doubts) if any(doubts) else ())

    def _step(self, program: Program, answer: Completion, kind: Kind | None) -> Step:
        beyond = self._reach.beyond(program.source)
        doubt = beyond or self._reach.doubt(min(self._chances(answer), default=None))
        return replace(super()._step(program, answer, kind), doubt=doubt)

    def _chances(self, answer: Completion) -> list[float]:
        return by_frame(answer.ids or (), answer.logprobs, self._frame_sep)
