"""The neural debugger on the trace screen, key by key, with a model that knows the program."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.geometry import Offset
from textual.widgets import Input, TextArea

from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.dialogs.text import AskText
from agent.tui.screens.trace.asking import AskCall
from agent.tui.screens.trace.framelist import FrameList
from agent.tui.screens.trace.screen import TraceScreen
from agent.tui.screens.trace.sourceview import SourceView
from agent.tui.screens.trace.variablelist import VariableList
from agent.tui.widgets.choice import Choice
from model.predict.predictor import Program
from tests.agent.conftest import CommandLine, Project
from tests.agent.knownprogram import CALL, SOURCE
from tests.agent.ptys import OnTerminal
from tests.agent.tui.test_screens import compare, size_name
from tests.agent.tui.traced import OnCall, app_in, idle, on_call, press
from tests.agent.tui.watched import LARGE, SMALL, AppPilot, board, shows, text_of, until
from tests.model import replies
from tests.model.debugger.knowing import executed

FRAMES = executed(Program.of_call(SOURCE, CALL))


@pytest.fixture
def call(tmp_path: Path) -> Iterator[OnCall]:
    with on_call(tmp_path / "here") as made:
        yield made


async def at(pilot: AppPilot, number: int) -> None:
    """Wait until the session stands at a frame."""
    screen = await idle(pilot)
    await until(pilot, lambda: screen.query_one(FrameList).cursor == number)


async def typed(pilot: AppPilot, text: str) -> TraceScreen:
    """Answer the question that is open."""
    await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
    pilot.app.screen.query_one(TextArea).text = text
    await pilot.press("ctrl+s")
    await until(pilot, lambda: isinstance(pilot.app.screen, TraceScreen))
    return await idle(pilot)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)
async def test_what_it_looks_like(call: OnCall, tmp_path: Path, size: tuple[int, int]) -> None:
    async with app_in(tmp_path).run_test(size=size) as pilot:
        await call.opened(pilot)
        await press(pilot, "s", "s", "s", "s", "s", "t", "s")
        compare(f"trace-debugger-{size_name(size)}", text_of(pilot))


async def test_step_next_out_back_and_what_they_took(call: OnCall, tmp_path: Path) -> None:
    async with app_in(tmp_path).run_test(size=LARGE) as pilot:
        screen = await call.opened(pilot)
        await shows(pilot, "work.py  f(3)", "predicted so far, 1 frame")
        assert "tokens" not in text_of(pilot)  # nobody was asked yet
        await press(pilot, "s", "s", "s")
        await at(pilot, 3)
        await shows(pilot, "scripted: ", "written", "▶     b = g(a)")
        await press(pilot, "n")
        frames = screen.query_one(FrameList)
        here = frames.tracks.predicted[frames.cursor]
        assert (here.source.strip(), here.depth, here.line) == ("c = g(b)", 1, 10)
        await press(pilot, "o")
        here = frames.tracks.predicted[frames.cursor]
        assert (here.kind, here.depth) == ("return", 1)
        number = frames.cursor
        await press(pilot, "b")
        await at(pilot, number - 1)


async def test_a_breakpoint_is_hit_and_taken_away(call: OnCall, tmp_path: Path) -> None:
    async with app_in(tmp_path).run_test(size=LARGE) as pilot:
        screen = await call.opened(pilot)
        source = screen.query_one(SourceView)
        source.focus()
        await press(pilot, "home", "j", "j", "down", "k", "j", "t")
        await shows(pilot, "breakpoint at line 4", "●   4")
        await press(pilot, "r")
        await shows(pilot, "breakpoint at line 4", "●   4 ▶")
        first = screen.query_one(FrameList).cursor
        await press(pilot, "r")
        assert screen.query_one(FrameList).cursor > first
        await press(pilot, "t")
        await shows(pilot, "no breakpoint at line 4 any more")
        await press(pilot, "r")
        await at(pilot, len(FRAMES) - 1)
        await press(pilot, "G", "t", "pageup", "pagedown", "end", "t")
        await shows(pilot, "breakpoint at line 13")
        await pilot.click(source, offset=Offset(1, 1))
        await shows(pilot, "breakpoint at line 2", "●   2")


async def test_a_breakpoint_may_have_a_condition(call: OnCall, tmp_path: Path) -> None:
    async with app_in(tmp_path).run_test(size=LARGE) as pilot:
        screen = await call.opened(pilot)
        source = screen.query_one(SourceView)
        source.focus()
        await press(pilot, "home", "j", "j", "j")
        await pilot.press("T")
        await typed(pilot, "i == 2")
        await shows(pilot, "breakpoint at line 4 if i == 2", "◐   4")
        await press(pilot, "r")
        await shows(pilot, "i = 2", "breakpoint at line 4")
        await pilot.press("T")
        await typed(pilot, "g(1)")
        await shows(pilot, "! only names, literals and comparisons, not Call", "◐   4")
        assert screen.query_one(SourceView).cursor == 4


async def test_until_the_line_under_the_cursor(call: OnCall, tmp_path: Path) -> None:
    async with app_in(tmp_path).run_test(size=LARGE) as pilot:
        screen = await call.opened(pilot)
        screen.query_one(SourceView).focus()
        await press(pilot, "home", "j", "u")
        await shows(pilot, "2 ▶     total = 0")
        await press(pilot, "pageup", "down", "down", "down", "down", "down", "u")
        await shows(pilot, "! nothing stops at line 6: no statement begins or goes on there")


async def test_a_value_is_set_and_the_edit_undone(call: OnCall, tmp_path: Path) -> None:
    async with app_in(tmp_path).run_test(size=LARGE) as pilot:
        screen = await call.opened(pilot)
        await press(pilot, "r")
        known = screen.query_one(FrameList).count()
        await press(pilot, "home", *["right"] * 6)
        variables = screen.query_one(VariableList)
        variables.focus()
        await press(pilot, "j", "j")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
        assert pilot.app.screen.query_one(TextArea).text == "total = 0"
        await typed(pilot, "total = 10")
        await shows(pilot, "total is set; what comes after is to be predicted anew")
        await shows(pilot, "=   total = 10  set", "predicted so far, 7 frames")
        await press(pilot, "s")
        await at(pilot, 7)
        await press(pilot, "b", "b")
        await shows(pilot, "the edit is undone", "total = 0")
        await press(pilot, "r")
        assert screen.query_one(FrameList).count() == known
        screen.query_one(FrameList).focus()
        await press(pilot, "home", "right")
        for text, problem in (
            ("nonsense", "! NAME = VALUE sets a variable"),
            ("1 = 2", "! that is not the name of a local"),
        ):
            await pilot.press("e")
            await typed(pilot, text)
            await shows(pilot, problem)


async def test_reset_begins_anew_and_keeps_breakpoints(call: OnCall, tmp_path: Path) -> None:
    async with app_in(tmp_path).run_test(size=LARGE) as pilot:
        screen = await call.opened(pilot)
        await press(pilot, "s", "s", "t", "X")
        await shows(pilot, "begun anew", "predicted so far, 1 frame", "●")
        assert screen.query_one(FrameList).cursor == 0
        await press(pilot, "b")
        await shows(pilot, "! this is the first frame")


async def test_one_may_go_on_from_any_frame_that_is_known(call: OnCall, tmp_path: Path) -> None:
    async with app_in(tmp_path).run_test(size=SMALL) as pilot:
        screen = await call.opened(pilot)
        await press(pilot, "r", "home", "right", "right", "s")
        await at(pilot, 3)
        assert screen.query_one(FrameList).count() == len(FRAMES)


async def test_a_model_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    with on_call(tmp_path / "here", replies.refuse(500, "out of memory")) as call:
        async with app_in(tmp_path).run_test(size=SMALL) as pilot:
            screen = await call.opened(pilot)
            await press(pilot, "s")
            await shows(pilot, "! ", "out of memory")
            assert screen.query_one(FrameList).cursor == 0
            await press(pilot, "right")
            await shows(pilot, "1/1  call")


async def test_what_takes_long_can_be_stopped_and_holds_nothing_up(tmp_path: Path) -> None:
    with on_call(tmp_path / "here", replies.silent(), replies.silent()) as call:
        async with app_in(tmp_path).run_test(size=SMALL) as pilot:
            screen = await call.opened(pilot)
            await pilot.press("s")
            await shows(pilot, "◌ predicting ... x stops it")
            await pilot.press("s", "n", "right")  # one at a time
            assert screen.busy
            await pilot.press("x")
            await shows(pilot, "! stopped")
            await until(pilot, lambda: not screen.busy)
            await pilot.press("s")
            await until(pilot, lambda: screen.busy)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_a_call_is_opened_by_a_dialog(call: OnCall, tmp_path: Path) -> None:
    async with app_in(tmp_path).run_test(size=SMALL) as pilot:
        await board(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskCall))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))
        screen = await call.opened(pilot)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskCall))
        pilot.app.screen.query_one("#call", Input).value = "nothing(1)"
        await pilot.press("ctrl+s")
        await shows(pilot, "has no nothing")
        pilot.app.screen.query_one("#call", Input).value = "g(2)"
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await shows(pilot, "work.py  g(2)", "predicted so far, 1 frame")


async def test_what_does_not_go_together_is_said(tmp_path: Path) -> None:
    async with app_in(tmp_path).run_test(size=SMALL) as pilot:
        await board(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskCall))
        for values, problem in (
            ({}, "give a call, or a test"),
            ({"call": "f(1)", "test": "t.py::test"}, "one of the two"),
            ({"call": "f(1)"}, "a call needs its file"),
            ({"call": "", "test": "t.py::test"}, "a test needs its project"),
            ({"call": "f(1)", "file": "a.py", "base": "main"}, "a revision needs its project"),
        ):
            for name in ("file", "call", "test", "repo", "base"):
                pilot.app.screen.query_one(f"#{name}", Input).value = values.get(name, "")
            await pilot.press("ctrl+s")
            await shows(pilot, problem, "Esc leave it")


@pytest.mark.engine
async def test_a_test_of_a_project_is_opened_and_recorded(project: Project, tmp_path: Path) -> None:
    async with app_in(tmp_path).run_test(size=LARGE) as pilot:
        await board(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskCall))
        values = {"test": "tests/test_prices.py::test_above", "repo": str(project.path)}
        for name, value in {**values, "base": "main"}.items():
            pilot.app.screen.query_one(f"#{name}", Input).value = value
        pilot.app.screen.query_one("#first", Choice).value = "step"
        await pilot.press("ctrl+s")
        screen = await at_rest(pilot)
        await shows(pilot, "tests/test_prices.py  tests/test_prices.py::test_above", "def clamp(")
        await pilot.press("R")
        await at_rest(pilot)
        await shows(pilot, "recorded, ", "assert clamp(11, 0, 9) == 9", "if value < high:")
        assert any("raises" in line for line in text_of(pilot).splitlines())
        assert screen.debugging is not None
        assert screen.debugging.subject.function == "test_above"


async def at_rest(pilot: AppPilot) -> TraceScreen:
    """The screen, once what it does is done, as long as that takes."""
    await until(pilot, lambda: isinstance(pilot.app.screen, TraceScreen))
    screen = pilot.app.screen
    assert isinstance(screen, TraceScreen)
    await until(pilot, lambda: screen._worker)
    assert screen._worker is not None
    await screen._worker.wait()
    return screen


async def test_a_whole_call_is_predicted_at_once(tmp_path: Path) -> None:
    with on_call(tmp_path / "here", first="predict") as call:
        async with app_in(tmp_path).run_test(size=LARGE) as pilot:
            screen = await call.opened(pilot)
            await shows(pilot, f"predicted to the end, {len(FRAMES)} frames", "the trace is over")
            assert screen.query_one(FrameList).cursor == 0


@pytest.mark.engine
async def test_what_really_happens_is_recorded_and_laid_beside(tmp_path: Path) -> None:
    with on_call(tmp_path / "here", first="both") as call:
        async with app_in(tmp_path).run_test(size=LARGE) as pilot:
            screen = call.screen(pilot)
            pilot.app.push_screen(screen)
            await until(pilot, lambda: screen._worker)
            assert screen._worker is not None
            await screen._worker.wait()  # as long as it takes
            said = f"what was recorded says the same, up to frame {len(FRAMES) - 1}"
            await shows(pilot, f"recorded, {len(FRAMES)} frames", said)
            await press(pilot, *["right"] * 6)
            await pilot.press("e")
            await typed(pilot, "total = 10")
            await shows(pilot, "≠   total = 10  recorded 0", "≠ other locals")
            await press(pilot, "R")
            await shows(pilot, "first difference at frame 6: other locals; a local was set at")


def test_the_command_line_opens_it(foretrace: CommandLine, tmp_path: Path) -> None:
    (foretrace.folder / "work.py").write_text(SOURCE)
    command = [sys.executable, "-m", "agent.cli", "tui", "--trace", "work.py", "--call"]
    with OnTerminal([*command, CALL], folder=foretrace.folder) as screen:
        screen.wait_for("predicted so far, 1 frame")
        screen.press("\x11")
        assert screen.end() == 0
    with OnTerminal([*command, "h(1)"], folder=foretrace.folder) as screen:
        screen.wait_for("work.py has no h")
        assert screen.end() == 2
    ended = foretrace("tui", "--trace", "work.py")
    assert ended.status == 2
    assert "--trace FILE and --call 'f(1)' belong together" in ended.err
