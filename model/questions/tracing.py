"""Answers out of predicted traces."""

from model.predict.predictor import Prediction, Predictor, Program
from model.questions.question import Answer, Way
from model.questions.replies import whole
from model.trace.score import ending
from model.trace.states import resolve
from model.trace.writing import NoEntry


async def returned(predictor: Predictor, source: str, call: str, way: Way) -> list[Answer]:
    """What a call returns, out of whole traces.

    Raises:
        ModelError: the model does not answer.
    """
    try:
        program = Program.of_call(source, call)
    except NoEntry as problem:
        return [Answer("", str(problem))] * way.samples
    predictions = await predictor.traces(program, samples=way.samples, seed=way.seed, most=way.most)
    return [_returned(each) for each in predictions]


async def stepped(predictor: Predictor, source: str, call: str) -> list[Answer]:
    """What a call returns, at once: the call is stepped over, greedily, and so there is one answer.

    Raises:
        ModelError: the model does not answer.
    """
    try:
        program = Program.of_call(source, call)
    except NoEntry as problem:
        return [Answer("", str(problem))]
    step = await predictor.value(program)
    if step.frame is None or step.frame.value is None:
        return [Answer("", "the model wrote no return", step.tokens, _unsure(step.doubt))]
    return [Answer(whole(step.frame.value), "", step.tokens, _unsure(step.doubt))]


def _returned(prediction: Prediction) -> Answer:
    frames, tokens = prediction.frames, prediction.tokens
    facts: dict[str, object] = {"frames": len(frames), "problems": len(prediction.problems)}
    facts |= _unsure(prediction.doubt)
    if not prediction.ended or not frames or resolve(frames)[-1].depth:
        why = "the trace was cut off" if prediction.cut else "the trace has no end"
        return Answer("", why, tokens, facts)
    end = ending(frames)
    if end is None:
        return Answer("", "the trace ends without a value", tokens, facts)
    if end.raised:
        return Answer("", f"the trace ends with an exception: {end.value}", tokens, facts)
    return Answer(whole(end.value), "", tokens, facts)


def _unsure(doubt: str) -> dict[str, object]:
    """What is told of an answer that its own model doubts: it is given, and is no verdict."""
    return {"verdict": "unsure", "reason": doubt} if doubt else {}
