"""Models that prefer native function calling: the same tools as OpenAI tool schemas."""

import json
from collections.abc import Callable, Mapping

from agent.events import ModelReply
from agent.policies.cwm.counting import Counter
from agent.policies.cwm.profiles.chat import ChatConversation
from agent.policies.cwm.profiles.profile import Bad, Connection, Conversation, Good, Place
from agent.policies.cwm.profiles.text import spoken
from agent.policies.cwm.texts import Texts
from agent.policies.cwm.turns import Answer, Result, Told, Turn
from model.answer import Completion, Sampling
from model.retry import Retry
from tools.registry import Tool, ToolCall

_LONGEST = 100


class ToolsProfile:
    """Calls in fields of their own; the server writes them as its model was trained to."""

    name = "tools"
    by_tokens = False

    def system(self, texts: Texts, place: Place, model: str) -> str:
        """Where the model works; what it can call is told apart from it."""
        return texts.fill(
            "native.md",
            repository=place.repository,
            turns=place.turns,
            context=place.context,
            timeout=place.timeout,
        )

    def open(self, connection: Connection, tools: Mapping[str, Tool]) -> Conversation:
        """A new conversation."""
        return _NativeConversation(connection, tools)

    def read(self, reply: ModelReply, tools: Mapping[str, Tool]) -> Good | Bad:
        """What an answer asks for."""
        if reply.finish == "length":
            return Bad("cut_off", f"{len(reply.text)} characters, then the limit")
        if not reply.calls:
            return Good(None, reply.text) if reply.text.strip() else Bad("empty", "nothing")
        if len(reply.calls) > 1:
            return Bad("several_calls", f"{len(reply.calls)} calls")
        (call,) = reply.calls
        tool = tools.get(call.name)
        if tool is None:
            return Bad("unknown_tool", call.name[:_LONGEST])
        values = _values(call.arguments, tool)
        if isinstance(values, Bad):
            return values
        argument = tool.compose(values)
        if not argument.strip():
            return Bad("empty_argument", call.name)
        return Good(ToolCall(call.name, argument), reply.text.strip())


def _values(arguments: str, tool: Tool) -> dict[str, str] | Bad:
    """The parameters' values; numbers and lists of texts are taken for the texts they mean."""
    given = _parsed(arguments)
    if given is None:
        return Bad("bad_arguments", "its arguments are not a JSON object")
    values: dict[str, str] = {}
    for parameter in tool.parameters:
        value = given.get(parameter.name)
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            value = "\n".join(value)
        if not isinstance(value, str):
            return Bad("bad_arguments", f"{tool.name} wants the text {parameter.name!r}")
        # JSON can write half a character, which no file, command or trajectory can hold.
        values[parameter.name] = value.encode("utf-8", "replace").decode()
    return values


def schema(tool: Tool) -> dict[str, object]:
    """A tool in OpenAI's form."""
    properties = {
        each.name: {"type": "string", "description": each.description} for each in tool.parameters
    }
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": {
                "type": "object",
                "properties": properties,
                "required": [*properties],
                "additionalProperties": False,
            },
        },
    }


class _NativeConversation:
    """Messages with calls in them. Every call must be answered before anybody else speaks."""

    def __init__(self, connection: Connection, tools: Mapping[str, Tool]) -> None:
        self._chat = ChatConversation(connection)
        self._schemas = [schema(tool) for tool in tools.values()]
        self._open: tuple[str, ...] = ()
        self._ids: set[str] = set()

    @property
    def counter(self) -> Counter:
        """By guess."""
        return self._chat.counter

    @property
    def used(self) -> int:
        """What the server counted, and a guess at the rest."""
        return self._chat.used

    def add(self, turn: Turn) -> None:
        """The next turn."""
        match turn:
            case Answer(_, _, reply, _) if reply is not None and reply.calls:
                self._called(reply)
            case Answer(_, _, reply, _):
                self._chat.say("assistant", spoken(turn) if reply is None else reply.text)
            case Told("user", text) | Result(_, _, text) if self._open:
                # Whatever comes after calls is the answer to each of them.
                for each in self._open:
                    message = {"role": "tool", "tool_call_id": each, "content": text}
                    self._chat.put(message, text)
                self._open = ()
            case Told(role, text):
                self._chat.say(role, text)
            case Result(_, _, text):
                self._chat.say("user", text)

    async def ask(self, sampling: Sampling, on_retry: Callable[[Retry], None]) -> Completion:
        """The model's answer."""
        return await self._chat.request(sampling, on_retry, self._schemas)

    def _called(self, reply: ModelReply) -> None:
        ids = tuple(self._new_id(each.id) for each in reply.calls)
        calls = [
            {
                "id": each,
                "type": "function",
                "function": {"name": call.name, "arguments": _sound(call.arguments)},
            }
            for each, call in zip(ids, reply.calls, strict=True)
        ]
        message = {"role": "assistant", "content": reply.text or None, "tool_calls": calls}
        self._chat.put(message, reply.text, *(call.arguments for call in reply.calls))
        self._open = ids

    def _new_id(self, given: str) -> str:
        """The server's, unless it gives none or the same again: an id must name one call."""
        id_ = given if given and given not in self._ids else f"call_{len(self._ids)}"
        while id_ in self._ids:
            id_ += "_"
        self._ids.add(id_)
        return id_


def _parsed(arguments: str, *, strict: bool = False) -> dict[str, object] | None:
    """A JSON object; None when it is none.

    Args:
        arguments: as the model wrote them.
        strict: whether line breaks must not stand in texts as they are, as models write them.
    """
    try:
        given = json.loads(arguments or "{}", strict=strict)
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _sound(arguments: str) -> str:
    """Arguments as the model meant them, in valid JSON: templates fail on anything else."""
    meant = json.dumps(_parsed(arguments) or {}, ensure_ascii=False)
    whole = meant.encode("utf-8", "replace").decode()
    good = arguments and whole == meant and _parsed(arguments, strict=True) is not None
    return arguments if good else whole
