"""The batches screen and what is begun and compared from it, key by key."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.batch.folder import BatchFolder
from agent.tui.batches import Wanted
from agent.tui.screens.batch.screen import BatchScreen
from agent.tui.screens.batches.beginning import BeginBatch
from agent.tui.screens.batches.compared import PairTable, WonAndLost
from agent.tui.screens.batches.screen import BatchesScreen
from agent.tui.screens.batches.table import BatchTable
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.compare.screen import CompareScreen
from agent.tui.screens.run.screen import RunScreen
from agent.tui.widgets.keyhints import KeyHints
from tests.agent.tui.batched import Batch, issues, mixed
from tests.agent.tui.samples import HOSTILE, issue
from tests.agent.tui.test_batch_screen import SIZES, STILL, bottom, held, still
from tests.agent.tui.test_screens import faint, looks_like
from tests.agent.tui.watched import LARGE, SMALL, AppPilot, app_on, shows, text_of, until

__all__ = ["held", "still"]  # fixtures


async def batches_screen(pilot: AppPilot) -> BatchTable:
    """The table of batches."""
    await until(pilot, lambda: pilot.app.screen.query("#heading"))
    await pilot.press("B")
    await until(pilot, lambda: isinstance(pilot.app.screen, BatchesScreen))
    screen = pilot.app.screen
    assert isinstance(screen, BatchesScreen)
    await shows(pilot, "Batches in ")
    return screen.table


async def beginning(pilot: AppPilot) -> BeginBatch:
    """The dialog that begins a batch."""
    await batches_screen(pilot)
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, BeginBatch))
    dialog = pilot.app.screen
    assert isinstance(dialog, BeginBatch)
    return dialog


def several(out: Path) -> tuple[Batch, list[Path]]:
    """A batch at work, one that has ended and one that was held."""
    ended = Batch(out / "batch-ended", issues(5), ago=90_000)
    for number, kind in enumerate(("resolved", "unresolved", "resolved", "unresolved", "resolved")):
        ended.run(number, kind, ago=89_000)
    ended.says("ended")
    Batch(out / "batch-killed", issues(3), ago=80_000).run(0, "lost")
    return mixed(out)


def two(out: Path) -> None:
    """Batches of the same issues, the second of which lost one and won two."""
    first, second = (
        Batch(out / name, issues(8), attempts=2, ago=ago)
        for name, ago in (("before", 9000), ("after", 5000))
    )
    for number, kinds in enumerate(
        [
            ("unresolved", "resolved"),
            ("unresolved", "resolved"),
            ("resolved", "unresolved"),
            ("resolved", "resolved"),
            ("unresolved", "unresolved"),
            ("unresolved", "failed"),
        ]
    ):
        first.run(number, kinds[0], ago=8000, took=61 * (number + 1))
        second.run(number, kinds[1], ago=4000, took=3700 - 601 * number)
    second.run(0, "unresolved", attempt=2, ago=3000)
    first.run(6, "lost")


async def compared(pilot: AppPilot) -> PairTable:
    """Both batches side by side."""
    await batches_screen(pilot)
    await until(pilot, lambda: "after" in text_of(pilot))
    await pilot.press("space", "space", "c")
    await until(pilot, lambda: isinstance(pilot.app.screen, WonAndLost))
    await shows(pilot, "by chance")
    return pilot.app.screen.query_one(PairTable)


# What is shown ------------------------------------------------------------------------------------


@STILL
@SIZES
async def test_batches(tmp_path: Path, size: tuple[int, int], held: ExitStack) -> None:
    batch, live = several(tmp_path)
    held.enter_context(batch.at_work(*live))
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await batches_screen(pilot)
        await shows(pilot, "▸ running", "✓ ended", "† interrupted")
        await pilot.press("space")
        await looks_like(pilot, "batches", tmp_path)
        await pilot.press("n")
        await looks_like(pilot, "batches-begin", tmp_path)


@SIZES
async def test_no_batches(tmp_path: Path, size: tuple[int, int]) -> None:
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await batches_screen(pilot)
        await looks_like(pilot, "batches-none", tmp_path)
        assert not any(each in bottom(pilot) for each in ("Open", "Mark", "Compare"))
        await pilot.press("enter", "space", "c", "down")
        assert isinstance(pilot.app.screen, BatchesScreen)
        Batch(tmp_path / "batch-new", issues(1))
        await shows(pilot, "batch-new")
        assert "⏎ Open" in bottom(pilot)


@SIZES
async def test_batches_compared(tmp_path: Path, size: tuple[int, int]) -> None:
    two(tmp_path)
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await compared(pilot)
        await looks_like(pilot, "batches-compared", tmp_path)


@pytest.mark.parametrize("theme", ["foretrace-dark", "foretrace-light"])
async def test_every_sign_can_be_read(tmp_path: Path, theme: str) -> None:
    two(tmp_path)
    async with app_on(tmp_path).run_test(size=LARGE) as pilot:
        pilot.app.theme = theme
        await compared(pilot)
        await until(pilot, lambda: not faint(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: not faint(pilot))
        await pilot.press("n")
        await until(pilot, lambda: not faint(pilot))


@SIZES
async def test_hostile_text_is_shown_as_it_is(tmp_path: Path, size: tuple[int, int]) -> None:
    hostile = issue().model_copy(update={"id": HOSTILE[:200]})
    for name in ("a[red] \x1b[31m \u202e漢字", "b[b] \x07"):
        Batch(tmp_path / name, [hostile]).run(0, "resolved")
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await batches_screen(pilot)
        await shows(pilot, "a[red] \\x1b[31m", "b[b] \\x07")
        await pilot.press("space", "space", "c")
        await shows(pilot, "= both", "[bold red]")
        assert not {"\x1b", "\x07", "\u202e"} & set(text_of(pilot))


# Keys ---------------------------------------------------------------------------------------------


async def test_a_batch_is_opened_and_left(tmp_path: Path) -> None:
    several(tmp_path)
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        table = await batches_screen(pilot)
        await until(pilot, lambda: table.count() == 3)
        places = []
        for key in ("j", "down", "k", "up", "G", "g", "end", "home"):
            await pilot.press(key)
            places.append(table.cursor)
        assert places == [1, 2, 1, 0, 2, 0, 2, 0]
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchScreen))
        await shows(pilot, "batch-killed")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchesScreen))
        await pilot.click("#batches-table", offset=(8, 2))
        assert table.cursor == 2
        await pilot.click("#batches-table", offset=(8, 2))
        await shows(pilot, "batch-ended", "✓ ended")
        await pilot.press("q", "q")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_two_are_marked_at_most_and_compared(tmp_path: Path) -> None:
    several(tmp_path)
    async with app_on(tmp_path).run_test(size=SMALL, notifications=True) as pilot:
        table = await batches_screen(pilot)
        await until(pilot, lambda: table.count() == 3)
        await pilot.press("space", "c")
        await shows(pilot, "mark two batches with Space")
        await pilot.press("space", "space")
        assert table.marked == ["batch-killed", "batch-ended"]
        await pilot.press("space", "up", "space")
        assert table.marked == []
        await pilot.press("space", "up", "up", "space", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, WonAndLost))
        await shows(pilot, "batch-ended", "batch-prices", "won")
        assert text_of(pilot).index("batch-ended") < text_of(pilot).index("batch-prices")


@SIZES
async def test_what_was_won_and_lost_can_be_looked_at(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    two(tmp_path)
    async with app_on(tmp_path).run_test(size=size) as pilot:
        table = await compared(pilot)
        await shows(pilot, "1 lost, 2 won, 1 both, 1 neither, 2 unknown", "by chance: 1")
        lines = [line for line in text_of(pilot).splitlines() if "prices-" in line]
        assert [line.split()[0].strip("▌") for line in lines[:3]] == ["-", "+", "+"]
        places = []
        for key in ("j", "down", "k", "up", "G", "g", "end", "home", "space", "b", "pagedown"):
            await pilot.press(key)
            places.append(table.cursor)
        assert places == [1, 2, 1, 0, 6, 0, 6, 0, 6, 0, 6]
        assert "C Compare" in bottom(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("escape", "g", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        await shows(pilot, "✓ resolved", "✗ unresolved")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WonAndLost))
        await pilot.click("#compared-table", offset=(20, 3))
        assert table.cursor == 3
        await pilot.click("#compared-table", offset=(20, 3))
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        await pilot.press("escape", "question_mark")
        await shows(pilot, "exact McNemar test")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchesScreen))


async def test_what_a_dialog_wants_is_said(tmp_path: Path) -> None:
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        await beginning(pilot)
        await pilot.press("enter")
        await shows(pilot, "which issues? A list, or a search on GitHub")
        await pilot.press(*"many.jsonl", "down", "down")
        await pilot.press(*"two", "ctrl+s")
        await shows(pilot, "At once must be a number above nothing")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchesScreen))


async def test_a_batch_that_cannot_begin_says_why(tmp_path: Path) -> None:
    Batch(tmp_path / "batch-one", issues(1))
    async with app_on(tmp_path).run_test(size=LARGE, notifications=True) as pilot:
        await beginning(pilot)
        await pilot.press(*"nowhere.jsonl", "enter")
        await shows(pilot, "cannot read nowhere.jsonl: No such file")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, BeginBatch))
        assert "nowhere.jsonl" in text_of(pilot)
        await pilot.press("down", *"batch-one", "enter")
        await shows(pilot, "there is a batch batch-one already")
        assert isinstance(pilot.app.screen, BatchesScreen)


@SIZES
async def test_every_key_is_on_the_screen(tmp_path: Path, size: tuple[int, int]) -> None:
    several(tmp_path)
    async with app_on(tmp_path).run_test(size=size) as pilot:
        await batches_screen(pilot)
        hints = pilot.app.screen.query_one(KeyHints)
        await until(pilot, lambda: "⏎ Open" in bottom(pilot))
        assert all(f"{key} {words}" in bottom(pilot) for key, words, _ in hints._hints())


async def test_what_is_gone_and_made_anew_is_read_anew(tmp_path: Path) -> None:
    batch = Batch(tmp_path / "batch-one", issues(3))
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        await batches_screen(pilot)
        await shows(pilot, "0 of 3")
        batch.folder.path.rename(tmp_path / "other")
        await until(pilot, lambda: "batch-one" not in text_of(pilot))
        Batch(tmp_path / "batch-one", issues(7))
        await shows(pilot, "0 of 7", "0 of 3")


def test_what_is_wanted_is_written_as_flags() -> None:
    wanted = Wanted("a.jsonl", name="-x", at_once="4", policy="scripted", script="s.jsonl")
    assert wanted.flags() == ["-j4", "--name=-x", "--policy=scripted", "--script=s.jsonl"]
    assert Wanted("a").flags() == []
    assert BatchFolder(Path("nowhere")).coordinator() == 0
