"""The pager: any text, in full."""

from pathlib import Path

import pytest

from agent.tui.screens.help.screen import HelpScreen
from agent.tui.screens.pager.screen import PagerScreen
from tests.agent.tui.samples import HOSTILE
from tests.agent.tui.watched import SMALL, AppPilot, app_on, board, shows, text_of, until


async def page(pilot: AppPilot, text: str) -> PagerScreen:
    await board(pilot)
    screen = PagerScreen("some [b]title", text)
    pilot.app.push_screen(screen)
    await until(pilot, lambda: pilot.app.screen is screen and screen.query("#text"))
    return screen


async def test_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "\n".join(f"line {number}" for number in range(500))
    async with app_on(tmp_path).run_test(size=SMALL, notifications=True) as pilot:
        lines = (await page(pilot, text))._lines
        await shows(pilot, "some [b]title  500 lines", "line 0", "s Save")
        for key, y in (("j", 1), ("down", 2), ("k", 1), ("up", 0), ("G", 478), ("g", 0)):
            await pilot.press(key)
            assert lines.scroll_offset.y == y
        await pilot.press("space", "pagedown", "b")
        assert lines.scroll_offset.y == lines.size.height - 1
        await pilot.press("end", "pageup", "home")
        await pilot.press("slash", *"LINE 42", "enter")
        assert lines.scroll_offset.y == 42
        await pilot.press("n")
        assert lines.scroll_offset.y == 420
        await pilot.press("N")
        assert lines.scroll_offset.y == 42
        await pilot.press("slash", "ctrl+u", *"nothing", "enter")
        await shows(pilot, "not found")
        await pilot.press("slash", "escape", "y")
        assert pilot.app.clipboard == text
        await pilot.press("s", "s")
        await shows(pilot, "saved as")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await pilot.press("escape", "q")
        await board(pilot)
    saved = [(tmp_path / f"some-b-title{n}.txt") for n in ("", "1")]
    assert [path.read_text() for path in saved] == [text, text]


async def test_long_lines_are_broken_or_cut(tmp_path: Path) -> None:
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        lines = (await page(pilot, f"{'x' * 300} end\nlast"))._lines
        assert lines.count() == 5
        await pilot.press("w")
        assert lines.count() == 2
        await shows(pilot, "x…")
        await pilot.press("w")
        assert lines.count() == 5
        await pilot.resize_terminal(40, 20)
        await until(pilot, lambda: lines.count() > 5)


async def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        await page(pilot, HOSTILE)
        await shows(pilot, "[bold red]not markup[/]", "\\x1b]0;title\\x07")
        assert not set(text_of(pilot)) & set("\x1b\x07\x00\u202e")
        await pilot.press("slash", *"[bold", "enter")
        await pilot.press("G")
        await shows(pilot, "the end")


async def test_what_the_mouse_selects_is_copied(tmp_path: Path) -> None:
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        await page(pilot, "first line\nsecond line\nthird line")
        await pilot.mouse_down("#text", offset=(7, 0))
        await pilot.hover("#text", offset=(7, 1))
        await pilot.mouse_up("#text", offset=(7, 1))
        await until(pilot, lambda: pilot.app.screen.get_selected_text())
        selected = pilot.app.screen.get_selected_text() or ""
        assert selected.startswith("line\nsecond")
        await pilot.press("ctrl+c")
        assert pilot.app.clipboard == selected
