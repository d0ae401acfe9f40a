"""The run screen, key by key: runs on the disk, runs that grow, and hostile text."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.events import Acted, Answered, Said, Steered
from agent.trajectory import Trajectory
from agent.tui.control import CONTROL, STEERED, Listening, Request
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.screens.dialogs.text import AskText
from agent.tui.screens.pager.screen import PagerScreen
from agent.tui.screens.patch.screen import PatchScreen
from tests.agent.tui.samples import HOSTILE, PATCH, beginning, ending, issue, work, write_run
from tests.agent.tui.watched import LARGE, SMALL, AppPilot, app_on, opened, shows, text_of, until


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    events = [*beginning(issue()), *work(), *ending()]
    return write_run(tmp_path, issue(), events, name="20260101-a")


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Trajectory]:
    """A run that this process writes, and that listens."""
    folder = write_run(tmp_path, issue(), [*beginning(issue()), *work()], name="20260101-a")
    (folder / STEERED).write_text(Listening(token="t").model_dump_json())
    with Trajectory(folder / "events.jsonl") as log:
        yield log


def said(log: Trajectory) -> list[Request]:
    """What the screen asked of a run."""
    path = log.path.parent / CONTROL
    lines = path.read_text().splitlines() if path.exists() else []
    return [Request.model_validate(json.loads(line)) for line in lines]


async def at_step(pilot: AppPilot, log: Trajectory) -> None:
    await opened(pilot)
    await until(pilot, lambda: "asks before" in text_of(pilot))


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_a_run_that_has_ended_is_shown_with_its_end(
    finished: Path, size: tuple[int, int]
) -> None:
    async with app_on(finished.parent, finished).run_test(size=size) as pilot:
        await opened(pilot)
        await shows(pilot, "✓ resolved", "prices-1", "step 4", "18.0k tokens", "$0.05", "4/128")
        await shows(pilot, "3/3 tests pass", "the patch resolves", "? Help", "P Patch", "esc Back")
        text = text_of(pilot)
        assert all(len(line) <= size[0] for line in text.splitlines())
        assert ("+    if value > high:" in text) == (size == LARGE)  # beside the list
        assert "p Pause" not in text
        assert "x Stop" not in text


async def test_the_cursor_goes_from_entry_to_entry(finished: Path) -> None:
    async with app_on(finished.parent, finished).run_test(size=SMALL) as pilot:
        events = (await opened(pilot)).events
        last = len(events.entries) - 1
        assert (events.cursor, events.following) == (last, True)
        await pilot.press("home")
        assert (events.cursor, events.scroll_offset.y, events.following) == (0, 0, False)
        for key, cursor in (("down", 1), ("j", 2), ("k", 1), ("up", 0), ("up", 0)):
            await pilot.press(key)
            assert events.cursor == cursor
        await pilot.press("right_square_bracket")
        assert events.entries[events.cursor].head.startswith("bash")
        await pilot.press("right_square_bracket", "right_square_bracket", "left_square_bracket")
        assert events.entries[events.cursor].head.startswith("test")
        await pilot.press("G")
        assert (events.cursor, events.following) == (last, True)
        await pilot.press("pageup")
        assert not events.following
        assert 0 < events.cursor < last
        await pilot.press("pagedown", "pagedown")
        assert events.cursor == last


async def test_what_is_folded_unfolds_and_folds(finished: Path) -> None:
    async with app_on(finished.parent, finished).run_test(size=SMALL) as pilot:
        events = (await opened(pilot)).events
        await pilot.press("home", "down", "down", "down")
        await shows(pilot, "~ The second comparison is the wrong way round")
        assert "I should run" not in text_of(pilot)
        await pilot.press("enter")
        await shows(pilot, "I should run the failing tests first", "for this reason and no")
        rows = events.count()
        await pilot.press("enter")
        assert "for this reason" not in text_of(pilot)
        await pilot.press("down", "down", "space")
        assert events.count() > rows
        await shows(pilot, "assert clamp(6, 0, 9)")
        await pilot.press("E")
        assert events.count() < rows
        assert "assert clamp(6, 0, 9)" not in text_of(pilot)


async def test_all_of_it_is_in_the_pager(finished: Path) -> None:
    async with app_on(finished.parent, finished).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("home", *["down"] * 5, "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, PagerScreen))
        await shows(pilot, "step 1: done", "40 lines")
        await pilot.press("G")
        await shows(pilot, "assert clamp(39, 0, 9)")
        await pilot.press("q")
        await opened(pilot)


async def test_patch_and_tests_have_a_key(finished: Path) -> None:
    async with app_on(finished.parent, finished).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
        await shows(pilot, "if value > high:")
        await pilot.press("y")
        assert pilot.app.clipboard == PATCH
        await pilot.press("escape")
        await opened(pilot)
        await pilot.press("t")
        await shows(pilot, "3/3 tests pass", "✓ passed   tests/test_prices.py::test_above")


async def test_texts_are_found_in_both_directions(finished: Path) -> None:
    async with app_on(finished.parent, finished).run_test(size=SMALL, notifications=True) as pilot:
        events = (await opened(pilot)).events
        await pilot.press("home", "slash", *"assert 11", "enter")
        first = events.cursor
        assert "assert 11 == 9" in events.entries[first].body
        await pilot.press("ctrl+u", *"passed", "enter", "enter")
        await pilot.press("escape")
        assert events.has_focus
        after = events.cursor
        await pilot.press("f3")
        assert events.cursor != after
        await pilot.press("shift+f3")
        assert events.cursor == after
        await pilot.press("slash", *"nowhere", "enter")
        await shows(pilot, "not found")


async def test_what_is_folded_away_is_found_and_copied_whole(finished: Path) -> None:
    async with app_on(finished.parent, finished).run_test(size=SMALL, notifications=True) as pilot:
        events = (await opened(pilot)).events
        await pilot.press("home", "slash", *"CLAMP(37,", "enter", "escape")
        entry = events.entries[events.cursor]
        assert (entry.step, entry.light) == (1, True)
        assert "clamp(37" not in entry.body
        await pilot.press("Y")
        assert pilot.app.clipboard.count("\n") == 39
        assert "clamp(37, 0, 9)" in pilot.app.clipboard
        # Where the trajectory is gone, what is in sight is what there is.
        (finished / "events.jsonl").unlink()
        await pilot.press("Y", "enter")
        assert pilot.app.clipboard.count("\n") == 4
        await shows(pilot, "assert clamp(4, 0, 9)")


async def test_an_entry_is_copied_and_escape_leaves(finished: Path) -> None:
    async with app_on(finished.parent, finished).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("Y")
        assert pilot.app.clipboard.startswith("2 failing test(s) pass now")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_a_run_is_followed_as_it_grows(growing: Trajectory) -> None:
    folder = growing.path.parent
    async with app_on(folder.parent, folder).run_test(size=SMALL) as pilot:
        events = (await opened(pilot)).events
        await shows(pilot, "▸ working", "▼ following")
        growing.append(Acted(step=5, tool="bash", argument="echo newest"))
        await shows(pilot, "5 ▸ bash  echo newest", "step 5")
        for number in range(50):
            growing.append(Said(role="run", text=f"word {number}"))
        await shows(pilot, "word 49")
        assert events.cursor == len(events.entries) - 1


async def test_who_scrolled_up_stays_there(growing: Trajectory) -> None:
    folder = growing.path.parent
    async with app_on(folder.parent, folder).run_test(size=SMALL) as pilot:
        events = (await opened(pilot)).events
        await pilot.press("pageup")
        before = (events.scroll_offset.y, events.cursor)
        body = text_of(pilot).splitlines()[3:-4]
        for number in range(50):
            growing.append(Said(role="run", text=f"word {number}"))
        await until(pilot, lambda: events.entries[-1].body == "word 49")
        await shows(pilot, "below, End follows")
        assert (events.scroll_offset.y, events.cursor) == before
        assert [line[:78] for line in text_of(pilot).splitlines()[3:-4]] == [
            line[:78] for line in body
        ]
        await pilot.press("end")
        await shows(pilot, "word 49", "▼ following")


async def test_the_wheel_leaves_the_end_and_comes_back(growing: Trajectory) -> None:
    folder = growing.path.parent
    async with app_on(folder.parent, folder).run_test(size=SMALL) as pilot:
        events = (await opened(pilot)).events
        events.scroll_relative(y=-5, animate=False)
        await until(pilot, lambda: not events.following)
        events.scroll_relative(y=5, animate=False)
        await until(pilot, lambda: events.following)


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_hostile_text_is_only_text(growing: Trajectory, size: tuple[int, int]) -> None:
    growing.append(Acted(step=5, tool="[red]bash\x1b[0m", argument=HOSTILE, thought=HOSTILE))
    growing.append(Answered(step=5, tool="bash", ok=True, output=HOSTILE))
    growing.append(Steered(what="asking", step=5, tool="[b]x", argument=HOSTILE))
    folder = growing.path.parent
    async with app_on(folder.parent, folder).run_test(size=size) as pilot:
        events = (await opened(pilot)).events
        await shows(pilot, "[bold red]not markup[/]", "\\x1b[31mred", "wants to run [b]x")
        await pilot.press("up", "enter", "up", "enter", "up", "enter")
        text = text_of(pilot)
        assert not set(text) & set("\x1b\x07\x00\u202e\r\t")
        await pilot.press("down", "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, PagerScreen))
        await pilot.press("w", "G", "w", "G")
        await shows(pilot, "the end")
        await pilot.press("escape")
        await opened(pilot)
        assert events.find("not markup", 1)


async def test_ten_thousand_events_are_one_widget(tmp_path: Path) -> None:
    events = [*beginning(issue()), *(Said(role="run", text=f"word {n}") for n in range(10_000))]
    folder = write_run(tmp_path, issue(), events, name="20260101-a")
    async with app_on(tmp_path, folder).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert len(screen.events.entries) == 10_003
        assert len(screen.query("*")) < 30
        await shows(pilot, "word 9999")
        await pilot.press("home")
        await shows(pilot, "the cwm policy begins")


async def test_lines_that_are_no_events_are_told_of(finished: Path) -> None:
    with (finished / "events.jsonl").open("ab") as file:
        file.write(b'{"id": 99, "type": "of a later version", "data": {}, "time": 1}\nnot json\n')
    async with app_on(finished.parent, finished).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await shows(pilot, "the patch resolves", "2 unreadable line(s)")


async def test_unfolded_text_is_broken_anew_at_another_width(finished: Path) -> None:
    async with app_on(finished.parent, finished).run_test(size=LARGE) as pilot:
        events = (await opened(pilot)).events
        await pilot.press("home", "down", "down", "down", "enter")
        wide = events.count()
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: events.count() > wide)
        await shows(pilot, "The second comparison")
        await pilot.resize_terminal(*LARGE)
        await until(pilot, lambda: events.count() == wide)


# Steering ---------------------------------------------------------------------------------------


async def test_a_run_that_does_not_listen_has_no_such_keys(growing: Trajectory) -> None:
    folder = growing.path.parent
    (folder / STEERED).unlink()
    async with app_on(folder.parent, folder).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await shows(pilot, "watching only", "x Stop")
        await pilot.press("p", "i", "m", "S")
        assert not (folder / CONTROL).exists()
        assert "p Pause" not in text_of(pilot)


async def test_pause_interrupt_and_mode_are_asked_for(growing: Trajectory) -> None:
    folder = growing.path.parent
    async with app_on(folder.parent, folder).run_test(size=SMALL) as pilot:
        await at_step(pilot, growing)
        await pilot.press("p", "i", "c")
        assert [each.do for each in said(growing)] == ["pause", "interrupt", "confirm"]
        assert said(growing)[2].text == "writes"
        growing.append(Steered(what="pausing"))
        await shows(pilot, "‖ pausing", "pauses before its next action")
        growing.append(Steered(what="confirm", text="writes"))
        growing.append(Steered(what="paused"))
        await shows(pilot, "‖ paused", "paused: p goes on", "asks before: what may write")
        await pilot.press("p", "c")
        assert [(each.do, each.text) for each in said(growing)[3:]] == [
            ("resume", ""),
            ("confirm", "all"),
        ]
        assert "was stopped" not in text_of(pilot)
        growing.append(Steered(what="interrupted"))
        await shows(pilot, "the running command was stopped")


async def test_a_message_is_typed_and_sent(growing: Trajectory) -> None:
    folder = growing.path.parent
    async with app_on(folder.parent, folder).run_test(size=SMALL) as pilot:
        await at_step(pilot, growing)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
        await pilot.press(*"try [b]", "enter", *"this", "ctrl+s")
        await opened(pilot)
        assert [(each.do, each.text) for each in said(growing)] == [("message", "try [b]\nthis")]
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
        await pilot.press(*"no", "escape")
        await opened(pilot)
        assert len(said(growing)) == 1


@pytest.mark.parametrize(("key", "do"), [("S", "submit")])
async def test_ending_it_asks_first(growing: Trajectory, key: str, do: str) -> None:
    folder = growing.path.parent
    async with app_on(folder.parent, folder).run_test(size=SMALL) as pilot:
        await at_step(pilot, growing)
        for answer, count in (("n", 0), ("y", 1)):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
            await pilot.press(answer)
            await opened(pilot)
            assert len(said(growing)) == count
        assert said(growing)[0].do == do


async def test_stopping_can_be_thought_better_of(growing: Trajectory) -> None:
    folder = growing.path.parent
    async with app_on(folder.parent, folder).run_test(size=SMALL) as pilot:
        await at_step(pilot, growing)
        await pilot.press("x")
        await shows(pilot, "Stop the run?")
        await pilot.press("escape")  # the process would be this one
        await opened(pilot)


ASKS = Steered(what="asking", step=5, tool="bash", argument="rm -r build\ngit add -A\nls\npwd\n")


@pytest.mark.parametrize(
    ("keys", "request_said"),
    [
        (("y",), {"do": "allow", "step": 5}),
        (("a",), {"do": "allow", "step": 5, "always": True}),
        (("n", *"not so", "ctrl+s"), {"do": "refuse", "step": 5, "text": "not so"}),
        (("n", "ctrl+s"), {"do": "refuse", "step": 5, "text": ""}),
        (
            ("e", "ctrl+a", "ctrl+k", *"ls", "ctrl+s"),
            {"do": "allow", "step": 5, "argument": "rm -r build\ngit add -A\nls\npwd\nls"},
        ),
    ],
)
async def test_a_call_that_waits_is_answered(
    growing: Trajectory, keys: tuple[str, ...], request_said: dict[str, object]
) -> None:
    folder = growing.path.parent
    async with app_on(folder.parent, folder).run_test(size=SMALL) as pilot:
        await at_step(pilot, growing)
        assert "y Run it" not in text_of(pilot)
        growing.append(ASKS)
        await shows(pilot, "? asks you", "step 5 wants to run bash", "│ rm -r build", "y Run it")
        await shows(pilot, "1 more: v")
        await pilot.press(*keys)
        await opened(pilot)
        (request,) = said(growing)
        assert request == Request.model_validate({"id": request.id, **request_said})
        growing.append(Steered(what="allowed", step=5))
        await until(pilot, lambda: "wants to run" not in text_of(pilot))


async def test_a_long_call_is_viewed_whole_and_an_answer_thought_better_of(
    growing: Trajectory,
) -> None:
    folder = growing.path.parent
    growing.append(ASKS)
    async with app_on(folder.parent, folder).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await shows(pilot, "wants to run")
        await pilot.press("v")
        await shows(pilot, "step 5: bash", "pwd")
        await pilot.press("q")
        await opened(pilot)
        for key in ("n", "e"):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
            await pilot.press("escape")
            await opened(pilot)
        assert said(growing) == []
