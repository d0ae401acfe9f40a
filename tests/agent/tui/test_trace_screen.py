"""The trace screen on the predictions of a run: what it shows, key by key and by mouse."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.geometry import Offset

from agent.tui.screens.help.screen import HelpScreen
from agent.tui.screens.pager.screen import PagerScreen
from agent.tui.screens.run.screen import RunScreen
from agent.tui.screens.trace.asking import AskCall
from agent.tui.screens.trace.choosing import ChoosePrediction
from agent.tui.screens.trace.framelist import FrameList
from agent.tui.screens.trace.screen import TraceScreen
from agent.tui.screens.trace.sourceview import SourceView
from agent.tui.screens.trace.timeline import Timeline
from agent.tui.screens.trace.variablelist import VariableList
from agent.tui.themes import DARK, LIGHT
from tests.agent.tui.samples import HOSTILE, beginning, ending, issue, work, write_run
from tests.agent.tui.test_screens import compare, faint, size_name
from tests.agent.tui.traced import foretold_run, happened, mistaken, opened_on, press
from tests.agent.tui.watched import LARGE, SMALL, app_on, opened, shows, text_of, until

HAPPENED = happened()
WRONG = mistaken(HAPPENED, "append(price)", price="7")
APART = next(n for n, (a, b) in enumerate(zip(WRONG, HAPPENED, strict=True)) if a != b)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with a wrong prediction and a right one."""
    return foretold_run(tmp_path, (WRONG, HAPPENED), (HAPPENED, HAPPENED))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)
async def test_what_it_looks_like(run: Path, size: tuple[int, int]) -> None:
    async with app_on(run.parent).run_test(size=size) as pilot:
        await opened_on(pilot, run)
        compare(f"trace-{size_name(size)}", text_of(pilot))
        await press(pilot, "d")
        compare(f"trace-apart-{size_name(size)}", text_of(pilot))
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosePrediction))
        compare(f"trace-choose-{size_name(size)}", text_of(pilot))
        await pilot.press("escape", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskCall))
        compare(f"trace-call-{size_name(size)}", text_of(pilot))


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
async def test_every_sign_can_be_read(run: Path, theme: str) -> None:
    async with app_on(run.parent).run_test(size=LARGE) as pilot:
        pilot.app.theme = theme
        await opened_on(pilot, run)
        await press(pilot, "d")
        await press(pilot, "t")
        assert faint(pilot) == []
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskCall))
        assert faint(pilot) == []


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)
async def test_nothing_that_must_be_pressed_is_off_the_screen(
    run: Path, size: tuple[int, int]
) -> None:
    async with app_on(run.parent).run_test(size=size) as pilot:
        await opened_on(pilot, run)
        text = text_of(pilot)
        keys = ("? Help", "s Step", "n Next", "o Out", "b Back", "r Run", "t Break", "e Set")
        assert all(key in text for key in (*keys, "R Real", "X Reset", "esc Leave", "d Difference"))
        assert "x Stop" not in text
        assert all(len(line) <= size[0] for line in text.splitlines())


async def test_the_first_difference_is_told_by_signs_and_words(run: Path) -> None:
    async with app_on(run.parent).run_test(size=LARGE) as pilot:
        screen = await opened_on(pilot, run)
        await shows(
            pilot,
            "fail predicted (0.75), wrongly: it passed",
            "predicted to the end, ",
            "recorded, ",
        )
        assert "≠" in text_of(pilot).splitlines()[-3]  # on the timeline
        await press(pilot, "d")
        assert screen.query_one(FrameList).cursor == APART
        await shows(pilot, "≠ other locals", "≠   price = 7  recorded 1", "▶")
        await press(pilot, "D")
        await shows(pilot, "nothing differs after this")


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        (("right", "right", "left"), 1),
        (("right_square_bracket",), 10),
        (("right_square_bracket", "left_square_bracket"), 0),
        (("down", "j", "k", "up", "down"), 1),
        (("end",), len(HAPPENED) - 1),
        (("G", "g"), 0),
        (("end", "home"), 0),
        (("pagedown", "pageup"), 0),
        (("left",), 0),
    ],
)
async def test_frames_are_gone_through_by_keys(run: Path, keys: tuple[str, ...], at: int) -> None:
    async with app_on(run.parent).run_test(size=SMALL) as pilot:
        screen = await opened_on(pilot, run)
        await press(pilot, *keys)
        assert screen.query_one(FrameList).cursor == at
        await shows(pilot, f"{at + 1}/{len(HAPPENED)}")
        place = HAPPENED[at].place
        assert place is not None
        assert screen.query_one(SourceView).cursor == place.line


