"""The batch screen: how many issues at once get on, what is slow or stuck, and what to do."""

import asyncio
import dataclasses
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from agent.batch.folder import BatchFolder
from agent.batch.quiet import quiet_seconds
from agent.batch.store import BatchStore
from agent.batch.summary import AttemptRow
from agent.tui.batches import why_over
from agent.tui.screens.batch.figures import Figures
from agent.tui.screens.batch.heading import attempt_line, name_line, note_line
from agent.tui.screens.batch.order import FILTERS, SORTS, Order, after
from agent.tui.screens.batch.standing import Standing
from agent.tui.screens.batch.table import AttemptTable
from agent.tui.screens.batch.telling import TELLING, Telling
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.safetext import one_line
from agent.tui.workspace import Workspace

_LOOK_SECONDS = 1.0
_OF_THE_TABLE = ("open", "requeue", "filter", "sort", "search", "copy")
"""What cannot be done where the figures stand in its place."""
_IN_DOUBT = ("open", "filter", "hold", "go_on")
"""Actions that stand for all those that can be done at times alone."""


class BatchScreen(Telling):
    """One batch, as it is on disk; looked at anew every second, whoever runs it."""

    TITLE = "Batch"
    CSS_PATH = "batch.tcss"
    HELP = (
        "Many issues, worked on at once. Every attempt that has begun has a line; those that wait"
        " are counted above. Enter opens the run under the cursor, P, R, C and T are about it too."
        " + and - change how many are at work at once, p holds the batch and lets it go on, r has"
        " an issue done again from the start, e ends it once those at work are done. A batch whose"
        " process was killed is interrupted: u goes on with what is missing. Quiet is the time"
        " since a run last said anything: after ten minutes it counts as stuck; f and s find such."
        " The cursor stays on its attempt while others come and go; on the first line, it stays"
        " there."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", key_display="esc"),
        Binding("q", "leave", "Back", show=False),
        Binding("enter", "open", "Open", tooltip="Open the run under the cursor"),
        *TELLING,
        Binding("slash", "search", "Search", key_display="/"),
        Binding("f", "filter", "Filter", tooltip="Show the next kind of attempts"),
        Binding("s", "sort", "Sort", tooltip="Sort by something else"),
        Binding("v", "figures", "Figures", tooltip="Pace, times and tokens, drawn"),
        Binding("y", "copy", "Copy", show=False, tooltip="Copy the folder of the run"),
    ]

    def __init__(self, workspace: Workspace, folder: BatchFolder) -> None:
        """Args: folder: of the batch.

        Raises:
            WrongUse: there is none in it.
        """
        super().__init__(workspace, folder)
        self._store = BatchStore(folder)
        self._quiet: dict[Path, float] = {}
        self._again: frozenset[Path] = frozenset()
        self._order = Order()
        self._drawn = self._looking = False
        self._could: tuple[bool | None, ...] = ()

    def compose(self) -> ComposeResult:
        """Which batch, how it stands, the table or the figures, what is under the cursor."""
        name = one_line(f"{self.batch_folder.path.name}  reading", 80)
        yield Static(name, id="batch-heading", markup=False)
        yield Standing("batch-standing")
        yield Static("", id="batch-columns", markup=False)
        yield AttemptTable("batch-table")
        yield Static("", id="batch-none", markup=False)
        yield Figures(id="batch-figures")
        yield Input(placeholder="words that an attempt must hold", id="batch-search", compact=True)
        yield Static("", id="batch-details", markup=False)
        yield Static("", id="batch-status", markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Look at once, and again and again."""
        for hidden in ("#batch-figures", "#batch-none", "#batch-search"):
            self.query_one(hidden).display = False
        self.table.focus()
        self.run_worker(self.look())
        self.set_interval(_LOOK_SECONDS, self._look_if_seen)

    def on_screen_resume(self) -> None:
        """It is on top again."""
        self.run_worker(self.look())

    @property
    def table(self) -> AttemptTable:
        """The table."""
        return self.query_one(AttemptTable)

    @property
    def chosen(self) -> AttemptRow | None:
        """The attempt under the cursor; None where there is no table."""
        return self.table.current if self.is_mounted and not self._drawn else None

    def runs_in_question(self) -> tuple[Path, ...]:
        """The run under the cursor."""
        return (self.chosen.folder,) if self.chosen else ()

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
            self.place.starter.reap()  # a coordinator that was started here and killed
            await asyncio.to_thread(self._see)
        finally:
            self._looking = False
        if self.is_attached:
            self._show()

    def _see(self) -> None:
        status = self._store.look()
        self._quiet = quiet_seconds(status.rows)
        self._again = frozenset(
            row.folder
            for row in status.rows
            if row.state != "running" and self._store.outdated(row)
        )
        if status.stage == "interrupted" and (why := why_over(self.batch_folder, self.place)):
            status = dataclasses.replace(status, note=why)
        self.status = status

    def _show(self) -> None:
        status = self.status
        if status is None:
            return
        width = max(self.size.width - 2, 10)
        rows = self._order.apply(status.rows, self._quiet)
        self.query_one("#batch-heading", Static).update(name_line(status, width), layout=False)
        self.query_one(Standing).show(status, self._quiet)
        self.table.show(rows, self._quiet, self._again)
        self.table.display = bool(rows) and not self._drawn
        none = self.query_one("#batch-none", Static)
        none.display = not rows and not self._drawn
        none.update(
            "No attempt is like that. Esc shows all." if status.rows else "Nothing has begun yet."
        )
        columns = self.query_one("#batch-columns", Static)
        columns.display = not self._drawn
        columns.update(self.table.heading() if rows else "", layout=False)
        if self._drawn:
            self.query_one(Figures).show(status)
        self._say()
        self._keep_keys_up()

    def _say(self) -> None:
        """What is under the cursor, and what happened last."""
        if self.status is None:
            return
        width = max(self.size.width - 2, 10)
        if self._drawn:
            details = one_line(self.status.source, width)
        else:
            details = attempt_line(self.chosen, self._quiet, width)
        self.query_one("#batch-details", Static).update(details, layout=False)
        order = "" if self._drawn else f"{one_line(self._order.describe(), width // 2)}   "
        said = note_line(self.status, max(width - len(order), 10))
        self.query_one("#batch-status", Static).update(f"{order}{said}", layout=False)

    def on_cursor_lines_moved(self) -> None:
        """The cursor is elsewhere."""
        self._say()

    def on_cursor_lines_chosen(self) -> None:
        """A click on the row under the cursor."""
        self.action_open()

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self._show)

    # Keys ---------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What can be done depends on whether somebody runs the batch, and on what is shown."""
        status = self.status
        if action in _OF_THE_TABLE and self._drawn:
            return None
        if action in ("open", "requeue", "copy"):
            return self.chosen is not None or None
        if action in ("hold", "more", "end"):
            return bool(status and status.pid) or None
        if action == "go_on":
            missing = status and (status.done < status.total or status.reading or self._again)
            return bool(missing and status and not status.pid) or None
        return True

    def _keep_keys_up(self) -> None:
        """Draw the keys anew where others can be pressed: it lays out the whole screen."""
        can = tuple(self.check_action(action, ()) for action in _IN_DOUBT)
        if can != self._could:
            self._could = can
            self.refresh_bindings()

    def action_back(self) -> None:
        """Show all again, as a table; where that is so, leave."""
        if self._drawn:
            self.action_figures()
        elif self._order.search or self._order.kept != Order().kept or self._searching:
            self.query_one("#batch-search", Input).value = ""
            self._leave_search()
            self._reorder(search="", kept=Order().kept)
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Back; the batch goes on."""
        self.dismiss()

    def action_open(self) -> None:
        """Open the run under the cursor."""
        if runs := self.runs_in_question():
            self.post_message(self.Open("run", runs))

    def action_filter(self) -> None:
        """The next kind of attempts."""
        self._reorder(kept=after(FILTERS, self._order.kept))

    def action_sort(self) -> None:
        """The next order."""
        self._reorder(by=after(SORTS, self._order.by))

    def action_search(self) -> None:
        """Type words to look for."""
        search = self.query_one("#batch-search", Input)
        search.display = True
        search.focus()

    @property
    def _searching(self) -> bool:
        return self.query_one("#batch-search").display

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was typed is looked for at once."""
        self._reorder(search=event.value)

    def on_input_submitted(self) -> None:
        """Back to the table; what was found stays."""
        self._leave_search()

    def _leave_search(self) -> None:
        search = self.query_one("#batch-search", Input)
        search.display = bool(search.value)
        self.table.focus()

    def _reorder(self, **changes: str) -> None:
        self._order = dataclasses.replace(self._order, **changes)
        self._show()

    def action_figures(self) -> None:
        """The figures instead of the table, or the table again."""
        self._drawn = not self._drawn
        self.query_one(Figures).display = self._drawn
        self._show()
        self._leave_search()
        if self._drawn:
            self.call_after_refresh(self._show)  # they are as wide as they turn out to be

    def action_copy(self) -> None:
        """Copy where the run is."""
        if runs := self.runs_in_question():
            self.app.copy_to_clipboard(str(runs[0].absolute()))
            self.tell(f"copied: {runs[0]}")
