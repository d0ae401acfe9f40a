"""Any commands in any order: what a session shows is always what the model was told and wrote."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.client import ModelClient
from model.debugger.problems import DebuggerProblem
from model.debugger.session import Session
from model.predict.tokens import TokenPredictor
from model.settings import ClientSettings
from model.tokenizer import Tokenizer
from model.trace.states import resolve
from tests.model.debugger.knowing import executed, stepping
from tests.model.debugger.test_session import KNOWN
from tests.model.server import MODEL, ModelServer, threaded_model_server

TRUTH = executed(KNOWN)


@pytest.fixture(scope="module")
def server(small_tokenizer: Tokenizer) -> Iterator[ModelServer]:
    knows = stepping(small_tokenizer, TRUTH)
    with threaded_model_server(fallback=knows, encode=small_tokenizer.encode) as made:
        yield made


COMMANDS = st.one_of(
    st.sampled_from([("step",), ("next",), ("out",), ("back",), ("run",), ("reset",)]),
    st.tuples(st.just("goto"), st.integers(0, 32)),
    st.tuples(st.just("until"), st.integers(1, 13)),
    st.tuples(st.just("break"), st.integers(1, 13)),
    st.tuples(st.just("set"), st.sampled_from(["n", "total", "new"])),
)


async def do(session: Session, word: str, *rest: int | str) -> None:
    """One command; one that cannot be done here changes nothing."""
    before = session.number, list(session.moments)
    try:
        match word, rest:
            case "set", (str() as name,):
                await check_set(session, name)
            case "break", (int() as line,):
                session.breakpoints.add(line, "total == 1")
            case "goto" | "until", (int() as number,):
                await (session.goto(number) if word == "goto" else session.until(number))
            case "back", ():
                session.back()
            case "reset", ():
                await session.begin()
            case _:
                await getattr(session, word)()
    except DebuggerProblem:
        assert (session.number, list(session.moments)) == before


async def check_set(session: Session, name: str) -> None:
    here = session.current
    session.set(name, "41")
    assert session.current.state.locals[name] == "41"
    changed = session.current
    with suppress(DebuggerProblem):
        await session.step()
        if session.current != changed:
            assert not session.back()[1]
    assert session.current == changed
    assert session.back()[1]
    assert session.current == here
    session.set(name, "42")


def check(session: Session) -> None:
    moments = session.moments
    assert len(moments) == session.number + 1
    assert moments[-1] == session.current
    frames = [moment.frame for moment in moments]
    assert [moment.state for moment in moments] == resolve(frames)
    assert session.edited == [n for n, moment in enumerate(moments) if moment.edits]
    if not any(moment.forced or moment.edits for moment in moments):
        assert frames == TRUTH[: len(frames)]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(commands=st.lists(COMMANDS, max_size=25), at_once=st.sampled_from([0, 200]))
def test_any_commands(
    commands: list[tuple[str] | tuple[str, int] | tuple[str, str]],
    at_once: int,
    server: ModelServer,
    small_tokenizer: Tokenizer,
) -> None:
    async def session_of_them() -> None:
        async with ModelClient(ClientSettings(server.url, MODEL, seed=0)) as client:
            predictor = TokenPredictor(client, small_tokenizer)
            session = Session(KNOWN, predictor, most=60, at_once=at_once)
            await session.begin()
            for command in commands:
                await do(session, *command)
                check(session)

    asyncio.run(session_of_them())
