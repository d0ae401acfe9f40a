"""The compare screen: runs of one issue side by side, what they took and what they did."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from agent.errors import AgentError
from agent.replay.reading import read_record
from agent.tui.screens.base import OurScreen
from agent.tui.screens.compare.columns import Column, columns_of, runs_to_compare
from agent.tui.screens.compare.table import CompareTable
from agent.tui.screens.replay.screen import ReplayScreen
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.safetext import one_line
from agent.tui.words import title
from agent.tui.workspace import Workspace

_LOOK_SECONDS = 1.0


class CompareScreen(OurScreen):
    """Several runs; read anew while one of them goes on."""

    TITLE = "Compare"
    CSS_PATH = "compare.tcss"
    HELP = (
        "Runs of one issue side by side: those that are marked on the board, or all runs of the"
        " issue where one is. ≠ stands where they differ, and at the step where they part. → and ←"
        " go from run to run; Enter looks at the step under the cursor, P at the run's patch."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("enter", "replay", "Replay", tooltip="Look at the step under the cursor"),
        Binding("d", "parting", "Where they part"),
        Binding("o", "run", "Run", tooltip="Open the run under the cursor"),
        Binding("right,l", "across(1)", "Next run", key_display="→"),
        Binding("left,h", "across(-1)", "Run before", key_display="←"),
    ]

    def __init__(self, workspace: Workspace, runs: Sequence[Path]) -> None:
        """Args: runs: folders; one stands for all runs of its issue."""
        super().__init__()
        self._place = workspace
        self._runs = tuple(runs)
        self._columns: list[Column] = []
        self._bytes_read: list[int] = []

    def compose(self) -> ComposeResult:
        """Heading, which run is which, the table, the keys."""
        yield Static("", id="compare-heading", markup=False)
        yield Static("", id="compare-letters", markup=False)
        yield CompareTable("compare-table")
        yield Static("", id="compare-status", markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Read the runs."""
        self.table.focus()
        self.run_worker(self._look())
        self.set_interval(_LOOK_SECONDS, self._look)

    @property
    def table(self) -> CompareTable:
        """The table."""
        return self.query_one(CompareTable)

    def runs_in_question(self) -> tuple[Path, ...]:
        """The run that the cursor is in."""
        current = self.table.current if self.is_mounted else None
        return (current.folder,) if current else self._runs[:1]

    # What is shown ------------------------------------------------------------------------------

    async def _look(self) -> None:
        if self._columns and not self.is_current:
            return  # nobody sees it
        try:
            runs = await asyncio.to_thread(runs_to_compare, self._runs)
            sizes = [_size(run / "events.jsonl") + _size(run / "result.json") for run in runs]
            if sizes == self._bytes_read:
                return
            self._bytes_read = sizes
            columns = await asyncio.to_thread(columns_of, runs)
        except AgentError as error:
            self.tell(error)
            return
        if self.is_attached:
            first = not self._columns
            self._columns = columns
            self.table.show(columns)
            if first and self._runs:
                here = [column.folder.resolve() for column in columns]
                self.table.across(here.index(self._runs[0].resolve()))
            self._say()

    def on_compare_table_moved(self) -> None:
        """The cursor is elsewhere."""
        self._say()

    def _say(self) -> None:
        if not self._columns:
            return
        width = max(self.size.width - 2, 10)
        issue = read_record(self._columns[0].folder).issue
        words = f"{issue.id}  {title(issue)}"
        self.query_one("#compare-heading", Static).update(one_line(words, width), layout=False)
        letters = Text(no_wrap=True, overflow="crop")
        for style, text in self.table.letters():
            letters.append(text, "bold" if style == "strong" else "dim")
        self.query_one("#compare-letters", Static).update(letters, layout=False)
        self.query_one("#compare-status", Static).update(
            one_line(self._where(), width), layout=False
        )

    def _where(self) -> str:
        shown = self.table.in_view()[0]
        where = f"run {self.table.column + 1} of {len(self._columns)}"
        if len(shown) < len(self._columns):
            where += f", {shown[0].letter} to {shown[-1].letter} in view"
        if len(self._columns) == 1:
            where += "   there is no other run of this issue"
        return f"{where}   step {self.table.step}" if self.table.step else where

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self._say)

    # Keys ---------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Back."""
        self.dismiss()

    def action_across(self, by: int) -> None:
        """The next run, or the one before."""
        self.table.across(by)

    def action_parting(self) -> None:
        """The step at which the runs part."""
        if self.table.parting < 0:
            self.tell("they call the same in every step")
        else:
            self.table.go_to(self.table.parting)

    def action_replay(self) -> None:
        """Look at the step under the cursor."""
        if (current := self.table.current) is not None:
            at = min(self.table.step or 1, len(current.steps))
            self.app.push_screen(ReplayScreen(self._place, current.folder, at))

    def action_run(self) -> None:
        """Open the run."""
        if (current := self.table.current) is not None:
            self.post_message(self.Open("run", (current.folder,)))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
