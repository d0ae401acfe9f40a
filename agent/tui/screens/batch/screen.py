"""The batch screen: how many issues at once get on, what is slow or stuck, and what to do."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from agent.batch.control import Command, Do, ctl
from agent.batch.folder import BatchFolder
from agent.batch.quiet import quiet_seconds
from agent.batch.store import BatchStore
from agent.batch.summary import BatchStatus
from agent.errors import AgentError
from agent.tui.batches import go_on
from agent.tui.screens.base import OurScreen
from agent.tui.screens.batch.figures import Figures
from agent.tui.screens.batch.heading import name_line, note_line
from agent.tui.screens.batch.order import FILTERS, SORTS, ordered
from agent.tui.screens.batch.standing import Standing
from agent.tui.screens.batch.table import AttemptTable
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.safetext import one_line
from agent.tui.workspace import Workspace

_LOOK_SECONDS = 1.0


class BatchScreen(OurScreen):
    """One batch, as it is on disk; looked at anew every second, whoever runs it."""

    TITLE = "Batch"
    CSS_PATH = "batch.tcss"
    HELP = (
        "Many issues, worked on at once. Every attempt that has begun has a line; those that wait"
        " are counted above. Enter opens the run under the cursor, P, R, C and T are about it too."
        " + and - change how many are at work at once, p holds the batch and lets it go on, r has"
        " an issue done again from the start, e ends it once those at work are done. A batch whose"
        " process was killed is interrupted: u goes on with what is missing. Quiet is the time"
        " since a run last said anything; by that, s finds what is stuck."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("enter", "open", "Open", tooltip="Open the run under the cursor"),
        Binding("p", "hold", "Pause", tooltip="Start nothing new, or go on"),
        Binding("plus,equals_sign", "more(1)", "More at once", key_display="+"),
        Binding("minus", "more(-1)", "Fewer", key_display="-"),
        Binding("r", "requeue", "Again", tooltip="Do the issue under the cursor from the start"),
        Binding("e", "end", "End", tooltip="End once those at work are done"),
        Binding("u", "go_on", "Go on", tooltip="With what is missing, lost or failed"),
        Binding("f", "filter", "Filter", tooltip="Show the next kind of attempts"),
        Binding("s", "sort", "Sort", tooltip="Sort by the next column"),
        Binding("v", "figures", "Figures", tooltip="Pace, times and tokens, drawn"),
        Binding("y", "copy", "Copy", show=False, tooltip="Copy the folder of the run"),
    ]

    def __init__(self, workspace: Workspace, folder: BatchFolder) -> None:
        """Args: folder: of the batch.

        Raises:
            WrongUse: there is none in it.
        """
        super().__init__()
        self._place = workspace
        self._store = BatchStore(folder)
        self._status: BatchStatus | None = None
        self._quiet: dict[Path, float] = {}
        self._filter, self._sort = next(iter(FILTERS)), next(iter(SORTS))
        self._looking = False

    def compose(self) -> ComposeResult:
        """Which batch, how it stands, the table or the figures, what happened last, the keys."""
        yield Static("", id="batch-heading", markup=False)
        yield Standing("batch-standing")
        yield Static("", id="batch-columns", markup=False)
        yield AttemptTable("batch-table")
        yield Figures(id="batch-figures")
        yield Static("", id="batch-status", markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Look at once, and again and again."""
        self.query_one(Figures).display = False
        self.table.focus()
        self.run_worker(self.look())
        self.set_interval(_LOOK_SECONDS, self._look_if_seen)

    @property
    def table(self) -> AttemptTable:
        """The table."""
        return self.query_one(AttemptTable)

    def runs_in_question(self) -> tuple[Path, ...]:
        """The run under the cursor."""
        current = self.table.current if self.is_mounted else None
        return (current.folder,) if current else ()

    # What is shown ------------------------------------------------------------------------------

    async def _look_if_seen(self) -> None:
        if self.is_current:
            await self.look()

    async def look(self) -> None:
        """See how it stands."""
        if self._looking:
            return
        self._looking = True
        try:
            self._status = await asyncio.to_thread(self._store.look)
            self._quiet = await asyncio.to_thread(quiet_seconds, self._status.rows)
        finally:
            self._looking = False
        if self.is_attached:
            self._show()

    def _show(self) -> None:
        status = self._status
        if status is None:
            return
        had = self.runs_in_question()
        width = max(self.size.width - 2, 10)
        rows = ordered(status.rows, self._quiet, self._filter, self._sort)
        self.query_one("#batch-heading", Static).update(name_line(status, width), layout=False)
        self.query_one(Standing).show(status)
        self.table.show(rows, self._quiet)
        self.query_one("#batch-columns", Static).update(self.table.heading(), layout=False)
        figures = self.query_one(Figures)
        if figures.display:
            figures.show(status)
        self._say()
        if had != self.runs_in_question():
            self.refresh_bindings()

    def _say(self) -> None:
        status = self._status
        if status is None:
            return
        said = note_line(status, max(self.size.width - 40, 20))
        order = f"{self._filter}, {self._sort} first"
        self.query_one("#batch-status", Static).update(f"{order}   {said}", layout=False)

    def on_attempt_table_moved(self) -> None:
        """The cursor is elsewhere."""
        self.refresh_bindings()

    def on_attempt_table_chosen(self) -> None:
        """A click on the row under the cursor."""
        self.action_open()

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self._show)

    # Keys ---------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What can be told to a batch depends on whether somebody runs it."""
        status = self._status
        if action in ("hold", "more", "end"):
            return bool(status and status.pid) or None
        if action == "go_on":
            return bool(status and not status.pid and status.done < status.total) or None
        return True

    def action_leave(self) -> None:
        """Back; the batch goes on."""
        self.dismiss()

    def action_open(self) -> None:
        """Open the run under the cursor."""
        if runs := self.runs_in_question():
            self.post_message(self.Open("run", runs))

    def action_hold(self) -> None:
        """Start nothing new; or go on, where that was said before."""
        paused = self._status is not None and self._status.stage == "paused"
        self._tell_it("resume" if paused else "pause", "it goes on" if paused else "held")

    def action_more(self, by: int) -> None:
        """More or fewer runs at once."""
        if self._status is not None:
            wanted = max(self._status.concurrency + by, 1)
            self._tell_it("concurrency", f"{wanted} at once", number=wanted)

    def action_requeue(self) -> None:
        """Have the issue under the cursor done from the start, once the user has said so again."""
        current = self.table.current
        if current is None:
            return
        issue = current.attempt.issue

        def sure(yes: bool | None) -> None:
            if yes:
                self._tell_it("requeue", "it is done again", issue=issue)

        name = one_line(issue, 60)
        self.app.push_screen(Confirm(f"Do {name} again?", "What it did so far stays."), sure)

    def action_end(self) -> None:
        """End the batch after what is at work, once the user has said so again."""

        def sure(yes: bool | None) -> None:
            if yes:
                self._tell_it("stop", "it ends when those at work are done")

        self.app.push_screen(Confirm("End the batch?", "Those at work are waited for."), sure)

    def _tell_it(self, do: Do, told: str, number: int = 0, issue: str = "") -> None:
        try:
            ctl(self._store.folder, Command(do=do, number=number, issue=issue))
        except AgentError as error:
            self.tell(error)
            return
        self.tell(told)
        self.run_worker(self.look())

    def action_go_on(self) -> None:
        """Run the batch on: what is missing, lost, or failed for want of engine or model."""
        try:
            go_on(self._store.folder, self._place)
        except AgentError as error:
            self.tell(error)
        else:
            self.tell("it goes on")

    def action_filter(self) -> None:
        """The next kind of attempts."""
        names = list(FILTERS)
        self._filter = names[(names.index(self._filter) + 1) % len(names)]
        self._show()

    def action_sort(self) -> None:
        """The next order."""
        names = list(SORTS)
        self._sort = names[(names.index(self._sort) + 1) % len(names)]
        self._show()

    def action_figures(self) -> None:
        """The figures instead of the table, or the table again."""
        figures = self.query_one(Figures)
        figures.display = not figures.display
        self.table.display = not figures.display
        self.query_one("#batch-columns").display = not figures.display
        (figures if figures.display else self.table).focus()
        self.call_after_refresh(self._show)

    def action_copy(self) -> None:
        """Copy where the run is."""
        if runs := self.runs_in_question():
            self.app.copy_to_clipboard(str(runs[0].absolute()))
            self.tell(f"copied: {runs[0]}")
