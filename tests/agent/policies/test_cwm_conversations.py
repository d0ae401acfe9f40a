"""Conversations and counting on their own: cancelled questions, and tokens known by guess."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.events import CalledNatively, ModelReply
from agent.policies.cwm.context import Context, old_results
from agent.policies.cwm.counting import ByGuess
from agent.policies.cwm.profiles.profile import Connection, Conversation
from agent.policies.cwm.profiles.registry import PROFILES
from agent.policies.cwm.turns import Answer, Result, Told
from model.answer import Completion, Sampling
from model.client import ModelClient
from model.settings import ClientSettings
from model.tokenizer import Tokenizer
from model.wire import tool_answer
from tests.agent.policies.modelruns import check_messages
from tests.model.replies import Reply, say, silent
from tests.model.server import MODEL, ModelServer, model_server
from tools.registry import ToolCall, ToolSettings, build_tools


@asynccontextmanager
async def conversation(
    profile: str, tokenizer: Tokenizer, *script: Reply
) -> AsyncIterator[tuple[Conversation, ModelServer]]:
    """A conversation that has begun, and the server it is held with."""
    async with (
        model_server(*script, encode=tokenizer.encode) as server,
        ModelClient(ClientSettings(server.url, MODEL)) as client,
    ):
        tools = build_tools(ToolSettings())
        talk = PROFILES[profile].open(Connection(client, MODEL, 65_536, tokenizer), tools)
        talk.add(Told("system", "Be good."))
        talk.add(Told("user", "Mend it."))
        yield talk, server


async def ask(talk: Conversation) -> Completion:
    return await talk.ask(Sampling(), lambda retry: None)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("speaks", [True, False])
async def test_a_question_that_was_cancelled_is_forgotten(
    tokenizer: Tokenizer, profile: str, speaks: bool
) -> None:
    async with conversation(profile, tokenizer, silent(), say("Yes."), say("No.")) as (
        talk,
        server,
    ):
        used = talk.used
        asking = asyncio.ensure_future(ask(talk))
        await server.arrived.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert talk.used == used
        if speaks:
            talk.add(Told("user", "Something else."))
        answer = await ask(talk)
        talk.add(Answer(None, "", ModelReply(text=answer.text), answer.ids))
        talk.add(Told("user", "Sure?"))
        await ask(talk)
        first, second, third = (request.json for request in server.asked)
        assert (first == second) != speaks
        if profile == "cwm":
            assert third["prompt"][: len(second["prompt"])] == second["prompt"]
            text = tokenizer.decode(third["prompt"])
            assert text.count("<|start_header_id|>assistant") == 2
            assert text.count("Something else.") == speaks
        else:
            check_messages(third["messages"])
            assert [each["role"] for each in third["messages"]] == [
                *["system", "user", "assistant", "user"]
            ]
        assert server.asked[0].hung_up


@pytest.mark.parametrize("profile", ["chat", "tools"])
async def test_tokens_are_what_the_server_counted_and_a_guess_at_the_rest(
    tokenizer: Tokenizer, profile: str
) -> None:
    async with conversation(profile, tokenizer, say("Yes. " * 400), say("No.")) as (talk, _):
        talk.add(Result(1, "bash", "def f(x):\n    return x\n" * 400))
        guessed = talk.used
        answer = await ask(talk)
        counted = answer.usage.input
        assert talk.used == counted
        # The guess is on the safe side, and a better one from now on.
        assert counted * 0.8 < guessed < counted * 3
        talk.add(Answer(None, "", ModelReply(text=answer.text)))
        talk.add(Result(2, "bash", "def f(x):\n    return x\n" * 400))
        guessed = talk.used
        assert (await ask(talk)).usage.input <= guessed * 1.25
        assert talk.used <= guessed * 1.1


async def test_a_server_that_does_not_count_is_guessed_for(tokenizer: Tokenizer) -> None:
    async with conversation("chat", tokenizer, say("Yes.", usage=False)) as (talk, _):
        used = talk.used
        await ask(talk)
        assert talk.used == used > 0


async def test_calls_with_the_same_id_are_told_apart(tokenizer: Tokenizer) -> None:
    same = CalledNatively(id="call_1", name="bash", arguments="{}")
    async with conversation("tools", tokenizer, say("Yes.")) as (talk, server):
        for calls in [(same, same), (same,), (same.model_copy(update={"id": ""}),) * 2]:
            talk.add(Answer(None, "", ModelReply(text="", calls=calls)))
            talk.add(Told("user", "No."))
        await ask(talk)
        check_messages(server.asked[0].json["messages"])


@pytest.mark.parametrize(("size", "nearly_full"), [(1_800, True), (4_096, False)])
def test_making_room_in_vain_does_not_tell_the_same_again(
    tokenizer: Tokenizer, size: int, nearly_full: bool
) -> None:
    client = ModelClient(ClientSettings("127.0.0.1:9", MODEL))
    context = Context(
        open_conversation=lambda: PROFILES["cwm"].open(
            Connection(client, MODEL, size, tokenizer), {}
        ),
        size=size,
        result_tokens=1_000,
        action_tokens=1_000,
    )
    context.add(Told("user", "Mend it."))
    for step in range(1, 11):
        context.add(Answer(ToolCall("bash", "ls"), ""))
        context.add(Result(step, "bash", tool_answer("one two three " * 80, 9, 9)))
    before, context.told = context.used, True
    steps = old_results(context.turns)
    assert steps == (1, 2, 3, 4, 5, 6)
    context.leave_out(steps, "Gone.")
    assert context.used < before
    assert context.told == context.nearly_full == nearly_full
    assert old_results(context.turns) == (7, 8, 9)
    context.leave_out((7, 8, 9), "Gone.")
    assert old_results(context.turns) == ()


texts = st.text(max_size=400) | st.text(st.sampled_from("aé漢🐍\ud800\n"), max_size=400)


@settings(deadline=None)
@given(texts, st.integers(-9, 200), st.integers(1, 10**7), st.integers(1, 10**6))
def test_what_is_cut_by_guess_fits_and_is_one_end_of_the_text(
    text: str, most: int, size: int, tokens: int
) -> None:
    guess = ByGuess()
    guess.learn(size, tokens)
    left, right = guess.cut_left(text, most), guess.cut_right(text, most)
    if guess.count(text) <= most:
        assert left == right == text
        return
    clean = text.encode("utf-8", "replace").decode()
    assert clean.endswith(left.removeprefix("[...]"))
    assert clean.startswith(right.removesuffix("[...]"))
    assert left.startswith("[...]")
    assert right.endswith("[...]")
    if most >= 5:
        assert max(guess.count(left), guess.count(right)) <= most


def test_a_guess_stays_near_to_what_is_usual() -> None:
    text = "x" * 12_000
    guess = ByGuess()
    assert guess.count(text) == 4_001
    guess.learn(48, 16)  # too little to learn from
    assert guess.count(text) == 4_001
    guess.learn(12_000, 4_800)
    assert 4_800 <= guess.count(text) <= 5_200
    for size, tokens in [(10**9, 300), (300, 10**9)]:
        guess.learn(size, tokens)
        assert 3_000 <= guess.count(text) <= 8_001
