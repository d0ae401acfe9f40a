"""A conversation's turns, the same for every model: who said what, before any wire format."""

from dataclasses import dataclass
from typing import Literal

from agent.events import ModelReply
from tools.registry import ToolCall


@dataclass(frozen=True, slots=True)
class Told:
    """Something the model is told.

    Attributes:
        role: ``system`` for the first, ``user`` for all others.
        text: what.
    """

    role: Literal["system", "user"]
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The model's turn, or, in a run that another policy began, that policy's.

    Attributes:
        call: the action in it; None when there was none, or no valid one.
        thought: what was said beside the call.
        reply: the model's whole answer; None when no model gave it.
        ids: its tokens, as the server gave them; None when they are not known any more.
    """

    call: ToolCall | None
    thought: str
    reply: ModelReply | None = None
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A tool's answer.

    Attributes:
        step: whose action it answers.
        tool: its name.
        text: with the budget, as the model reads it.
    """

    step: int
    tool: str
    text: str


Turn = Told | Answer | Result
