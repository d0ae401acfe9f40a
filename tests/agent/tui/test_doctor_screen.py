"""The doctor screen: checks as they come, settings, every key, themes that are remembered."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config import load_settings
from agent.doctor import examine
from agent.tui.app import ForetraceApp
from agent.tui.remembered import Remembered, recall, remember, remembered_in
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.doctor.keymap import keys_of, places
from agent.tui.screens.doctor.page import Entry, Heading, Page
from agent.tui.screens.doctor.screen import CHECKING, DoctorScreen
from agent.tui.screens.run.screen import RunScreen
from agent.tui.screens.run.steering import Steering
from agent.tui.themes import THEMES
from agent.tui.widgets.choice import Choice
from tests.agent.tui.test_screens import faint, looks_like, size_name
from tests.agent.tui.watched import (
    LARGE,
    SMALL,
    AppPilot,
    app_on,
    board,
    shows,
    text_of,
    until,
)

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)


_SETTINGS = '[model]\nkey_variable = "MY_KEY"\n[limits]\nturns = 64\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings whose values are the same on every machine; checks have ended when a test has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORETRACE_CACHE", "cache")
    monkeypatch.setenv("FORETRACE_IMAGES__CACHE", "cache")
    set_to(_SETTINGS)
    yield
    for thread in threading.enumerate():
        if thread.name == CHECKING:
            thread.join()


def set_to(text: str) -> None:
    """Have the settings file say something."""
    Path("foretrace.toml").write_text(text)


def app_here() -> ForetraceApp:
    return app_on(Path("elsewhere"))


async def doctor(pilot: AppPilot) -> Page:
    """The screen's list."""
    await board(pilot)
    await pilot.press("comma")
    await until(pilot, lambda: isinstance(pilot.app.screen, DoctorScreen))
    page = pilot.app.screen.query_one(Page)
    await until(pilot, lambda: page.has_focus)
    return page


async def test_what_was_found_is_shown_as_it_comes() -> None:
    found = await asyncio.to_thread(lambda: list(examine(load_settings(None, {}))))
    async with app_here().run_test(size=LARGE, notifications=True) as pilot:
        page = await doctor(pilot)
        await until(pilot, lambda: "checking…" not in text_of(pilot))
        text = text_of(pilot)
        for finding in found:
            assert finding.state in text
            assert finding.name in text
            assert finding.mend.split("\n")[0][:40] in text
        assert sum(line.startswith((" ✓", " ✗", " -", "▌")) for line in text.splitlines()) == len(
            found
        )
        await pilot.press("end")
        await pilot.press("r")
        await until(pilot, lambda: "checking…" not in text_of(pilot))
        assert page.count() >= len(found)


async def test_what_mends_it_is_copied(tmp_path: Path) -> None:
    set_to('engine = "unix:///nowhere/engine.sock"\n')
    async with app_here().run_test(size=SMALL, notifications=True) as pilot:
        page = await doctor(pilot)
        await shows(pilot, "✗ missing", "mend it: ")
        await until(pilot, lambda: page.current is not None)
        await pilot.press("y")
        assert page.current is not None
        assert pilot.app.clipboard == page.current.copied
        assert f"mend it: {pilot.app.clipboard}".startswith(page.current.below)
        await until(pilot, lambda: "missing: runs will fail" in text_of(pilot))


async def test_a_second_round_waits_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("FORETRACE_MODEL__URL", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        async with app_here().run_test(size=SMALL, notifications=True) as pilot:
            await doctor(pilot)
            await shows(pilot, "nano", "checking…")
            await pilot.press("r")
            await shows(pilot, "the checks are being made")


async def test_wrong_settings_are_told_and_read_again_once_mended() -> None:
    async with app_here().run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        set_to("turns = ]")
        await pilot.press("comma")
        await shows(pilot, "not valid TOML")
        set_to(_SETTINGS)
        await pilot.press("r", "2")
        await shows(pilot, "limits.turns               64")


async def test_a_heading_begins_where_the_rows_below_it_do() -> None:
    async with app_here().run_test(size=SMALL, notifications=True) as pilot:
        page = await doctor(pilot)
        await pilot.press("3")
        await shows(pilot, "Everywhere")
        heading, first = ("".join(text for _, text in page.row(y)) for y in (0, 1))
        assert heading == " Everywhere"
        assert first[0] == "▌"
        assert first[1] not in " ▌"


async def test_the_pages_are_reached_by_every_key() -> None:
    marks = {"1": "[1 Checks]", "2": "[2 Settings]", "3": "[3 Keys]", "4": "[4 Themes]"}
    turns = [("right", "2"), ("l", "3"), ("left", "2"), ("h", "1"), ("h", "4"), ("right", "1")]
    async with app_here().run_test(size=SMALL, notifications=True) as pilot:
        await doctor(pilot)
        for key, page in [(key, key) for key in "4321"] + turns:
            await pilot.press(key)
            await shows(pilot, marks[page])
        await pilot.click("#doctor-pages", offset=(15, 0))
        await shows(pilot, marks["2"])
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))
        await pilot.press("comma", "q")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_settings_say_where_they_come_from() -> None:
    async with app_here().run_test(size=LARGE, notifications=True) as pilot:
        page = await doctor(pilot)
        await pilot.press("2")
        await shows(pilot, "the file is foretrace.toml")
        rows = [line.split() for line in text_of(pilot).splitlines()]
        assert ["▌flag", "out", '"elsewhere"'] in rows
        assert ["environment", "cache", '"cache"'] in rows
        assert ["file", "limits.turns", "64"] in rows
        assert ["default", "limits.cost", "not", "set"] in rows
        await pilot.press("down", "y")
        assert pilot.app.clipboard == 'cache = "cache"'
        places = []
        for key in ("j", "k", "up", "G", "g", "space", "b", "end", "home", "pagedown", "pageup"):
            await pilot.press(key)
            places.append(page.cursor)
        last = len(list(page._entries)) - 1
        assert places[:5] == [2, 1, 0, last, 0]
        assert places[5] > 10
        assert places[6:9] == [0, last, 0]
        assert places[9:] == [places[5], 0]
        await pilot.click("#doctor-page", offset=(20, 4))
        assert page.cursor == 4