async def test_the_timeline_is_scrubbed_with_the_mouse(run: Path) -> None:
    async with app_on(run.parent).run_test(size=LARGE) as pilot:
        screen = await opened_on(pilot, run)
        timeline, frames = screen.query_one(Timeline), screen.query_one(FrameList)
        cells = timeline._cells() // len(HAPPENED)
        await pilot.mouse_down(timeline, offset=Offset(5 * cells, 0))
        await pilot.hover(timeline, offset=Offset(9 * cells, 1))
        await pilot.mouse_up(timeline, offset=Offset(9 * cells, 1))
        await until(pilot, lambda: frames.cursor == 9)
        await pilot.hover(timeline, offset=Offset(2 * cells, 0))
        assert frames.cursor == 9  # let go
        await pilot.click(frames, offset=Offset(20, 3))
        await until(pilot, lambda: frames.cursor == 3)


async def test_variables_are_unfolded_viewed_and_copied(run: Path) -> None:
    async with app_on(run.parent).run_test(size=LARGE) as pilot:
        screen = await opened_on(pilot, run)
        variables = screen.query_one(VariableList)
        await press(pilot, "d", "shift+tab")
        assert variables.has_focus
        at = next(n for n, node in enumerate(variables.nodes) if node.name == "result")
        await press(pilot, *["j"] * at, "enter")
        await shows(pilot, "['sum'] = 1  was 0", "['items'] = []")
        await press(pilot, "right", "right")  # still unfolded at other frames
        await shows(pilot, "['items'] = [1]")
        await press(pilot, "y")
        assert pilot.app.clipboard.startswith("{'sum': 1, 'items': [1]}")
        await pilot.press("v")
        await until(pilot, lambda: isinstance(pilot.app.screen, PagerScreen))
        await shows(pilot, "{'sum': 1, 'items': [1]}")
        await pilot.press("q")
        await press(pilot, "space", "G")
        assert "['sum']" not in text_of(pilot)


async def test_callers_and_their_variables_are_a_key_away(run: Path) -> None:
    async with app_on(run.parent).run_test(size=LARGE) as pilot:
        screen = await opened_on(pilot, run)
        await press(pilot, "d")
        await shows(pilot, "▾ total  line 5", "▸ test_total  line 10")
        variables = screen.query_one(VariableList)
        variables.focus()
        await press(pilot, "pagedown", "home", "end", "g", "G", "k", "j", "enter")
        await shows(pilot, "▾ test_total  line 10")
        await pilot.click(variables, offset=Offset(4, 0))
        await shows(pilot, "▸ total  line 5")


async def test_a_frame_is_viewed_in_full(run: Path) -> None:
    async with app_on(run.parent).run_test(size=SMALL) as pilot:
        await opened_on(pilot, run)
        await press(pilot, "d")
        await pilot.press("v")
        await until(pilot, lambda: isinstance(pilot.app.screen, PagerScreen))
        await shows(pilot, "predicted: line at line 5", "price = 7", "recorded: line", "rate = 0.5")


