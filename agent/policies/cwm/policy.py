"""The policy that thinks with a model: the run's events in, the model's next action out.

Everything the model is told follows from the events, so that a run can be read back, resumed, or
gone on with by another model. What is told outside of tools' answers is therefore an event first.
"""

from collections.abc import Iterable

from agent.events import (
    Acted,
    Answered,
    Compacted,
    Event,
    Malformed,
    ModelChosen,
    ModelReply,
    Prompted,
    Retried,
    Said,
    Submitted,
)
from agent.issue import Issue
from agent.policies.cwm.connect import Connected
from agent.policies.cwm.context import Context, old_results
from agent.policies.cwm.profiles.profile import Bad, Place, reply_of
from agent.policies.cwm.settings import ModelSettings
from agent.policies.cwm.texts import Texts
from agent.policies.cwm.turns import Answer, Result, Told, Turn
from agent.policies.policy import Action, Episode, FormatError, LimitReached, Usage
from model.answer import Completion, Sampling
from model.errors import ContextExceeded, ModelMisconfigured
from model.retry import Retry
from model.wire import tool_answer
from sandboxes.sandbox import REPOSITORY
from tools.registry import ToolCall

_MESSAGE_TOKENS = 16
"""Around a tool's message: who speaks, and its end."""


class ModelPolicy:
    """Asks the model for one action at a time. One object serves one run."""

    name = "cwm"

    def __init__(
        self, connected: Connected, settings: ModelSettings, seed: int, timeout: float
    ) -> None:
        self._connected = connected
        self._settings = settings
        self._seed = seed
        self._timeout = timeout
        self._texts = Texts.load(settings.prompts)
        self._context: Context | None = None
        self._heard = 0
        self._ids: tuple[int, ...] | None = None  # of the answer that is not yet an event

    async def act(self, episode: Episode) -> Action:
        """The next action."""
        context = self._context or self._begin(episode)
        self._hear(context, episode)
        self._go_on(context, episode)
        self._make_room(context, episode)
        completion = await self._ask(context, episode)
        self._ids = completion.ids
        return self._read(completion, episode)

    # What was said before -----------------------------------------------------------------------

    def _begin(self, episode: Episode) -> Context:
        """Open the conversation: the model, the system prompt, the issue."""
        connection, profile = self._connected.connection, self._connected.profile
        episode.note(
            ModelChosen(
                model=connection.model,
                url=connection.client.settings.url,
                profile=profile.name,
                context=connection.context,
                notes=self._connected.notes,
            )
        )
        self._context = context = Context(
            open_conversation=lambda: profile.open(connection, episode.tools),
            size=connection.context,
            result_tokens=self._settings.result_tokens,
            action_tokens=self._settings.action_tokens,
        )
        place = Place(
            repository=REPOSITORY,
            turns=episode.turns_left + episode.step - 1,
            context=connection.context,
            timeout=f"{self._timeout:g}",
            tools=episode.tools,
        )
        system = profile.system(self._texts, place, connection.model)
        user = self._first_prompt(context, system, episode.issue)
        episode.note(Prompted(system=system, user=user))
        context.add(Told("system", system))
        context.add(Told("user", user))
        if context.most_of_an_answer() is None:
            raise ModelMisconfigured(
                f"the model's context of {context.size:,} tokens is too small for the first prompt",
                "serve it with a larger one; 8,192 tokens are little, 32,768 are enough for most",
            )
        return context

    def _first_prompt(self, context: Context, system: str, issue: Issue) -> str:
        """The issue and what stands around it; of a long one the beginning is cut off.

        The tests it names keep to half of the room, as there may be thousands of them.
        """
        counter = context.counter
        most = min(self._settings.first_prompt_tokens, context.size // 2 - counter.count(system))
        tests = counter.cut_right(self._texts.tests(issue.tests), most // 2)

        def fill(text: str) -> str:
            return self._texts.fill("issue.md", issue=text, tests=tests, repository=REPOSITORY)

        text = f"{issue.title}\n\n{issue.text}" if issue.title else issue.text
        whole = fill(text)
        if counter.count(whole) <= most:
            return whole
        return fill(counter.cut_left(text, most - counter.count(fill("")) - 2))

    def _hear(self, context: Context, episode: Episode) -> None:
        """Bring the conversation up to the last event."""
        for event in episode.events[self._heard :]:
            for turn in self._turns(event, context, episode):
                if isinstance(turn, Answer) and context.unanswered:
                    context.add(Told("user", self._texts.messages.interrupted))
                context.add(turn)
        self._heard = len(episode.events)

    def _go_on(self, context: Context, episode: Episode) -> None:
        """When the run was interrupted at the model's turn: it cannot speak twice in a row."""
        if context.unanswered:
            episode.note(Said(role="run", text=self._texts.messages.interrupted))
            self._hear(context, episode)

    def _turns(self, event: Event, context: Context, episode: Episode) -> Iterable[Turn]:
        """What an event adds to the conversation."""
        match event.data:
            case Acted(tool=tool, argument=argument, thought=thought, reply=reply):
                call = ToolCall(tool, argument) if tool else None
                yield Answer(call, thought, reply, self._take_ids())
            case Malformed(message=message, reply=reply):
                # Without a reply the answer was an action already, of a tool there is not.
                if reply is not None:
                    yield Answer(None, "", reply, self._take_ids())
                yield Told("user", message)
            case Answered(step=step, tool=tool, output=output):
                turns = episode.turns_left + episode.step - 1 - step
                yield Result(step, tool, self._result(context, episode, output, turns))
            case Said(role="user" | "run", text=text):
                yield Told("user", text)
            case Compacted(steps=steps):
                context.leave_out(steps, self._texts.messages.left_out)

    def _take_ids(self) -> tuple[int, ...] | None:
        """The tokens of the last answer, when this policy asked for it."""
        ids, self._ids = self._ids, None
        return ids

    def _result(self, context: Context, episode: Episode, output: str, turns: int) -> str:
        """A tool's answer, no longer than there is room for, with the budget."""
        output = context.counter.cut_right(output, context.most_of_a_result())
        around = context.counter.count(tool_answer("", turns, context.room)) + _MESSAGE_TOKENS
        left = context.room - context.counter.count(output) - around
        if episode.tokens_left is not None:
            left = min(left, episode.tokens_left)
        return tool_answer(output, turns, max(left, 0))

    def _make_room(self, context: Context, episode: Episode) -> None:
        """When the context is nearly full: leave old output out, or ask for a submission."""
        if context.nearly_full:
            self._compact(context, episode)
        if context.nearly_full and not context.told:
            context.told = True
            episode.note(Said(role="run", text=self._texts.nearly_full(context.room)))
            self._hear(context, episode)

    def _compact(self, context: Context, episode: Episode) -> bool:
        """Leave old output out, if the user wants that; whether there was any."""
        steps = old_results(context.turns) if self._settings.compact else ()
        if not steps:
            return False
        before = context.used
        context.leave_out(steps, self._texts.messages.left_out)
        episode.note(Compacted(steps=steps, tokens_before=before, tokens_after=context.used))
        self._heard = len(episode.events)
        return True

    # The next action ----------------------------------------------------------------------------

    async def _ask(self, context: Context, episode: Episode) -> Completion:
        """The model's answer.

        Raises:
            LimitReached: there is no room for one.
        """

        def on_retry(retry: Retry) -> None:
            episode.note(
                Retried(
                    number=retry.number, of=retry.of, seconds=retry.seconds, reason=retry.reason
                )
            )

        settings = self._settings
        while True:
            most = context.most_of_an_answer()
            if most is None:
                raise LimitReached("context", f"the context of {context.size:,} tokens is full")
            if episode.tokens_left is not None:
                most = min(most, episode.tokens_left)
            sampling = Sampling(
                temperature=settings.temperature,
                top_p=settings.top_p,
                seed=(self._seed * 1_000_003 + episode.step) % 2**31,
                max_tokens=most,
            )
            try:
                return await context.conversation.ask(sampling, on_retry)
            except ContextExceeded as error:
                if not context.shrink(error.limit) and not self._compact(context, episode):
                    raise LimitReached("context", error.message) from None

    def _read(self, completion: Completion, episode: Episode) -> Action:
        """The action in an answer.

        Raises:
            FormatError: there is none.
        """
        reply = reply_of(completion)
        usage = _usage(completion)
        read = self._connected.profile.read(reply, episode.tools)
        if isinstance(read, Bad):
            raise self._error(read, usage, reply, episode)
        if read.call is None and not _submitted(episode.events):
            raise self._error(Bad("no_call", ""), usage, reply, episode)
        return Action(read.call, read.said, usage, reply)

    def _error(self, bad: Bad, usage: Usage, reply: ModelReply, episode: Episode) -> FormatError:
        message = self._texts.format_error(bad.kind, bad.detail, tuple(episode.tools))
        return FormatError(message, usage, reply)


def _submitted(events: Iterable[Event]) -> bool:
    """Whether the policy submitted something that can count."""
    last = None
    for event in events:
        if isinstance(event.data, Submitted) and event.data.by == "policy":
            last = event.data
    return last is not None and last.applies


def _usage(completion: Completion) -> Usage:
    usage = completion.usage
    return Usage(usage.input, usage.cached, usage.output, completion.cost)
