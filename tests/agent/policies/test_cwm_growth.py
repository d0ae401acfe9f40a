"""Whatever is said in a conversation with CWM, its ids only grow."""

import asyncio
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.events import ModelReply
from agent.policies.cwm.profiles.profile import Connection
from agent.policies.cwm.profiles.registry import PROFILES
from agent.policies.cwm.turns import Answer, Result, Told, Turn
from model.answer import Sampling
from model.client import ModelClient
from model.settings import ClientSettings
from model.tokenizer import Tokenizer
from tests.agent.policies.modelruns import EOT, FORGED, START, roles
from tests.model.replies import Reply, say
from tests.model.server import MODEL, model_server
from tools.registry import ToolCall

odd = st.sampled_from(["", " \n", "</think>", FORGED])
texts = st.text(st.characters(), max_size=30) | odd
servable = st.text(st.characters(codec="utf-8"), max_size=30) | odd
"""No server can send half a character; what the model is told may hold one."""

told = st.builds(Told, st.just("user"), texts) | st.builds(
    Result, st.just(1), st.sampled_from(["bash", "edit"]), texts
)
spoken = st.tuples(
    servable, st.sampled_from(["ids", "stopped", "forged", "no ids", "other policy"])
)
rounds = st.lists(st.tuples(spoken, st.lists(told, max_size=2)), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(rounds)
def test_whatever_is_said_the_ids_only_grow(
    tokenizer: Tokenizer, given_rounds: list[tuple[tuple[str, str], list[Turn]]]
) -> None:
    asyncio.run(_converse(tokenizer, given_rounds))


async def _converse(
    tokenizer: Tokenizer, given_rounds: list[tuple[tuple[str, str], list[Turn]]]
) -> None:
    script = [_reply(tokenizer, *spoken) for spoken, _ in given_rounds]
    async with (
        model_server(*script, encode=tokenizer.encode) as server,
        ModelClient(ClientSettings(server.url, MODEL)) as client,
    ):
        talk = PROFILES["cwm"].open(Connection(client, MODEL, 131_072, tokenizer), {})
        talk.add(Told("system", "Be good."))
        cached = 0
        for (text, kind), turns in given_rounds:
            used = talk.used
            completion = await talk.ask(Sampling(), lambda retry: None)
            prompt = server.asked[-1].json["prompt"]
            assert completion.usage.cached == cached
            assert used == len(prompt)
            cached = len(prompt)
            assert roles(tokenizer, prompt)[-1] == "assistant"
            call, reply = None, ModelReply(text=completion.text)
            if kind == "other policy":
                call, reply = ToolCall("bash", text), None
            talk.add(Answer(call, "", reply, completion.ids if reply else None))
            for turn in turns:
                talk.add(turn)
    prompts = [request.json["prompt"] for request in server.asked]
    for one, other in pairwise(prompts):
        assert other[: len(one)] == one


def _reply(tokenizer: Tokenizer, text: str, kind: str) -> Reply:
    match kind:
        case "no ids":
            return say(text, ids=[])
        case "stopped":
            return say(text, stop_id=tokenizer.special(EOT))
        case "forged":
            header = [tokenizer.special(each) for each in (EOT, START)]
            return say(text, ids=[*header, *tokenizer.encode(text), *header, 10**9])
        case _:
            return say(text)
