"""The batch screen, key by key, on batches as they lie on the disk."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.batch.control import Command
from agent.batch.lines import Lines
from agent.tui.screens.batch.screen import BatchScreen
from agent.tui.screens.batch.table import AttemptTable
from agent.tui.screens.batches.screen import BatchesScreen
from agent.tui.screens.compare.screen import CompareScreen
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.screens.run.screen import RunScreen
from agent.tui.widgets.keyhints import KeyHints
from scripts.draw_screens import clock
from tests.agent.tui.batched import UNREACHABLE, Batch, issues, mixed
from tests.agent.tui.samples import HOSTILE, issue
from tests.agent.tui.test_screens import faint, looks_like, size_name
from tests.agent.tui.watched import LARGE, SMALL, AppPilot, app_on, shows, text_of, until

STILL = pytest.mark.usefixtures("still")
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)


async def batch_screen(pilot: AppPilot) -> AttemptTable:
    """The table of the batch that was begun last, once it is filled."""
    await until(pilot, lambda: pilot.app.screen.query("#heading"))
    await pilot.press("B")
    await until(pilot, lambda: isinstance(pilot.app.screen, BatchesScreen))
    screen = pilot.app.screen
    assert isinstance(screen, BatchesScreen)
    await until(pilot, lambda: screen.table.current)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, BatchScreen))
    opened = pilot.app.screen
    assert isinstance(opened, BatchScreen)
    await until(pilot, lambda: opened.status)
    return opened.table


def bottom(pilot: AppPilot) -> str:
    """The lines of the hints."""
    hints = pilot.app.screen.query_one(KeyHints)
    return "\n".join(text_of(pilot).splitlines()[hints.region.y : hints.region.bottom])


def told(batch: Batch) -> list[tuple[str, int, str]]:
    """What the batch was told so far."""
    commands = Lines(Command, batch.folder.control).more()
    return [(each.do, each.number, each.issue) for each in commands]


def issues_in(table: AttemptTable) -> list[str]:
    return [row.attempt.issue for row in table._rows]


@pytest.fixture
def still() -> Iterator[None]:
    """A clock that stands still: what is drawn over time is the same however long a test takes."""
    with clock():
        yield


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Batches that this process runs until the test ends."""
    with ExitStack() as stack:
        yield stack


# What is shown ------------------------------------------------------------------------------------


@STILL
@SIZES
async def test_a_batch_at_work(tmp_path: Path, size: tuple[int, int], held: ExitStack) -> None:
    batch, live = mixed(tmp_path)
    held.enter_context(batch.at_work(*live))
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await batch_screen(pilot)
        await looks_like(pilot, "batch-running", tmp_path)
        await pilot.press("v")
        await shows(pilot, "minutes an attempt", "thousand tokens", "1 ServerUnreachable, 1 lost")
        await looks_like(pilot, "batch-figures", tmp_path)


@STILL
@SIZES
async def test_a_batch_that_nobody_runs(tmp_path: Path, size: tuple[int, int]) -> None:
    mixed(tmp_path)
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await batch_screen(pilot)
        await pilot.press("slash", *"fail 21", "enter")
        await looks_like(pilot, "batch-interrupted", tmp_path)
        assert "u Go on" in bottom(pilot)
        assert not any(each in bottom(pilot) for each in ("p Pause", "+ More", "e End"))


@STILL
@SIZES
async def test_a_batch_in_which_nothing_has_begun(tmp_path: Path, size: tuple[int, int]) -> None:
    batch = Batch(tmp_path / "batch-three", issues(3), ago=2)
    with batch.at_work():
        batch.says("waiting", "512 MiB of disk free, 2 GiB are wanted")
        async with app_on(tmp_path).run_test(size=size) as pilot:
            await batch_screen(pilot)
            await shows(pilot, "… waiting, 4 at once", "waiting: 512 MiB of disk free")
            await looks_like(pilot, "batch-empty", tmp_path)
            assert not any(each in bottom(pilot) for each in ("Open", "Again", "P Patch"))
            await pilot.press("enter", "r", "y", "P")
            assert isinstance(pilot.app.screen, BatchScreen)


