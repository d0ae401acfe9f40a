"""The run screen: what a run does, as it does it, and the user's say in it."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from agent.tui.screens.pager.screen import PagerScreen
from agent.tui.screens.run.entries import Entry, entries_of
from agent.tui.screens.run.eventlist import EventList
from agent.tui.screens.run.heading import heading
from agent.tui.screens.run.side import Side, patch_style, tests_text
from agent.tui.screens.run.status import asking, status
from agent.tui.screens.run.steering import Steering
from agent.tui.screens.run.watching import Watching
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.words import STYLES
from agent.tui.workspace import Workspace

_FOLLOW_SECONDS = 0.1
"""Between two looks for new events: what comes in between is shown at once."""
_LOOK_SECONDS = 1.0
"""Between two looks at the process and the clock."""
_WIDE = 120


class RunScreen(Steering):
    """One run, followed by its files alone.

    Attributes:
        loaded: whether all there was when it was opened has been read.
    """

    TITLE = "Run"
    CSS_PATH = "run.tcss"
    HELP = (
        "What the run does, the newest at the end and followed as it grows; scroll up and you stay"
        " where you are, End follows again. Long output is folded: Enter unfolds it, o shows all."
        " A run that was started from here can be steered: paused, told something, asked to wait"
        " for your word before it acts. Leaving this screen leaves the run alone."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("o", "whole", "Show all", tooltip="What is under the cursor, all of it"),
        Binding("d", "patch", "Patch", show=False, tooltip="What it changed; as P"),
        Binding("t", "tests", "Tests"),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("f3", "again(1)", "Next found", show=False),
        Binding("shift+f3", "again(-1)", "Found before", show=False),
        Binding("Y", "copy", "Copy", show=False, tooltip="Copy what is under the cursor"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE, "-wide")]  # noqa: RUF012  # as declared

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        super().__init__()
        self.place = workspace
        self.run = Watching(folder)
        self.loaded = False
        self._keys_of: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Head, list and side, what waits for the user, the keys."""
        yield Static("", id="run-heading", markup=False)
        with Horizontal(id="run-body"):
            yield EventList("events")
            yield Side()
        yield Static("", id="asking", markup=False)
        yield Input(placeholder="text to look for; Enter finds the next", id="sought", compact=True)
        yield Static("", id="status", markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Read what there is, then follow."""
        self.query_one("#sought").display = False
        self.query_one("#asking").display = False
        self.events.whole = self._whole
        self.events.may_hold = lambda entry, text: self.run.may_hold(entry.event, text)
        self.events.focus()
        self.run_worker(self._load(), exclusive=True)

    @property
    def events(self) -> EventList:
        """The list of what happened."""
        return self.query_one(EventList)

    def runs_in_question(self) -> tuple[Path, ...]:
        """This one."""
        return (self.run.folder,)

    # Following ----------------------------------------------------------------------------------

    async def _load(self) -> None:
        """Read off the thread that draws, so that a long run can be left while it is read."""
        await asyncio.to_thread(self.run.look)
        while True:
            first = self.run.read
            entries = await asyncio.to_thread(self._more)
            if self.run.read == first:
                break
            self.events.extend(entries)
        self.loaded = True
        self._show()
        self.set_interval(_FOLLOW_SECONDS, self._follow)
        self.set_interval(_LOOK_SECONDS, self._look)

    def _follow(self) -> None:
        first = self.run.read
        entries = self._more()
        if self.run.read > first:
            self.events.extend(entries)
            self._show()

    def _more(self) -> list[Entry]:
        """What happened since the last call."""
        first = self.run.read
        return entries_of(self.run.more(), first, light=True)

    def _whole(self, entry: Entry) -> Entry:
        """An entry with all of its text, as far as the trajectory still has it."""
        event = self.run.again(entry.event) if entry.light else None
        found = entries_of([event]) if event is not None else []
        return found[entry.part] if entry.part < len(found) else entry

    def _current(self) -> Entry | None:
        entry = self.events.current
        return None if entry is None else self._whole(entry)

    async def _look(self) -> None:
        if self.run.result is None:
            await asyncio.to_thread(self.run.look)
            self._show()

    def _show(self) -> None:
        if not self.is_attached:
            return
        width = max(self.size.width - 2, 10)
        color = self._color(STYLES.get(self.run.state, ""))
        head = heading(self.run, width, color)
        self.query_one("#run-heading", Static).update(head, layout=False)
        if self.has_class("-wide"):
            self.query_one(Side).show(self.run.progress)
        self._show_status()
        self._show_keys(width)

    def _show_keys(self, width: int) -> None:
        """What waits for the user, and the keys in force; only where these are others now."""
        asked = self.run.progress.asking
        stand = (asked, self.steerable, bool(self.run.pid), width)
        if stand == self._keys_of:
            return
        self._keys_of = stand
        waiting = self.query_one("#asking", Static)
        waiting.display = asked is not None
        if asked is not None:
            waiting.update(asking(asked, width, self.steerable))
        self.refresh_bindings()

    def _show_status(self) -> None:
        width = max(self.size.width - 2, 10)
        words = status(self.run, self.events, width)
        self.query_one("#status", Static).update(words, layout=False)

    def _color(self, style: str) -> str:
        if not style:
            return ""
        color = self.events.get_component_rich_style(f"lines--{style}", partial=True).color
        return color.name if color else ""

    def on_event_list_moved(self) -> None:
        """Something else is on the screen."""
        if self.loaded:
            self._show_status()

    def on_resize(self) -> None:
        """Another width has other lines."""
        if self.loaded:
            self.call_after_refresh(self._show)

    # Keys ---------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Back to the board; a search is left first."""
        sought = self.query_one("#sought", Input)
        if sought.has_focus:
            sought.display = False
            self.events.focus()
        else:
            self.dismiss()

    def action_whole(self) -> None:
        """All of what is under the cursor."""
        entry = self._current()
        if entry is not None:
            text = entry.whole or entry.body or entry.head
            style = patch_style if entry.patch else lambda line: "plain"
            title = f"step {entry.step}: {entry.head}" if entry.step else entry.head
            self.app.push_screen(PagerScreen(title, text.rstrip("\n"), style=style))

    def action_patch(self) -> None:
        """What it changed, on a screen of its own."""
        self.post_message(self.Open("patch", (self.run.folder,)))

    def action_tests(self) -> None:
        """All tests that have run."""
        self.app.push_screen(PagerScreen("tests", tests_text(self.run.progress)))

    def action_copy(self) -> None:
        """Hand what is under the cursor to the terminal's clipboard."""
        entry = self._current()
        if entry is not None:
            self.app.copy_to_clipboard(entry.body or entry.head)
            self.tell("copied")

    def action_search(self) -> None:
        """Type what to look for."""
        sought = self.query_one("#sought", Input)
        sought.display = True
        sought.focus()

    def on_input_submitted(self) -> None:
        """Find the next; the place to type stays."""
        self.action_again(1)

    def action_again(self, step: int) -> None:
        """The next place, or the one before."""
        sought = self.query_one("#sought", Input).value
        if sought and not self.events.find(sought, step):
            self.tell("not found")
