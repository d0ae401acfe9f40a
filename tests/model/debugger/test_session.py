"""The debugger's commands, against a model that knows the program, on a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from model.debugger.problems import DebuggerProblem, NoFrame
from model.debugger.session import Session
from model.errors import RequestRefused
from model.predict.chat import ChatPredictor
from model.predict.predictor import Program, Tokens
from model.predict.tokens import TokenPredictor
from model.tokenizer import Tokenizer
from model.trace.frame import Frame
from model.trace.writing import write_frames
from tests.model import replies
from tests.model.debugger.knowing import executed, stepping
from tests.model.http import Exchange
from tests.model.predict.programs import PROGRAM, asking, write
from tests.model.replies import Reply, say
from tests.model.server import ModelServer

SOURCE = """\
def g(n):
    total = 0
    for i in range(n):
        total += i
    return total


def f(a):
    b = g(a)
    c = g(b)
    return b + c
"""
KNOWN = Program.of_call(SOURCE, "f(3)")

Opened = AbstractAsyncContextManager[tuple[Session, ModelServer]]
Open = Callable[..., Opened]


@pytest.fixture
def debugging(small_tokenizer: Tokenizer) -> Open:
    """Opens a session that has begun, of `KNOWN` where no replies are given."""

    @asynccontextmanager
    async def opened(
        *script: Reply, program: Program = KNOWN, most: int = 10_000
    ) -> AsyncIterator[tuple[Session, ModelServer]]:
        knows = None if script else stepping(small_tokenizer, executed(program))
        async with asking(*script, fallback=knows) as (server, client):
            session = Session(program, TokenPredictor(client, small_tokenizer), most=most)
            await session.begin()
            yield session, server

    return opened


def at(session: Session) -> tuple[int, str, int | None]:
    moment = session.current
    return session.number, moment.frame.kind, moment.spot.line


# Going on


async def test_a_session_begins_at_what_is_given_and_asks_nothing(debugging: Open) -> None:
    async with debugging() as (session, server):
        assert at(session) == (0, "call", 12)
        assert not server.asked
        with pytest.raises(DebuggerProblem, match="first frame"):
            session.back()
        await session.step()
        assert at(session) == (1, "line", 13)
        assert len(server.asked) == 1
        assert session.tokens == Tokens(0, session.tokens.computed, session.tokens.written)
        assert session.tokens.written > 0


async def test_stepping_to_the_end_gives_the_whole_trace(debugging: Open) -> None:
    async with debugging() as (session, _):
        stops = [await session.step()]
        while stops[-1].why == "there":
            stops.append(await session.step())
        assert [moment.frame for moment in session.moments] == executed(KNOWN)
        assert stops[-1].why == "over"
        assert at(session)[1:] == ("return", 13)
        with pytest.raises(DebuggerProblem, match="over"):
            await session.step()


async def test_next_steps_over_calls_without_their_bodies(debugging: Open) -> None:
    async with debugging() as (session, server):
        await session.until(9)
        asked = len(server.asked)
        stop = await session.next()
        assert at(session)[1:] == ("line", 10)
        assert stop.moment.state.locals == {"a": "3", "b": "3"}
        assert len(server.asked) - asked == 3  # the call, its return, the next line
        assert [moment.forced for moment in session.moments[-3:]] == [False, True, False]
        await session.next()
        await session.next()
        assert at(session)[1:] == ("return", 11)
        assert session.current.frame.value == "6"


async def test_next_at_a_call_steps_over_that_call(debugging: Open) -> None:
    async with debugging() as (session, _):
        await session.until(8)
        assert session.current.frame.kind == "call"
        await session.next()
        assert at(session) == (3, "return", 11)
        assert session.current.frame.value == "6"


async def test_who_goes_back_and_steps_into_a_call_gets_its_body(debugging: Open) -> None:
    async with debugging() as (session, _):
        await session.until(8)
        await session.next()
        await session.next()
        session.back()
        session.back()
        await session.step()
        assert at(session) == (3, "line", 9)
        assert session.current.state.locals == {"a": "3"}


async def test_out_stops_where_the_scope_is_left_and_then_where_its_caller_is(
    debugging: Open,
) -> None:
    async with debugging() as (session, _):
        await session.until(4)
        await session.out()
        assert (at(session)[1:], session.current.frame.value) == (("return", 5), "3")
        await session.out()
        assert (at(session)[1:], session.current.frame.value) == (("return", 11), "6")
        await session.out()
        assert at(session)[1:] == ("return", 13)
        assert (await session.next()).why == "over"


async def test_until_and_goto_and_run(debugging: Open) -> None:
    async with debugging() as (session, server):
        await session.until(4)
        first = session.number
        await session.until(4)
        assert session.number == first + 2
        await session.goto(first + 6)
        assert session.number == first + 6
        asked = len(server.asked)
        await session.goto(1)
        assert at(session) == (1, "line", 13)
        await session.goto(first)
        assert len(server.asked) == asked
        assert (await session.run()).why == "over"
        for wrong in (0, 6, 99):
            with pytest.raises(DebuggerProblem):
                await session.until(wrong)
        with pytest.raises(DebuggerProblem, match="from 0"):
            await session.goto(-1)
        assert (await session.goto(0)).number == 0
        with pytest.raises(DebuggerProblem, match="ends with frame 29"):
            await session.goto(1000)
        assert session.number == 0
        await session.begin()
        assert (await session.goto(1000)).why == "over"


async def test_a_command_has_a_most_of_frames(debugging: Open) -> None:
    async with debugging(most=5) as (session, _):
        stop = await session.run()
        assert (stop.why, stop.number) == ("limit", 5)
        assert (await session.run()).number == 10


# Breakpoints


async def test_breakpoints_stop_a_run(debugging: Open) -> None:
    async with debugging() as (session, _):
        plain = session.breakpoints.add(5)
        stop = await session.run()
        assert (stop.why, stop.breakpoint, at(session)[1:]) == ("breakpoint", plain, ("line", 5))
        session.breakpoints.clear(plain.number)
        with pytest.raises(DebuggerProblem, match="no breakpoint 1"):
            session.breakpoints.clear(plain.number)
        assert (await session.run()).why == "over"
        assert [*session.breakpoints] == []


async def test_a_breakpoint_s_condition_is_over_predicted_locals(debugging: Open) -> None:
    async with debugging() as (session, _):
        session.breakpoints.add(3, "total == 1")
        session.breakpoints.add(2, "total == 1")  # has no value there yet
        stop = await session.run()
        assert (stop.note, stop.moment.state.locals["i"]) == ("", "1")
        for line, condition in ((3, "total +"), (3, "f(1)"), (0, ""), (7, ""), (14, "")):
            with pytest.raises(DebuggerProblem) as caught:
                session.breakpoints.add(line, condition)
            assert "\n" not in str(caught.value)
        assert len([*session.breakpoints]) == 2


async def test_a_condition_that_cannot_be_told_stops_and_says_so(
    debugging: Open, small_tokenizer: Tokenizer
) -> None:
    call = '<|call_sep|>{"a": "<A object>"}<|action_sep|>def f(a):\n'
    script = [write(small_tokenizer, call, "<|frame_sep|>")]
    async with debugging(*script, program=PROGRAM) as (session, _):
        session.breakpoints.add(1, "a == 1")
        stop = await session.run()
        assert stop.why == "breakpoint"
        assert "<A object>" in stop.note


# Changing


async def test_what_is_set_is_what_the_model_goes_on_from(
    debugging: Open, small_tokenizer: Tokenizer
) -> None:
    known = stepping(small_tokenizer, executed(PROGRAM))
    returned = '<|return_sep|><|action_sep|>    return b\n<|arg_sep|>"7"'
    script = [known, known, known, known, known, write(small_tokenizer, returned, "<|frame_sep|>")]
    async with debugging(*script, program=PROGRAM) as (session, server):
        await session.goto(5)
        assert session.current.frame.value == "2"
        session.back()
        session.set("b", " 7 ")
        assert session.current.frame.locals == {"a": "..", "b": "7"}
        assert session.current.state.locals == {"a": "1", "b": "7"}
        assert session.edited == [4]
        await session.step()
        assert session.current.frame.value == "7"
        assert '{"a": "..", "b": "7"}' in small_tokenizer.decode(server.asked[-1].json["prompt"])


async def test_edits_are_kept_by_going_back_and_undone_by_going_back_over_them(
    debugging: Open,
) -> None:
    async with debugging() as (session, server):
        await session.goto(8)
        line, before = session.number, session.current
        session.set("n", "9")
        session.set("new", "'é'")
        assert session.current.edits == ("n", "new")
        await session.step()
        assert not session.back()[1]  # a frame back: what was set still is
        assert session.current.state.locals["n"] == "9"
        assert session.current.state.locals["new"] == "'é'"
        stop, undone = session.back()
        assert (undone, stop.number) == (True, line)
        assert "new" not in session.current.state.locals
        assert session.current.state.locals["n"] == "9"
        assert session.back()[1]
        assert session.current == before
        assert session.edited == []
        asked = len(server.asked)
        assert not session.back()[1]
        assert session.number == line - 1
        await session.step()
        assert session.current == before
        assert len(server.asked) == asked  # it was known all the time


async def test_goto_goes_through_what_was_set_and_does_not_undo_it(debugging: Open) -> None:
    async with debugging() as (session, _):
        await session.goto(6)
        session.set("total", "5")
        await session.goto(2)
        assert session.edited == []
        await session.goto(6)
        assert session.current.state.locals["total"] == "5"
        assert session.edited == [6]


async def test_what_cannot_be_set_is_refused_and_changes_nothing(debugging: Open) -> None:
    async with debugging() as (session, _):
        await session.goto(5)
        for name, value in [
            ("a b", "1"),
            ("", "1"),
            ("1", "1"),
            ("n", ""),
            ("n", ".."),
            ("n", "1\n2"),
            ("n", "x" * 20_000),
        ]:
            with pytest.raises(DebuggerProblem):
                session.set(name, value)
        assert session.edited == []
        await session.out()
        with pytest.raises(DebuggerProblem, match="a return has no locals"):
            session.set("n", "1")


async def test_values_are_written_as_python_writes_them(debugging: Open) -> None:
    async with debugging() as (session, _):
        for typed, written in [('"a"', "'a'"), ("[1,2]", "[1, 2]"), ("Point(x=1)", "Point(x=1)")]:
            session.set("p", typed)
            assert session.value("p") == written


# Looking


async def test_values_and_scopes(debugging: Open) -> None:
    async with debugging() as (session, _):
        await session.until(4)
        assert session.value("n") == "3"
        assert session.value("n == 3 and total < 1") == "True"
        assert session.value("(i, 'x')") == "(0, 'x')"
        for wrong in ("nothing", "n +", "print(n)", ""):
            with pytest.raises(DebuggerProblem) as caught:
                session.value(wrong)
            assert "\n" not in str(caught.value)
        levels = session.where()
        places = [(each.moment.spot.function, each.moment.spot.line) for each in levels]
        assert places == [("main", 13), ("f", 9), ("g", 4)]
        assert levels[-1].number == session.number


async def test_a_value_that_is_unchanged_from_nothing_is_not_known(
    debugging: Open, small_tokenizer: Tokenizer
) -> None:
    frame = '<|line_sep|>{"a": ".."}<|action_sep|>    return f(1)\n'
    script = [write(small_tokenizer, frame, "<|frame_sep|>")]
    async with debugging(*script, program=PROGRAM) as (session, _):
        await session.step()
        with pytest.raises(DebuggerProblem, match="from what is not said"):
            session.value("a")


# Trouble


async def test_what_is_no_frame_leaves_the_session_where_it_was(
    debugging: Open, small_tokenizer: Tokenizer
) -> None:
    known = stepping(small_tokenizer, executed(PROGRAM))
    script = [known, write(small_tokenizer, "I think so.", "<|frame_sep|>"), known]
    async with debugging(*script, program=PROGRAM) as (session, _):
        await session.step()
        with pytest.raises(NoFrame) as caught:
            await session.step()
        assert caught.value.problems
        assert "\n" not in str(caught.value)
        assert at(session) == (1, "line", 5)
        await session.step()
        assert at(session) == (2, "call", 1)


async def test_a_server_that_fails_leaves_the_session_where_it_was(
    debugging: Open, small_tokenizer: Tokenizer
) -> None:
    known = stepping(small_tokenizer, executed(PROGRAM))
    script = [known, replies.refuse(400, "no"), known]
    async with debugging(*script, program=PROGRAM) as (session, _):
        await session.step()
        with pytest.raises(RequestRefused):
            await session.run()
        assert session.number == 1
        await session.step()
        assert session.number == 2


async def test_a_run_that_is_stopped_keeps_what_it_found(
    debugging: Open, small_tokenizer: Tokenizer
) -> None:
    known = stepping(small_tokenizer, executed(PROGRAM))
    asked = asyncio.Event()

    async def silent(exchange: Exchange, server: ModelServer) -> None:
        asked.set()
        await replies.silent()(exchange, server)

    async with debugging(known, known, silent, known, program=PROGRAM) as (session, _):
        task = asyncio.ensure_future(session.run())
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert session.number == 2
        await session.step()
        assert session.number == 3


async def test_reset_begins_anew_and_keeps_breakpoints(debugging: Open) -> None:
    async with debugging() as (session, _):
        session.breakpoints.add(4)
        await session.run()
        session.set("total", "100")
        await session.begin()
        assert (session.number, session.edited) == (0, [])
        assert (await session.run()).why == "breakpoint"
        assert session.current.state.locals["total"] == "0"


async def test_a_function_of_which_nothing_is_given(
    debugging: Open, small_tokenizer: Tokenizer
) -> None:
    program = Program.of_function("def test_it():\n    assert True\n", "test_it")
    first = write(small_tokenizer, "<|call_sep|>{}<|action_sep|>def test_it():\n", "<|frame_sep|>")
    over = write(small_tokenizer, "")
    async with debugging(first, over, program=program) as (session, _):
        assert at(session) == (0, "call", 1)
        with pytest.raises(NoFrame):
            await session.begin()
        assert at(session) == (0, "call", 1)


# Asking for many frames at once


async def test_commands_that_go_far_ask_once(small_tokenizer: Tokenizer) -> None:
    knows = stepping(small_tokenizer, executed(KNOWN))
    async with asking(fallback=knows) as (server, client):
        session = Session(KNOWN, TokenPredictor(client, small_tokenizer), at_once=1_000)
        await session.begin()
        await session.step()
        session.breakpoints.add(4, "i == 1")
        assert (await session.run()).why == "breakpoint"
        assert len(server.asked) == 2
        assert server.asked[1].json["max_tokens"] == 1_000
        await session.out()
        session.breakpoints.clear()
        assert (await session.run()).why == "over"
        assert len(server.asked) == 2
        assert [moment.frame for moment in session.moments] == executed(KNOWN)
        assert all(moment.logprob is not None for moment in session.moments[1:])
        alone = await frame_by_frame(small_tokenizer)
        assert [m.state for m in session.moments] == [m.state for m in alone.moments]
        assert [m.spot for m in session.moments] == [m.spot for m in alone.moments]


async def test_who_goes_on_asks_for_more_and_more_at_once(small_tokenizer: Tokenizer) -> None:
    knows = stepping(small_tokenizer, executed(KNOWN))
    async with asking(fallback=knows) as (server, client):
        session = Session(KNOWN, TokenPredictor(client, small_tokenizer), at_once=50)
        await session.begin()
        assert (await session.run()).why == "over"
        assert [moment.frame for moment in session.moments] == executed(KNOWN)
        assert [asked.json["max_tokens"] for asked in server.asked][:5] == [50, 100, 200, 400, 400]


async def frame_by_frame(tokenizer: Tokenizer) -> Session:
    async with asking(fallback=stepping(tokenizer, executed(KNOWN))) as (_, client):
        session = Session(KNOWN, TokenPredictor(client, tokenizer))
        await session.begin()
        await session.run()
        return session


async def test_what_is_cut_off_is_gone_on_with(small_tokenizer: Tokenizer) -> None:
    frames = executed(KNOWN)
    half = write_frames(frames[1:10], ended=False) + "<|line_sep|>{"
    knows = stepping(small_tokenizer, frames)
    async with asking(write(small_tokenizer, half, ""), fallback=knows) as (server, client):
        session = Session(KNOWN, TokenPredictor(client, small_tokenizer), at_once=1_000)
        await session.begin()
        assert (await session.run()).why == "over"
        assert [moment.frame for moment in session.moments] == frames
        assert len(server.asked) == 2


async def test_where_nothing_comes_at_once_a_single_frame_is_asked_for() -> None:
    frame = '{"event": "line", "source": "    return f(1)", "locals": {}}'
    thinking = say("<think>\nLet me see.", finish="length")
    async with asking(thinking, say(frame), say('{"event": "end"}')) as (server, client):
        session = Session(PROGRAM, ChatPredictor(client), at_once=100)
        await session.begin()
        assert (await session.run()).why == "over"
        assert session.number == 1
        assert len(server.asked) == 3


async def test_any_model_can_be_asked_by_chat() -> None:
    call = '{"event": "call", "source": "def f(a):", "locals": {"a": "1"}}'
    script = [say('{"event": "line", "source": "    return f(1)", "locals": {}}'), say(call)]
    async with asking(*script, say('{"event": "end"}')) as (_, client):
        session = Session(PROGRAM, ChatPredictor(client))
        await session.begin()
        assert (await session.until(1)).why == "there"
        assert session.current.frame == Frame("call", "def f(a):\n", {"a": "1"})
        assert (await session.step()).why == "over"