async def test_every_key_of_every_screen_is_listed() -> None:
    app = app_here()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        page = await doctor(pilot)
        await pilot.press("3")
        entries = [each for each in page._entries if isinstance(each, Entry)]
        texts = {each.text for each in entries}
        assert {"Record it in a sandbox, and say where that differs", "Add issues"} <= texts
        assert {"Replay: step by step", "Light or dark", "Take the theme under the cursor"} <= texts
        assert ("accent", f"{'↓ j':<22} ") in [each.columns[0] for each in entries]
        count = sum(len(keys_of(app, place.kind)) for place in places())
        assert len(entries) > count > 150
        headings = [each.words for each in page._entries if isinstance(each, Heading)]
        assert headings[:4] == ["Everywhere", *(place.name for place in places()[:3])]
        assert headings.index("Run") == headings.index("Run: event list") - 1


async def test_keys_are_told_with_those_of_what_a_class_is_made_from() -> None:
    kinds = {place.kind for place in places()}
    assert {BoardScreen, DoctorScreen, RunScreen, Page, Choice} <= kinds
    assert Steering not in kinds
    app = app_here()
    async with app.run_test(size=SMALL):
        words = [key.words for key in keys_of(app, RunScreen)]
        assert {"Stop the run", "What is under the cursor, all of it"} <= set(words)
        assert len(words) == len(set(words))


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_a_theme_is_taken_and_remembered(theme: str, own_memory: Path) -> None:
    async with app_here().run_test(size=SMALL, notifications=True) as pilot:
        page = await doctor(pilot)
        await pilot.press("4")
        names = [each.name for each in page._entries if isinstance(each, Entry)]
        await pilot.press(*["down"] * names.index(theme), "enter")
        await shows(pilot, f"● {theme}")
        assert pilot.app.theme == theme
        for key in ("1", "2", "3", "4"):
            await pilot.press(key)
            await pilot.pause()
            await until(pilot, lambda: not faint(pilot))
    assert json.loads((own_memory / "foretrace" / "ui.json").read_text()) == {"theme": theme}
    async with app_here().run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        assert pilot.app.theme == theme
        await pilot.press("ctrl+t", "ctrl+t")
        assert pilot.app.theme == theme


async def test_enter_is_for_themes_alone() -> None:
    async with app_here().run_test(size=SMALL, notifications=True) as pilot:
        await doctor(pilot)
        await pilot.press("2", "enter")
        assert "⏎ Choose" not in text_of(pilot)
        await pilot.press("4")
        await shows(pilot, "⏎ Choose")


def test_a_memory_that_cannot_be_read_is_none(own_memory: Path) -> None:
    assert recall() == Remembered()
    remember(Remembered(theme="x"))
    assert recall().theme == "x"
    for wrong in ("{", '{"theme": 3}', "[]", "\udcff"):
        remembered_in().write_bytes(wrong.encode("utf-8", "surrogateescape"))
        assert recall() == Remembered()


async def test_a_memory_that_cannot_be_written_is_told(own_memory: Path) -> None:
    (own_memory / "foretrace").write_text("in the way")
    async with app_here().run_test(size=SMALL, notifications=True) as pilot:
        await doctor(pilot)
        await pilot.press("4", "down", "enter")
        await shows(pilot, "cannot write", "● foretrace-light")


@SIZES
async def test_what_it_looks_like(size: tuple[int, int], tmp_path: Path) -> None:
    async with app_here().run_test(size=size) as pilot:
        await doctor(pilot)
        await pilot.press("4")
        await looks_like(pilot, "doctor-themes", tmp_path)
        for key in "321":
            await pilot.press(key)
            await shows(pilot, f"[{key} ", "? Help", "esc Back", "→ Next page", "y Copy")
            assert all(len(line) <= size[0] for line in text_of(pilot).splitlines())


async def test_what_the_settings_look_like(tmp_path: Path) -> None:
    async with app_here().run_test(size=SMALL) as pilot:
        await doctor(pilot)
        await pilot.press("2")
        await looks_like(pilot, "doctor-settings", tmp_path)
