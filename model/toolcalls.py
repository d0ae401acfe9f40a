"""What the model wrote, read as reasoning, answer and tool call.

Nothing raises here: an answer that breaks the format is a result like any other, to be told to the
model. Every function is linear in the text, which may be long and made to be slow to read.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from model.wire import THINK, THINK_END

_OPENING = re.compile(r"<tool:\s([a-zA-Z_]+)>\n")
_OPEN, _CLOSE = "<tool:", "</tool>"
_THINK = THINK.strip()

Kind = Literal[
    "no_reasoning_end",
    "several_reasoning_ends",
    "several_calls",
    "unbalanced",
    "empty_argument",
    "unknown_tool",
    "cut_off",
    "empty",
]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool to call.

    Attributes:
        name: of the tool.
        argument: as written.
    """

    name: str
    argument: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply in good form.

    Attributes:
        reasoning: without its marks.
        answer: all that follows the reasoning.
        call: the tool called in it; None when none is.
    """

    reasoning: str
    answer: str
    call: Call | None

    @property
    def said(self) -> str:
        """The answer without the call."""
        around, at = [], 0
        for found in _calls(self.answer):
            around.append(self.answer[at : found.start])
            at = found.end
        return "".join([*around, self.answer[at:]]).strip()


@dataclass(frozen=True, slots=True)
class Malformed:
    """A reply that breaks the format.

    Attributes:
        kind: which rule.
        detail: the facts, in a few words.
    """

    kind: Kind
    detail: str


@dataclass(frozen=True, slots=True)
class _Found:
    call: Call
    start: int
    end: int


def read_reply(
    text: str,
    *,
    tools: Collection[str],
    reasoning: Literal["required", "optional"],
    cut_off: bool = False,
) -> Reply | Malformed:
    """Read what the model wrote.

    A reply without a call, even an empty one after reasoning, is in good form: what it means is for
    the caller to say.

    Args:
        text: without the token that ended it.
        tools: the names of those there are.
        reasoning: whether it must have reasoned.
        cut_off: whether it was stopped for its length.
    """
    if cut_off:
        return Malformed("cut_off", f"{len(text)} characters, then the limit")
    if not text.strip():
        return Malformed("empty", "white space only" if text else "nothing")
    parts = _split(text, reasoning)
    if isinstance(parts, Malformed):
        return parts
    thought, answer = parts
    calls = _calls(answer)
    problem = _problem(answer, calls, tools)
    return problem or Reply(thought, answer, calls[0].call if calls else None)


def _split(text: str, reasoning: Literal["required", "optional"]) -> tuple[str, str] | Malformed:
    """The reasoning and the answer."""
    ends = text.count(THINK_END)
    if ends > 1:
        return Malformed("several_reasoning_ends", f"{ends} {THINK_END}")
    begun = text.lstrip().startswith(_THINK)
    if ends == 0:
        if reasoning == "required" or begun:
            return Malformed("no_reasoning_end", f"no {THINK_END}")
        return "", text
    thought, _, answer = text.partition(THINK_END)
    if begun:
        thought = thought.lstrip().removeprefix(_THINK)
    return thought.strip(), answer


def _calls(answer: str) -> list[_Found]:
    """The calls, as ``<tool:\\s([a-zA-Z_]+)>\\n(.*?)\\n</tool>`` finds them.

    That expression itself looks for an end anew from every beginning, which is quadratic.
    """
    calls: list[_Found] = []
    at = 0
    while opening := _OPENING.search(answer, at):
        close = answer.find("\n" + _CLOSE, opening.end())
        if close < 0:
            break
        at = close + 1 + len(_CLOSE)
        call = Call(opening[1], answer[opening.end() : close])
        calls.append(_Found(call, opening.start(), at))
    return calls


def _problem(answer: str, calls: list[_Found], tools: Collection[str]) -> Malformed | None:
    opens, closes = answer.count(_OPEN), answer.count(_CLOSE)
    if not opens == closes == len(calls):
        facts = f"{opens} {_OPEN}, {closes} {_CLOSE}, {len(calls)} complete calls"
        return Malformed("unbalanced", facts)
    if len(calls) > 1:
        return Malformed("several_calls", f"{len(calls)} calls")
    for found in calls:
        name = found.call.name[:100]
        if not found.call.argument.strip():
            return Malformed("empty_argument", name)
        if found.call.name not in tools:
            return Malformed("unknown_tool", name)
    return None
