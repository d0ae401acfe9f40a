"""What chooses actions: the protocol every policy answers to, and what a policy may look at.

A policy is one file and one line in `agent.policies.registry`. It sees the run so far and answers
with one tool call; the loop runs it and asks again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from agent.events import Event, EventData, ModelReply
from agent.issue import Issue
from sandboxes.sandbox import Sandbox
from tools.registry import Tool, ToolCall

if TYPE_CHECKING:
    from agent.preflight.preflight import Preflight


@dataclass(frozen=True, slots=True)
class Usage:
    """What one action cost.

    Attributes:
        input_tokens: tokens read by the model.
        cached_tokens: those of them the server had in its cache.
        output_tokens: tokens written.
        cost: US dollars, or None when no price is known.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A policy's answer.

    Attributes:
        call: what to do next, or None when the policy is done.
        thought: why, for whoever reads the trajectory.
        usage: what it cost to decide.
        reply: the model's answer it was read from, if a model gave one.
    """

    call: ToolCall | None
    thought: str = ""
    usage: Usage = field(default_factory=Usage)
    reply: ModelReply | None = None


class FormatError(Exception):
    """A policy's answer held no valid action; the loop tells it so, and the turn counts.

    Attributes:
        usage: what the answer cost.
        reply: the answer, if a model gave one.
    """

    def __init__(
        self, message: str, usage: Usage | None = None, reply: ModelReply | None = None
    ) -> None:
        super().__init__(message)
        self.usage = usage or Usage()
        self.reply = reply


class LimitReached(Exception):
    """A limit ends the run; the message is for the trajectory.

    Attributes:
        limit: its name.
    """

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(message)
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Episode:
    """What a policy may look at and use while it decides.

    Attributes:
        issue: what is to be resolved, and the tests the policy may see.
        events: the run so far, oldest first; grows between calls.
        tools: what the policy can call, by name.
        step: of the action that is asked for, from 1.
        sandbox: where the tools run. A policy reads from it and forks it to try things; it changes
            the repository through tool calls alone.
        note: puts an event of the policy's own (a localisation, a trial) into the trajectory.
        turns_left: actions that may still be asked for, this one included.
        tokens_left: that may still be read and written; None without a limit.
        seconds_left: until the run's time limit.
        test_command: how tests are run; ``{tests}`` and ``{junit}`` are replaced.
        preflight: predicts what tests would do; None where that is not wanted.
    """

    issue: Issue
    events: list[Event]
    tools: Mapping[str, Tool]
    step: int
    sandbox: Sandbox
    note: Callable[[EventData], Event]
    turns_left: int
    tokens_left: int | None
    seconds_left: float
    test_command: str
    preflight: "Preflight | None" = None


class Policy(Protocol):
    """Chooses one action at a time. One object serves one run."""

    name: str

    async def act(self, episode: Episode) -> Action:
        """The next action.

        Raises:
            FormatError: there was an answer, but no valid action in it.
            LimitReached: the policy has a limit of its own, and no action within it.
            ModelError: the model it thinks with failed.
        """
        ...
