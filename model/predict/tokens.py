"""Predicting with CWM: traces in the tokens the model was trained with, on ``/v1/completions``.

The tokens between the parts of a trace are put in by their ids. Source, locals and values are
encoded as ordinary text, so that a program with a token's name in it forges no frame; and what the
model writes is read from its ids, for the same reason.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from model.answer import Completion, Sampling
from model.errors import TokenizerProblem
from model.predict.asking import Chance, drawn, mean, took
from model.predict.completing import Completes
from model.predict.means import Means
from model.predict.predictor import MOST_TOKENS, Prediction, Program, Step
from model.tokenizer import TRACE_TOKENS, Tokenizer
from model.trace.frame import Frame, Kind
from model.trace.reading import Parsed, read_frames, read_ids
from model.trace.writing import (
    ACTION_SEP,
    ARG_SEP,
    CONTEXT_START,
    EVENTS,
    FRAME_SEP,
    write_body,
)
from model.wire import BEGIN_OF_TEXT, END_OF_TEXT, Prompt

STEP_TOKENS = 4_096
"""Of a single frame; one with long values takes some hundreds."""


class TokenPredictor:
    """A `model.predict.predictor.Predictor` for a model that knows the tokens of traces.

    Args:
        client: of the server that has the model, or what there is in its place.
        tokenizer: the model's own.
        chance: how several samples are drawn.

    Raises:
        TokenizerProblem: it has no tokens for traces.
    """

    name = "cwm"

    def __init__(
        self, client: Completes, tokenizer: Tokenizer, chance: Chance | None = None
    ) -> None:
        if not tokenizer.has_traces:
            raise TokenizerProblem(
                "the tokenizer has no tokens for traces", "CWM's own has them; or predict by chat"
            )
        self.model = client.model
        self._client = client
        self._tokenizer = tokenizer
        self._chance = chance or Chance()
        self._end = tokenizer.special(END_OF_TEXT)
        self._frame_sep = tokenizer.special(FRAME_SEP)

    @classmethod
    def made_from(cls, means: Means) -> Self:
        """With what there is.

        Raises:
            ModelMisconfigured, TokenizerProblem: it is not enough.
        """
        return cls(means.needed_client(), means.needed_tokenizer(), means.chance)

    async def traces(
        self, program: Program, *, samples: int = 1, seed: int = 0, most: int = MOST_TOKENS
    ) -> list[Prediction]:
        """Whole traces; see `model.predict.predictor.Predictor`."""
        prompt = Prompt(self.prompt(program, program.begun))

        def sampling(number: int) -> Sampling:
            drawn_so = self._chance.sampling(most, number=number, of=samples, seed=seed)
            return replace(drawn_so, stop_ids=(self._end,))

        answers = await drawn(self._client, prompt, sampling, samples)
        return [self._prediction(program, answer) for answer in answers]

    async def step(
        self, program: Program, frames: Sequence[Frame], kind: Kind | None = None
    ) -> Step:
        """The frame after these; see `model.predict.predictor.Predictor`."""
        prompt = Prompt(self.prompt(program, frames, kind))
        stops = self._frame_sep, self._end
        sampling = replace(self._chance.sampling(STEP_TOKENS), stop_ids=stops)
        (answer,) = await drawn(self._client, prompt, lambda _: sampling, 1)
        return self._step(program, answer, kind)

    def _step(self, program: Program, answer: Completion, kind: Kind | None) -> Step:
        # Where the server does not say what ended a frame, its end did, unless there is no frame.
        end = self._frame_sep if answer.ids or answer.text else self._end
        parsed, logprobs = self._read(answer, kind, end)
        frame = parsed.frames[0] if parsed.frames else None
        # A server that does not stop where it was told to writes on; that is not asked for.
        problems = tuple(p for p in parsed.problems if not p.frame)
        if len(parsed.frames) > 1:
            return Step(frame, False, problems, logprobs[0], took(answer))
        return Step(frame, parsed.ended, problems, logprobs[0] if frame else None, took(answer))

    async def value(self, program: Program) -> Step:
        """What the program returns; see `model.predict.predictor.Predictor`."""
        return await self.step(program, program.begun, "return")

    def prompt(
        self, program: Program, frames: Sequence[Frame], kind: Kind | None = None
    ) -> list[int]:
        """What the model goes on from, as ids.

        Args:
            program: whose source comes first.
            frames: those that follow.
            kind: of the frame to begin after them, if one is to be begun.
        """
        special, encode = self._tokenizer.special, self._tokenizer.encode
        ids = [special(BEGIN_OF_TEXT), special(CONTEXT_START)]
        ids += [*encode(program.source), self._frame_sep]
        for frame in frames:
            ids += self._frame(frame)
        return ids if kind is None else [*ids, special(EVENTS[kind])]

    def _frame(self, frame: Frame) -> list[int]:
        special, encode = self._tokenizer.special, self._tokenizer.encode
        body, source = write_body(frame), encode(frame.source)
        ids = [special(EVENTS[frame.kind])]
        if frame.kind in ("call", "line"):
            locals_ = body.removesuffix(ACTION_SEP + frame.source)
            ids += [*encode(locals_), special(ACTION_SEP), *source]
        else:
            value = body.removeprefix(ACTION_SEP + frame.source + ARG_SEP)
            ids += [special(ACTION_SEP), *source, special(ARG_SEP), *encode(value)]
        return [*ids, self._frame_sep]

    def _prediction(self, program: Program, answer: Completion) -> Prediction:
        parsed, logprobs = self._read(answer, None, self._end)
        given: tuple[float | None, ...] = (None,) * len(program.begun)
        return Prediction(
            frames=(*program.begun, *parsed.frames),
            ended=parsed.ended,
            problems=parsed.problems,
            logprobs=(*given, *logprobs),
            text=parsed.text,
            tokens=took(answer),
            cut=answer.finish == "length",
        )

    def _read(
        self, answer: Completion, begun: Kind | None, end: int
    ) -> tuple[Parsed, list[float | None]]:
        """What was written, and the mean log-probability of each frame.

        Args:
            answer: of the model.
            begun: the kind of its first frame, if that was given.
            end: the token that stopped it, where the server does not say which did.
        """
        stop = end if answer.stop_id is None else answer.stop_id
        last = [stop] if answer.finish == "stop" else []
        if answer.ids is None:
            parsed = read_frames(answer.text + self._tokenizer.decode(last), begun)
            return parsed, [None] * len(parsed.frames)
        self._check(answer.ids)
        ids = [*answer.ids, *last]
        parsed = read_ids(ids, self._tokenizer, begun)
        at = self._places(ids)
        ends = [(at.get(first, 0), at.get(end, 0)) for first, end in parsed.spans]
        return parsed, [mean(answer.logprobs, first, end) for first, end in ends]

    def _check(self, ids: Sequence[int]) -> None:
        """See that what was written is in tokens that we know: else every word of it is wrong."""
        unknown = next((id_ for id_ in ids if not self._tokenizer.knows(id_)), None)
        if unknown is not None:
            raise TokenizerProblem(
                f"{self.model} wrote token {unknown:,}, which the tokenizer does not have: "
                "it is another model's",
                "give the tokenizer.json that came with the model",
            )

    def _places(self, ids: Sequence[int]) -> dict[int, int]:
        """Where frames can begin and end: the character, and the number of the token there."""
        marks = {self._tokenizer.special(name) for name in (*TRACE_TOKENS, END_OF_TEXT)}
        decode = self._tokenizer.decode
        places = {0: 0}
        size = first = 0
        for number in [*(n for n, id_ in enumerate(ids) if id_ in marks), len(ids)]:
            size += len(decode(ids[first:number]))
            places[size] = number
            size += len(decode(ids[number : number + 1]))
            places[size] = first = number + 1
        return places
