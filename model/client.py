"""Talking to a model: OpenAI-compatible servers, token ids for CWM, messages for any other model.

Answers are always streamed, also where nobody watches: a request that is cancelled, or that has run
away, ends by closing its connection, and the server stops generating. A server that does not
stream is understood as well. See `model.retry` for what is tried again, `model.errors` for the
rest.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from pydantic_core import to_json

from model import readiness
from model.answer import Completion, Sampling
from model.answers import Answers
from model.budget import Budget
from model.errors import (
    Infrastructure,
    KeyRefused,
    ModelMisconfigured,
    ModelUnknown,
    RequestRefused,
    ServerFailed,
)
from model.events import Event
from model.readiness import ServerInfo
from model.retry import Retry, retrying
from model.settings import ClientSettings
from model.transport import Refused, Transport
from model.wire import Prompt

OnText = Callable[[str], None]
OnTexts = Callable[[int, str], None]
"""The same for several answers: gets the number of the one that goes on as well."""

OnRetry = Callable[[Retry], None]

_LINGER = 5.0
"""Seconds a complete answer waits for its usage."""


class ModelClient:
    """A model on a server. Use it in ``async with``, in one event loop.

    Attributes:
        settings: as given.
        left_out: request fields that the server would not take and that are no longer sent; what
            they ask for is lost, except that ``stop`` is then seen to here.
        budget: of all answers together; None for no limit.
    """

    def __init__(self, settings: ClientSettings) -> None:
        if not settings.model.strip():
            raise ModelMisconfigured("the model has no name", "give its name on the server")
        self.settings = settings
        self.left_out: frozenset[str] = frozenset()
        self.budget: Budget | None = None
        self._transport = Transport(settings)
        self._turns = asyncio.Semaphore(settings.in_flight)
        self._chance = random.Random(settings.seed)

    @property
    def model(self) -> str:
        """The model's name on the server."""
        return self.settings.model

    @property
    def draws_several(self) -> bool:
        """Whether `complete_several` is of use: the server may know ``n``, and no budget has to be
        looked at after each answer."""
        return self.budget is None and "n" not in self.left_out

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._transport.open)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def complete(
        self,
        ids: Sequence[int] | Prompt,
        sampling: Sampling,
        on_text: OnText | None = None,
        *,
        on_retry: OnRetry | None = None,
    ) -> Completion:
        """What the model writes after a prompt of token ids.

        Args:
            ids: the prompt, special tokens included; a `Prompt` has its JSON ready.
            sampling: how.
            on_text: gets text as it comes.
            on_retry: told before each retry; the text so far is void then.

        Raises:
            ServerUnreachable, ServerFailed: after the last retry.
            KeyRefused, ModelUnknown, ContextExceeded, RequestRefused: at once.
        """
        request = _completion(ids, sampling, 1, on_text and (lambda _, text: on_text(text)))
        return (await self._ask(request, on_retry))[0]

    async def complete_several(
        self,
        ids: Sequence[int] | Prompt,
        sampling: Sampling,
        count: int,
        on_text: OnTexts | None = None,
        *,
        on_retry: OnRetry | None = None,
    ) -> list[Completion]:
        """Several answers drawn at once, for which the server reads the prompt once.

        Args:
            ids, sampling, on_retry: as for `complete`; the seed is that of the first answer, and
                each further one has the next, as far as the server keeps to that.
            count: answers asked for.
            on_text: gets text as it comes, with the number of its answer.

        Returns:
            As many as the server gives at once, at least one: servers that do not know ``n`` give
            one, and ``left_out`` says so from then on; without chance there is only one to give.

        Raises:
            ServerUnreachable, ServerFailed: after the last retry, which asks for all of them anew.
            KeyRefused, ModelUnknown, ContextExceeded, RequestRefused: at once.
        """
        if "n" in self.left_out or sampling.temperature == 0:
            count = 1
        request = _completion(ids, sampling, count, on_text)
        known = self.left_out
        try:
            answers = await self._ask(request, on_retry)
        except RequestRefused:
            if count == 1:
                raise
            # Servers word it in their own ways; whether it was the number, the next try shows.
            answers = await self._ask(replace(request, count=1), on_retry)
        if len(answers) == 1 < count and self.left_out == known:
            self.left_out |= {"n"}
        return answers

    async def chat(
        self,
        messages: Sequence[Mapping[str, object]],
        sampling: Sampling,
        tools: Sequence[Mapping[str, object]] | None = None,
        on_text: OnText | None = None,
        *,
        on_reasoning: OnText | None = None,
        on_retry: OnRetry | None = None,
    ) -> Completion:
        """What the model says to messages.

        Args:
            messages: in OpenAI's form.
            sampling: how; `Sampling.stop_ids` has no meaning here.
            tools: schemas for native calls, in OpenAI's form; one call a turn is asked for.
            on_text: gets text as it comes.
            on_reasoning: gets reasoning as it comes, from servers that split it off.
            on_retry: told before each retry; the text so far is void then.

        Raises:
            ServerUnreachable, ServerFailed: after the last retry.
            KeyRefused, ModelUnknown, ContextExceeded, RequestRefused: at once.
            BudgetSpent: before it is asked.
        """
        fields: dict[str, object] = {"messages": list(messages)}
        if tools:
            fields |= {"tools": list(tools), "parallel_tool_calls": False}
        request = _Request(
            "/chat/completions",
            fields,
            sampling,
            on_text=on_text and (lambda _, text: on_text(text)),
            on_reasoning=on_reasoning,
        )
        return (await self._ask(request, on_retry))[0]

    async def check(self) -> ServerInfo:
        """Ask the server, once, whether it has the model.

        Raises:
            ServerUnreachable, ServerFailed, KeyRefused, RequestRefused: it cannot be asked.
            ModelUnknown: it has others only.
        """
        return await readiness.check(self._transport, self.settings.model)

    async def wait_ready(
        self, progress: Callable[[str], None], seconds: float = 600.0, *, every: float = 1.0
    ) -> ServerInfo:
        """Wait for a server that is being started or is still loading its model.

        Args:
            progress: gets a line when there is something new to say, and now and then.
            seconds: to wait at most.
            every: seconds from one look to the next.

        Raises:
            ServerUnreachable, ServerFailed: still not ready after that time.
            KeyRefused, ModelUnknown, RequestRefused: at once.
        """
        model = self.settings.model
        return await readiness.wait_ready(self._transport, model, progress, seconds, every)

    async def _ask(self, request: "_Request", on_retry: OnRetry | None) -> list[Completion]:
        async def attempt() -> list[Completion]:
            async with self._turns:
                if self.budget is None:
                    return await self._attempt(request)
                return await self._afford(request, self.budget)

        answers, retries = await retrying(attempt, self.settings.retry, self._chance, on_retry)
        return [replace(answer, retries=retries) for answer in answers]

    async def _afford(self, request: "_Request", budget: Budget) -> list[Completion]:
        most, count = request.sampling.max_tokens, request.count
        room = max(budget.room(most * count) // count, 1)
        fitting = replace(request, sampling=replace(request.sampling, max_tokens=room))
        answers = await self._attempt(fitting)
        for answer in answers:
            budget.spend(answer, shortened=room < most)
        return answers

    async def _attempt(self, request: "_Request") -> list[Completion]:
        while True:
            fields = self._fields(request)
            cut_stops = "stop" in self.left_out
            answers = Answers(request.sampling, request.count, cut_stops=cut_stops)
            started = time.monotonic()
            try:
                await self._exchange(request, _body(fields, request.prompt), answers)
            except Refused as error:
                refusal = error.refusal
            else:
                seconds = time.monotonic() - started
                return answers.completions(self.settings.prices, request.prompt_tokens, seconds)
            problem = self._transport.error(refusal)
            if isinstance(problem, ModelUnknown):
                problem = await readiness.with_names(self._transport, problem)
            unwelcome = frozenset[str]()
            # Where several were asked for, that may be all that is unwelcome.
            if isinstance(problem, RequestRefused | KeyRefused) and request.count == 1:
                unwelcome = refusal.unwelcome(fields)
            if not unwelcome:
                raise problem
            self.left_out |= unwelcome

    async def _exchange(self, request: "_Request", body: bytes, answers: Answers) -> None:
        """Fill the answers.

        Raises:
            Refused: the server answered with an error.
            Infrastructure: something failed before the answers were complete.
        """

        def take(event: Event | None) -> float:
            if event is None:
                answers.end()
                return _LINGER
            for number, text, reasoning in answers.add(event):
                if text and request.on_text:
                    request.on_text(number, text)
                if reasoning and request.on_reasoning:
                    request.on_reasoning(reasoning)
            if answers.enough:
                return 0.0
            return _LINGER if answers.finished else self.settings.idle_seconds

        try:
            await self._transport.exchange(request.path, body, take)
        except Infrastructure:
            # What is missing of a complete answer is its usage at most.
            if not answers.finished:
                raise
        if not answers.complete:
            raise ServerFailed(f"the answer of {self._transport.url} broke off")

    def _fields(self, request: "_Request") -> dict[str, object]:
        sampling = request.sampling
        fields: dict[str, object] = {
            "model": self.settings.model,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stream": True,
            "stream_options": {"include_usage": True},
            **request.fields,
        }
        if request.count > 1:
            fields["n"] = request.count
        if sampling.seed is not None:
            fields["seed"] = sampling.seed
        if sampling.stop:
            fields["stop"] = list(sampling.stop)
        if sampling.logprobs:
            # Of the likeliest one as well: some servers take 0 for a no.
            fields["logprobs"] = 1 if request.prompt else True
        if "max_tokens" in self.left_out:
            fields["max_completion_tokens"] = sampling.max_tokens
        return {name: value for name, value in fields.items() if name not in self.left_out}


@dataclass(frozen=True, slots=True)
class _Request:
    """What stays the same in every try.

    Attributes:
        path: of the endpoint, below the address.
        fields: those of this kind of request.
        sampling: how.
        count: answers asked for.
        prompt: token ids as JSON; empty where messages are sent.
        prompt_tokens: where we know; else 0.
        on_text, on_reasoning: get pieces as they come.
    """

    path: str
    fields: dict[str, object]
    sampling: Sampling
    count: int = 1
    prompt: bytes = b""
    prompt_tokens: int = 0
    on_text: OnTexts | None = None
    on_reasoning: OnText | None = None


def _completion(
    ids: Sequence[int] | Prompt, sampling: Sampling, count: int, on_text: OnTexts | None
) -> _Request:
    """The request for what comes after token ids."""
    fields: dict[str, object] = {
        "skip_special_tokens": False,
        "spaces_between_special_tokens": False,
        "return_token_ids": True,
    }
    if sampling.stop_ids:
        fields["stop_token_ids"] = list(sampling.stop_ids)
    prompt = ids.json() if isinstance(ids, Prompt) else to_json(list(ids))
    return _Request("/completions", fields, sampling, count, prompt, len(ids), on_text)


def _body(fields: dict[str, object], prompt: bytes) -> bytes:
    """The request, into which a long prompt is put as it is instead of being encoded anew."""
    body = to_json(fields)
    return b"".join((b'{"prompt":', prompt, b",", body[1:])) if prompt else body
