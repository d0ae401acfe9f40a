"""The ``simulate`` tool: what a test or a call would do, predicted without running it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from model.errors import FOR_THE_USER, ModelError
from model.predict.predictor import Prediction, Predictor, Tokens
from model.predict.verdict import Judged, judge
from sandboxes.sandbox import Sandbox
from tools.nodeids import normal_id
from tools.programs.program import Gathered, NoProgram, program_for_call, program_for_test
from tools.programs.shown import shown
from tools.tool import Parameter, ToolResult, ToolSettings

_MEANINGS = {
    "pass": "it returns",
    "fail": "an assertion fails",
    "error": "an exception leaves it",
    "endless": "it does not end",
    "unsure": "the prediction says nothing",
}


@dataclass(frozen=True, slots=True)
class Simulated:
    """A test that was simulated.

    Attributes:
        test: its id.
        judged: the verdict.
        predictions: the traces it was taken from.
        gathered: the source that the model was shown.
        tokens: it took.
        seconds: it took.
    """

    test: str
    judged: Judged
    predictions: tuple[Prediction, ...]
    gathered: Gathered
    tokens: Tokens
    seconds: float


class SimulateTool:
    """Predicts with one model; nothing of the repository runs.

    Args:
        settings: of the run.
        predictor: the model's.
    """

    name = "simulate"
    writes = False
    description = (
        "Predict, without running anything, what a test or a call does: whether it passes, and its "
        "trace in short. Give a test's id; or a file's path, and below it an expression with the "
        "file's names. It is a guess of the model, and costs no time in the sandbox."
    )
    form = "[test id, or path]\n[expression, after a path]"
    parameters: tuple[Parameter, ...] = (
        Parameter("target", "A test's id, path/test_file.py::test_name; or a file's path."),
        Parameter("expression", "With a path, the call to simulate, `f(1)`; else empty."),
    )

    def compose(self, values: Mapping[str, str]) -> str:
        """The test, or the path and below it the expression."""
        return "\n".join([values["target"].strip(), values["expression"].strip()]).rstrip("\n")

    def __init__(self, settings: ToolSettings, predictor: Predictor) -> None:
        self._settings = settings
        self._predictor = predictor

    async def __call__(self, argument: str, sandbox: Sandbox) -> ToolResult:
        """Predict it.

        Raises:
            ModelError: the model's settings are wrong.
        """
        target, _, expression = argument.strip().partition("\n")
        started = time.monotonic()
        try:
            gathered = await self._gather(target.strip(), expression.strip(), sandbox)
            predictions = await self._predict(gathered)
        except NoProgram as problem:
            return _refused(str(problem))
        except TimeoutError:
            seconds = self._settings.simulate_seconds
            return _refused(f"the model took longer than {seconds:g} s")
        except FOR_THE_USER:
            raise
        except ModelError as problem:
            return _refused(f"the model did not answer: {problem.message}")
        judged = judge(predictions)
        tokens = sum((each.tokens for each in predictions), Tokens())
        output = _described(gathered, predictions, judged, tokens)
        data = _data(gathered, judged, tokens)
        if expression:
            return ToolResult(output, data=data)
        test, seconds = normal_id(target), time.monotonic() - started
        simulated = Simulated(test, judged, tuple(predictions), gathered, tokens, seconds)
        return ToolResult(output, data=data | {"test": test}, simulated=simulated)

    async def _predict(self, gathered: Gathered) -> list[Prediction]:
        async with asyncio.timeout(self._settings.simulate_seconds):
            return await self._predictor.traces(
                gathered.program,
                samples=self._settings.simulate_samples,
                most=self._settings.trace_tokens,
            )

    async def _gather(self, target: str, expression: str, sandbox: Sandbox) -> Gathered:
        most = self._settings.source_tokens
        if "\0" in target:
            raise NoProgram("the name of a file has no null character")
        if expression:
            return await program_for_call(sandbox, target, expression, most_tokens=most)
        if "::" not in target:
            raise NoProgram("give a test's id, or a path and below it an expression")
        return await program_for_test(sandbox, target, most_tokens=most)


def _described(
    gathered: Gathered, predictions: Sequence[Prediction], judged: Judged, tokens: Tokens
) -> str:
    """The verdict, what decided it, the trace, and what the prediction rests on."""
    frames = predictions[judged.sample or 0].frames
    verdict = f"Predicted: {judged.verdict} ({_MEANINGS[judged.verdict]})"
    lines = [f"{verdict}, confidence {judged.confidence:.2f}.", f"{_one_line(judged.reason)}."]
    if len(predictions) > 1:
        votes = ", ".join(f"{count} {each}" for each, count in judged.votes.items() if count)
        lines.append(f"Of {len(predictions)} predicted traces: {votes}.")
    if judged.decided_by is not None:
        lines.append(f"Decided at: {_one_line(judged.decided_by.source)}")
    lines += ["", f"The predicted trace, {len(frames)} frames:", *shown(frames, judged.at)]
    lines += ["", f"The model saw {len(gathered.included)} definitions."]
    if gathered.left_out:
        lines += ["Left out:", *(f"- {_one_line(each)}" for each in gathered.left_out)]
    lines.append(
        f"Tokens: {tokens.computed + tokens.reused} read, {tokens.reused} of them cached; "
        f"{tokens.written} written."
    )
    return "\n".join(lines)


def _data(gathered: Gathered, judged: Judged, tokens: Tokens) -> dict[str, object]:
    frame = judged.decided_by
    decided = None if frame is None else {"event": frame.kind, "source": frame.source}
    return {
        "verdict": judged.verdict,
        "confidence": judged.confidence,
        "reason": judged.reason,
        "votes": dict(judged.votes),
        "decided_by": decided,
        "call": gathered.call,
        "included": list(gathered.included),
        "left_out": list(gathered.left_out),
        "tokens": asdict(tokens),
    }


def _one_line(text: str) -> str:
    return " ".join(text[:2_000].split())[:300]


def _refused(why: str) -> ToolResult:
    return ToolResult(f"Nothing was simulated: {_one_line(why)}.", ok=False)