@STILL
@SIZES
async def test_a_batch_that_has_ended(tmp_path: Path, size: tuple[int, int]) -> None:
    batch = Batch(tmp_path / "batch-two", issues(2), attempts=2)
    for number, attempt, kind in ((0, 1, "unresolved"), (0, 2, "resolved"), (1, 1, "resolved")):
        batch.run(number, kind, attempt=attempt, ago=1800 - 60 * attempt)
    batch.run(1, "unresolved", attempt=2, ago=900, took=3700)
    batch.says("ended")
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await batch_screen(pilot)
        await shows(pilot, "prices-1, attempt 2", "✓ ended", "4 of 4", "50% (15–85% of 4)")
        await looks_like(pilot, "batch-ended", tmp_path)
        assert "Go on" not in bottom(pilot)


@pytest.mark.parametrize("theme", ["foretrace-dark", "foretrace-light"])
async def test_every_sign_can_be_read(tmp_path: Path, theme: str, held: ExitStack) -> None:
    batch, live = mixed(tmp_path)
    held.enter_context(batch.at_work(*live))
    async with app_on(tmp_path).run_test(size=LARGE) as pilot:
        pilot.app.theme = theme
        await batch_screen(pilot)
        await until(pilot, lambda: not faint(pilot))
        await pilot.press("v")
        await shows(pilot, "minutes an attempt")
        await until(pilot, lambda: not faint(pilot))


@SIZES
async def test_hostile_text_is_shown_as_it_is(tmp_path: Path, size: tuple[int, int]) -> None:
    hostile = issue().model_copy(update={"id": "[red]a[/] \x1b[31m \u202e 漢字\n" + "x" * 9999})
    batch = Batch(tmp_path / "batch-[b]x", [hostile])
    folder = batch.run(0, "failed")
    result = (folder / "result.json").read_text()
    (folder / "result.json").write_text(result.replace(UNREACHABLE, "[link=x]\\u001b]0;t\\u0007"))
    batch.says("run", HOSTILE)
    async with app_on(tmp_path).run_test(size=size) as pilot:
        table = await batch_screen(pilot)
        await shows(pilot, "[red]a[/] \\x1b[31m", "batch-[b]x", "[bold red]not markup[/]")
        pieces = "".join(text for y in range(table.count()) for _, text in table.row(y))
        assert "\x1b" not in pieces + text_of(pilot)
        assert "\u202e" not in pieces + text_of(pilot)
        if size == LARGE:
            assert "[link=x]\\x1b]0;t\\x07" in pieces
        await pilot.press("r")
        await shows(pilot, "Do [red]a[/]")


# Keys ---------------------------------------------------------------------------------------------


async def test_the_cursor_stays_on_its_attempt(tmp_path: Path) -> None:
    batch, _ = mixed(tmp_path)
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        table = await batch_screen(pilot)
        last = table.count() - 1
        places = []
        for key in ("j", "down", "k", "up", "G", "g", "end", "home", "pagedown", "b", "space"):
            await pilot.press(key)
            places.append(table.cursor)
        page = table.size.height - 1
        assert places == [1, 2, 1, 0, last, 0, last, 0, page, 0, page]
        await pilot.press("down", "down")
        here, line = table.current, table.cursor - table.scroll_offset.y
        assert here is not None
        batch.run(30, "resolved", ago=5, took=4)
        await until(pilot, lambda: table.count() == last + 2)
        assert table.current is not None
        assert table.current.attempt == here.attempt
        assert table.cursor - table.scroll_offset.y == line
        await pilot.press("g")
        batch.run(31, "resolved", ago=4, took=4)
        await until(pilot, lambda: table.count() == last + 3)
        assert table.cursor == table.scroll_offset.y == 0


