"""Predicting with any model: the same frames, asked for as JSON lines, on the chat endpoint."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Self

from model.answer import Completion, Sampling
from model.client import ModelClient, OnText
from model.predict.asking import Chance, asked, fitted, mean, took
from model.predict.jsonlines import read_lines
from model.predict.means import Means
from model.predict.predictor import MOST_TOKENS, Prediction, Program, Step
from model.predict.texts import Message, step_messages, trace_messages, value_messages
from model.trace.frame import Frame, Kind
from model.trace.layout import Span
from model.trace.reading import Parsed, Problem
from model.trace.states import resolve
from model.wire import THINK, THINK_END

STEP_TOKENS = 8_192
"""Of an answer with a single frame, which some models think about first."""


class ChatPredictor:
    """A `model.predict.predictor.Predictor` for any model that follows instructions.

    Args:
        client: of the server that has the model.
        chance: how several samples are drawn.
    """

    name = "chat"

    def __init__(self, client: ModelClient, chance: Chance | None = None) -> None:
        self.model = client.settings.model
        self._client = client
        self._chance = chance or Chance()

    @classmethod
    def made_from(cls, means: Means) -> Self:
        """With what there is.

        Raises:
            ModelMisconfigured: it is not enough.
        """
        return cls(means.needed_client(), means.chance)

    async def traces(
        self, program: Program, *, samples: int = 1, seed: int = 0, most: int = MOST_TOKENS
    ) -> list[Prediction]:
        """Whole traces; see `model.predict.predictor.Predictor`."""
        messages = trace_messages(program)

        async def ask(number: int, on_text: OnText | None) -> Prediction:
            sampling = self._chance.sampling(most, number=number, of=samples, seed=seed)
            return _prediction(program, await self._asked(messages, sampling, on_text))

        return await asked(ask, samples)

    async def step(
        self, program: Program, frames: Sequence[Frame], kind: Kind | None = None
    ) -> Step:
        """The frame after these; see `model.predict.predictor.Predictor`."""
        messages = step_messages(program, frames, kind)
        answer = await self._asked(messages, self._chance.sampling(STEP_TOKENS))
        return _step(program, answer, kind)

    async def value(self, program: Program) -> Step:
        """What the program returns; see `model.predict.predictor.Predictor`."""
        messages = value_messages(program)
        answer = await self._asked(messages, self._chance.sampling(STEP_TOKENS))
        return _step(program, answer, "return", last=True)

    async def _asked(
        self, messages: list[Message], sampling: Sampling, on_text: OnText | None = None
    ) -> Completion:
        async def ask(most: int) -> Completion:
            drawn = replace(sampling, max_tokens=most)
            # Reasoning that is split off is a beginning as well.
            return await self._client.chat(messages, drawn, on_text=on_text, on_reasoning=on_text)

        # The server's tokenizer is not known; of text like this no token is of less than two bytes
        # on average.
        size = sum(len(str(message["content"]).encode()) for message in messages) // 2
        return await fitted(ask, sampling.max_tokens, size)


def _prediction(program: Program, answer: Completion) -> Prediction:
    parsed = _read(answer, program)
    repeated = _repeated(parsed.frames, program.begun)
    frames = (*program.begun, *parsed.frames[repeated:])
    cut = answer.finish == "length"
    given: tuple[float | None, ...] = (None,) * len(program.begun)
    return Prediction(
        frames=frames,
        ended=parsed.ended or (not cut and _left(frames[len(program.begun) :], program.begun)),
        problems=tuple(_renumbered(parsed.problems, repeated)),
        logprobs=(*given, *_logprobs(answer, parsed.spans[repeated:], parsed.text)),
        text=parsed.text,
        tokens=took(answer),
        cut=cut,
    )


def _step(program: Program, answer: Completion, kind: Kind | None, last: bool = False) -> Step:
    parsed = _read(answer, program)
    numbers = [n for n, frame in enumerate(parsed.frames) if kind in (None, frame.kind)]
    if not numbers:
        problems = parsed.problems
        if parsed.frames:
            first, end = parsed.spans[0]
            wrong = Problem(first, end - first, "no_event", f"no {kind} frame, as was asked for")
            problems = (*problems, wrong)
        return Step(None, parsed.ended and not parsed.frames, problems, tokens=took(answer))
    number = numbers[-1 if last else 0]
    problems = tuple(p for p in parsed.problems if p.frame in (None, number))
    (logprob,) = _logprobs(answer, [parsed.spans[number]], parsed.text)
    return Step(parsed.frames[number], False, problems, logprob, took(answer))


def _read(answer: Completion, program: Program) -> Parsed:
    """What was written after the reasoning, where that is part of the text."""
    _, thought, text = answer.text.rpartition(THINK_END)
    if not thought and answer.text.lstrip().startswith(THINK.strip()):
        text = ""  # the reasoning came to no end
    return read_lines(text, program.source)


def _repeated(frames: Sequence[Frame], begun: Sequence[Frame]) -> int:
    """How many frames say again what was given."""
    same = [(frame.kind, frame.source) for frame in frames[: len(begun)]]
    return len(begun) if same == [(frame.kind, frame.source) for frame in begun] else 0


def _left(frames: Sequence[Frame], begun: Sequence[Frame]) -> bool:
    """Whether the last frame leaves the scope in which the trace began, for models that forget to
    write that it is over."""
    if not frames or frames[-1].kind != "return":
        return False
    return resolve([*begun, *frames])[-1].depth == 0


def _renumbered(problems: Sequence[Problem], dropped: int) -> list[Problem]:
    """The problems, without those of frames that were dropped."""
    return [
        problem if problem.frame is None else replace(problem, frame=problem.frame - dropped)
        for problem in problems
        if problem.frame is None or problem.frame >= dropped
    ]


def _logprobs(answer: Completion, spans: Sequence[Span], text: str) -> list[float | None]:
    """The mean log-probability of the tokens of each span; None where tokens cannot be placed."""
    pieces = answer.pieces or ()
    # Reasoning that a server splits off has its tokens among these.
    begin = b"".join(pieces).rfind(text.encode(errors="replace"))
    if begin < 0 or not pieces:
        return [None] * len(spans)
    ends = [*accumulate(map(len, pieces))]
    sizes = [0, *accumulate(len(letter.encode(errors="replace")) for letter in text)]
    found: list[float | None] = []
    for first, last in spans:
        a, b = begin + sizes[first], begin + sizes[last]
        tokens = bisect_right(ends, a), bisect_right(ends, b - 1) + 1
        found.append(mean(answer.logprobs, *tokens))
    return found
