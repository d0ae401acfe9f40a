"""Predicting one test: its source gathered, its traces predicted, a verdict taken from them."""

import asyncio
import time
from dataclasses import dataclass

from agent.preflight.settings import SimulateSettings
from model.errors import FOR_THE_USER, ModelError
from model.predict.predictor import Prediction, Predictor, Tokens
from model.predict.verdict import Judged, judge, samples_to_believe
from sandboxes.sandbox import Sandbox
from tools.programs.program import Changed, Gathered, NoProgram, program_for_test

GATED = ("fail", "endless")
"""What ``gate`` keeps a test from running for."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is predicted of a test.

    Attributes:
        test: its id.
        judged: the verdict.
        predictions: the traces it was taken from.
        gathered: the source that the model was shown; None where there was nothing to show.
        tokens: it took.
        seconds: it took.
    """

    test: str
    judged: Judged
    predictions: tuple[Prediction, ...]
    gathered: Gathered | None
    tokens: Tokens
    seconds: float

    @property
    def fails(self) -> bool:
        """Whether the test is said not to pass."""
        return self.judged.verdict in ("fail", "error", "endless")


async def gather(
    test: str, sandbox: Sandbox, settings: SimulateSettings, changed: Changed
) -> Gathered | str:
    """The program that a test is as the repository stands now, or why there is none.

    Args:
        test: its id.
        sandbox: with the repository; it is only read from.
        settings: how much.
        changed: what the patch changes; it matters most.

    Raises:
        SandboxDied: the sandbox went away.
    """
    try:
        return await program_for_test(
            sandbox, test, changed=changed, most_tokens=settings.source_tokens
        )
    except NoProgram as problem:
        return str(problem)


async def foretell(
    test: str,
    gathered: Gathered | str,
    predictor: Predictor,
    settings: SimulateSettings,
    seed: int,
    *,
    thorough: bool = False,
) -> Forecast:
    """Predict a test.

    Args:
        test: its id.
        gathered: its program, or why there is none.
        predictor: of the model.
        settings: how much.
        seed: of the samples.
        thorough: whether more samples are drawn where all agree that the test does not pass, and
            are yet too few to be believed; see `SimulateSettings.most_samples`.

    Raises:
        ModelError: the user must mend it (`model.errors.FOR_THE_USER`). That a model does not
            answer, or not in time, is no failure of the run: the verdict is ``unsure`` then.
    """
    started = time.monotonic()
    predictions: list[Prediction] = []
    if isinstance(gathered, str):
        return Forecast(test, _unsure(gathered), (), None, Tokens(), 0.0)
    try:
        async with asyncio.timeout(settings.seconds):
            predictions += await predictor.traces(
                gathered.program, samples=settings.samples, seed=seed, most=settings.trace_tokens
            )
            if thorough and (more := _more(judge(predictions), settings)):
                predictions += await predictor.traces(
                    gathered.program,
                    samples=more,
                    seed=seed + settings.samples,
                    most=settings.trace_tokens,
                )
        why = ""
    except TimeoutError:
        why = f"the model took longer than {settings.seconds:g} s"
    except FOR_THE_USER:
        raise
    except ModelError as error:
        why = error.message
    judged = judge(predictions) if predictions else _unsure(why)
    return Forecast(
        test=test,
        judged=judged,
        predictions=tuple(predictions),
        gathered=gathered,
        tokens=sum((each.tokens for each in predictions), Tokens()),
        seconds=time.monotonic() - started,
    )


def _more(judged: Judged, settings: SimulateSettings) -> int:
    """Samples that are missing for ``gate`` to believe what all so far say; 0 for none."""
    if judged.verdict not in GATED:
        return 0
    needed = samples_to_believe(judged, settings.confidence, settings.most_samples)
    return max((needed or 0) - settings.samples, 0)


def _unsure(why: str) -> Judged:
    return Judged("unsure", 0.0, None, why, {})