async def test_another_prediction_is_chosen(run: Path) -> None:
    async with app_on(run.parent).run_test(size=LARGE) as pilot:
        screen = await opened_on(pilot, run)
        await shows(pilot, "step 1: fail predicted")
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosePrediction))
        await pilot.press("j", "k", "j", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await shows(pilot, "step 2: fail predicted")
        await press(pilot, "d")
        await shows(pilot, "no difference was found")


async def test_what_was_predicted_can_be_debugged_without_a_model(run: Path) -> None:
    async with app_on(run.parent).run_test(size=LARGE) as pilot:
        screen = await opened_on(pilot, run)
        frames = screen.query_one(FrameList)
        await press(pilot, "s", "s")
        assert frames.cursor == 2
        await press(pilot, "o")
        assert frames.tracks.predicted[frames.cursor].kind == "return"
        await press(pilot, "r", "s")
        await shows(pilot, "! the trace is over; back, goto and reset go on from here")
        await press(pilot, "R")
        await shows(pilot, f"first difference at frame {APART}: other locals")


async def test_escape_goes_back_and_the_run_opens_it(run: Path) -> None:
    async with app_on(run.parent, run).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("T")
        await until(pilot, lambda: isinstance(pilot.app.screen, TraceScreen))
        await shows(pilot, "wrongly: it passed")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await shows(pilot, "A program's execution, frame by frame")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))


async def test_a_run_without_predictions_says_so(tmp_path: Path) -> None:
    folder = write_run(tmp_path, issue(), [*beginning(issue()), *work(), *ending()], name="a")
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        await opened_on(pilot, folder)
        await shows(pilot, "nothing was predicted in this run; c opens a call or a test")
        await press(
            pilot, "s", "d", "v", "y", "e", "escape", "t", "right", "end", "tab", "down", "s"
        )
        await shows(pilot, "! nothing is opened; c opens a call")


# Without a time: a test is known by its arguments.
_CUT_OFF = gzip.compress(b"{\n[]\n\xff", mtime=0)[:-9]


@pytest.mark.parametrize("content", [b"", b"no gzip", _CUT_OFF, None])
async def test_traces_that_cannot_be_read_are_empty(run: Path, content: bytes | None) -> None:
    for path in (run / "traces").iterdir():
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
    async with app_on(run.parent).run_test(size=SMALL) as pilot:
        await opened_on(pilot, run)
        await shows(pilot, "no frame")
        await press(pilot, "s")
        await shows(pilot, "! nothing is predicted here")


async def test_what_never_ran_has_one_side(tmp_path: Path) -> None:
    run = foretold_run(tmp_path, (HAPPENED, ()))
    async with app_on(tmp_path).run_test(size=LARGE) as pilot:
        await opened_on(pilot, run)
        assert "│" not in text_of(pilot)
        await press(pilot, "d")
        await shows(pilot, "! there is one trace only; R records the other")
        await press(pilot, "R")
        await shows(pilot, "! nothing was recorded of it: the test did not run")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)
async def test_nothing_hostile_reaches_the_terminal(tmp_path: Path, size: tuple[int, int]) -> None:
    evil = mistaken(HAPPENED, "append(price)", price=HOSTILE, rate=repr(HOSTILE))
    evil = tuple(
        replace(frame, locals={**frame.locals, "[bold]x[/]\x1b[31m": HOSTILE, "漢字": "é́́́"})
        if frame.locals
        else replace(frame, value=HOSTILE)
        for frame in evil
    )
    source = f"# [red]{HOSTILE}\n\t# \x1b]0;x\x07\u202e\n" + "def test_total(): pass\n"
    run = foretold_run(tmp_path, (evil, HAPPENED), source=source, test="t.py::[b]\x1b[31mevil")
    async with app_on(tmp_path).run_test(size=size) as pilot:
        screen = await opened_on(pilot, run)
        for keys in (("d",), ("end",), ("shift+tab", "pagedown", "enter"), ("G",)):
            await press(pilot, *keys)
            text = text_of(pilot)
            assert not any(
                ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in text if sign != "\n"
            )
            assert "\u202e" not in text
            assert all(cell_len(line) <= size[0] for line in text.splitlines())
        screen.query_one(FrameList).focus()
        await press(pilot, "home", "right", "right")
        await pilot.press("v")
        await until(pilot, lambda: isinstance(pilot.app.screen, PagerScreen))
        await shows(pilot, "\\x1b[31m")