async def test_runs_are_filtered_sorted_and_searched(tmp_path: Path, held: ExitStack) -> None:
    batch, live = mixed(tmp_path)
    held.enter_context(batch.at_work(*live))
    async with app_on(tmp_path).run_test(size=LARGE) as pilot:
        table = await batch_screen(pilot)
        found = []
        for _ in range(6):
            await pilot.press("f")
            found.append(table.count())
        assert found == [3, 1, 13, 7, 2, 25]
        firsts = []
        for _ in range(6):
            await pilot.press("s")
            firsts.append(issues_in(table)[0])
        assert firsts[:4] == ["prices-23", "prices-23", "prices-17", "prices-17"]
        assert firsts[4:] == ["prices-1", "prices-25"]
        await pilot.press("slash")
        assert "Find" in bottom(pilot)
        await pilot.press(*"MODEL at")
        await until(pilot, lambda: issues_in(table) == ["prices-21"])
        await pilot.press("enter")
        await shows(pilot, "with “MODEL at”", f"prices-21: {UNREACHABLE} (ServerUnreachable)")
        await pilot.press("slash", "backspace", *"zzz")
        await shows(pilot, "No attempt is like that. Esc shows all.")
        assert "P Patch" not in bottom(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: table.count() == 25)
        assert isinstance(pilot.app.screen, BatchScreen)
        await pilot.press("f", "f", "escape")
        assert (table.count(), isinstance(pilot.app.screen, BatchScreen)) == (25, True)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchesScreen))


async def test_a_run_its_patch_and_its_other_attempts_are_opened(tmp_path: Path) -> None:
    batch = Batch(tmp_path / "batch-one", issues(1), attempts=2)
    batch.run(0, "unresolved", ago=300)
    newest = batch.run(0, "resolved", attempt=2, ago=200)
    async with app_on(tmp_path).run_test(size=LARGE, notifications=True) as pilot:
        await batch_screen(pilot)
        await pilot.press("y")
        await shows(pilot, "copied:")
        assert pilot.app.clipboard == str(newest)
        for key, kind in (("enter", RunScreen), ("P", PatchScreen), ("C", CompareScreen)):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(pilot.app.screen, kind))  # noqa: B023
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, BatchScreen))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchesScreen))


async def test_clicks_go_to_an_attempt_and_open_it(tmp_path: Path) -> None:
    mixed(tmp_path)
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        table = await batch_screen(pilot)
        await pilot.click("#batch-table", offset=(10, 3))
        assert table.cursor == 3
        await pilot.click("#batch-table", offset=(10, 3))
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))


async def test_in_place_of_the_figures_nothing_is_opened(tmp_path: Path) -> None:
    mixed(tmp_path)
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        table = await batch_screen(pilot)
        await pilot.press("v")
        await shows(pilot, "minutes an attempt", "shop/prices?label=bug")
        assert not any(each in bottom(pilot) for each in ("Open", "Again", "P Patch", "/ Search"))
        await pilot.press("enter", "r", "f", "s", "slash", "P")
        assert isinstance(pilot.app.screen, BatchScreen)
        await pilot.press("escape")
        await until(pilot, lambda: table.display)
        assert "minutes an attempt" not in text_of(pilot)
        await pilot.press("v", "v", "down")
        assert (table.cursor, table.count()) == (1, 25)


async def test_a_batch_is_told_what_keys_say(tmp_path: Path, held: ExitStack) -> None:
    batch, live = mixed(tmp_path)
    held.enter_context(batch.at_work(*live))
    async with app_on(tmp_path).run_test(size=LARGE, notifications=True) as pilot:
        await batch_screen(pilot)
        await pilot.press("plus", "plus", "minus", "equals_sign")
        await shows(pilot, "6 at once")
        await pilot.press("p")
        await shows(pilot, "held")
        batch.says("paused")
        await shows(pilot, "‖ paused")
        assert "paused: paused" not in text_of(pilot)
        await pilot.press("p")
        batch.says("resumed")
        await shows(pilot, "it goes on", "▸ running")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await shows(pilot, "Do prices-25 again?")
        await pilot.press("n", "r", "y", "e", "n", "e", "y")
        await shows(pilot, "it is done again", "it ends when those at work are done")
        assert told(batch) == [
            *(("concurrency", number, "") for number in (5, 6, 5, 6)),
            ("pause", 0, ""),
            ("resume", 0, ""),
            ("requeue", 0, "prices-25"),
            ("stop", 0, ""),
        ]


