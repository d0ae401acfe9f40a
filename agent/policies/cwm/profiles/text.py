"""The text protocol: calls written into the answer. What `cwm` and `chat` have in common."""

from collections.abc import Mapping
from typing import Literal

from agent.events import ModelReply
from agent.policies.cwm.profiles.profile import Bad, Good, Place
from agent.policies.cwm.texts import Texts
from agent.policies.cwm.turns import Answer
from model.toolcalls import Malformed, read_reply
from model.wire import render_call
from tools.registry import Tool, ToolCall


def environment(texts: Texts, place: Place) -> str:
    """Where the model works, and how it calls tools."""
    shown = [
        f"{render_call(name, tool.form)}\n{tool.description}" for name, tool in place.tools.items()
    ]
    return texts.fill(
        "text.md",
        repository=place.repository,
        turns=place.turns,
        context=place.context,
        timeout=place.timeout,
        tools="\n\n".join(shown),
    )


def read_text(
    reply: ModelReply, tools: Mapping[str, Tool], reasoning: Literal["required", "optional"]
) -> Good | Bad:
    """What an answer asks for."""
    read = read_reply(
        reply.text, tools=tools, reasoning=reasoning, cut_off=reply.finish == "length"
    )
    if isinstance(read, Malformed):
        return Bad(read.kind, read.detail)
    call = ToolCall(read.call.name, read.call.argument) if read.call else None
    return Good(call, read.said)


def spoken(answer: Answer) -> str:
    """An answer that was not given in the text protocol, as one that was."""
    called = render_call(answer.call.name, answer.call.argument) if answer.call else ""
    return f"{answer.thought}\n{called}".strip()
