"""Keys that come as fast as a program sends them, or somebody who knows the form by heart."""

from pathlib import Path

from textual.events import Key
from textual.widgets import Input

from agent.tui.screens.trace.asking import AskCall
from tests.agent.tui.watched import SMALL, app_on, board, until


async def test_what_is_typed_right_after_tab_is_in_the_next_field(tmp_path: Path) -> None:
    async with app_on(tmp_path).run_test(size=SMALL) as pilot:
        await board(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskCall))
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        for key in ("a", "tab", "tab", "c", "shift+tab", "b"):
            pilot.app.post_message(Key(key, key if len(key) == 1 else None))
        names = ("file", "call", "test")
        fields = [pilot.app.screen.query_one(f"#{name}", Input) for name in names]
        await until(pilot, lambda: sum(len(field.value) for field in fields) == 3)
        assert [field.value for field in fields] == ["a", "b", "c"]
