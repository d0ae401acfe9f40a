"""Predicting with nano: as with CWM, but for what it says itself that it is unsure of.

A large model is believed until its traces contradict themselves. A small one has learnt some kinds
of programs, and writes traces of all others with the same good form; so a trace counts only where
the program has nothing that is foreign to the model, and where none of its frames was a guess.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from model.answer import Completion
from model.errors import ModelMisconfigured
from model.nano.reach import lowest_frame
from model.predict.asking import Chance
from model.predict.means import Means
from model.predict.predictor import MOST_TOKENS, Prediction, Program
from model.predict.tokens import TokenPredictor

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

    async def traces(
        self, program: Program, *, samples: int = 1, seed: int = 0, most: int = MOST_TOKENS
    ) -> list[Prediction]:
        """Whole traces; see `model.predict.predictor.Predictor`."""
        found = await super().traces(program, samples=samples, seed=seed, most=most)
        beyond = self._reach.beyond(program.source)
        return [replace(each, doubt=beyond) if beyond else each for each in found]

    def _prediction(self, program: Program, answer: Completion) -> Prediction:
        found = super()._prediction(program, answer)
        lowest = lowest_frame(answer.ids or (), answer.logprobs, self._frame_sep)
        return replace(found, doubt=self._reach.doubt(lowest))