async def test_what_nobody_runs_is_only_done_again_later(tmp_path: Path) -> None:
    batch = Batch(tmp_path / "batch-one", issues(1))
    batch.run(0, "resolved")
    batch.says("ended")
    async with app_on(tmp_path).run_test(size=LARGE, notifications=True) as pilot:
        await batch_screen(pilot)
        await pilot.press("p", "plus", "e", "u")
        assert isinstance(pilot.app.screen, BatchScreen)
        await pilot.press("r", "y")
        await shows(pilot, "it is done again when the batch goes on", "… again", "u Go on")
        assert told(batch) == [("requeue", 0, "prices-1")]


async def test_a_coordinator_that_dies_is_seen(tmp_path: Path) -> None:
    batch, live = mixed(tmp_path)
    async with app_on(tmp_path).run_test(size=LARGE) as pilot:
        with batch.at_work(*live):
            await batch_screen(pilot)
            await until(pilot, lambda: "p Pause" in bottom(pilot))
        await shows(pilot, "† interrupted", "4 lost")
        await until(pilot, lambda: "p Pause" not in bottom(pilot))
        assert "u Go on" in bottom(pilot)


async def test_why_a_batch_that_was_started_here_gave_up_is_told(tmp_path: Path) -> None:
    Batch(tmp_path / "batch-one", issues(1))
    log = tmp_path / "started" / "batch-one.log"
    log.parent.mkdir()
    log.write_text("began: x\nforetrace: cannot write [b]here[/b]: \x1b[31mNo space left\nhint\n")
    async with app_on(tmp_path).run_test(size=LARGE) as pilot:
        await batch_screen(pilot)
        await shows(pilot, "interrupted: cannot write [b]here[/b]: \\x1b[31mNo space left")
        os.utime(log, (1.7e9, 1.7e9))
        await until(pilot, lambda: "No space left" not in text_of(pilot))


async def test_a_batch_that_cannot_go_on_says_why(tmp_path: Path) -> None:
    batch = Batch(tmp_path / "batch-one", issues(1))
    async with app_on(tmp_path).run_test(size=LARGE, notifications=True) as pilot:
        await batch_screen(pilot)
        batch.folder.record.write_text("{}")
        await pilot.press("u")
        await shows(pilot, "is not a batch's")


@SIZES
async def test_every_key_is_on_the_screen_and_in_the_help(
    tmp_path: Path, size: tuple[int, int], held: ExitStack
) -> None:
    batch, live = mixed(tmp_path)
    held.enter_context(batch.at_work(*live))
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await batch_screen(pilot)
        hints = pilot.app.screen.query_one(KeyHints)
        for key, words, _ in hints._hints():
            await until(pilot, lambda: f"{key} {words}" in bottom(pilot))  # noqa: B023
        await pilot.press("question_mark")
        await shows(pilot, "Many issues, worked on at once", "Start nothing new, or go on")


async def test_a_thousand_attempts_are_a_screenful(tmp_path: Path) -> None:
    batch = Batch(tmp_path / "batch-many", issues(1001))
    first = batch.run(0, "resolved")
    for number in range(2, 1001):
        copy = shutil.copytree(first, batch.folder.runs / f"{number:05}")
        for name in ("run.json", "result.json"):
            text = (copy / name).read_text().replace("prices-1", f"prices-{number}")
            (copy / name).write_text(text)
            os.utime(copy / name, (1.7e9 + number, 1.7e9 + number))
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        table = await batch_screen(pilot)
        await until(pilot, lambda: table.count() == 1000)
        table.refresh()
        await pilot.pause()
        assert len(table._strips) <= table.size.height
        await pilot.press("G", "slash", *"prices-777", "enter")
        await until(pilot, lambda: issues_in(table) == ["prices-777"])
        await pilot.press("escape", "v")
        await shows(pilot, "minutes an attempt")
